#include "engine/identity/tickets.h"

#include <assert.h>

#include "engine/base/list.h"
#include "engine/base/mem.h"

bool tg_same_secret(const uint8_t *a, const uint8_t *b, size_t size)
{
    volatile uint8_t different = 0;
    for (size_t i = 0; i < size; i++) {
        different = (uint8_t)(different | (a[i] ^ b[i]));
    }
    return different == 0;
}

enum tg_err tg_tickets_init(struct tg_tickets *tickets, uint32_t waiting_max)
{
    *tickets = (struct tg_tickets){.waiting_max = waiting_max};
    return tg_index_init(&tickets->index);
}

void tg_tickets_finish(struct tg_tickets *tickets)
{
    struct tg_deadline *first;
    while ((first = tg_deadlines_first(&tickets->deadlines)) != NULL) {
        tg_ticket_destroy(
            tg_tickets_take(tickets, TG_ENTRY(first, struct tg_ticket, deadline)));
    }
    tg_deadlines_finish(&tickets->deadlines);
    tg_index_finish(&tickets->index);
}

struct tg_ticket *tg_ticket_create(struct tg_identity *identity, struct tg_slice origin)
{
    struct tg_ticket *ticket = tg_zalloc(1, sizeof *ticket + origin.size);
    if (ticket == NULL) {
        tg_identity_unref(identity);
        return NULL;
    }
    ticket->identity = identity;
    ticket->origin_size = (uint32_t)origin.size;
    if (origin.size != 0) {
        memcpy(ticket->origin, origin.data, origin.size);
    }
    return ticket;
}

void tg_ticket_destroy(struct tg_ticket *ticket)
{
    if (ticket != NULL) {
        tg_identity_unref(ticket->identity);
        tg_free(ticket);
    }
}

/* The digest of what nobody can guess is as good as random. */
static uint64_t hash_of(const uint8_t digest[TG_DIGEST_BYTES])
{
    uint64_t hash;
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

enum tg_err tg_tickets_add(struct tg_tickets *tickets, struct tg_ticket *ticket,
                           int64_t expires_us, int64_t now_us, int64_t *retry_us)
{
    enum { AT_ONCE = 4 };
    tg_tickets_expire(tickets, now_us, AT_ONCE);
    if (tickets->index.count >= tickets->waiting_max) {
        *retry_us = tg_deadlines_first(&tickets->deadlines)->due_us - now_us;
        return TG_ELIMIT;
    }
    enum tg_err err = tg_deadlines_reserve(&tickets->deadlines);
    if (err == TG_OK) {
        tg_deadlines_set(&tickets->deadlines, &ticket->deadline, expires_us);
        tg_index_put(&tickets->index, &ticket->link, hash_of(ticket->digest));
    }
    return err;
}

struct tg_ticket *tg_tickets_find(const struct tg_tickets *tickets,
                                  const uint8_t digest[TG_DIGEST_BYTES])
{
    struct tg_index_link *link = tg_index_first(&tickets->index, hash_of(digest));
    for (; link != NULL; link = tg_index_next(link)) {
        struct tg_ticket *ticket = TG_ENTRY(link, struct tg_ticket, link);
        if (tg_same_secret(ticket->digest, digest, TG_DIGEST_BYTES)) {
            return ticket;
        }
    }
    return NULL;
}

struct tg_ticket *tg_tickets_take(struct tg_tickets *tickets, struct tg_ticket *ticket)
{
    tg_index_remove(&tickets->index, &ticket->link);
    tg_deadlines_cancel(&tickets->deadlines, &ticket->deadline);
    return ticket;
}

void tg_tickets_expire(struct tg_tickets *tickets, int64_t now_us, uint32_t most)
{
    struct tg_deadline *first = tg_deadlines_first(&tickets->deadlines);
    for (; most > 0 && first != NULL && first->due_us <= now_us; most--) {
        tg_ticket_destroy(
            tg_tickets_take(tickets, TG_ENTRY(first, struct tg_ticket, deadline)));
        first = tg_deadlines_first(&tickets->deadlines);
    }
}
