/* What the files of the hub share. */
#ifndef TG_HUB_PRIVATE_H
#define TG_HUB_PRIVATE_H

#include "engine/hub/hub.h"
#include "engine/match/match.h"
#include "engine/proto/write.h"

/* One `subscribe` that stands. */
struct tg_hub_subscription {
    struct tg_hub_subscription *next;
    uint32_t where_size;
    uint16_t id_size;
    char text[]; /* The id, then the `where`. */
};

/* A peer in a cohort, with those of its subscriptions that are the cohort's. */
struct tg_hub_member {
    struct tg_peer *peer;
    struct tg_hub_cohort *cohort;
    struct tg_hub_member *next; /* Of the same peer. */
    struct tg_hub_subscription *subscriptions;
    uint32_t index;      /* Its place in the cohort's list. */
    uint64_t skip_until; /* It has all up to here already: see live_resume. */
    uint64_t lost_from;  /* 0: nothing is lost and unannounced. */
    uint64_t lost_to;
};

/* Identical subscriptions: one evaluation, one frame for all its members. */
struct tg_hub_cohort {
    struct tg_hub_stream *stream;
    uint64_t number; /* No other ever has it. */
    uint32_t count;
    uint32_t capacity;
    uint64_t prev;                  /* The offset up to which its members are complete. */
    struct tg_hub_member **members; /* `first`, or on the heap. */
    struct tg_hub_member *first;    /* Most queries have one member. */
    /* What its members look through: nothing, or an entry of the stream's matcher. */
    bool filtered;
    bool about_event;
    uint32_t entry;
    uint32_t cost;
    uint32_t bytes;      /* What the filter takes, in the budget of each member. */
    struct tg_link link; /* Of those that have one. */
};

/* The filtered cohorts of a stream: here as long as there are any. */
struct tg_hub_live {
    struct tg_matcher *matcher; /* With the schema of the stream's type. */
    struct tg_link cohorts;
    uint32_t opaque; /* What the hub's counts have of it. */
};

struct tg_hub_stream {
    struct tg_type *type; /* NULL: there is no stream of this number. */
    char epoch[17];
    uint64_t head;
    /* All subscriptions without a filter are one cohort. NULL: none stands. */
    struct tg_hub_cohort *cohort;
    struct tg_hub_live *live; /* NULL: no filtered one stands. */
};

struct tg_hub {
    struct tg_hub_config config;
    struct tg_roster *roster;      /* Keeps the types of `streams` alive. */
    struct tg_hub_stream *streams; /* By number. */
    uint32_t streams_max;
    uint64_t last_cohort;
    struct tg_outbox_pool pool;
    struct tg_link peers;
    struct tg_link dirty;
    struct tg_message_reader reader;
    struct tg_compiler *compiler;
    struct tg_map groups;      /* Of peers with an identity, by what they share. */
    uint64_t next_number;      /* Of connections. */
    struct tg_json_doc claims; /* Of the peer for whom a filter is compiled. */
    struct tg_rows rows;       /* Of the event that is being delivered. */
    struct tg_buf text;        /* The message that is being written. */
    struct tg_buf entering;    /* The tail of an update to those whom the row is new, */
    struct tg_buf leaving;     /* and to those whose it is no more. */
    struct tg_hub_counts counts;
};

/* Bytes that the peer pins beside its outbox. */
static inline size_t peer_standing(const struct tg_peer *peer)
{
    return (size_t)peer->pinned + peer->subscription_bytes + peer->identity_bytes;
}

/* Bytes that the peer pins altogether. */
static inline size_t peer_weight(const struct tg_peer *peer)
{
    return (size_t)peer->outbox.size + peer_standing(peer);
}

static inline uint32_t peer_budget(const struct tg_hub *hub, const struct tg_peer *peer)
{
    return peer->session.state == TG_SESSION_AWAIT_CONNECT
               ? hub->config.unconnected_bytes_max
               : hub->config.connection_bytes_max;
}

/* May it subscribe to the type? (What it then gets, the type's rule says.) */
static inline bool peer_may_have(const struct tg_peer *peer, const struct tg_type *type)
{
    return type->access == TG_ACCESS_PUBLIC ||
           (peer->identity != NULL && tg_identity_is_of(peer->identity, type->app) &&
            (!type->checked || tg_identity_has_type(peer->identity, tg_type_name(type))));
}

/* A subscription of the peer is over: its client may have another. */
static inline void peer_uncount(const struct tg_peer *peer)
{
    if (peer->identity != NULL) {
        tg_account_unsubscribe(peer->identity->account);
    }
}

static inline uint64_t hub_catalogue_version(const struct tg_hub *hub)
{
    return hub->roster == NULL ? 0 : tg_catalogue_version(hub->roster->catalogue);
}

/* NULL: there is none of this name. */
static inline const struct tg_type *hub_type(const struct tg_hub *hub,
                                             struct tg_slice name)
{
    return hub->roster == NULL ? NULL : tg_catalogue_get(hub->roster->catalogue, name);
}

/* Of a type of the present catalogue. */
static inline struct tg_hub_stream *stream_of(const struct tg_hub *hub,
                                              const struct tg_type *type)
{
    return &hub->streams[tg_roster_stream(hub->roster, type)];
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

/* identity.c */
void hub_connect(struct tg_hub *hub, struct tg_peer *peer,
                 const struct tg_message *message);
/* Take from the peer what `connect` gave it. Its subscriptions are gone already. */
void peer_forget(struct tg_hub *hub, struct tg_peer *peer);

/* types.c */
void hub_types(struct tg_hub *hub, struct tg_peer *peer,
               const struct tg_message *message);
/* There is no type `name` that the peer may have. In the same words whether there is none
 * at all. */
void peer_refuse_type(const struct tg_hub *hub, const struct tg_peer *peer,
                      struct tg_slice name, struct tg_refusal *refusal);

/* group.c */
/* Enter the peer, which has an identity, where it can be found by it.
 *
 * TG_ENOMEM  Nothing changed. */
TG_MUST_USE enum tg_err groups_enter(struct tg_hub *hub, struct tg_peer *peer);
void groups_leave(struct tg_hub *hub, struct tg_peer *peer);
/* What that takes in the peer's budget. */
size_t groups_weight(const struct tg_peer *peer);
/* A walk over all peers that a selection may mean; others may come too. */
struct tg_hub_walk {
    struct tg_link *head; /* NULL: there is none. */
    struct tg_link *at;
    size_t offset; /* Of the link, in a peer. */
};
struct tg_hub_walk groups_walk(struct tg_hub *hub, const struct tg_selection *selection);
/* The next one; NULL at the end. */
struct tg_peer *walk_next(struct tg_hub_walk *walk);

/* subscribe.c */
void hub_subscribe(struct tg_hub *hub, struct tg_peer *peer,
                   const struct tg_message *message);
void hub_unsubscribe(struct tg_hub *hub, struct tg_peer *peer,
                     const struct tg_message *message);
void hub_ack(struct tg_hub *hub, struct tg_peer *peer, const struct tg_message *message);
/* Where the subscription `id` of the peer hangs, and in which member; NULL: it does not
 * stand. */
struct tg_hub_subscription **subscription_find(struct tg_peer *peer,
                                               const struct tg_message_id *id,
                                               struct tg_hub_member **in);
void hub_refuse(struct tg_hub *hub, struct tg_peer *peer, const struct tg_message_id *id,
                const struct tg_refusal *refusal);

/* filter.c */
/* What the peer may have and wants of the type; `*filter` is the caller's to tg_free, or
 * NULL: all of it. Errors and refusals as of tg_filter_compile. */
TG_MUST_USE enum tg_err hub_compile(struct tg_hub *hub, const struct tg_peer *peer,
                                    const struct tg_type *type, struct tg_slice where,
                                    struct tg_filter **filter,
                                    struct tg_refusal *refusal);
/* What a filter takes in a member's budget. */
uint32_t filter_weight(const struct tg_filter *filter);
/* Is this (NULL: all) the cohort's filter? */
bool cohort_has_filter(const struct tg_hub_cohort *cohort,
                       const struct tg_filter *filter);
/* Enter the cohort with its filter among the stream's filtered ones.
 *
 * TG_ENOMEM  Nothing changed. */
TG_MUST_USE enum tg_err live_enter(struct tg_hub *hub, struct tg_hub_stream *stream,
                                   const struct tg_filter *filter,
                                   struct tg_hub_cohort *cohort);
void live_leave(struct tg_hub *hub, struct tg_hub_cohort *cohort);

/* cohort.c */
/* Of this filter (NULL: of all), or NULL. */
struct tg_hub_cohort *cohort_find(const struct tg_hub_stream *stream,
                                  const struct tg_filter *filter);
struct tg_hub_member *member_find(const struct tg_peer *peer,
                                  const struct tg_hub_cohort *cohort);
/* The peer's membership in the cohort of the filter, both made if need be; NULL without
 * memory. */
struct tg_hub_member *member_of(struct tg_hub *hub, struct tg_peer *peer,
                                struct tg_hub_stream *stream,
                                const struct tg_filter *filter);
/* Take the member out of its cohort and its peer; a cohort without members goes with it.
 */
void member_destroy(struct tg_hub *hub, struct tg_hub_member *member);
size_t subscription_weight(size_t id_size, size_t where_size);
/* It hangs in no member any more. */
void subscription_destroy(struct tg_hub *hub, struct tg_hub_member *member,
                          struct tg_hub_subscription *subscription);

/* deliver.c */
/* One event for all members of a cohort: the frame is built once. */
void cohort_deliver(struct tg_hub *hub, struct tg_hub_cohort *cohort, uint64_t offset,
                    struct tg_slice tail);
/* The event is lost for all of them. */
void cohort_lose(struct tg_hub *hub, struct tg_hub_cohort *cohort, uint64_t offset);
/* Once half of its budget is free, announce what the peer lost: each of its memberships
 * is complete afterwards. */
void peer_announce_loss_if_room(struct tg_hub *hub, struct tg_peer *peer);

/* live.c */
/* One event for the filtered cohorts that it concerns. */
void live_deliver(struct tg_hub *hub, const struct tg_hub_stream *stream,
                  const struct tg_batch *batch, const struct tg_event *event);

#endif
