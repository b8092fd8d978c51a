#include "server/client/tail.h"

#include <inttypes.h>

#include "server/client/show.h"

/* The ids of our requests. */
enum { CONNECT_ID = 1, SUBSCRIBE_ID = 2, PING_ID = 3, TYPES_ID = 4 };

enum { TYPES_SHOWN_MAX = 20 };

void tg_tail_init(struct tg_tail *tail, const struct tg_tail_options *options)
{
    *tail = (struct tg_tail){.options = options, .ping_interval_ms = 25000};
    if (options->has_since) {
        tail->has_position = true;
        memcpy(tail->epoch, options->since_epoch, sizeof tail->epoch);
        tail->offset = options->since_offset;
    }
}

void tg_tail_finish(struct tg_tail *tail)
{
    tg_json_finish(&tail->doc);
    explicit_bzero(tail->session, sizeof tail->session);
}

static void begin_request(struct tg_buf *send, const char *kind, int id)
{
    tg_buf_add_text(send, "{");
    tg_json_write_name(send, "kind");
    tg_json_write_text(send, kind);
    tg_json_write_name(send, "id");
    tg_json_write_int(send, id);
}

void tg_tail_begin(struct tg_tail *tail, struct tg_tail_output *output)
{
    tail->state = TG_TAIL_AWAIT_CONNECTED;
    tail->retry_after_ms = 0;
    begin_request(&output->send, "connect", CONNECT_ID);
    tg_json_write_name(&output->send, "client");
    tg_json_write_text(&output->send, "telegraphy-tail/" TG_VERSION);
    if (tail->claims.size != 0) {
        tg_json_write_name(&output->send, "claims");
        tg_buf_add_slice(&output->send, tail->claims);
    }
    if (tail->session[0] != '\0') {
        tg_json_write_name(&output->send, "session");
        tg_json_write_text(&output->send, tail->session);
    } else if (tail->ticket.size != 0) {
        tg_json_write_name(&output->send, "ticket");
        tg_json_write_string(&output->send, tail->ticket);
    }
    tg_buf_add_text(&output->send, "}");
}

void tg_tail_ping(struct tg_tail_output *output)
{
    begin_request(&output->send, "ping", PING_ID);
    tg_buf_add_text(&output->send, "}");
}

static void subscribe(struct tg_tail *tail, struct tg_buf *send)
{
    begin_request(send, "subscribe", SUBSCRIBE_ID);
    tg_json_write_name(send, "type");
    tg_json_write_text(send, tail->options->type);
    if (tail->options->where != NULL) {
        tg_json_write_name(send, "where");
        tg_json_write_text(send, tail->options->where);
    }
    if (tail->has_position) {
        tg_json_write_name(send, "since");
        tg_buf_add_text(send, "{");
        tg_json_write_name(send, "epoch");
        tg_json_write_text(send, tail->epoch);
        tg_json_write_name(send, "offset");
        tg_json_write_int(send, tail->offset);
        tg_buf_add_text(send, "}");
    }
    tg_buf_add_text(send, "}");
}

/* Stand at the position that the message has; false if it has none. */
static bool move_to(struct tg_tail *tail, struct tg_json position)
{
    struct tg_buf scratch = {0};
    struct tg_slice epoch;
    int64_t offset;
    bool is = tg_json_string(tg_json_get(position, "epoch"), &scratch, &epoch) &&
              epoch.size >= 1 && epoch.size <= TG_EPOCH_MAX &&
              memchr(epoch.data, '\0', epoch.size) == NULL &&
              tg_json_int(tg_json_get(position, "offset"), &offset);
    if (is) {
        memcpy(tail->epoch, epoch.data, epoch.size);
        tail->epoch[epoch.size] = '\0';
        tail->offset = offset;
        tail->has_position = true;
    }
    tg_buf_finish(&scratch);
    return is;
}

static bool is_text(struct tg_json value, const char *text)
{
    struct tg_slice string;
    return tg_json_string(value, NULL, &string) && tg_slice_is(string, text);
}

/* A reason of the protocol's list, or what stands in its place. */
static void show_reason(struct tg_buf *err, struct tg_json message)
{
    struct tg_buf scratch = {0};
    struct tg_slice reason;
    tg_buf_add_text(err, " (");
    if (tg_json_string(tg_json_get(message, "reason"), &scratch, &reason)) {
        tg_show_text(err, reason);
    } else {
        tg_buf_add_text(err, "no reason given");
    }
    tg_buf_add_text(err, ")");
    tg_buf_finish(&scratch);
}

static void show_position(const struct tg_tail *tail, struct tg_buf *err)
{
    tg_show_text(err, tg_slice_of(tail->epoch));
    tg_buf_printf(err, ":%" PRId64, tail->offset);
}

static void show_address(const struct tg_tail *tail, struct tg_buf *err)
{
    tg_buf_add_text(err, " at ");
    tg_show_text(err, tg_slice_of(tail->options->url.authority));
}

static enum tg_tail_step not_protocol(struct tg_tail_output *output, const char *what)
{
    tg_buf_printf(&output->err, "telegraphy: the gateway sent %s\n", what);
    return TG_TAIL_FAILED;
}

/* Keep the token to come back with. */
static void take_session(struct tg_tail *tail, struct tg_json session)
{
    struct tg_slice token;
    if (tg_json_string(tg_json_get(session, "token"), NULL, &token) &&
        token.size <= TG_TAIL_SESSION_MAX && memchr(token.data, 0, token.size) == NULL) {
        memcpy(tail->session, token.data, token.size);
        tail->session[token.size] = '\0';
    }
    tail->ticket = tg_slice(NULL, 0);
}

static enum tg_tail_step take_connected(struct tg_tail *tail, struct tg_json message,
                                        struct tg_tail_output *output)
{
    int64_t interval;
    if (tg_json_int(tg_json_get(message, "ping_interval_ms"), &interval) &&
        interval >= 100) {
        tail->ping_interval_ms = (uint64_t)interval;
    }
    take_session(tail, tg_json_get(message, "session"));
    tail->state = TG_TAIL_AWAIT_SUBSCRIBED;
    subscribe(tail, &output->send);
    return TG_TAIL_GO_ON;
}

static enum tg_tail_step take_subscribed(struct tg_tail *tail, struct tg_json message,
                                         struct tg_tail_output *output)
{
    struct tg_buf *err = &output->err;
    bool again = tail->has_position;
    bool resumed = is_text(tg_json_get(message, "resume"), "resumed");
    /* Replayed events follow: until they are here we stand where we stood. */
    if (!resumed && !move_to(tail, tg_json_get(message, "position"))) {
        return not_protocol(output, "a subscribed without position");
    }
    tail->state = TG_TAIL_OPEN;
    tail->was_open = true;
    tg_buf_add_text(err, "telegraphy: ");
    if (resumed) {
        tg_buf_add_text(err, "resumed ");
    } else if (again) {
        tg_buf_add_text(err, "events may be lost");
        show_reason(err, message);
        tg_buf_add_text(err, "; waiting for ");
    } else {
        tg_buf_add_text(err, "waiting for ");
    }
    tg_show_text(err, tg_slice_of(tail->options->type));
    tg_buf_add_text(err, " after ");
    show_position(tail, err);
    show_address(tail, err);
    tg_buf_add_text(err, "\n");
    return TG_TAIL_GO_ON;
}

static void tell_lost(struct tg_buf *err, int64_t from, int64_t to)
{
    if (from == to) {
        tg_buf_printf(err, "telegraphy: lost %" PRId64, from);
    } else {
        tg_buf_printf(err, "telegraphy: lost %" PRId64 " to %" PRId64, from, to);
    }
}

static enum tg_tail_step take_event(struct tg_tail *tail, struct tg_slice text,
                                    struct tg_json message, struct tg_tail_output *output)
{
    int64_t prev;
    size_t before = output->out.size;
    struct tg_json epoch = tg_json_get(tg_json_get(message, "position"), "epoch");
    if (tg_json_int(tg_json_get(message, "prev"), &prev) && is_text(epoch, tail->epoch) &&
        prev > tail->offset) {
        tell_lost(&output->err, tail->offset + 1, prev);
        tg_buf_add_text(&output->err, "\n");
    }
    if (tail->options->json) {
        tg_show_json(&output->out, text);
    } else if (!tg_show_event(&output->out, message)) {
        output->out.size = before;
        return not_protocol(output, "an event that is none");
    }
    tg_buf_add_text(&output->out, "\n");
    if (!move_to(tail, tg_json_get(message, "position"))) {
        output->out.size = before;
        return not_protocol(output, "an event without position");
    }
    tail->shown++;
    return tail->shown == tail->options->count ? TG_TAIL_DONE : TG_TAIL_GO_ON;
}

static enum tg_tail_step take_gap(struct tg_tail *tail, struct tg_json message,
                                  struct tg_tail_output *output)
{
    int64_t from, to;
    if (!tg_json_int(tg_json_get(message, "from"), &from) ||
        !tg_json_int(tg_json_get(message, "to"), &to)) {
        return not_protocol(output, "a gap without from and to");
    }
    tell_lost(&output->err, from, to);
    show_reason(&output->err, message);
    tg_buf_add_text(&output->err, "\n");
    tail->offset = to;
    return TG_TAIL_GO_ON;
}

static enum tg_tail_step take_reset(struct tg_tail *tail, struct tg_json message,
                                    struct tg_tail_output *output)
{
    struct tg_buf *err = &output->err;
    bool ended = false;
    (void)tg_json_bool(tg_json_get(message, "ended"), &ended);
    if (ended) {
        tg_buf_add_text(err, "telegraphy: the subscription ended");
        show_reason(err, message);
        tg_buf_add_text(err, "\n");
        return TG_TAIL_FAILED;
    }
    if (!move_to(tail, tg_json_get(message, "position"))) {
        return not_protocol(output, "a reset without position");
    }
    tg_buf_add_text(err, "telegraphy: events may be lost");
    show_reason(err, message);
    tg_buf_add_text(err, "; going on after ");
    show_position(tail, err);
    tg_buf_add_text(err, "\n");
    return TG_TAIL_GO_ON;
}

static enum tg_tail_step await_type(struct tg_tail *tail, struct tg_tail_output *output)
{
    tail->state = TG_TAIL_AWAIT_TYPE;
    tg_buf_add_text(&output->err, "telegraphy: the gateway does not know ");
    tg_show_text(&output->err, tg_slice_of(tail->options->type));
    tg_buf_add_text(&output->err, " any more; waiting until it does\n");
    return TG_TAIL_GO_ON;
}

/* It was never known: which are? */
static enum tg_tail_step ask_types(struct tg_tail *tail, struct tg_tail_output *output)
{
    tail->state = TG_TAIL_AWAIT_TYPES;
    begin_request(&output->send, "types", TYPES_ID);
    tg_buf_add_text(&output->send, "}");
    return TG_TAIL_GO_ON;
}

static enum tg_tail_step take_types(struct tg_tail *tail, struct tg_json message,
                                    struct tg_buf *err)
{
    struct tg_buf scratch = {0};
    struct tg_slice name;
    struct tg_json types = tg_json_get(message, "types");
    uint32_t shown = 0;
    tg_buf_add_text(err, "telegraphy: the gateway");
    show_address(tail, err);
    tg_buf_add_text(err, tg_json_size(types) == 0 ? " has no event types for this client"
                                                  : " has for this client: ");
    for (struct tg_json type = tg_json_first(types);
         tg_json_kind(type) != TG_JSON_NONE && shown < TYPES_SHOWN_MAX;
         type = tg_json_next(type)) {
        if (tg_json_string(tg_json_get(type, "name"), &scratch, &name)) {
            tg_buf_add_text(err, shown == 0 ? "" : ", ");
            tg_show_text(err, name);
            shown++;
        }
    }
    tg_buf_add_text(err, tg_json_size(types) > shown ? ", …\n" : "\n");
    tg_buf_finish(&scratch);
    return TG_TAIL_FAILED;
}

/* Where in the query it is: the line, and a mark below. */
static void show_place(const struct tg_tail *tail, struct tg_json message,
                       struct tg_buf *err)
{
    int64_t line, column;
    const char *text = tail->options->where;
    if (text == NULL || !is_text(tg_json_get(message, "member"), "where") ||
        !tg_json_int(tg_json_get(message, "line"), &line) ||
        !tg_json_int(tg_json_get(message, "column"), &column) || line < 1 || column < 1) {
        return;
    }
    tg_show_place(err, tg_slice_of(text), (uint64_t)line, (uint64_t)column);
}

/* An answer to one of our requests ends the matter, unless we are asked to wait. */
static enum tg_tail_step take_error(struct tg_tail *tail, struct tg_json message,
                                    struct tg_tail_output *output)
{
    int64_t id, retry_after_ms;
    struct tg_json code = tg_json_get(message, "code");
    /* What there is not for a client without an identity, is there perhaps for others. */
    bool no_type = tail->state == TG_TAIL_AWAIT_SUBSCRIBED &&
                   (is_text(code, "unknown_type") || is_text(code, "unauthenticated"));
    if (no_type && tail->was_open) {
        return await_type(tail, output);
    }
    tg_buf_add_text(&output->err, "telegraphy: ");
    tg_show_refusal(&output->err, message);
    tg_buf_add_text(&output->err, "\n");
    show_place(tail, message, &output->err);
    if (no_type) {
        return ask_types(tail, output);
    }
    if (tg_json_int(tg_json_get(message, "retry_after_ms"), &retry_after_ms) &&
        retry_after_ms >= 0) {
        tail->retry_after_ms = retry_after_ms < 600000 ? (uint64_t)retry_after_ms
                                                       : 600000;
        return TG_TAIL_AGAIN;
    }
    if (is_text(code, "overloaded")) {
        return TG_TAIL_AGAIN;
    }
    bool ours = tg_json_int(tg_json_get(message, "id"), &id) &&
                (id == CONNECT_ID || id == SUBSCRIBE_ID);
    return ours || tail->state != TG_TAIL_OPEN ? TG_TAIL_FAILED : TG_TAIL_GO_ON;
}

static enum tg_tail_step take_types_changed(struct tg_tail *tail, struct tg_json message,
                                            struct tg_tail_output *output)
{
    int64_t version = 0;
    (void)tg_json_int(tg_json_get(message, "catalogue"), &version);
    tg_buf_printf(&output->err,
                  "telegraphy: the event types changed (catalogue %" PRId64 ")\n",
                  version);
    if (tail->state == TG_TAIL_AWAIT_TYPE) {
        tail->state = TG_TAIL_AWAIT_SUBSCRIBED;
        subscribe(tail, &output->send);
    }
    return TG_TAIL_GO_ON;
}

enum tg_tail_step tg_tail_take(struct tg_tail *tail, struct tg_slice text,
                               struct tg_tail_output *output)
{
    struct tg_json_error error;
    struct tg_json_limits limits = {.depth_max = 64, .values_max = 1000000};
    if (tg_json_parse(&tail->doc, text, &limits, &error) != TG_OK) {
        return not_protocol(output, "what is not JSON");
    }
    struct tg_json message = tg_json_root(&tail->doc);
    struct tg_json kind = tg_json_get(message, "kind");
    bool open = tail->state == TG_TAIL_OPEN;
    if (is_text(kind, "event") && open) {
        return take_event(tail, text, message, output);
    }
    if (is_text(kind, "connected") && tail->state == TG_TAIL_AWAIT_CONNECTED) {
        return take_connected(tail, message, output);
    }
    if (is_text(kind, "subscribed") && tail->state == TG_TAIL_AWAIT_SUBSCRIBED) {
        return take_subscribed(tail, message, output);
    }
    if (is_text(kind, "types") && tail->state == TG_TAIL_AWAIT_TYPES) {
        return take_types(tail, message, &output->err);
    }
    if (is_text(kind, "gap") && open) {
        return take_gap(tail, message, output);
    }
    if (is_text(kind, "reset") && open) {
        return take_reset(tail, message, output);
    }
    if (is_text(kind, "error")) {
        return take_error(tail, message, output);
    }
    if (is_text(kind, "types_changed")) {
        return take_types_changed(tail, message, output);
    }
    return TG_TAIL_GO_ON; /* What we do not know is for newer clients. */
}
