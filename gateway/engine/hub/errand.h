/* What the management asks of every shard (INGEST.md 7), and what one shard has to say to
 * it. An errand travels in the order of the batches, so that nothing which is published
 * after it was answered reaches those whom it concerned. */
#ifndef TG_HUB_ERRAND_H
#define TG_HUB_ERRAND_H

#include "engine/hub/hub.h"
#include "engine/identity/identity.h"

enum tg_errand_kind {
    TG_ERRAND_LIST,        /* Connections and their subscriptions. */
    TG_ERRAND_CLOSE,       /* Close connections with `close_code`. */
    TG_ERRAND_UNSUBSCRIBE, /* End one subscription. */
};

enum { TG_ERRAND_CLIENTS_MAX = 1000 };

/* Read-only once it is under way. */
struct tg_errand {
    enum tg_errand_kind kind;
    struct tg_selection selection; /* LIST: `user`, `client` may be empty. CLOSE. */
    struct tg_slice type;          /* LIST: with a subscription to it; empty: any. */
    uint64_t after;                /* LIST: connections with a higher number, */
    uint32_t limit;                /* at most so many of them, */
    size_t text_max;               /* and no further one once `text` has so many bytes. */
    uint16_t close_code;           /* CLOSE */
    uint64_t connection;           /* UNSUBSCRIBE */
    struct tg_message_id subscription;
};

struct tg_errand_item {
    uint64_t connection;
    size_t at; /* In `text`. */
    size_t size;
};

/* One shard's share. All zero is an empty one. */
struct tg_errand_result {
    uint32_t count; /* CLOSE: connections; UNSUBSCRIBE: subscriptions, 0 or 1. */
    /* LIST: objects as `clients` has them (INGEST.md 7), by ascending number. */
    struct tg_errand_item *items;
    uint32_t items_count;
    bool more; /* There are further ones after the last item. */
    struct tg_buf text;
    bool failed; /* Without memory: the result is not whole. */
};

void tg_errand_result_finish(struct tg_errand_result *result);

/* Carry it out among the peers of this hub. */
void tg_hub_run(struct tg_hub *hub, const struct tg_errand *errand,
                struct tg_errand_result *result);

#endif
