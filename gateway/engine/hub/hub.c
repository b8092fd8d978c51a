#include "engine/hub/hub.h"

#include "engine/base/mem.h"
#include "engine/hub/private.h"

struct tg_hub *tg_hub_create(const struct tg_hub_config *config)
{
    struct tg_hub *hub = tg_zalloc(1, sizeof *hub);
    if (hub == NULL) {
        return NULL;
    }
    hub->config = *config;
    hub->reader.claims_believed = config->claims_believed;
    tg_list_init(&hub->peers);
    tg_list_init(&hub->dirty);
    hub->compiler = tg_compiler_create();
    if (hub->compiler == NULL) {
        tg_free(hub);
        return NULL;
    }
    return hub;
}

void tg_hub_destroy(struct tg_hub *hub)
{
    if (hub == NULL) {
        return;
    }
    tg_outbox_pool_finish(&hub->pool);
    tg_message_reader_finish(&hub->reader);
    tg_compiler_destroy(hub->compiler);
    tg_json_finish(&hub->claims);
    tg_rows_finish(&hub->rows);
    tg_buf_finish(&hub->text);
    tg_buf_finish(&hub->entering);
    tg_buf_finish(&hub->leaving);
    tg_buf_finish(&hub->public);
    tg_buf_finish(&hub->all);
    tg_roster_unref(hub->roster);
    tg_free(hub->streams);
    tg_free(hub);
}

void tg_hub_join(struct tg_hub *hub, struct tg_peer *peer)
{
    *peer = (struct tg_peer){0};
    tg_list_init(&peer->dirty);
    tg_list_init(&peer->link);
    tg_list_append(&hub->peers, &peer->link);
    hub->counts.peers++;
}

void tg_hub_leave(struct tg_hub *hub, struct tg_peer *peer)
{
    if (tg_list_empty(&peer->link)) {
        return;
    }
    while (peer->members != NULL) {
        member_destroy(hub, peer->members);
    }
    tg_outbox_clear(&peer->outbox, &hub->pool);
    tg_free((void *)(uintptr_t)peer->claims.data);
    peer->claims = tg_slice(NULL, 0);
    tg_list_remove(&peer->dirty);
    tg_list_remove(&peer->link);
    hub->counts.peers--;
}

void peer_close(struct tg_hub *hub, struct tg_peer *peer, uint16_t close_code)
{
    if (peer->close_code == 0) {
        peer->close_code = close_code;
    }
    if (tg_list_empty(&peer->dirty)) {
        tg_list_append(&hub->dirty, &peer->dirty);
    }
}

bool peer_queue(struct tg_hub *hub, struct tg_peer *peer, struct tg_frame *frame)
{
    if (tg_outbox_add(&peer->outbox, &hub->pool, frame) != TG_OK) {
        peer_close(hub, peer, TG_CLOSE_INTERNAL_ERROR);
        return false;
    }
    if (tg_list_empty(&peer->dirty)) {
        tg_list_append(&hub->dirty, &peer->dirty);
    }
    return true;
}

void tg_hub_send(struct tg_hub *hub, struct tg_peer *peer, struct tg_frame *frame)
{
    if (peer->close_code != 0) {
        return; /* Nothing comes after the close frame. */
    }
    if (frame == NULL) {
        peer_close(hub, peer, TG_CLOSE_INTERNAL_ERROR);
    } else if (peer_weight(peer) + frame->size + TG_OUTBOX_OVERHEAD >
               peer_budget(hub, peer)) {
        peer_close(hub, peer, TG_CLOSE_OVER_BUDGET);
    } else {
        peer_queue(hub, peer, frame);
    }
}

enum tg_err tg_hub_send_last(struct tg_hub *hub, struct tg_peer *peer,
                             struct tg_frame *frame, uint16_t close_code)
{
    peer->close_code = close_code;
    return tg_outbox_add(&peer->outbox, &hub->pool, frame);
}

void tg_hub_pins(struct tg_hub *hub, struct tg_peer *peer, size_t bytes)
{
    peer->pinned = bytes < UINT32_MAX / 2 ? (uint32_t)bytes : UINT32_MAX / 2;
    if (peer_weight(peer) > peer_budget(hub, peer)) {
        peer_close(hub, peer, TG_CLOSE_OVER_BUDGET);
    }
}

void peer_answer(struct tg_hub *hub, struct tg_peer *peer)
{
    struct tg_frame *frame = hub_frame(hub);
    tg_hub_send(hub, peer, frame);
    tg_frame_unref(frame);
}

void tg_hub_sent(struct tg_hub *hub, struct tg_peer *peer, size_t size)
{
    tg_outbox_sent(&peer->outbox, &hub->pool, size);
    if (peer->lossy) {
        peer_announce_loss_if_room(hub, peer);
    }
}

struct tg_peer *tg_hub_next_dirty(struct tg_hub *hub)
{
    if (tg_list_empty(&hub->dirty)) {
        return NULL;
    }
    struct tg_peer *peer = TG_ENTRY(hub->dirty.next, struct tg_peer, dirty);
    tg_list_remove(&peer->dirty);
    return peer;
}

struct tg_hub_counts tg_hub_counts(const struct tg_hub *hub)
{
    return hub->counts;
}

/* What clients say. */

void hub_refuse(struct tg_hub *hub, struct tg_peer *peer, const struct tg_message_id *id,
                const struct tg_refusal *refusal)
{
    tg_buf_clear(&hub->text);
    tg_write_error(&hub->text, id, refusal);
    peer_answer(hub, peer);
}

/* False without memory. */
static bool keep_claims(struct tg_peer *peer, struct tg_slice claims)
{
    uint8_t *copy = claims.size == 0 ? NULL : tg_alloc(claims.size);
    if (copy != NULL) {
        memcpy(copy, claims.data, claims.size);
        peer->claims = tg_slice(copy, claims.size);
    }
    return peer->claims.size == claims.size;
}

static void hub_connect(struct tg_hub *hub, struct tg_peer *peer,
                        const struct tg_message *message)
{
    if (message->ticket.size != 0 || message->session.size != 0) {
        const char *member = message->ticket.size != 0 ? "ticket" : "session";
        struct tg_refusal refusal;
        tg_refusal_set(&refusal, TG_CODE_NOT_SUPPORTED, member,
                       "this gateway does not support \"%s\"", member);
        hub_refuse(hub, peer, &message->id, &refusal);
        return;
    }
    if (!keep_claims(peer, message->claims)) {
        struct tg_refusal refusal;
        tg_refusal_set(&refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        hub_refuse(hub, peer, &message->id, &refusal);
        return;
    }
    tg_session_open(&peer->session, hub->config.random(hub->config.context));
    struct tg_connected connected = {
        .client = peer->session.client,
        .catalogue = hub->roster == NULL ? 0
                                         : tg_catalogue_version(hub->roster->catalogue),
        .ping_interval_ms = hub->config.ping_interval_ms,
        .message_bytes_max = hub->config.message_bytes_max,
        .subscriptions_max = hub->config.subscriptions_max,
    };
    tg_buf_clear(&hub->text);
    tg_write_connected(&hub->text, &message->id, &connected);
    peer_answer(hub, peer);
}

static void hub_types(struct tg_hub *hub, struct tg_peer *peer,
                      const struct tg_message *message)
{
    tg_buf_clear(&hub->text);
    tg_write_types(&hub->text, &message->id,
                   hub->roster == NULL ? 0 : tg_catalogue_version(hub->roster->catalogue),
                   tg_buf_slice(peer->claims.size != 0 ? &hub->all : &hub->public));
    if (hub->text.size + TG_OUTBOX_OVERHEAD > hub->config.connection_bytes_max) {
        struct tg_refusal refusal;
        tg_refusal_set(
            &refusal, TG_CODE_TOO_LARGE, NULL,
            "the list of event types takes %zu bytes, over the connection's limit of %u",
            hub->text.size, hub->config.connection_bytes_max);
        hub_refuse(hub, peer, &message->id, &refusal);
        return;
    }
    peer_answer(hub, peer);
}

static void hub_do(struct tg_hub *hub, struct tg_peer *peer,
                   const struct tg_message *message)
{
    switch (message->kind) {
    case TG_MESSAGE_CONNECT:
        hub_connect(hub, peer, message);
        break;
    case TG_MESSAGE_SUBSCRIBE:
        hub_subscribe(hub, peer, message);
        break;
    case TG_MESSAGE_UNSUBSCRIBE:
        hub_unsubscribe(hub, peer, message);
        break;
    case TG_MESSAGE_ACK:
        hub_ack(hub, peer, message);
        break;
    case TG_MESSAGE_TYPES:
        hub_types(hub, peer, message);
        break;
    case TG_MESSAGE_PING:
        tg_buf_clear(&hub->text);
        tg_write_done(&hub->text, "pong", &message->id);
        peer_answer(hub, peer);
        break;
    case TG_MESSAGE_NONE:
        break;
    }
}

void tg_hub_receive(struct tg_hub *hub, struct tg_peer *peer, struct tg_slice text)
{
    struct tg_message message;
    struct tg_refusal refusal;
    switch (tg_session_receive(&peer->session, &hub->reader, text,
                               hub->config.bad_messages_max, &message, &refusal)) {
    case TG_VERDICT_DO:
        hub_do(hub, peer, &message);
        break;
    case TG_VERDICT_REFUSE:
        hub_refuse(hub, peer, &message.id, &refusal);
        break;
    case TG_VERDICT_CLOSE:
        hub_refuse(hub, peer, &message.id, &refusal);
        peer_close(hub, peer, TG_CLOSE_BAD_MESSAGES);
        break;
    }
}
