/* What the gateway says to clients, as text (PROTOCOL.md 2.2). Each function adds one
 * whole message to `buf`; a failure is the buffer's. */
#ifndef TG_PROTO_WRITE_H
#define TG_PROTO_WRITE_H

#include "engine/base/buf.h"
#include "engine/json/refusal.h"
#include "engine/proto/message.h"

struct tg_connected {
    uint64_t client;
    struct tg_slice user; /* Empty: whoever shows nothing, or claims alone. */
    const char *token;    /* Of its session, to be wiped; NULL: it has none. */
    int64_t expires_in_ms;
    uint64_t catalogue;
    uint32_t ping_interval_ms;
    uint32_t message_bytes_max;
    uint32_t subscriptions_max;
};

/* Why a subscription starts anew (promises.md, Resume). */
enum tg_reset {
    TG_RESET_NONE, /* It does not. */
    TG_RESET_EPOCH,
    TG_RESET_TRIMMED,
    TG_RESET_LIMIT,
    TG_RESET_QUERY_CHANGED,
    TG_RESET_FORBIDDEN,
    TG_RESET_CLOSED, /* By whoever manages the gateway. */
    TG_RESETS,
};

struct tg_subscribed {
    const struct tg_message *request; /* Its id, and whether it had `since`. */
    uint64_t cohort;
    struct tg_slice type;
    struct tg_slice epoch;
    uint64_t offset;
    const char *delivery;
    enum tg_reset reset; /* With `since`: NONE says "resumed". */
};

void tg_write_connected(struct tg_buf *buf, const struct tg_message_id *id,
                        const struct tg_connected *connected);
void tg_write_subscribed(struct tg_buf *buf, const struct tg_subscribed *subscribed);
/* `kind` with nothing but the id: unsubscribed, acked, pong. */
void tg_write_done(struct tg_buf *buf, const char *kind, const struct tg_message_id *id);
/* Between both stands the list's inside: type objects with commas. */
void tg_write_types_begin(struct tg_buf *buf, const struct tg_message_id *id,
                          uint64_t catalogue);
void tg_write_types_end(struct tg_buf *buf);
/* `tail` is what the sequencer wrote: from `"type"` to the closing brace. */
void tg_write_event(struct tg_buf *buf, uint64_t cohort, uint64_t prev,
                    struct tg_slice tail);
void tg_write_gap(struct tg_buf *buf, uint64_t cohort, struct tg_slice epoch,
                  uint64_t from, uint64_t to);
/* The subscription is over. */
void tg_write_ended(struct tg_buf *buf, uint64_t cohort, enum tg_reset reason);
void tg_write_types_changed(struct tg_buf *buf, uint64_t catalogue);
/* `id` may be empty. */
void tg_write_error(struct tg_buf *buf, const struct tg_message_id *id,
                    const struct tg_refusal *refusal);

#endif
