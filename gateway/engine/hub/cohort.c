#include "engine/base/mem.h"
#include "engine/hub/private.h"

size_t subscription_weight(size_t id_size, size_t where_size)
{
    return sizeof(struct tg_hub_subscription) + id_size + where_size +
           sizeof(struct tg_hub_member) + TG_OUTBOX_OVERHEAD;
}

struct tg_hub_cohort *cohort_find(const struct tg_hub_stream *stream,
                                  const struct tg_filter *filter)
{
    if (filter == NULL) {
        return stream->cohort;
    }
    return stream->live == NULL ? NULL : tg_matcher_find(stream->live->matcher, filter);
}

static struct tg_hub_cohort *cohort_of(struct tg_hub *hub, struct tg_hub_stream *stream,
                                       const struct tg_filter *filter)
{
    struct tg_hub_cohort *cohort = cohort_find(stream, filter);
    if (cohort != NULL) {
        return cohort;
    }
    cohort = tg_zalloc(1, sizeof *cohort);
    if (cohort == NULL) {
        return NULL;
    }
    cohort->stream = stream;
    cohort->prev = stream->head;
    cohort->members = &cohort->first;
    cohort->capacity = 1;
    tg_list_init(&cohort->link);
    if (filter == NULL) {
        stream->cohort = cohort;
    } else if (live_enter(hub, stream, filter, cohort) != TG_OK) {
        tg_free(cohort);
        return NULL;
    }
    cohort->number = ++hub->last_cohort;
    return cohort;
}

static void cohort_prune(struct tg_hub *hub, struct tg_hub_cohort *cohort)
{
    if (cohort->count != 0) {
        return;
    }
    if (cohort->filtered) {
        live_leave(hub, cohort);
    } else {
        cohort->stream->cohort = NULL;
    }
    if (cohort->members != &cohort->first) {
        tg_free(cohort->members);
    }
    tg_free(cohort);
}

static enum tg_err cohort_add(struct tg_hub_cohort *cohort, struct tg_hub_member *member)
{
    if (cohort->count == cohort->capacity) {
        bool inside = cohort->members == &cohort->first;
        uint32_t capacity = inside ? 4 : cohort->capacity * 2;
        struct tg_hub_member **members = tg_resize(
            inside ? NULL : cohort->members, capacity * sizeof(struct tg_hub_member *));
        if (members == NULL) {
            return TG_ENOMEM;
        }
        if (inside) {
            members[0] = cohort->first;
        }
        cohort->members = members;
        cohort->capacity = capacity;
    }
    member->index = cohort->count;
    cohort->members[cohort->count++] = member;
    return TG_OK;
}

static void cohort_remove(struct tg_hub *hub, struct tg_hub_cohort *cohort,
                          struct tg_hub_member *member)
{
    struct tg_hub_member *moved = cohort->members[--cohort->count];
    cohort->members[member->index] = moved;
    moved->index = member->index;
    cohort_prune(hub, cohort);
}

struct tg_hub_member *member_find(const struct tg_peer *peer,
                                  const struct tg_hub_cohort *cohort)
{
    struct tg_hub_member *member = peer->members;
    while (member != NULL && member->cohort != cohort) {
        member = member->next;
    }
    return member;
}

struct tg_hub_member *member_of(struct tg_hub *hub, struct tg_peer *peer,
                                struct tg_hub_stream *stream,
                                const struct tg_filter *filter)
{
    struct tg_hub_cohort *cohort = cohort_of(hub, stream, filter);
    if (cohort == NULL) {
        return NULL;
    }
    struct tg_hub_member *member = member_find(peer, cohort);
    if (member != NULL) {
        return member;
    }
    member = tg_zalloc(1, sizeof *member);
    if (member == NULL) {
        goto fail_after_cohort;
    }
    member->peer = peer;
    member->cohort = cohort;
    if (cohort_add(cohort, member) != TG_OK) {
        goto fail_after_member;
    }
    member->next = peer->members;
    peer->members = member;
    peer->subscription_bytes += cohort->bytes;
    peer->query_cost += cohort->cost;
    return member;

fail_after_member:
    tg_free(member);
fail_after_cohort:
    cohort_prune(hub, cohort);
    return NULL;
}

void subscription_destroy(struct tg_hub *hub, struct tg_hub_member *member,
                          struct tg_hub_subscription *subscription)
{
    struct tg_peer *peer = member->peer;
    peer->subscriptions--;
    peer->subscription_bytes -=
        (uint32_t)subscription_weight(subscription->id_size, subscription->where_size);
    hub->counts.subscriptions--;
    hub->counts.queries -= member->cohort->filtered ? 1 : 0;
    peer_uncount(peer);
    tg_free(subscription);
}

void member_destroy(struct tg_hub *hub, struct tg_hub_member *member)
{
    struct tg_peer *peer = member->peer;
    while (member->subscriptions != NULL) {
        struct tg_hub_subscription *subscription = member->subscriptions;
        member->subscriptions = subscription->next;
        subscription_destroy(hub, member, subscription);
    }
    struct tg_hub_member **place = &peer->members;
    while (*place != member) {
        place = &(*place)->next;
    }
    *place = member->next;
    peer->subscription_bytes -= member->cohort->bytes;
    peer->query_cost -= member->cohort->cost;
    cohort_remove(hub, member->cohort, member);
    tg_free(member);
}
