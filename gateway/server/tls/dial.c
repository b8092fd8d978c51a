#include <openssl/err.h>
#include <stdio.h>

#include "server/tls/context.h"

struct tg_tls *tg_tls_open_client(const char *ca_file, char why[TG_TLS_WHY_MAX])
{
    struct tg_tls *tls = tls_create();
    SSL_CTX *context = tls == NULL ? NULL : tls_context_create(TLS_client_method());
    if (context == NULL) {
        snprintf(why, TG_TLS_WHY_MAX, "%s", tls_error_text());
        tg_tls_close(tls);
        return NULL;
    }
    tls->context = context;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    bool right = ca_file == NULL ? SSL_CTX_set_default_verify_paths(context) == 1
                                 : SSL_CTX_load_verify_file(context, ca_file) == 1;
    if (!right) {
        snprintf(why, TG_TLS_WHY_MAX,
                 "%s holds no certificate as PEM that can be read: %s",
                 ca_file == NULL ? "the system's store" : ca_file, tls_error_text());
        tg_tls_close(tls);
        return NULL;
    }
    ERR_clear_error();
    return tls;
}
