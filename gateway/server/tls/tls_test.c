#include "server/tls/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/tls/certificates_test.h"
#include "testing/cmocka.h"

/* A gateway's side and a client of OpenSSL's own, joined by a pair of sockets. */
struct pair {
    char folder[64];
    char certificate[128];
    char key[128];
    char other[128]; /* Another file, for tests that want one. */
    char why[TG_TLS_WHY_MAX];
    struct tg_tls *tls;
    struct tg_tls_conn *server;
    SSL_CTX *client_context;
    SSL *client;
    int fds[2]; /* The gateway's end, the client's end. */
};

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int set_up(void **state)
{
    struct pair *pair = calloc(1, sizeof *pair);
    signal(SIGPIPE, SIG_IGN);
    strcpy(pair->folder, "/tmp/tls_test-XXXXXX");
    assert_non_null(mkdtemp(pair->folder));
    snprintf(pair->certificate, sizeof pair->certificate, "%s/a.pem", pair->folder);
    snprintf(pair->key, sizeof pair->key, "%s/a.key", pair->folder);
    snprintf(pair->other, sizeof pair->other, "%s/other", pair->folder);
    EVP_PKEY_free(certificate_write("one.example", pair->certificate, pair->key));
    pair->tls = tg_tls_open(pair->certificate, pair->key, pair->why);
    assert_non_null(pair->tls);
    pair->client_context = SSL_CTX_new(TLS_client_method());
    *state = pair;
    return 0;
}

static void hang_up(struct pair *pair)
{
    tg_tls_conn_close(pair->server);
    if (pair->client != NULL) {
        /* Else OpenSSL would take its session for a bad one. */
        SSL_set_shutdown(pair->client, SSL_SENT_SHUTDOWN);
        SSL_free(pair->client);
        close(pair->fds[0]);
        close(pair->fds[1]);
    }
    pair->server = NULL;
    pair->client = NULL;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;
    hang_up(pair);
    SSL_CTX_free(pair->client_context);
    tg_tls_close(pair->tls);
    unlink(pair->certificate);
    unlink(pair->key);
    unlink(pair->other);
    rmdir(pair->folder);
    free(pair);
    return 0;
}

static void call(struct pair *pair)
{
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair->fds), 0);
    pair->server = tg_tls_accept(pair->tls, pair->fds[0]);
    assert_non_null(pair->server);
    pair->client = SSL_new(pair->client_context);
    SSL_set_fd(pair->client, pair->fds[1]);
    SSL_set_connect_state(pair->client);
}

static uint8_t buffer[4 * TG_TLS_RECORD_MAX];

/* One step of each side. */
static ptrdiff_t step(struct pair *pair)
{
    ERR_clear_error();
    SSL_do_handshake(pair->client);
    return tg_tls_read(pair->server, buffer, sizeof buffer);
}

static void shake_hands(struct pair *pair)
{
    call(pair);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(step(pair), TG_TLS_AGAIN_READ);
        /* Tickets come behind the handshake. */
        char none;
        SSL_read(pair->client, &none, 0);
    }
    assert_true(tg_tls_ready(pair->server));
    assert_true(SSL_is_init_finished(pair->client));
}

static void client_says(struct pair *pair, const void *data, int size)
{
    assert_int_equal(SSL_write(pair->client, data, size), size);
}

static void client_hears(struct pair *pair, const char *text)
{
    char heard[64];
    int size = SSL_read(pair->client, heard, sizeof heard);
    assert_int_equal(size, (int)strlen(text));
    assert_memory_equal(heard, text, strlen(text));
}

/* The name of the certificate that the client was shown. */
static void assert_shown(struct pair *pair, const char *name)
{
    X509 *shown = SSL_get1_peer_certificate(pair->client);
    assert_non_null(shown);
    assert_int_equal(X509_check_host(shown, name, 0, 0, NULL), 1);
    X509_free(shown);
}

static void both_sides_talk_after_the_handshake(void **state)
{
    struct pair *pair = *state;
    shake_hands(pair);
    assert_shown(pair, "one.example");
    client_says(pair, "hello", 5);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), 5);
    assert_memory_equal(buffer, "hello", 5);
    assert_int_equal(tg_tls_write(pair->server, "good day", 8), 8);
    client_hears(pair, "good day");
}

static void what_the_client_sends_may_come_byte_by_byte(void **state)
{
    struct pair *pair = *state;
    call(pair);
    /* The client writes into memory; its bytes go over one at a time. */
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set0_wbio(pair->client, out);
    ptrdiff_t got = TG_TLS_AGAIN_READ;
    bool said = false;
    for (int turn = 0; turn < 10 && got != 3; turn++) {
        ERR_clear_error();
        SSL_do_handshake(pair->client);
        if (SSL_is_init_finished(pair->client) && !said) {
            client_says(pair, "bit", 3);
            said = true;
        }
        char byte;
        while (got == TG_TLS_AGAIN_READ && BIO_read(out, &byte, 1) == 1) {
            assert_int_equal(write(pair->fds[1], &byte, 1), 1);
            got = tg_tls_read(pair->server, buffer, sizeof buffer);
        }
    }
    assert_int_equal(got, 3);
    assert_memory_equal(buffer, "bit", 3);
}

static void nothing_that_was_decrypted_stays_behind(void **state)
{
    struct pair *pair = *state;
    static uint8_t data[TG_TLS_RECORD_MAX];
    shake_hands(pair);
    for (int i = 0; i < 5; i++) {
        memset(data, 'a' + i, sizeof data);
        client_says(pair, data, sizeof data);
    }
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), sizeof buffer);
    /* The rest is in the socket still, which says so. */
    int waits = (int)recv(pair->fds[0], data, 1, MSG_PEEK);
    assert_int_equal(waits, 1);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), TG_TLS_RECORD_MAX);
    assert_int_equal(buffer[0], 'e');
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), TG_TLS_AGAIN_READ);
}

static void a_write_that_the_socket_does_not_take_is_offered_again(void **state)
{
    struct pair *pair = *state;
    static uint8_t data[2 * TG_TLS_RECORD_MAX], moved[2 * TG_TLS_RECORD_MAX];
    size_t sent = 0, heard = 0;
    shake_hands(pair);
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 31 % 251);
    }
    ptrdiff_t written;
    while ((written = tg_tls_write(pair->server, data, sizeof data)) > 0) {
        assert_int_equal(written, TG_TLS_RECORD_MAX);
        sent += (size_t)written;
    }
    assert_int_equal(written, TG_TLS_AGAIN_WRITE);
    /* Other memory, and more of it: the record is made already. */
    memcpy(moved, data, sizeof data);
    while (heard < sent + TG_TLS_RECORD_MAX) {
        int size = SSL_read(pair->client, buffer, sizeof buffer);
        for (int i = 0; i < size; i++) {
            assert_int_equal(
                buffer[i], (uint8_t)((heard + (size_t)i) % TG_TLS_RECORD_MAX * 31 % 251));
        }
        heard += size > 0 ? (size_t)size : 0;
        if (written == TG_TLS_AGAIN_WRITE) {
            written = tg_tls_write(pair->server, moved, sizeof moved);
        }
    }
    assert_int_equal(written, TG_TLS_RECORD_MAX);
    assert_int_equal(heard, sent + TG_TLS_RECORD_MAX);
}

static void progress_inside_a_record_is_seen(void **state)
{
    struct pair *pair = *state;
    static uint8_t data[TG_TLS_RECORD_MAX];
    int small = 4096;
    shake_hands(pair);
    setsockopt(pair->fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    while (tg_tls_write(pair->server, data, sizeof data) > 0) {}
    uint64_t before = tg_tls_written(pair->server);
    assert_int_equal(tg_tls_write(pair->server, data, sizeof data), TG_TLS_AGAIN_WRITE);
    assert_int_equal(tg_tls_written(pair->server), before);
    ssize_t taken = read(pair->fds[1], buffer, sizeof buffer);
    assert_true(taken > 0);
    (void)tg_tls_write(pair->server, data, sizeof data);
    assert_true(tg_tls_written(pair->server) > before);
}

/* The rest is in the socket still, which says so. */
static void assert_more_waits(struct pair *pair)
{
    char byte;
    assert_int_equal(recv(pair->fds[0], &byte, 1, MSG_PEEK | MSG_DONTWAIT), 1);
}

static void a_flood_of_key_updates_does_not_hold_a_call(void **state)
{
    struct pair *pair = *state;
    shake_hands(pair);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(SSL_key_update(pair->client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(pair->client), 1);
    }
    client_says(pair, "at last", 7);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), TG_TLS_AGAIN_READ);
    assert_more_waits(pair);
    ptrdiff_t got = TG_TLS_AGAIN_READ;
    for (int i = 0; i < 200 && got == TG_TLS_AGAIN_READ; i++) {
        got = tg_tls_read(pair->server, buffer, sizeof buffer);
    }
    assert_int_equal(got, 7);
    assert_memory_equal(buffer, "at last", 7);
}

static void a_flood_of_tiny_records_does_not_hold_a_call(void **state)
{
    struct pair *pair = *state;
    shake_hands(pair);
    for (int i = 0; i < 200; i++) {
        client_says(pair, "x", 1);
    }
    ptrdiff_t got = tg_tls_read(pair->server, buffer, sizeof buffer);
    assert_in_range(got, 1, 199);
    assert_more_waits(pair);
    ptrdiff_t all = 0;
    for (int i = 0; i < 200 && got > 0; i++) {
        all += got;
        got = tg_tls_read(pair->server, buffer, sizeof buffer);
    }
    assert_int_equal(got, TG_TLS_AGAIN_READ);
    assert_int_equal(all, 200);
}

static void a_key_update_is_answered(void **state)
{
    struct pair *pair = *state;
    shake_hands(pair);
    assert_int_equal(SSL_key_update(pair->client, SSL_KEY_UPDATE_REQUESTED), 1);
    client_says(pair, "under new keys", 14);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), 14);
    assert_int_equal(tg_tls_write(pair->server, "here too", 8), 8);
    client_hears(pair, "here too");
    assert_int_equal(SSL_get_key_update_type(pair->client), SSL_KEY_UPDATE_NONE);
}

static void an_orderly_end_is_told_from_both_sides(void **state)
{
    struct pair *pair = *state;
    shake_hands(pair);
    SSL_shutdown(pair->client);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), 0);
    /* It said all it had to say, and can still hear. */
    assert_int_equal(tg_tls_write(pair->server, "farewell", 8), 8);
    client_hears(pair, "farewell");
    tg_tls_shutdown(pair->server);
    char none;
    int result = SSL_read(pair->client, &none, 1);
    assert_int_equal(SSL_get_error(pair->client, result), SSL_ERROR_ZERO_RETURN);
}

static void a_cut_connection_is_an_end(void **state)
{
    struct pair *pair = *state;
    shake_hands(pair);
    shutdown(pair->fds[1], SHUT_WR);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), 0);
}

static void a_peer_that_leaves_during_the_handshake_is_no_fault(void **state)
{
    struct pair *pair = *state;
    call(pair);
    shutdown(pair->fds[1], SHUT_WR);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), TG_TLS_OVER);
    assert_string_equal(tg_tls_why(pair->server), "");
}

static void plain_http_is_named(void **state)
{
    struct pair *pair = *state;
    static const char request[] = "GET /v1/websocket HTTP/1.1\r\nHost: a\r\n\r\n";
    call(pair);
    assert_int_equal(write(pair->fds[1], request, sizeof request - 1),
                     sizeof request - 1);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), TG_TLS_OVER);
    assert_string_equal(tg_tls_why(pair->server),
                        "plain HTTP came to the port that speaks TLS: it wants https:// "
                        "and wss://");
}

static void garbage_ends_the_handshake(void **state)
{
    struct pair *pair = *state;
    call(pair);
    memset(buffer, 0x5a, 500);
    assert_int_equal(write(pair->fds[1], buffer, 500), 500);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), TG_TLS_OVER);
    assert_string_equal(tg_tls_why(pair->server), "what came is no TLS");
    tg_tls_shutdown(pair->server); /* Harmless. */
}

static void a_hello_without_end_is_not_gathered(void **state)
{
    struct pair *pair = *state;
    static uint8_t record[5 + 8 * 1024] = {0x16, 3, 1, 8 * 1024 / 256, 0};
    static const uint8_t hello_of_100_kb[] = {1, 1, 0x86, 0xa0};
    ptrdiff_t outcome = TG_TLS_AGAIN_READ;
    int sent = 0;
    call(pair);
    memcpy(record + 5, hello_of_100_kb, sizeof hello_of_100_kb);
    while (outcome == TG_TLS_AGAIN_READ && sent < 12) {
        assert_int_equal(write(pair->fds[1], record, sizeof record), sizeof record);
        memset(record + 5, 0, sizeof hello_of_100_kb);
        outcome = tg_tls_read(pair->server, buffer, sizeof buffer);
        sent++;
    }
    assert_int_equal(outcome, TG_TLS_OVER);
    assert_in_range(sent, 2, 3);
    assert_string_equal(tg_tls_why(pair->server), "its handshake is longer than 16 KiB");
}

/* The client's offer is refused: by an alert, and without a session. */
static void assert_refused(struct pair *pair)
{
    call(pair);
    ptrdiff_t outcome = TG_TLS_AGAIN_READ;
    for (int i = 0; i < 5 && outcome == TG_TLS_AGAIN_READ; i++) {
        outcome = step(pair);
    }
    assert_int_equal(outcome, TG_TLS_OVER);
    assert_false(tg_tls_ready(pair->server));
    hang_up(pair);
}

static void what_is_not_authenticated_encryption_is_refused(void **state)
{
    struct pair *pair = *state;
    static const char *const ciphers[] = {"ECDHE-ECDSA-AES128-SHA256",
                                          "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256",
                                          "ECDHE-ECDSA-AES128-CCM8"};
    SSL_CTX_set_max_proto_version(pair->client_context, TLS1_2_VERSION);
    for (size_t i = 0; i < sizeof ciphers / sizeof *ciphers; i++) {
        SSL_CTX_set_security_level(pair->client_context, 0);
        assert_int_equal(SSL_CTX_set_cipher_list(pair->client_context, ciphers[i]), 1);
        assert_refused(pair);
    }
}

static void versions_before_1_2_are_refused(void **state)
{
    struct pair *pair = *state;
    SSL_CTX_set_security_level(pair->client_context, 0);
    SSL_CTX_set_min_proto_version(pair->client_context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(pair->client_context, TLS1_1_VERSION);
    SSL_CTX_set_cipher_list(pair->client_context, "ALL:@SECLEVEL=0");
    assert_refused(pair);
}

static void other_protocols_than_http_1_1_are_refused(void **state)
{
    struct pair *pair = *state;
    SSL_CTX_set_alpn_protos(pair->client_context, (const unsigned char *)"\x02h2", 3);
    assert_refused(pair);
    SSL_CTX_set_alpn_protos(pair->client_context,
                            (const unsigned char *)"\x02h2\x08http/1.1", 12);
    shake_hands(pair);
    const unsigned char *chosen;
    unsigned size;
    SSL_get0_alpn_selected(pair->client, &chosen, &size);
    assert_int_equal(size, 8);
    assert_memory_equal(chosen, "http/1.1", 8);
}

static void renegotiation_is_refused(void **state)
{
    struct pair *pair = *state;
    SSL_CTX_set_max_proto_version(pair->client_context, TLS1_2_VERSION);
    shake_hands(pair);
    assert_int_equal(SSL_renegotiate(pair->client), 1);
    SSL_do_handshake(pair->client);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), TG_TLS_AGAIN_READ);
    int result = SSL_do_handshake(pair->client);
    assert_int_equal(SSL_get_error(pair->client, result), SSL_ERROR_SSL);
}

static int keep_session(SSL *client, SSL_SESSION *session)
{
    SSL_SESSION **kept = SSL_CTX_get_app_data(SSL_get_SSL_CTX(client));
    SSL_SESSION_free(*kept);
    *kept = session;
    return 1;
}

/* Call with `session`: was it resumed? */
static bool is_resumed(struct pair *pair, SSL_SESSION *session)
{
    hang_up(pair);
    call(pair);
    SSL_set_session(pair->client, session);
    for (int i = 0; i < 5; i++) {
        step(pair);
    }
    assert_true(tg_tls_ready(pair->server));
    return SSL_session_reused(pair->client) == 1;
}

static void a_session_is_resumed_until_a_reload(void **state)
{
    struct pair *pair = *state;
    SSL_SESSION *session = NULL;
    SSL_CTX_set_app_data(pair->client_context, &session);
    SSL_CTX_set_session_cache_mode(pair->client_context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(pair->client_context, keep_session);
    shake_hands(pair);
    assert_non_null(session);
    SSL_SESSION *first = session;
    SSL_SESSION_up_ref(first);
    assert_true(is_resumed(pair, first));
    assert_int_equal(tg_tls_reload(pair->tls, pair->why), TG_OK);
    assert_false(is_resumed(pair, first));
    SSL_SESSION_free(first);
    SSL_SESSION_free(session);
}

static void a_reload_is_for_those_who_come_after_it(void **state)
{
    struct pair *pair = *state;
    shake_hands(pair);
    EVP_PKEY_free(certificate_write("two.example", pair->certificate, pair->key));
    assert_int_equal(tg_tls_reload(pair->tls, pair->why), TG_OK);
    client_says(pair, "still here", 10);
    assert_int_equal(tg_tls_read(pair->server, buffer, sizeof buffer), 10);
    hang_up(pair);
    shake_hands(pair);
    assert_shown(pair, "two.example");
}

static void a_bad_file_leaves_the_old_certificate_in_use(void **state)
{
    struct pair *pair = *state;
    write_text(pair->certificate, "-----BEGIN CERTIFICATE-----\nnonsense\n");
    assert_int_equal(tg_tls_reload(pair->tls, pair->why), TG_EIO);
    assert_non_null(strstr(pair->why, pair->certificate));
    unlink(pair->key);
    assert_int_equal(tg_tls_reload(pair->tls, pair->why), TG_EIO);
    shake_hands(pair);
    assert_shown(pair, "one.example");
}

static void a_reload_needs_no_descriptor_that_is_free(void **state)
{
    struct pair *pair = *state;
    struct rlimit before, few;
    int taken[256], count = 0;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 128;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while (count < 256 && (taken[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) {
        count++;
    }
    int error = errno;
    enum tg_err reloaded = tg_tls_reload(pair->tls, pair->why);
    while (count > 0) {
        close(taken[--count]);
    }
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(error, EMFILE);
    assert_int_equal(reloaded, TG_OK);
}

static void assert_refuses(struct pair *pair, const char *certificate, const char *key,
                           const char *words)
{
    assert_null(tg_tls_open(certificate, key, pair->why));
    if (strstr(pair->why, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", pair->why, words);
    }
}

static void what_is_wrong_with_the_files_is_said(void **state)
{
    struct pair *pair = *state;
    assert_refuses(pair, "/nowhere/a.pem", pair->key,
                   "/nowhere/a.pem cannot be read: No such file or directory");
    assert_refuses(pair, pair->folder, pair->key, "is no regular file");
    assert_refuses(pair, pair->key, pair->key, "certificate 1 is broken or missing");
    assert_refuses(pair, pair->certificate, pair->certificate,
                   "there is no private key in it");
    key_write(pair->other, NULL);
    assert_refuses(pair, pair->certificate, pair->other,
                   "is not the key of the certificate in");
    key_write(pair->other, "secret");
    assert_refuses(pair, pair->certificate, pair->other, "has a pass phrase");
    write_text(pair->other, "");
    assert_refuses(pair, pair->other, pair->key, "certificate 1 is broken or missing");
}

/* Our client's side. */

static ptrdiff_t dial(struct pair *pair, const char *ca_file, const char *host,
                      struct tg_tls **dialer, struct tg_tls_conn **client)
{
    *dialer = tg_tls_open_client(ca_file, pair->why);
    assert_non_null(*dialer);
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair->fds), 0);
    pair->server = tg_tls_accept(pair->tls, pair->fds[0]);
    *client = tg_tls_connect(*dialer, pair->fds[1], host);
    ptrdiff_t written = TG_TLS_AGAIN_READ;
    for (int i = 0; i < 5 && written < 0 && written != TG_TLS_OVER; i++) {
        written = tg_tls_write(*client, "hi", 2);
        (void)tg_tls_read(pair->server, buffer, sizeof buffer);
    }
    return written;
}

static void assert_dials(struct pair *pair, const char *ca_file, const char *host,
                         const char *why)
{
    struct tg_tls *dialer;
    struct tg_tls_conn *client;
    ptrdiff_t written = dial(pair, ca_file, host, &dialer, &client);
    assert_string_equal(tg_tls_why(client), why);
    assert_int_equal(written, why[0] == '\0' ? 2 : TG_TLS_OVER);
    tg_tls_conn_close(client);
    tg_tls_conn_close(pair->server);
    pair->server = NULL;
    close(pair->fds[0]);
    close(pair->fds[1]);
    tg_tls_close(dialer);
}

static void our_client_verifies_who_answers(void **state)
{
    struct pair *pair = *state;
    assert_dials(pair, pair->certificate, "one.example", "");
    assert_dials(pair, pair->certificate, "127.0.0.1", "");
    assert_dials(pair, pair->certificate, "two.example", "hostname mismatch");
    assert_dials(pair, pair->certificate, "127.0.0.2", "IP address mismatch");
    assert_dials(pair, NULL, "one.example", "self-signed certificate");
    assert_null(tg_tls_open_client("/nowhere.pem", pair->why));
    assert_non_null(strstr(pair->why, "/nowhere.pem"));
}

/* Connections begin on one thread while another reloads; TSan looks on. */
static void *reload_often(void *argument)
{
    struct pair *pair = argument;
    char why[TG_TLS_WHY_MAX];
    for (int i = 0; i < 50; i++) {
        if (tg_tls_reload(pair->tls, why) != TG_OK) {
            return pair;
        }
    }
    return NULL;
}

static void connections_begin_while_it_reloads(void **state)
{
    struct pair *pair = *state;
    pthread_t thread;
    void *failed;
    assert_int_equal(pthread_create(&thread, NULL, reload_often, pair), 0);
    for (int i = 0; i < 50; i++) {
        shake_hands(pair);
        hang_up(pair);
    }
    pthread_join(thread, &failed);
    assert_null(failed);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(both_sides_talk_after_the_handshake),
        T(what_the_client_sends_may_come_byte_by_byte),
        T(nothing_that_was_decrypted_stays_behind),
        T(a_write_that_the_socket_does_not_take_is_offered_again),
        T(progress_inside_a_record_is_seen),
        T(a_key_update_is_answered),
        T(a_flood_of_key_updates_does_not_hold_a_call),
        T(a_flood_of_tiny_records_does_not_hold_a_call),
        T(an_orderly_end_is_told_from_both_sides),
        T(a_cut_connection_is_an_end),
        T(a_peer_that_leaves_during_the_handshake_is_no_fault),
        T(plain_http_is_named),
        T(garbage_ends_the_handshake),
        T(a_hello_without_end_is_not_gathered),
        T(what_is_not_authenticated_encryption_is_refused),
        T(versions_before_1_2_are_refused),
        T(other_protocols_than_http_1_1_are_refused),
        T(renegotiation_is_refused),
        T(a_session_is_resumed_until_a_reload),
        T(a_reload_is_for_those_who_come_after_it),
        T(a_bad_file_leaves_the_old_certificate_in_use),
        T(a_reload_needs_no_descriptor_that_is_free),
        T(what_is_wrong_with_the_files_is_said),
        T(our_client_verifies_who_answers),
        T(connections_begin_while_it_reloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
