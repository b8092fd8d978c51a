/* What the files of this folder share; nothing else includes it. */
#ifndef TG_TLS_CONTEXT_H
#define TG_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "server/tls/tickets.h"
#include "server/tls/tls.h"

struct tg_tls {
    pthread_mutex_t lock; /* Of `context`, which a reload replaces. */
    SSL_CTX *context;
    struct tg_tls_tickets tickets;
    char *certificate; /* File names; NULL on the client's side. */
    char *key;
    int reserve; /* A descriptor to give up where none is left to read files with. */
};

/* What both sides have in common. NULL without memory. */
SSL_CTX *tls_context_create(const SSL_METHOD *method);
struct tg_tls *tls_create(void);
/* The oldest error of OpenSSL's queue as a phrase; never NULL. Empties the queue. */
const char *tls_error_text(void);

#endif
