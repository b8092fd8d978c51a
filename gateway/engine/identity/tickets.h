/* Tickets that are not spent (PROTOCOL.md 6.1), found by the SHA-256 of their text, which
 * the caller brings: the text itself is nowhere.
 *
 * Times are the caller's, of a clock that never goes back. A call drops at most a few
 * expired ones: none pays for all. A ticket is three blocks, of some 400 bytes in all
 * with its claims. */
#ifndef TG_IDENTITY_TICKETS_H
#define TG_IDENTITY_TICKETS_H

#include "engine/identity/deadlines.h"
#include "engine/identity/identity.h"
#include "engine/identity/index.h"

enum { TG_DIGEST_BYTES = 32 };

struct tg_ticket {
    struct tg_index_link link;
    struct tg_deadline deadline;
    uint8_t digest[TG_DIGEST_BYTES];
    uint64_t turn; /* When it was made, as tg_ended counts. */
    int64_t session_life_us;
    struct tg_identity *identity; /* Of nobody else: whose it becomes may still set it. */
    uint32_t origin_size;         /* 0: good from any. */
    char origin[];
};

struct tg_tickets {
    struct tg_index index;
    struct tg_deadlines deadlines;
    uint32_t waiting_max;
};

/* Are these bytes the same? In a time that does not tell where they differ. */
bool tg_same_secret(const uint8_t *a, const uint8_t *b, size_t size);

/* TG_ENOMEM  As it says; it may be finished. */
TG_MUST_USE enum tg_err tg_tickets_init(struct tg_tickets *tickets, uint32_t waiting_max);
/* All zero is fine. */
void tg_tickets_finish(struct tg_tickets *tickets);

/* A ticket that is in no table yet: its digest, turn and life are still to be set. Takes
 * the identity; on failure too. NULL without memory. */
struct tg_ticket *tg_ticket_create(struct tg_identity *identity, struct tg_slice origin);
/* NULL is fine. */
void tg_ticket_destroy(struct tg_ticket *ticket);

/* Takes the ticket on success.
 *
 * TG_ELIMIT  There are as many as there may be; `*retry_us`: when the first expires.
 * TG_ENOMEM  As it says. */
TG_MUST_USE enum tg_err tg_tickets_add(struct tg_tickets *tickets,
                                       struct tg_ticket *ticket, int64_t expires_us,
                                       int64_t now_us, int64_t *retry_us);
/* The ticket of this digest, expired or not; NULL. */
struct tg_ticket *tg_tickets_find(const struct tg_tickets *tickets,
                                  const uint8_t digest[TG_DIGEST_BYTES]);
/* Spend it: it is the caller's then. */
struct tg_ticket *tg_tickets_take(struct tg_tickets *tickets, struct tg_ticket *ticket);
/* Drop at most `most` of those that are expired. */
void tg_tickets_expire(struct tg_tickets *tickets, int64_t now_us, uint32_t most);

#endif
