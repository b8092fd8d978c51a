/* Streams, subscriptions and fan-out of one shard.
 *
 * The hub belongs to one thread. It is told what happened (a client said something, a
 * batch of events came, the catalogue changed, a connection has room again) and leaves
 * frames in the peers' outboxes; peers that have something to send are on the list of the
 * dirty. Whoever owns the sockets writes them out, once per turn of the loop, and tells
 * the hub.
 *
 * Delivery class `live`: at most once. A peer whose budget is used up loses events until
 * half of it is free again; the loss is announced, with its range, before the next
 * delivery. */
#ifndef TG_HUB_HUB_H
#define TG_HUB_HUB_H

#include "engine/base/list.h"
#include "engine/base/outbox.h"
#include "engine/identity/identity.h"
#include "engine/session/pace.h"
#include "engine/session/session.h"
#include "engine/stream/batch.h"

struct tg_hub;
struct tg_hub_group;
struct tg_hub_member;
struct tg_peer;

enum { TG_HUB_ADDRESS_SIZE = 46 }; /* Of an IPv6 address as text. */

struct tg_hub_config {
    uint32_t connection_bytes_max;     /* What one peer may pin, overhead included. */
    uint32_t unconnected_bytes_max;    /* The same before `connect`. */
    uint32_t subscriptions_max;        /* Of one peer. */
    uint32_t bad_messages_max;         /* In a row. */
    uint32_t refused_connects_max;     /* Then the peer is closed. */
    uint32_t message_bytes_max;        /* Told to clients. */
    uint32_t ping_interval_ms;         /* Told to clients. */
    uint32_t query_cost_max;           /* Static cost of one peer's filters together. */
    struct tg_query_limits queries;    /* Of each. */
    bool claims_believed;              /* Clients say who they are: for tests alone. */
    uint32_t client_subscriptions_max; /* Of one client, on all shards; 0: no limit. */
    struct tg_pace_limits messages;    /* Of one peer. */
    /* Connections have the numbers first, first + step, …: each its own among all
     * shards. */
    uint64_t number_first;
    uint64_t number_step; /* 0: 1. */
    /* Who is a peer that shows these? The hub fills in ticket and session, the owner the
     * origin. NULL: tickets and sessions are not supported. Errors and refusals as of
     * tg_identities_admit, where a connection is counted too. */
    enum tg_err (*identify)(void *context, struct tg_peer *peer,
                            struct tg_credentials *credentials,
                            struct tg_admission *admission, struct tg_refusal *refusal);
    /* Where is it connected from? For those who manage the gateway. NULL: unknown. */
    void (*address)(void *context, const struct tg_peer *peer,
                    char text[TG_HUB_ADDRESS_SIZE]);
    /* Milliseconds that never go back, for the pace of messages. NULL: that has no limit.
     */
    uint64_t (*now_ms)(void *context);
    /* Unpredictable bits, for the ids of clients. */
    uint64_t (*random)(void *context);
    /* One message as a frame of the transport, with one reference; NULL without memory.
     */
    struct tg_frame *(*frame)(void *context, struct tg_slice message);
    /* The peer's outbox is full: write out what its socket takes, now, and tell by
     * `tg_hub_sent`. A reader that keeps up must not lose events because many came in
     * one turn. May be NULL. */
    void (*relieve)(void *context, struct tg_peer *peer);
    void *context;
};

/* Where a peer stands in a group of those that have something in common. */
struct tg_hub_place {
    struct tg_link link;
    struct tg_hub_group *group; /* NULL: in none. */
};

/* A connection as the hub sees it. Its owner embeds one, and may read the members above
 * the line. */
struct tg_peer {
    struct tg_session session;
    struct tg_outbox outbox;
    uint16_t close_code; /* Not 0: the owner sends what is queued, then closes with it. */
    uint64_t number;     /* No other connection of this gateway has it. */
    struct tg_identity *identity; /* NULL: anonymous. */
    struct tg_slice program;      /* What it says it is; on the heap. */
    int64_t connected_us;         /* The owner's to set. */
    /* ---- the hub's own ---- */
    uint32_t subscriptions;
    uint32_t query_cost;
    bool lossy; /* Some membership has an unannounced loss. */
    struct tg_hub_member *members;
    uint32_t pinned; /* By the owner: see tg_hub_pins. */
    uint32_t subscription_bytes;
    uint32_t identity_bytes; /* And of its program's name. */
    struct tg_pace pace;
    struct tg_link dirty;
    struct tg_link link;
    struct tg_hub_place of_user;    /* Among all peers of its user, */
    struct tg_hub_place of_session; /* and of its application's session. */
};

/* NULL without memory. */
struct tg_hub *tg_hub_create(const struct tg_hub_config *config);
/* All peers must have left. */
void tg_hub_destroy(struct tg_hub *hub);

void tg_hub_join(struct tg_hub *hub, struct tg_peer *peer);
/* Forget the peer: its subscriptions, what is queued for it. Harmless the second time. */
void tg_hub_leave(struct tg_hub *hub, struct tg_peer *peer);

/* The peer said `message`. */
void tg_hub_receive(struct tg_hub *hub, struct tg_peer *peer, struct tg_slice message);
/* The owner holds `bytes` for the peer beside the outbox; over its budget it is closed.
 */
void tg_hub_pins(struct tg_hub *hub, struct tg_peer *peer, size_t bytes);
/* Queue a frame of the transport itself (a pong, a close) for the peer. */
void tg_hub_send(struct tg_hub *hub, struct tg_peer *peer, struct tg_frame *frame);
/* Queue the peer's last frame, whatever its budget says: a close. Nothing comes after it.
 *
 * TG_ENOMEM  Nothing was queued. */
TG_MUST_USE enum tg_err tg_hub_send_last(struct tg_hub *hub, struct tg_peer *peer,
                                         struct tg_frame *frame, uint16_t close_code);
/* `size` bytes of the peer's outbox are on their way. */
void tg_hub_sent(struct tg_hub *hub, struct tg_peer *peer, size_t size);

/* Deliver the batch's events to whom they concern. `now_us`: the gateway's clock; what
 * has expired by it is not sent. */
void tg_hub_deliver(struct tg_hub *hub, const struct tg_batch *batch, int64_t now_us);
/* The catalogue has changed. The hub takes a reference of the roster.
 *
 * TG_ENOMEM  Nothing changed, and the hub can follow no further: the gateway must end. */
TG_MUST_USE enum tg_err tg_hub_follow(struct tg_hub *hub, struct tg_roster *roster);

/* Take one peer off the list of those that have something to send; NULL when none is
 * left. */
struct tg_peer *tg_hub_next_dirty(struct tg_hub *hub);

struct tg_hub_counts {
    uint64_t deliveries; /* Frames put into outboxes for events. */
    uint64_t dropped;    /* Deliveries that were lost, and are or will be announced. */
    uint64_t expired;    /* Events that were too old to be delivered. */
    uint32_t peers;
    uint32_t subscriptions;
    uint32_t queries; /* Subscriptions through a filter: a query, an access rule. */
    uint32_t filters; /* Different ones. */
    uint32_t opaque;  /* Of these, without an access structure (match.h). */
};

struct tg_hub_counts tg_hub_counts(const struct tg_hub *hub);

#endif
