#include "engine/base/mem.h"
#include "engine/hub/private.h"

/* Subscriptions may take this part of a connection's budget; the rest is for frames. */
enum { SUBSCRIPTIONS_PART = 4 };

/* Names of types that this client may know of. */
static bool may_have(void *context, const struct tg_type *type)
{
    (void)context;
    return type->access == TG_ACCESS_PUBLIC;
}

struct tg_hub_stream *hub_stream(struct tg_hub *hub, struct tg_slice type_name)
{
    if (hub->roster == NULL) {
        return NULL;
    }
    const struct tg_type *type = tg_catalogue_get(hub->roster->catalogue, type_name);
    return type == NULL ? NULL : &hub->streams[tg_roster_stream(hub->roster, type)];
}

static size_t subscription_weight(uint16_t id_size)
{
    return sizeof(struct tg_hub_subscription) + id_size + sizeof(struct tg_hub_member) +
           TG_OUTBOX_OVERHEAD;
}

/* Cohorts and their members. */

static struct tg_hub_cohort *cohort_of(struct tg_hub *hub, struct tg_hub_stream *stream)
{
    if (stream->cohort == NULL) {
        struct tg_hub_cohort *cohort = tg_zalloc(1, sizeof *cohort);
        if (cohort == NULL) {
            return NULL;
        }
        cohort->stream = stream;
        cohort->number = ++hub->last_cohort;
        cohort->prev = stream->head;
        stream->cohort = cohort;
    }
    return stream->cohort;
}

static void cohort_prune(struct tg_hub_cohort *cohort)
{
    if (cohort->count == 0) {
        cohort->stream->cohort = NULL;
        tg_free(cohort->members);
        tg_free(cohort);
    }
}

static enum tg_err cohort_add(struct tg_hub_cohort *cohort, struct tg_hub_member *member)
{
    if (cohort->count == cohort->capacity) {
        uint32_t capacity = cohort->capacity == 0 ? 4 : cohort->capacity * 2;
        struct tg_hub_member **members =
            tg_resize(cohort->members, capacity * sizeof(struct tg_hub_member *));
        if (members == NULL) {
            return TG_ENOMEM;
        }
        cohort->members = members;
        cohort->capacity = capacity;
    }
    member->index = cohort->count;
    cohort->members[cohort->count++] = member;
    return TG_OK;
}

static void cohort_remove(struct tg_hub_cohort *cohort, struct tg_hub_member *member)
{
    struct tg_hub_member *moved = cohort->members[--cohort->count];
    cohort->members[member->index] = moved;
    moved->index = member->index;
    cohort_prune(cohort);
}

static struct tg_hub_member *member_find(struct tg_peer *peer,
                                         const struct tg_hub_cohort *cohort)
{
    struct tg_hub_member *member = peer->members;
    while (member != NULL && member->cohort != cohort) {
        member = member->next;
    }
    return member;
}

/* The peer's membership in the stream's cohort, made if need be; NULL without memory. */
static struct tg_hub_member *member_of(struct tg_hub *hub, struct tg_peer *peer,
                                       struct tg_hub_stream *stream)
{
    struct tg_hub_cohort *cohort = cohort_of(hub, stream);
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
    return member;

fail_after_member:
    tg_free(member);
fail_after_cohort:
    cohort_prune(cohort);
    return NULL;
}

static void subscription_destroy(struct tg_hub *hub, struct tg_peer *peer,
                                 struct tg_hub_subscription *subscription)
{
    peer->subscriptions--;
    peer->subscription_bytes -= (uint32_t)subscription_weight(subscription->id_size);
    hub->counts.subscriptions--;
    tg_free(subscription);
}

void member_destroy(struct tg_hub *hub, struct tg_hub_member *member)
{
    struct tg_peer *peer = member->peer;
    while (member->subscriptions != NULL) {
        struct tg_hub_subscription *subscription = member->subscriptions;
        member->subscriptions = subscription->next;
        subscription_destroy(hub, peer, subscription);
    }
    struct tg_hub_member **place = &peer->members;
    while (*place != member) {
        place = &(*place)->next;
    }
    *place = member->next;
    cohort_remove(member->cohort, member);
    tg_free(member);
}

/* Where the subscription `id` of the peer hangs, and in which member; NULL: it does not
 * stand. */
static struct tg_hub_subscription **subscription_find(struct tg_peer *peer,
                                                      const struct tg_message_id *id,
                                                      struct tg_hub_member **in)
{
    for (struct tg_hub_member *member = peer->members; member != NULL;
         member = member->next) {
        struct tg_hub_subscription **place = &member->subscriptions;
        for (; *place != NULL; place = &(*place)->next) {
            if ((*place)->id_size == id->size &&
                memcmp((*place)->id, id->text, id->size) == 0) {
                *in = member;
                return place;
            }
        }
    }
    return NULL;
}

/* Judging a `subscribe`. */

static void refuse_unknown_type(struct tg_hub *hub, struct tg_slice name,
                                struct tg_refusal *refusal)
{
    if (hub->roster != NULL) {
        tg_catalogue_refuse_type(hub->roster->catalogue, name, "type", may_have, NULL,
                                 refusal);
    } else {
        struct tg_slice quoted = tg_refusal_quote(name);
        tg_refusal_set(
            refusal, TG_CODE_UNKNOWN_TYPE, "type",
            "there is no event type \"%.*s\"; no application has declared any yet",
            TG_FMT(quoted));
    }
}

/* The stream to subscribe to, or NULL with the refusal. */
static struct tg_hub_stream *admit(struct tg_hub *hub, struct tg_peer *peer,
                                   const struct tg_message *message,
                                   struct tg_refusal *refusal)
{
    struct tg_hub_member *member;
    if (subscription_find(peer, &message->id, &member) != NULL) {
        tg_refusal_set(refusal, TG_CODE_DUPLICATE_SUBSCRIPTION, "id",
                       "a subscription with this id stands already; use another id");
        return NULL;
    }
    if (peer->subscriptions >= hub->config.subscriptions_max) {
        tg_refusal_set(refusal, TG_CODE_TOO_MANY_SUBSCRIPTIONS, NULL,
                       "this connection has its limit of %u subscriptions",
                       hub->config.subscriptions_max);
        return NULL;
    }
    if (peer->subscription_bytes + subscription_weight(message->id.size) >
        hub->config.connection_bytes_max / SUBSCRIPTIONS_PART) {
        tg_refusal_set(refusal, TG_CODE_TOO_MANY_SUBSCRIPTIONS, NULL,
                       "this connection's subscriptions take the %u bytes that they may",
                       hub->config.connection_bytes_max / SUBSCRIPTIONS_PART);
        return NULL;
    }
    struct tg_hub_stream *stream = hub_stream(hub, message->type);
    if (stream == NULL) {
        refuse_unknown_type(hub, message->type, refusal);
        return NULL;
    }
    if (!may_have(NULL, stream->type)) {
        tg_refusal_set(refusal, TG_CODE_FORBIDDEN, "type",
                       "only event types whose access is public can be subscribed: this "
                       "gateway cannot tell who a client is yet");
        return NULL;
    }
    return stream;
}

/* A live stream keeps nothing: it resumes only where nothing came since. A position of the
 * same epoch that lies ahead comes from a shard that is ahead of this one: what lies
 * between, the client has, and it passes over what it has. */
static enum tg_reset live_resume(const struct tg_hub_stream *stream,
                                 const struct tg_message_position *since)
{
    if (!tg_slice_is(since->epoch, stream->epoch)) {
        return TG_RESET_EPOCH;
    }
    return since->offset >= stream->head ? TG_RESET_NONE : TG_RESET_TRIMMED;
}

/* Up to which position the new subscription has, or will be told it lost, everything. */
static uint64_t first_position(const struct tg_hub_stream *stream,
                               const struct tg_message *message)
{
    bool ahead = message->has_since && message->position.offset > stream->head &&
                 tg_slice_is(message->position.epoch, stream->epoch);
    return ahead ? message->position.offset : stream->head;
}

/* `position`: up to here the subscription needs nothing. */
static bool subscription_add(struct tg_hub *hub, struct tg_peer *peer,
                             struct tg_hub_stream *stream, const struct tg_message_id *id,
                             uint64_t position)
{
    struct tg_hub_subscription *subscription = tg_alloc(sizeof *subscription + id->size);
    if (subscription == NULL) {
        return false;
    }
    struct tg_hub_member *member = member_of(hub, peer, stream);
    if (member == NULL) {
        tg_free(subscription);
        return false;
    }
    if (member->subscriptions == NULL || position < member->skip_until) {
        member->skip_until = position;
    }
    memcpy(subscription->id, id->text, id->size);
    subscription->id_size = id->size;
    subscription->next = member->subscriptions;
    member->subscriptions = subscription;
    peer->subscriptions++;
    peer->subscription_bytes += (uint32_t)subscription_weight(id->size);
    hub->counts.subscriptions++;
    return true;
}

void hub_subscribe(struct tg_hub *hub, struct tg_peer *peer,
                   const struct tg_message *message)
{
    struct tg_refusal refusal;
    struct tg_hub_stream *stream = admit(hub, peer, message, &refusal);
    uint64_t position = stream == NULL ? 0 : first_position(stream, message);
    if (stream != NULL && !subscription_add(hub, peer, stream, &message->id, position)) {
        tg_refusal_set(&refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        stream = NULL;
    }
    if (stream == NULL) {
        hub_refuse(hub, peer, &message->id, &refusal);
        return;
    }
    struct tg_subscribed subscribed = {
        .request = message,
        .cohort = stream->cohort->number,
        .type = message->type,
        .epoch = tg_slice_of(stream->epoch),
        .offset = position,
        .delivery = "live",
        .reset = message->has_since ? live_resume(stream, &message->position)
                                    : TG_RESET_NONE,
    };
    tg_buf_clear(&hub->text);
    tg_write_subscribed(&hub->text, &subscribed);
    peer_answer(hub, peer);
}

void hub_unsubscribe(struct tg_hub *hub, struct tg_peer *peer,
                     const struct tg_message *message)
{
    struct tg_hub_member *member;
    struct tg_hub_subscription **place =
        subscription_find(peer, &message->subscription, &member);
    if (place == NULL) {
        struct tg_refusal refusal;
        tg_refusal_set(&refusal, TG_CODE_UNKNOWN_SUBSCRIPTION, "subscription",
                       "no subscription with this id stands");
        hub_refuse(hub, peer, &message->id, &refusal);
        return;
    }
    struct tg_hub_subscription *subscription = *place;
    *place = subscription->next;
    subscription_destroy(hub, peer, subscription);
    if (member->subscriptions == NULL) {
        member_destroy(hub, member);
    }
    tg_buf_clear(&hub->text);
    tg_write_done(&hub->text, "unsubscribed", &message->id);
    peer_answer(hub, peer);
}

void hub_ack(struct tg_hub *hub, struct tg_peer *peer, const struct tg_message *message)
{
    struct tg_refusal refusal;
    struct tg_hub_member *member;
    if (subscription_find(peer, &message->subscription, &member) == NULL) {
        tg_refusal_set(&refusal, TG_CODE_UNKNOWN_SUBSCRIPTION, "subscription",
                       "no subscription with this id stands");
    } else {
        tg_refusal_set(
            &refusal, TG_CODE_NOT_SUPPORTED, "subscription",
            "only a durable subscription is acknowledged, and this one is not");
    }
    hub_refuse(hub, peer, &message->id, &refusal);
}
