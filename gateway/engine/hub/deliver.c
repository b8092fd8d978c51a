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

/* Is the member to have the event? */
static bool member_wants(const struct tg_hub_member *member, uint64_t offset)
{
    return member->peer->close_code == 0 && offset > member->skip_until;
}

void cohort_lose(struct tg_hub *hub, struct tg_hub_cohort *cohort, uint64_t offset)
{
    for (uint32_t i = 0; i < cohort->count; i++) {
        if (member_wants(cohort->members[i], offset)) {
            member_lose(hub, cohort->members[i], offset);
            /* Nothing else may come for long. */
            peer_announce_loss_if_room(hub, cohort->members[i]->peer);
        }
    }
    cohort->prev = offset;
}

void cohort_deliver(struct tg_hub *hub, struct tg_hub_cohort *cohort, uint64_t offset,
                    struct tg_slice tail)
{
    tg_buf_clear(&hub->text);
    tg_write_event(&hub->text, cohort->number, cohort->prev, tail);
    struct tg_frame *frame = hub_frame(hub);
    if (frame == NULL) {
        cohort_lose(hub, cohort, offset);
        return;
    }
    for (uint32_t i = 0; i < cohort->count; i++) {
        struct tg_hub_member *member = cohort->members[i];
        if (!member_wants(member, offset)) {
            continue;
        }
        if (peer_deliver(hub, member->peer, frame)) {
            hub->counts.deliveries++;
        } else {
            member_lose(hub, member, offset);
        }
    }
    tg_frame_unref(frame);
    cohort->prev = offset;
}

static void stream_deliver(struct tg_hub *hub, struct tg_hub_stream *stream,
                           const struct tg_batch *batch, const struct tg_event *event)
{
    if (stream->cohort != NULL && !event->silent) {
        cohort_deliver(hub, stream->cohort, event->offset,
                       tg_batch_slice(batch, event->tail));
    }
    if (stream->live != NULL) {
        live_deliver(hub, stream, batch, event);
    }
}

void tg_hub_deliver(struct tg_hub *hub, const struct tg_batch *batch, int64_t now_us)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct tg_event *event = &batch->events[i];
        struct tg_hub_stream *stream = &hub->streams[event->stream];
        if (event->expires_us != 0 && now_us >= event->expires_us) {
            /* `prev` stays where it was, so nobody takes it for a loss. */
            hub->counts.expired++;
        } else {
            stream_deliver(hub, stream, batch, event);
        }
        stream->head = event->offset;
    }
}

/* Only the outbox drains: what stands besides it takes part of the budget for good. */
void peer_announce_loss_if_room(struct tg_hub *hub, struct tg_peer *peer)
{
    size_t budget = event_budget(hub);
    size_t standing = peer_standing(peer);
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
