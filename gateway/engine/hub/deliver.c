#include "engine/base/mem.h"
#include "engine/hub/private.h"

/* Events leave a sixteenth of the budget free, so that a slow reader still gets answers.
 */
static size_t event_budget(const struct tg_hub *hub)
{
    return hub->config.connection_bytes_max - hub->config.connection_bytes_max / 16;
}

/* One event for all members of a cohort: the frame is built once. */
static void cohort_deliver(struct tg_hub *hub, struct tg_hub_cohort *cohort,
                           uint64_t offset, struct tg_slice tail)
{
    tg_buf_clear(&hub->text);
    tg_write_event(&hub->text, cohort->number, cohort->prev, tail);
    struct tg_frame *frame =
        hub->text.failed
            ? NULL
            : hub->config.frame(hub->config.context, tg_buf_slice(&hub->text));
    size_t budget = event_budget(hub);
    size_t size = frame == NULL ? 0 : frame->size + TG_OUTBOX_OVERHEAD;
    for (uint32_t i = 0; i < cohort->count; i++) {
        struct tg_hub_member *member = cohort->members[i];
        struct tg_peer *peer = member->peer;
        if (peer->close_code != 0) {
            continue;
        }
        if (peer->lossy) {
            peer_announce_loss_if_room(hub, peer);
        }
        if (frame != NULL && !peer->lossy && peer_weight(peer) + size <= budget &&
            peer_queue(hub, peer, frame)) {
            hub->counts.deliveries++;
            continue;
        }
        /* Lost for this peer; so is what follows, until it has been announced. */
        peer->lossy = true;
        if (member->lost_from == 0) {
            member->lost_from = offset;
        }
        member->lost_to = offset;
        hub->counts.dropped++;
    }
    tg_frame_unref(frame);
    cohort->prev = offset;
}

void tg_hub_deliver(struct tg_hub *hub, const struct tg_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct tg_event *event = &batch->events[i];
        struct tg_hub_stream *stream = &hub->streams[event->stream];
        if (stream->cohort != NULL) {
            cohort_deliver(hub, stream->cohort, event->offset,
                           tg_event_tail(batch, event));
        }
        stream->head = event->offset;
    }
}

void peer_announce_loss_if_room(struct tg_hub *hub, struct tg_peer *peer)
{
    if (peer_weight(peer) > hub->config.connection_bytes_max / 2) {
        return;
    }
    for (struct tg_hub_member *member = peer->members; member != NULL;
         member = member->next) {
        if (member->lost_from == 0) {
            continue;
        }
        tg_buf_clear(&hub->text);
        tg_write_gap(&hub->text, member->cohort->number,
                     tg_slice_of(member->cohort->stream->epoch), member->lost_from,
                     member->lost_to);
        member->lost_from = 0;
        peer_answer(hub, peer);
    }
    peer->lossy = false;
}

/* The catalogue. */

/* End every subscription of the cohort, and say why. */
static void cohort_end(struct tg_hub *hub, struct tg_hub_stream *stream,
                       enum tg_reset reason)
{
    if (stream->cohort == NULL) {
        return;
    }
    tg_buf_clear(&hub->text);
    tg_write_ended(&hub->text, stream->cohort->number, reason);
    struct tg_frame *frame =
        hub->text.failed
            ? NULL
            : hub->config.frame(hub->config.context, tg_buf_slice(&hub->text));
    while (stream->cohort != NULL) {
        struct tg_hub_member *member = stream->cohort->members[0];
        tg_hub_send(hub, member->peer, frame);
        member_destroy(hub, member);
    }
    tg_frame_unref(frame);
}

static bool same_stream(const struct tg_hub_stream *stream,
                        const struct tg_stream_entry *entry)
{
    return stream->type != NULL &&
           memcmp(stream->epoch, entry->epoch, sizeof stream->epoch) == 0;
}

static void stream_set(struct tg_hub *hub, struct tg_hub_stream *stream,
                       const struct tg_stream_entry *entry)
{
    if (!same_stream(stream, entry)) {
        cohort_end(hub, stream, TG_RESET_QUERY_CHANGED);
        *stream = (struct tg_hub_stream){.head = entry->head};
        memcpy(stream->epoch, entry->epoch, sizeof stream->epoch);
    }
    stream->type = entry->type;
    if (entry->type->access != TG_ACCESS_PUBLIC) {
        cohort_end(hub, stream, TG_RESET_FORBIDDEN);
    }
}

static enum tg_err streams_grow(struct tg_hub *hub, uint32_t streams_max)
{
    if (streams_max <= hub->streams_max) {
        return TG_OK;
    }
    struct tg_hub_stream *streams =
        tg_resize(hub->streams, streams_max * sizeof *streams);
    if (streams == NULL) {
        return TG_ENOMEM;
    }
    memset(streams + hub->streams_max, 0,
           (streams_max - hub->streams_max) * sizeof *streams);
    hub->streams = streams;
    hub->streams_max = streams_max;
    /* The table has moved, and cohorts point into it. */
    for (uint32_t i = 0; i < streams_max; i++) {
        if (streams[i].cohort != NULL) {
            streams[i].cohort->stream = &streams[i];
        }
    }
    return TG_OK;
}

/* The list that `types` answers to those who have no identity. */
static void public_types_write(struct tg_hub *hub, const struct tg_catalogue *catalogue)
{
    tg_buf_clear(&hub->public);
    for (size_t i = 0; i < tg_catalogue_size(catalogue); i++) {
        const struct tg_type *type = tg_catalogue_at(catalogue, i);
        if (type->access == TG_ACCESS_PUBLIC) {
            tg_buf_add_text(&hub->public, hub->public.size == 0 ? "" : ",");
            tg_type_write(type, false, &hub->public);
        }
    }
}

static void announce_types_changed(struct tg_hub *hub)
{
    tg_buf_clear(&hub->text);
    tg_write_types_changed(&hub->text, tg_catalogue_version(hub->roster->catalogue));
    struct tg_frame *frame =
        hub->text.failed
            ? NULL
            : hub->config.frame(hub->config.context, tg_buf_slice(&hub->text));
    for (struct tg_link *link = hub->peers.next; link != &hub->peers; link = link->next) {
        struct tg_peer *peer = TG_ENTRY(link, struct tg_peer, link);
        if (peer->session.state == TG_SESSION_OPEN && peer->close_code == 0) {
            tg_hub_send(hub, peer, frame);
        }
    }
    tg_frame_unref(frame);
}

enum tg_err tg_hub_follow(struct tg_hub *hub, struct tg_roster *roster)
{
    bool *present = tg_zalloc(roster->streams_max + (size_t)1, sizeof *present);
    if (present == NULL || streams_grow(hub, roster->streams_max) != TG_OK) {
        tg_free(present);
        return TG_ENOMEM;
    }
    for (uint32_t i = 0; i < roster->count; i++) {
        stream_set(hub, &hub->streams[roster->entries[i].stream], &roster->entries[i]);
        present[roster->entries[i].stream] = true;
    }
    for (uint32_t i = 0; i < hub->streams_max; i++) {
        if (hub->streams[i].type != NULL && (i >= roster->streams_max || !present[i])) {
            cohort_end(hub, &hub->streams[i], TG_RESET_QUERY_CHANGED);
            hub->streams[i] = (struct tg_hub_stream){0};
        }
    }
    tg_free(present);
    tg_roster_ref(roster);
    tg_roster_unref(hub->roster);
    hub->roster = roster;
    public_types_write(hub, roster->catalogue);
    announce_types_changed(hub);
    return TG_OK;
}
