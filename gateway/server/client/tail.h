/* One subscriber's conversation with the gateway (PROTOCOL.md), as a state machine
 * without socket and clock. It lives on through reconnections and knows where it stands.
 *
 *   AWAIT_CONNECTED --connected--> AWAIT_SUBSCRIBED --subscribed--> OPEN --> ... done
 *        ^                          |          ^                     |
 *        |            unknown_type, |          | types_changed       |
 *        |          but known before v          |                     |
 *        |                          AWAIT_TYPE                       |
 *        +------------------ tg_tail_begin (a new connection) -------+
 *
 * Who came with a ticket comes back with the session that the gateway gave for it.
 *
 * If the type was never known, the gateway is asked which there are (AWAIT_TYPES), and
 * that is told before we give up.
 *
 * A gateway that was restarted does not know the types until the application has handed
 * them over again; who was subscribed before waits for that.
 */
#ifndef TG_CLIENT_TAIL_H
#define TG_CLIENT_TAIL_H

#include "engine/base/buf.h"
#include "engine/json/json.h"
#include "server/client/options.h"

enum { TG_TAIL_SESSION_MAX = 256 };

enum tg_tail_state {
    TG_TAIL_AWAIT_CONNECTED,
    TG_TAIL_AWAIT_SUBSCRIBED,
    TG_TAIL_AWAIT_TYPE,
    TG_TAIL_AWAIT_TYPES,
    TG_TAIL_OPEN,
};

enum tg_tail_step {
    TG_TAIL_GO_ON,
    TG_TAIL_AGAIN,  /* Connect anew, not before `retry_after_ms`. */
    TG_TAIL_DONE,   /* All that was asked for has come. */
    TG_TAIL_FAILED, /* It makes no sense to try again. */
};

struct tg_tail {
    const struct tg_tail_options *options; /* Borrowed. */
    struct tg_slice claims; /* A JSON object to connect with; empty: none. Borrowed. */
    struct tg_slice ticket; /* Likewise, a secret; empty once it is spent. */
    char session[TG_TAIL_SESSION_MAX + 1]; /* To come back with; empty: none. */
    enum tg_tail_state state;
    bool was_open; /* On an earlier connection, or on this one. */
    bool has_position;
    char epoch[TG_EPOCH_MAX + 1];
    int64_t offset;
    uint64_t shown;
    uint64_t ping_interval_ms; /* As the gateway said; 25 s before it did. */
    uint64_t retry_after_ms;
    struct tg_json_doc doc;
};

/* Where its words go; each is cleared by the caller. */
struct tg_tail_output {
    struct tg_buf send; /* At most one message to the gateway; empty: none. */
    struct tg_buf out;  /* Lines for stdout. */
    struct tg_buf err;  /* Lines for stderr. */
};

void tg_tail_init(struct tg_tail *tail, const struct tg_tail_options *options);
void tg_tail_finish(struct tg_tail *tail);
/* A connection stands: say the first message. */
void tg_tail_begin(struct tg_tail *tail, struct tg_tail_output *output);
/* Take a message of the gateway. */
enum tg_tail_step tg_tail_take(struct tg_tail *tail, struct tg_slice message,
                               struct tg_tail_output *output);
/* A `ping` message, for when nothing was heard. */
void tg_tail_ping(struct tg_tail_output *output);

#endif
