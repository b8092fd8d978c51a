#include "engine/base/mem.h"
#include "engine/hub/private.h"

enum { RESERVE_BYTES = 4096 };

/* What events may take: a part stays free, so that a slow reader still gets answers. */
static size_t event_budget(const struct tg_hub *hub)
{
    uint32_t budget = hub->config.connection_bytes_max;
    uint32_t reserve = budget / 16 > RESERVE_BYTES ? budget / 16 : RESERVE_BYTES;
    return reserve < budget / 2 ? budget - reserve : budget / 2;
}

/* Queue the frame if the budget has room, or gets it by writing out what waits. */
static bool peer_deliver(struct tg_hub *hub, struct tg_peer *peer, struct tg_frame *frame)
{
    size_t size = frame->size + TG_OUTBOX_OVERHEAD;
    size_t budget = event_budget(hub);
    if (peer_weight(peer) + size > budget && hub->config.relieve != NULL) {
        hub->config.relieve(hub->config.context, peer);
    }
    if (peer->lossy) {
        peer_announce_loss_if_room(hub, peer);
    }
    return peer->close_code == 0 && !peer->lossy && peer_weight(peer) + size <= budget &&
           peer_queue(hub, peer, frame);
}

/* Lost for this peer; so is what follows, until it has been announced. */
static void member_lose(struct tg_hub *hub, struct tg_hub_member *member, uint64_t offset)
{
    member->peer->lossy = true;
    if (member->lost_from == 0) {
        member->lost_from = offset;
    }
    member->lost_to = offset;
    hub->counts.dropped++;
}

/* One event for all members of a cohort: the frame is built once. */
static void cohort_deliver(struct tg_hub *hub, struct tg_hub_cohort *cohort,
                           uint64_t offset, struct tg_slice tail)
{
    tg_buf_clear(&hub->text);
    tg_write_event(&hub->text, cohort->number, cohort->prev, tail);
    struct tg_frame *frame = hub_frame(hub);
    for (uint32_t i = 0; i < cohort->count; i++) {
        struct tg_hub_member *member = cohort->members[i];
        if (member->peer->close_code != 0 || offset <= member->skip_until) {
            continue;
        }
        if (frame != NULL && peer_deliver(hub, member->peer, frame)) {
            hub->counts.deliveries++;
        } else {
            member_lose(hub, member, offset);
        }
    }
    tg_frame_unref(frame);
    cohort->prev = offset;
}

void tg_hub_deliver(struct tg_hub *hub, const struct tg_batch *batch, int64_t now_us)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct tg_event *event = &batch->events[i];
        struct tg_hub_stream *stream = &hub->streams[event->stream];
        if (event->expires_us != 0 && now_us >= event->expires_us) {
            /* `prev` stays where it was, so nobody takes it for a loss. */
            hub->counts.expired++;
        } else if (stream->cohort != NULL) {
            cohort_deliver(hub, stream->cohort, event->offset,
                           tg_batch_slice(batch, event->tail));
        }
        stream->head = event->offset;
    }
}

/* Only the outbox drains: what stands besides it takes part of the budget for good. */
void peer_announce_loss_if_room(struct tg_hub *hub, struct tg_peer *peer)
{
    size_t budget = event_budget(hub);
    size_t standing = (size_t)peer->pinned + peer->subscription_bytes;
    if (standing < budget && peer->outbox.size > (budget - standing) / 2) {
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
    struct tg_frame *frame = hub_frame(hub);
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
static enum tg_err public_types_write(const struct tg_catalogue *catalogue,
                                      struct tg_buf *list)
{
    for (size_t i = 0; i < tg_catalogue_size(catalogue); i++) {
        const struct tg_type *type = tg_catalogue_at(catalogue, i);
        if (type->access == TG_ACCESS_PUBLIC) {
            tg_buf_add_text(list, list->size == 0 ? "" : ",");
            tg_type_write(type, false, list);
        }
    }
    return list->failed ? TG_ENOMEM : TG_OK;
}

static void announce_types_changed(struct tg_hub *hub)
{
    tg_buf_clear(&hub->text);
    tg_write_types_changed(&hub->text, tg_catalogue_version(hub->roster->catalogue));
    struct tg_frame *frame = hub_frame(hub);
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
    struct tg_buf list = {0};
    bool *present = tg_zalloc(roster->streams_max + (size_t)1, sizeof *present);
    if (present == NULL || public_types_write(roster->catalogue, &list) != TG_OK ||
        streams_grow(hub, roster->streams_max) != TG_OK) {
        tg_buf_finish(&list);
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
    tg_buf_finish(&hub->public);
    hub->public = list;
    announce_types_changed(hub);
    return TG_OK;
}
