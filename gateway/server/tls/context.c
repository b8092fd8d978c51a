#include "server/tls/context.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/log/log.h"

enum { FILE_MAX = 1 << 20, CHAIN_MAX = 16, WARN_DAYS = 14 };

const char *tls_error_text(void)
{
    unsigned long error = ERR_get_error();
    const char *text = error == 0 ? NULL : ERR_reason_error_string(error);
    ERR_clear_error();
    return text != NULL ? text : "out of memory";
}

/* Files. */

/* All of `path`, in memory; NULL with `why`. Free it with file_close. */
static BIO *file_open(const char *path, char why[TG_TLS_WHY_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0) {
        snprintf(why, TG_TLS_WHY_MAX, "%s cannot be read: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    if (!S_ISREG(about.st_mode) || about.st_size > FILE_MAX) {
        snprintf(why, TG_TLS_WHY_MAX, "%s is no regular file of at most 1 MiB", path);
        close(fd);
        return NULL;
    }
    size_t size = (size_t)about.st_size;
    uint8_t *bytes = tg_alloc(size + 1);
    BIO *file = BIO_new(BIO_s_secmem());
    ssize_t got = bytes == NULL ? -1 : read(fd, bytes, size);
    close(fd);
    bool whole = got == (ssize_t)size && file != NULL &&
                 (size == 0 || BIO_write(file, bytes, (int)size) == (int)size);
    if (bytes != NULL) {
        explicit_bzero(bytes, size);
        tg_free(bytes);
    }
    if (!whole) {
        snprintf(why, TG_TLS_WHY_MAX, "%s could not be read to its end", path);
        BIO_free(file);
        return NULL;
    }
    BIO_set_mem_eof_return(file, 0);
    return file;
}

/* Never ask anybody for a pass phrase. */
static int no_pass_phrase(char *phrase, int size, int writes, void *asked)
{
    (void)phrase;
    (void)size;
    (void)writes;
    *(bool *)asked = true;
    return -1;
}

/* The first certificate is ours, those after it lead to the authority. */
static bool use_certificates(SSL_CTX *context, const char *path, char why[TG_TLS_WHY_MAX])
{
    BIO *file = file_open(path, why);
    if (file == NULL) {
        return false;
    }
    int count = 0;
    bool right = true, asked = false;
    X509 *certificate;
    while (right && count < CHAIN_MAX &&
           (certificate = PEM_read_bio_X509(file, NULL, no_pass_phrase, &asked)) !=
               NULL) {
        right = (count == 0 ? SSL_CTX_use_certificate(context, certificate)
                            : (int)SSL_CTX_add1_chain_cert(context, certificate)) == 1;
        X509_free(certificate);
        count++;
    }
    BIO_free(file);
    if (!right) {
        snprintf(why, TG_TLS_WHY_MAX, "%s: certificate %d is not usable: %s", path, count,
                 tls_error_text());
        return false;
    }
    unsigned long error = ERR_peek_last_error();
    bool at_end = error == 0 || ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    if (count == 0 || !at_end) {
        snprintf(why, TG_TLS_WHY_MAX,
                 "%s: certificate %d is broken or missing; it should hold certificates "
                 "as PEM (-----BEGIN CERTIFICATE-----), the gateway's own first",
                 path, count + 1);
    }
    ERR_clear_error();
    return count != 0 && at_end;
}

static bool use_key(SSL_CTX *context, const char *path, const char *certificate,
                    char why[TG_TLS_WHY_MAX])
{
    BIO *file = file_open(path, why);
    if (file == NULL) {
        return false;
    }
    bool asked = false;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(file, NULL, no_pass_phrase, &asked);
    BIO_free(file);
    ERR_clear_error();
    bool right = false;
    if (key == NULL && asked) {
        snprintf(why, TG_TLS_WHY_MAX,
                 "%s: the key has a pass phrase, which nobody could give at a start; "
                 "keep it without one, readable by the gateway's user only",
                 path);
    } else if (key == NULL) {
        snprintf(why, TG_TLS_WHY_MAX,
                 "%s: there is no private key in it as PEM (-----BEGIN PRIVATE KEY-----)",
                 path);
    } else if (SSL_CTX_use_PrivateKey(context, key) != 1 ||
               SSL_CTX_check_private_key(context) != 1) {
        unsigned long error = ERR_peek_error();
        bool other = ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH ||
                     ERR_GET_REASON(error) == X509_R_KEY_TYPE_MISMATCH;
        snprintf(why, TG_TLS_WHY_MAX,
                 other ? "%s is not the key of the certificate in %s%s"
                       : "%s: the key is not usable with %s: %s",
                 path, certificate, other ? "" : tls_error_text());
    } else {
        right = true;
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
    return right;
}

/* Contexts. */

SSL_CTX *tls_context_create(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                          "TLS_CHACHA20_POLY1305_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    /* A connection that is cut is no attack on WebSocket, whose frames have lengths. */
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    return context;
}

/* RFC 7301: a client that names protocols must name ours. */
static int on_protocols(SSL *ssl, const unsigned char **chosen,
                        unsigned char *chosen_size, const unsigned char *offered,
                        unsigned size, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)context;
    return SSL_select_next_proto((unsigned char **)(uintptr_t)chosen, chosen_size, ours,
                                 sizeof ours - 1, offered, size) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* The server's, with the files of `tls`. NULL with `why`. */
static SSL_CTX *server_context(struct tg_tls *tls, char why[TG_TLS_WHY_MAX])
{
    ERR_clear_error();
    SSL_CTX *context = tls_context_create(TLS_server_method());
    if (context == NULL || !tg_tls_tickets_serve(&tls->tickets, context)) {
        snprintf(why, TG_TLS_WHY_MAX, "%s", tls_error_text());
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_options(context,
                        SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_alpn_select_cb(context, on_protocols, NULL);
    if (!use_certificates(context, tls->certificate, why) ||
        !use_key(context, tls->key, tls->certificate, why)) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

struct tg_tls *tls_create(void)
{
    struct tg_tls *tls = tg_zalloc(1, sizeof *tls);
    if (tls != NULL) {
        tls->reserve = -1;
        pthread_mutex_init(&tls->lock, NULL);
        if (!tg_tls_tickets_init(&tls->tickets)) {
            tg_tls_close(tls);
            return NULL;
        }
    }
    return tls;
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = tg_alloc(size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

static int reserve_open(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

struct tg_tls *tg_tls_open(const char *certificate, const char *key,
                           char why[TG_TLS_WHY_MAX])
{
    struct tg_tls *tls = tls_create();
    if (tls != NULL) {
        tls->certificate = copy_text(certificate);
        tls->key = copy_text(key);
    }
    if (tls == NULL || tls->certificate == NULL || tls->key == NULL) {
        snprintf(why, TG_TLS_WHY_MAX, "out of memory");
        tg_tls_close(tls);
        return NULL;
    }
    tls->reserve = reserve_open();
    tls->context = server_context(tls, why);
    if (tls->context == NULL) {
        tg_tls_close(tls);
        return NULL;
    }
    return tls;
}

enum tg_err tg_tls_reload(struct tg_tls *tls, char why[TG_TLS_WHY_MAX])
{
    if (tls->reserve >= 0) {
        close(tls->reserve);
    }
    SSL_CTX *made = server_context(tls, why);
    tls->reserve = reserve_open();
    if (made == NULL) {
        return TG_EIO;
    }
    if (!tg_tls_tickets_forget(&tls->tickets)) {
        snprintf(why, TG_TLS_WHY_MAX, "the system gives no random bytes");
        SSL_CTX_free(made);
        return TG_EIO;
    }
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = made;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old); /* Its connections hold it as long as they live. */
    return TG_OK;
}

void tg_tls_warn_of_expiry(struct tg_tls *tls)
{
    int days = 0, seconds = 0;
    pthread_mutex_lock(&tls->lock);
    const X509 *certificate = SSL_CTX_get0_certificate(tls->context);
    bool known = ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) ==
                 1;
    pthread_mutex_unlock(&tls->lock);
    if (!known || days >= WARN_DAYS) {
        return;
    }
    if (days < 0 || seconds < 0) {
        tg_warn("tls.certificate_expired", TG_F("file", tls->certificate));
    } else {
        tg_warn("tls.certificate_expires", TG_F("file", tls->certificate),
                TG_F("days", days));
    }
}

void tg_tls_close(struct tg_tls *tls)
{
    if (tls == NULL) {
        return;
    }
    SSL_CTX_free(tls->context);
    tg_tls_tickets_finish(&tls->tickets);
    pthread_mutex_destroy(&tls->lock);
    if (tls->reserve >= 0) {
        close(tls->reserve);
    }
    tg_free(tls->certificate);
    tg_free(tls->key);
    tg_free(tls);
}
