/* What the files of the hub share. */
#ifndef TG_HUB_PRIVATE_H
#define TG_HUB_PRIVATE_H

#include "engine/hub/hub.h"
#include "engine/proto/write.h"

/* One `subscribe` that stands. */
struct tg_hub_subscription {
    struct tg_hub_subscription *next;
    uint16_t id_size;
    char id[];
};

/* A peer in a cohort, with those of its subscriptions that are the cohort's. */
struct tg_hub_member {
    struct tg_peer *peer;
    struct tg_hub_cohort *cohort;
    struct tg_hub_member *next; /* Of the same peer. */
    struct tg_hub_subscription *subscriptions;
    uint32_t index;     /* Its place in the cohort's list. */
    uint64_t skip_until; /* It has all up to here already: see live_resume. */
    uint64_t lost_from; /* 0: nothing is lost and unannounced. */
    uint64_t lost_to;
};

/* Identical subscriptions: one evaluation, one frame for all its members. */
struct tg_hub_cohort {
    struct tg_hub_stream *stream;
    uint32_t number;
    uint32_t count;
    uint32_t capacity;
    uint64_t prev; /* The offset up to which its members are complete. */
    struct tg_hub_member **members;
};

struct tg_hub_stream {
    const struct tg_type *type; /* NULL: there is no stream of this number. */
    char epoch[17];
    uint64_t head;
    /* All subscriptions of a type without a query are one cohort. NULL: none stands. */
    struct tg_hub_cohort *cohort;
};

struct tg_hub {
    struct tg_hub_config config;
    struct tg_roster *roster;      /* Keeps the types of `streams` alive. */
    struct tg_hub_stream *streams; /* By number. */
    uint32_t streams_max;
    uint32_t last_cohort;
    struct tg_outbox_pool pool;
    struct tg_link peers;
    struct tg_link dirty;
    struct tg_message_reader reader;
    struct tg_buf text;   /* The message that is being written. */
    struct tg_buf public; /* `types` of an anonymous client: objects with commas between.
                           */
    struct tg_hub_counts counts;
};

/* Bytes that the peer pins altogether. */
static inline size_t peer_weight(const struct tg_peer *peer)
{
    return (size_t)peer->outbox.size + peer->pinned + peer->subscription_bytes;
}

static inline uint32_t peer_budget(const struct tg_hub *hub, const struct tg_peer *peer)
{
    return peer->session.state == TG_SESSION_AWAIT_CONNECT
               ? hub->config.unconnected_bytes_max
               : hub->config.connection_bytes_max;
}

/* What stands in `hub->text` as a frame; NULL without memory. */
static inline struct tg_frame *hub_frame(struct tg_hub *hub)
{
    return hub->text.failed
               ? NULL
               : hub->config.frame(hub->config.context, tg_buf_slice(&hub->text));
}

/* Queue the frame whatever the budget says. False without memory: the peer is to be
 * closed. */
bool peer_queue(struct tg_hub *hub, struct tg_peer *peer, struct tg_frame *frame);
/* Queue what stands in `hub->text`, within the budget: over it the peer is to be closed.
 */
void peer_answer(struct tg_hub *hub, struct tg_peer *peer);
void peer_close(struct tg_hub *hub, struct tg_peer *peer, uint16_t close_code);

/* subscribe.c */
struct tg_hub_stream *hub_stream(struct tg_hub *hub, struct tg_slice type_name);
void hub_subscribe(struct tg_hub *hub, struct tg_peer *peer,
                   const struct tg_message *message);
void hub_unsubscribe(struct tg_hub *hub, struct tg_peer *peer,
                     const struct tg_message *message);
void hub_ack(struct tg_hub *hub, struct tg_peer *peer, const struct tg_message *message);
void hub_refuse(struct tg_hub *hub, struct tg_peer *peer, const struct tg_message_id *id,
                const struct tg_refusal *refusal);
/* Take the member out of its cohort and its peer; a cohort without members goes with it.
 */
void member_destroy(struct tg_hub *hub, struct tg_hub_member *member);

/* deliver.c */
/* Once half of its budget is free, announce what the peer lost: each of its memberships
 * is complete afterwards. */
void peer_announce_loss_if_room(struct tg_hub *hub, struct tg_peer *peer);

#endif
