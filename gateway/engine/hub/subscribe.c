#include "engine/base/mem.h"
#include "engine/hub/private.h"

/* Subscriptions may take this part of a connection's budget; the rest is for frames. */
enum { SUBSCRIPTIONS_PART = 4 };

struct tg_hub_subscription **subscription_find(struct tg_peer *peer,
                                               const struct tg_message_id *id,
                                               struct tg_hub_member **in)
{
    for (struct tg_hub_member *member = peer->members; member != NULL;
         member = member->next) {
        struct tg_hub_subscription **place = &member->subscriptions;
        for (; *place != NULL; place = &(*place)->next) {
            if ((*place)->id_size == id->size &&
                memcmp((*place)->text, id->text, id->size) == 0) {
                *in = member;
                return place;
            }
        }
    }
    return NULL;
}

/* Judging a `subscribe`. */

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
    /* Nothing is done for a type that it may not have which is not done for one that is
     * not there: no time tells which it is. */
    const struct tg_type *type = hub_type(hub, message->type);
    if (type == NULL || !peer_may_have(peer, type)) {
        peer_refuse_type(hub, peer, message->type, refusal);
        return NULL;
    }
    return stream_of(hub, type);
}

/* Has the connection room for one more subscription, of this filter? */
static bool afford(struct tg_hub *hub, struct tg_peer *peer,
                   const struct tg_hub_stream *stream, const struct tg_message *message,
                   const struct tg_filter *filter, struct tg_refusal *refusal)
{
    const struct tg_hub_cohort *cohort = cohort_find(stream, filter);
    bool has_filter = filter == NULL ||
                      (cohort != NULL && member_find(peer, cohort) != NULL);
    size_t bytes = subscription_weight(message->id.size, message->where.size) +
                   (has_filter ? 0 : filter_weight(filter));
    uint32_t bytes_max = hub->config.connection_bytes_max / SUBSCRIPTIONS_PART;
    if (peer->subscription_bytes + bytes > bytes_max) {
        tg_refusal_set(refusal, TG_CODE_TOO_MANY_SUBSCRIPTIONS, NULL,
                       "this connection's subscriptions take the %u bytes that they may",
                       bytes_max);
        return false;
    }
    uint64_t cost = (uint64_t)peer->query_cost + (has_filter ? 0 : filter->cost);
    if (cost > hub->config.query_cost_max) {
        tg_refusal_set(refusal, TG_CODE_QUERY_LIMIT, "where",
                       "with this query, those of this connection would cost more than "
                       "the %u that they may together "
                       "(queries.connection_cost_max)",
                       hub->config.query_cost_max);
        refusal->line = 1;
        refusal->column = 1;
        return false;
    }
    return true;
}

/* Count the subscription among those of all connections of this client. */
static bool count(struct tg_hub *hub, struct tg_peer *peer, struct tg_refusal *refusal)
{
    uint32_t max = hub->config.client_subscriptions_max;
    if (peer->identity == NULL || tg_account_subscribe(peer->identity->account, max)) {
        return true;
    }
    tg_refusal_set(refusal, TG_CODE_TOO_MANY_SUBSCRIPTIONS, NULL,
                   "this client has its limit of %u subscriptions, all its connections "
                   "together",
                   max);
    return false;
}

/* A live stream keeps nothing: it resumes only where nothing came since. A position of
 * the same epoch that lies ahead comes from a shard that is ahead of this one: what lies
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

/* `position`: up to here the subscription needs nothing. The cohort that it is of; NULL
 * without memory. */
static struct tg_hub_cohort *subscription_add(struct tg_hub *hub, struct tg_peer *peer,
                                              struct tg_hub_stream *stream,
                                              const struct tg_filter *filter,
                                              const struct tg_message *message,
                                              uint64_t position)
{
    const struct tg_message_id *id = &message->id;
    struct tg_slice where = message->where;
    struct tg_hub_subscription *subscription =
        tg_alloc(sizeof *subscription + id->size + where.size);
    if (subscription == NULL) {
        return NULL;
    }
    struct tg_hub_member *member = member_of(hub, peer, stream, filter);
    if (member == NULL) {
        tg_free(subscription);
        return NULL;
    }
    if (member->subscriptions == NULL || position < member->skip_until) {
        member->skip_until = position;
    }
    memcpy(subscription->text, id->text, id->size);
    if (where.size != 0) {
        memcpy(subscription->text + id->size, where.data, where.size);
    }
    subscription->id_size = id->size;
    subscription->where_size = (uint32_t)where.size;
    subscription->next = member->subscriptions;
    member->subscriptions = subscription;
    peer->subscriptions++;
    peer->subscription_bytes += (uint32_t)subscription_weight(id->size, where.size);
    hub->counts.subscriptions++;
    hub->counts.queries += member->cohort->filtered ? 1 : 0;
    return member->cohort;
}

/* The cohort that the peer is a member of now; NULL with the refusal. */
static struct tg_hub_cohort *subscribe(struct tg_hub *hub, struct tg_peer *peer,
                                       const struct tg_message *message,
                                       uint64_t *position, struct tg_refusal *refusal)
{
    struct tg_filter *filter;
    struct tg_hub_cohort *cohort = NULL;
    struct tg_hub_stream *stream = admit(hub, peer, message, refusal);
    if (stream == NULL ||
        hub_compile(hub, peer, stream->type, message->where, &filter, refusal) != TG_OK) {
        return NULL;
    }
    if (afford(hub, peer, stream, message, filter, refusal) &&
        count(hub, peer, refusal)) {
        *position = first_position(stream, message);
        cohort = subscription_add(hub, peer, stream, filter, message, *position);
        if (cohort == NULL) {
            peer_uncount(peer);
            tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        }
    }
    tg_free(filter);
    return cohort;
}

void hub_subscribe(struct tg_hub *hub, struct tg_peer *peer,
                   const struct tg_message *message)
{
    struct tg_refusal refusal;
    uint64_t position = 0;
    struct tg_hub_cohort *cohort = subscribe(hub, peer, message, &position, &refusal);
    if (cohort == NULL) {
        hub_refuse(hub, peer, &message->id, &refusal);
        return;
    }
    struct tg_hub_stream *stream = cohort->stream;
    struct tg_subscribed subscribed = {
        .request = message,
        .cohort = cohort->number,
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
    subscription_destroy(hub, member, subscription);
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
