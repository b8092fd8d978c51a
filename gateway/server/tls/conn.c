#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "engine/base/mem.h"
#include "server/tls/context.h"

/* OpenSSL reads on for as long as what comes is none of its owner's business, which a
 * peer can keep up: a change of keys costs it 27 bytes. A record takes two reads of the
 * socket; after so many the rest has to wait for the next call. */
enum { SOCKET_READS_MAX = 128 };

/* OpenSSL would gather a hello of 128 KiB from anybody. */
enum { HELLO_BYTES_MAX = 16 * 1024 };

struct tg_tls_conn {
    SSL *ssl;
    uint32_t unsent;       /* Bytes of a record that is made, and not all out. */
    uint32_t socket_reads; /* In this call. */
    bool ready;            /* Stays so, while keys change, too. */
    const char *why;
};

static bool hello_is_too_long(const struct tg_tls_conn *conn)
{
    return !conn->ready && SSL_is_server(conn->ssl) &&
           SSL_is_init_finished(conn->ssl) != 1 &&
           BIO_number_read(SSL_get_rbio(conn->ssl)) > HELLO_BYTES_MAX;
}

static long on_socket(BIO *socket, int operation, const char *data, size_t size,
                      int argument, long more, int result, size_t *done)
{
    struct tg_tls_conn *conn = (struct tg_tls_conn *)(void *)BIO_get_callback_arg(socket);
    (void)data;
    (void)size;
    (void)argument;
    (void)more;
    (void)done;
    if (operation != BIO_CB_READ) {
        return result;
    }
    if (hello_is_too_long(conn)) {
        return -1;
    }
    if (conn->socket_reads++ < SOCKET_READS_MAX) {
        return result;
    }
    BIO_set_retry_read(socket);
    return -1;
}

/* Before each call of OpenSSL that reads or writes. */
static void call_begin(struct tg_tls_conn *conn)
{
    ERR_clear_error();
    conn->socket_reads = 0;
}

static struct tg_tls_conn *conn_create(struct tg_tls *tls, int fd)
{
    struct tg_tls_conn *conn = tg_zalloc(1, sizeof *conn);
    if (conn == NULL) {
        return NULL;
    }
    conn->why = "";
    pthread_mutex_lock(&tls->lock);
    conn->ssl = SSL_new(tls->context);
    pthread_mutex_unlock(&tls->lock);
    if (conn->ssl == NULL || SSL_set_fd(conn->ssl, fd) != 1) {
        ERR_clear_error();
        tg_tls_conn_close(conn);
        return NULL;
    }
    BIO_set_callback_ex(SSL_get_rbio(conn->ssl), on_socket);
    BIO_set_callback_arg(SSL_get_rbio(conn->ssl), (char *)conn);
    return conn;
}

struct tg_tls_conn *tg_tls_accept(struct tg_tls *tls, int fd)
{
    struct tg_tls_conn *conn = conn_create(tls, fd);
    if (conn != NULL) {
        SSL_set_accept_state(conn->ssl);
    }
    return conn;
}

struct tg_tls_conn *tg_tls_connect(struct tg_tls *tls, int fd, const char *host)
{
    struct tg_tls_conn *conn = conn_create(tls, fd);
    if (conn == NULL) {
        return NULL;
    }
    SSL_set_connect_state(conn->ssl);
    X509_VERIFY_PARAM *wanted = SSL_get0_param(conn->ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host) != 1 &&
        (X509_VERIFY_PARAM_set1_host(wanted, host, 0) != 1 ||
         SSL_set_tlsext_host_name(conn->ssl, host) != 1)) {
        tg_tls_conn_close(conn);
        conn = NULL;
    }
    ERR_clear_error();
    return conn;
}

void tg_tls_conn_close(struct tg_tls_conn *conn)
{
    if (conn != NULL) {
        SSL_free(conn->ssl);
        tg_free(conn);
    }
}

/* What ended it, if it was no more than that the peer went away: "". */
static const char *end_text(const struct tg_tls_conn *conn)
{
    unsigned long error = ERR_peek_error();
    long verified = SSL_get_verify_result(conn->ssl);
    if (hello_is_too_long(conn)) {
        return "its handshake is longer than 16 KiB";
    }
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) {
        return error == 0 ? "" : tls_error_text();
    }
    switch (ERR_GET_REASON(error)) {
    case SSL_R_HTTP_REQUEST:
        return "plain HTTP came to the port that speaks TLS: it wants https:// and "
               "wss://";
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return X509_verify_cert_error_string(verified);
    case SSL_R_WRONG_VERSION_NUMBER:
        return SSL_is_server(conn->ssl) ? "what came is no TLS"
                                        : "what is there speaks no TLS";
    default:
        return tls_error_text();
    }
}

/* What a call of SSL_read or SSL_write that gave nothing means. */
static ptrdiff_t conn_outcome(struct tg_tls_conn *conn, int result)
{
    conn->ready = conn->ready || SSL_is_init_finished(conn->ssl) == 1;
    switch (SSL_get_error(conn->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TG_TLS_AGAIN_READ;
    case SSL_ERROR_WANT_WRITE:
        return TG_TLS_AGAIN_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return conn->ready ? 0 : TG_TLS_OVER;
    default:
        conn->why = end_text(conn);
        return TG_TLS_OVER;
    }
}

ptrdiff_t tg_tls_shake_hands(struct tg_tls_conn *conn)
{
    call_begin(conn);
    int result = SSL_do_handshake(conn->ssl);
    conn->ready = conn->ready || result == 1;
    return result == 1 ? 0 : conn_outcome(conn, result);
}

ptrdiff_t tg_tls_read(struct tg_tls_conn *conn, void *data, size_t size)
{
    size_t got = 0;
    call_begin(conn);
    do {
        size_t room = size - got < TG_TLS_RECORD_MAX ? size - got : TG_TLS_RECORD_MAX;
        int result = SSL_read(conn->ssl, (uint8_t *)data + got, (int)room);
        if (result > 0) {
            conn->ready = true;
            got += (size_t)result;
        } else if (got != 0) {
            ERR_clear_error();
            break; /* OpenSSL says it again next time. */
        } else {
            return conn_outcome(conn, result);
        }
    } while (size - got >= TG_TLS_RECORD_MAX);
    return (ptrdiff_t)got;
}

ptrdiff_t tg_tls_write(struct tg_tls_conn *conn, const void *data, size_t size)
{
    assert(size >= conn->unsent);
    if (conn->unsent != 0) {
        size = conn->unsent;
    } else if (size > TG_TLS_RECORD_MAX) {
        size = TG_TLS_RECORD_MAX;
    }
    call_begin(conn);
    int result = SSL_write(conn->ssl, data, (int)size);
    if (result > 0) {
        conn->ready = true;
        conn->unsent = 0;
        return result;
    }
    ptrdiff_t outcome = conn_outcome(conn, result);
    conn->unsent = (uint32_t)size;
    return outcome == 0 ? TG_TLS_OVER : outcome;
}

bool tg_tls_ready(const struct tg_tls_conn *conn)
{
    return conn->ready;
}

uint64_t tg_tls_written(const struct tg_tls_conn *conn)
{
    return BIO_number_written(SSL_get_wbio(conn->ssl));
}

void tg_tls_shutdown(struct tg_tls_conn *conn)
{
    call_begin(conn);
    bool said = (SSL_get_shutdown(conn->ssl) & SSL_SENT_SHUTDOWN) != 0;
    if (!said && SSL_is_init_finished(conn->ssl) == 1 && conn->unsent == 0) {
        (void)SSL_shutdown(conn->ssl);
        ERR_clear_error();
    }
}

const char *tg_tls_why(const struct tg_tls_conn *conn)
{
    return conn->why;
}
