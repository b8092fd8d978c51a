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
    hub->next_number = config->number_first;
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
    tg_map_finish(&hub->groups);
    tg_roster_unref(hub->roster);
    tg_free(hub->streams);
    tg_free(hub);
}

void tg_hub_join(struct tg_hub *hub, struct tg_peer *peer)
{
    *peer = (struct tg_peer){.number = hub->next_number};
    hub->next_number += hub->config.number_step == 0 ? 1 : hub->config.number_step;
    tg_list_init(&peer->dirty);
    tg_list_init(&peer->link);
    tg_list_init(&peer->of_user.link);
    tg_list_init(&peer->of_session.link);
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
    peer_forget(hub, peer);
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

/* In how many milliseconds the peer may speak again; 0: now. */
static uint32_t peer_pace(struct tg_hub *hub, struct tg_peer *peer)
{
    const struct tg_hub_config *config = &hub->config;
    enum { MS_US = 1000 };
    return config->now_ms == NULL ? 0
                                  : tg_pace_take(&peer->pace, &config->messages,
                                                 config->now_ms(config->context) * MS_US);
}

static void receive_hasty(struct tg_hub *hub, struct tg_peer *peer, struct tg_slice text,
                          uint32_t retry_after_ms)
{
    struct tg_message message;
    struct tg_refusal refusal;
    enum tg_verdict verdict = tg_session_receive_hasty(
        &peer->session, &hub->reader, text, retry_after_ms, &message, &refusal);
    hub_refuse(hub, peer, &message.id, &refusal);
    if (verdict == TG_VERDICT_CLOSE) {
        peer_close(hub, peer, TG_CLOSE_TRY_AGAIN_LATER);
    }
}

void tg_hub_receive(struct tg_hub *hub, struct tg_peer *peer, struct tg_slice text)
{
    struct tg_message message;
    struct tg_refusal refusal;
    uint32_t retry_after_ms = peer_pace(hub, peer);
    if (retry_after_ms != 0) {
        receive_hasty(hub, peer, text, retry_after_ms);
        return;
    }
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
