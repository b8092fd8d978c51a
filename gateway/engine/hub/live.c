#include "engine/hub/private.h"

/* Nobody can be told whom the event concerned: it is lost for all whom it may have. */
static void live_lose(struct tg_hub *hub, struct tg_hub_live *live, uint64_t offset)
{
    for (struct tg_link *link = live->cohorts.next; link != &live->cohorts;
         link = link->next) {
        cohort_lose(hub, TG_ENTRY(link, struct tg_hub_cohort, link), offset);
    }
}

/* The key of the row that left, as it was: a key may change too. False: nobody said what
 * it was, and what it is now is of a row that the subscriber may not have. */
static bool write_key(struct tg_hub *hub, const struct tg_type *type, struct tg_buf *buf)
{
    tg_buf_add_byte(buf, '{');
    for (uint32_t i = 0; i < type->keys_count; i++) {
        uint32_t at = type->keys[i];
        struct tg_json value = hub->rows.before.fields[at].json;
        if (tg_json_kind(value) == TG_JSON_NONE) {
            return false;
        }
        tg_json_write_comma(buf);
        tg_json_write_string(buf, type->schema.fields[at].name);
        tg_buf_add_byte(buf, ':');
        tg_buf_add_slice(buf, tg_json_raw(value));
    }
    tg_buf_add_byte(buf, '}');
    return !buf->failed;
}

/* What the event is to those whom the row is new: no earlier values, they may be none of
 * theirs. */
static struct tg_slice entering(struct tg_hub *hub, const struct tg_type *type,
                                const struct tg_batch *batch,
                                const struct tg_event *event)
{
    if (hub->entering.size == 0) {
        tg_event_write_as(batch, event, type->schema.name, TG_OP_CREATE,
                          tg_batch_slice(batch, event->shown), &hub->entering);
    }
    return tg_buf_slice(&hub->entering);
}

/* And to those whose row it is no more: what it is now is none of theirs. */
static struct tg_slice leaving(struct tg_hub *hub, const struct tg_type *type,
                               const struct tg_batch *batch, const struct tg_event *event)
{
    if (hub->leaving.size == 0) {
        tg_buf_clear(&hub->text);
        bool known = write_key(hub, type, &hub->text);
        tg_event_write_as(batch, event, type->schema.name, TG_OP_DELETE,
                          tg_buf_slice(&hub->text), &hub->leaving);
        hub->leaving.failed |= !known;
    }
    return tg_buf_slice(&hub->leaving);
}

/* QUERY.md 6. */
static void deliver_match(struct tg_hub *hub, const struct tg_type *type,
                          const struct tg_batch *batch, const struct tg_event *event,
                          const struct tg_match *match)
{
    struct tg_hub_cohort *cohort = match->owner;
    struct tg_slice tail = tg_batch_slice(batch, event->tail);
    bool failed = false;
    if (event->op == TG_OP_UPDATE && !cohort->about_event &&
        match->before != match->after) {
        tail = match->after ? entering(hub, type, batch, event)
                            : leaving(hub, type, batch, event);
        failed = match->after ? hub->entering.failed : hub->leaving.failed;
    } else if (event->silent) {
        return;
    }
    if (failed) {
        cohort_lose(hub, cohort, event->offset);
    } else {
        cohort_deliver(hub, cohort, event->offset, tail);
    }
}

void live_deliver(struct tg_hub *hub, const struct tg_hub_stream *stream,
                  const struct tg_batch *batch, const struct tg_event *event)
{
    struct tg_hub_live *live = stream->live;
    const struct tg_match *matches;
    uint32_t count;
    struct tg_event_parts parts = tg_event_parts(batch, event);
    if (tg_rows_read(&hub->rows, &stream->type->schema, &parts) != TG_OK ||
        tg_matcher_match(live->matcher, &hub->rows, &matches, &count) != TG_OK) {
        live_lose(hub, live, event->offset);
        return;
    }
    tg_buf_clear(&hub->entering);
    tg_buf_clear(&hub->leaving);
    for (uint32_t i = 0; i < count; i++) {
        deliver_match(hub, stream->type, batch, event, &matches[i]);
    }
}
