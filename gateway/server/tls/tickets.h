/* The keys that session tickets of TLS are made with (RFC 8446 4.6.1, RFC 5077): who
 * comes back with one need not be shown the certificate again, which spares both sides
 * most of a handshake. Nothing is kept for a ticket.
 *
 * A key makes tickets for two hours and is good for two more: a ticket is good for as
 * long as it says. What was said under a stolen key can be read later only where
 * it is not yet forgotten. */
#ifndef TG_TLS_TICKETS_H
#define TG_TLS_TICKETS_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { TG_TICKETS_LIFE_S = 2 * 60 * 60 };

struct tg_ticket_key {
    uint8_t name[16];
    uint8_t cipher[32];
    uint8_t mac[32];
};

struct tg_tls_tickets {
    pthread_mutex_t lock;
    struct tg_ticket_key keys[2]; /* The one that makes tickets, and the one before it. */
    int64_t born_s;
};

/* False without random bytes. */
bool tg_tls_tickets_init(struct tg_tls_tickets *tickets);
void tg_tls_tickets_finish(struct tg_tls_tickets *tickets);
/* The key that makes tickets is the one before from now on. False: nothing changed. */
bool tg_tls_tickets_rotate(struct tg_tls_tickets *tickets);
/* No ticket of before is good any more. False: nothing changed. */
bool tg_tls_tickets_forget(struct tg_tls_tickets *tickets);
/* Let `context` use them; they must outlive it. */
bool tg_tls_tickets_serve(struct tg_tls_tickets *tickets, SSL_CTX *context);

#endif
