#include "engine/base/mem.h"
#include "engine/hub/private.h"

/* Why members of one cohort end, each reason in one frame for all. */
struct endings {
    struct tg_frame *frames[TG_RESETS];
};

static void endings_finish(struct endings *endings)
{
    for (int reason = 0; reason < TG_RESETS; reason++) {
        tg_frame_unref(endings->frames[reason]);
    }
}

/* End the peer's subscriptions of this cohort, and say why. */
static void member_end(struct tg_hub *hub, struct tg_hub_member *member,
                       enum tg_reset reason, struct endings *endings)
{
    if (endings->frames[reason] == NULL) {
        tg_buf_clear(&hub->text);
        tg_write_ended(&hub->text, member->cohort->number, reason);
        endings->frames[reason] = hub_frame(hub);
    }
    tg_hub_send(hub, member->peer, endings->frames[reason]);
    member_destroy(hub, member);
}

static void cohort_end(struct tg_hub *hub, struct tg_hub_cohort *cohort,
                       enum tg_reset reason)
{
    struct endings endings = {0};
    for (uint32_t left = cohort->count; left > 0; left--) {
        member_end(hub, cohort->members[left - 1], reason, &endings);
    }
    endings_finish(&endings);
}

static struct tg_hub_cohort *live_first(const struct tg_hub_live *live)
{
    return TG_ENTRY(live->cohorts.next, struct tg_hub_cohort, link);
}

static void live_end(struct tg_hub *hub, struct tg_hub_stream *stream,
                     enum tg_reset reason)
{
    while (stream->live != NULL) {
        cohort_end(hub, live_first(stream->live), reason);
    }
}

static void stream_end(struct tg_hub *hub, struct tg_hub_stream *stream,
                       enum tg_reset reason)
{
    if (stream->cohort != NULL) {
        cohort_end(hub, stream->cohort, reason);
    }
    live_end(hub, stream, reason);
}

/* Does each of the member's subscriptions still mean what its cohort does? */
static bool member_means_the_same(struct tg_hub *hub, const struct tg_hub_member *member)
{
    bool same = true;
    for (struct tg_hub_subscription *subscription = member->subscriptions;
         same && subscription != NULL; subscription = subscription->next) {
        struct tg_filter *filter;
        struct tg_refusal refusal;
        struct tg_slice where = tg_slice(subscription->text + subscription->id_size,
                                         subscription->where_size);
        same = hub_compile(hub, member->peer, member->cohort->stream->type, where,
                           &filter, &refusal) == TG_OK &&
               cohort_has_filter(member->cohort, filter);
        tg_free(filter);
    }
    return same;
}

/* End those memberships that cannot go on under the stream's type as it is now. */
static void cohort_judge(struct tg_hub *hub, struct tg_hub_cohort *cohort, bool anew)
{
    struct endings endings = {0};
    const struct tg_type *type = cohort->stream->type;
    for (uint32_t left = cohort->count; left > 0; left--) {
        struct tg_hub_member *member = cohort->members[left - 1];
        if (!peer_may_have(member->peer, type)) {
            member_end(hub, member, TG_RESET_FORBIDDEN, &endings);
        } else if (anew && !member_means_the_same(hub, member)) {
            member_end(hub, member, TG_RESET_QUERY_CHANGED, &endings);
        }
    }
    endings_finish(&endings);
}

/* The stream's type has another definition now than `before`. */
static void stream_redefine(struct tg_hub *hub, struct tg_hub_stream *stream,
                            const struct tg_type *before)
{
    bool anew = !tg_type_same_for_queries(before, stream->type);
    if (stream->cohort != NULL) {
        cohort_judge(hub, stream->cohort, anew);
    }
    struct tg_hub_live *live = stream->live;
    if (live == NULL) {
        return;
    }
    /* The last cohort that goes takes `live` with it. */
    struct tg_link *link = live->cohorts.next;
    for (bool last = false; !last;) {
        struct tg_hub_cohort *cohort = TG_ENTRY(link, struct tg_hub_cohort, link);
        link = link->next;
        last = link == &live->cohorts;
        cohort_judge(hub, cohort, anew);
    }
    /* Whoever is left has a filter of this definition too. */
    if (stream->live != NULL) {
        tg_matcher_redefine(stream->live->matcher, &stream->type->schema);
    }
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
        stream_end(hub, stream, TG_RESET_QUERY_CHANGED);
        *stream = (struct tg_hub_stream){.head = entry->head};
        memcpy(stream->epoch, entry->epoch, sizeof stream->epoch);
    }
    const struct tg_type *before = stream->type;
    stream->type = entry->type;
    if (before != NULL && before != stream->type) {
        stream_redefine(hub, stream, before);
    }
}

/* The table has moved, and cohorts point into it. */
static void stream_moved(struct tg_hub_stream *stream)
{
    struct tg_hub_live *live = stream->live;
    if (stream->cohort != NULL) {
        stream->cohort->stream = stream;
    }
    for (struct tg_link *link = live == NULL ? NULL : live->cohorts.next;
         link != NULL && link != &live->cohorts; link = link->next) {
        TG_ENTRY(link, struct tg_hub_cohort, link)->stream = stream;
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
    for (uint32_t i = 0; i < streams_max; i++) {
        stream_moved(&streams[i]);
    }
    return TG_OK;
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

static void streams_follow(struct tg_hub *hub, const struct tg_roster *roster,
                           bool *present)
{
    for (uint32_t i = 0; i < roster->count; i++) {
        stream_set(hub, &hub->streams[roster->entries[i].stream], &roster->entries[i]);
        present[roster->entries[i].stream] = true;
    }
    for (uint32_t i = 0; i < hub->streams_max; i++) {
        if (hub->streams[i].type != NULL && (i >= roster->streams_max || !present[i])) {
            stream_end(hub, &hub->streams[i], TG_RESET_QUERY_CHANGED);
            hub->streams[i] = (struct tg_hub_stream){0};
        }
    }
}

enum tg_err tg_hub_follow(struct tg_hub *hub, struct tg_roster *roster)
{
    bool *present = tg_zalloc(roster->streams_max + (size_t)1, sizeof *present);
    if (present == NULL || streams_grow(hub, roster->streams_max) != TG_OK) {
        tg_free(present);
        return TG_ENOMEM;
    }
    streams_follow(hub, roster, present);
    tg_free(present);
    tg_roster_ref(roster);
    tg_roster_unref(hub->roster);
    hub->roster = roster;
    announce_types_changed(hub);
    return TG_OK;
}
