/* Thousands of clients that have an identity, in one process: they join with a ticket
 * each, lose the gateway, and come back with the tokens of their sessions, all at once.
 *
 *   AWAY --open--> CONNECTING --101--> ASKING --connected, subscribed--> READY
 *     ^                 \                /                                 |
 *     +------------------+--the socket ended, or was refused---------------+ */
#ifndef BENCH_STORM_CLIENTS_H
#define BENCH_STORM_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/histogram.h"

struct clients;

/* The request for the ticket of client `index` is the caller's; so is its text. */
typedef const char *ticket_of(void *context, unsigned index);

struct clients_counts {
    unsigned ready;
    unsigned refused;            /* `connect` or `subscribe` was answered with an error */
    unsigned ended;              /* the socket ended before it was ready */
    unsigned strangers;          /* came back as another client than before */
    struct histogram handshake;  /* from connect() to the answer 101 */
    struct histogram subscribed; /* from connect() to `subscribed` */
};

/* Clients of the gateway at 127.0.0.1:`port`; connections from one of 127.0.0.1,
 * 127.0.0.2, … are at most 5,000. */
struct clients *clients_create(unsigned port, unsigned count);

/* Open all of them, at most `opening_max` being opened at a time, and wait until each is
 * ready or has failed, at most `patience_s`. `ticket` NULL: they show their sessions. The
 * seconds that it took. */
double clients_open(struct clients *c, ticket_of *ticket, void *context,
                    unsigned opening_max, unsigned patience_s);

/* Wait until the gateway has closed all of them; false if some stand after that time. */
bool clients_lose(struct clients *c, unsigned patience_s);

const struct clients_counts *clients_counts_get(const struct clients *c);

#endif
