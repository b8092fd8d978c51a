#include "server/net/client.h"

#include <unistd.h>

#include "engine/base/mem.h"
#include "server/log/log.h"
#include "server/net/connection.h"
#include "server/net/forwarded.h"

/* A gateway that has no room now may have some so soon. */
enum { FULL_RETRY_MS = 2000 };

static struct client *client_of(struct tg_conn *conn)
{
    return (struct client *)conn;
}

/* Sending. */

static struct tg_frame *ws_frame(enum tg_ws_opcode opcode, struct tg_slice payload)
{
    uint8_t header[TG_WS_HEADER_MAX];
    size_t size = tg_ws_header(header, opcode, true, false, payload.size, NULL);
    struct tg_frame *frame = tg_frame_create(size + payload.size);
    if (frame != NULL) {
        memcpy(frame->bytes, header, size);
        if (payload.size != 0) {
            memcpy(frame->bytes + size, payload.data, payload.size);
        }
    }
    return frame;
}

struct tg_frame *tg_client_frame(void *context, struct tg_slice message)
{
    (void)context;
    return ws_frame(TG_WS_OP_TEXT, message);
}

static void send_frame(struct client *client, enum tg_ws_opcode opcode,
                       struct tg_slice payload)
{
    struct tg_frame *frame = ws_frame(opcode, payload);
    tg_hub_send(client->clients->hub, &client->peer, frame);
    tg_frame_unref(frame);
}

/* What a person who reads the code of a close wants to know. */
static const char *close_reason(uint16_t code)
{
    switch (code) {
    case TG_CLOSE_TRY_AGAIN_LATER:
        return "too many messages in too short a time, or too many tickets or tokens "
               "that are not good: come back later";
    case TG_CLOSE_BAD_MESSAGES:
        return "too many messages in a row that could not be understood";
    case TG_CLOSE_UNAUTHENTICATED:
        return "this identity has ended";
    case TG_CLOSE_IDENTITY_CHANGED:
        return "this identity has to be shown anew, with a new ticket";
    case TG_CLOSE_OVER_BUDGET:
        return "this connection holds more of the gateway's memory than it may";
    case TG_CLOSE_INTERNAL_ERROR:
        return "the gateway is out of memory";
    default:
        return "";
    }
}

/* Queue a close frame behind what waits, and say and hear nothing after it. */
static void client_close(struct client *client, uint16_t code, const char *why)
{
    if (client->phase != TALK) {
        return;
    }
    client->phase = CLOSING;
    char id[24];
    snprintf(id, sizeof id, "c-%016llx", (unsigned long long)client->peer.session.client);
    tg_debug("client.closed", TG_F("client", id), TG_F("code", code),
             TG_F("reason", why));
    uint8_t payload[TG_WS_CONTROL_MAX];
    size_t size = tg_ws_close_payload(payload, code, tg_slice_of(why));
    struct tg_frame *frame = ws_frame(TG_WS_OP_CLOSE, tg_slice(payload, size));
    tg_ws_decoder_finish(&client->decoder);
    if (frame == NULL ||
        tg_hub_send_last(client->clients->hub, &client->peer, frame, code) != TG_OK) {
        tg_conn_kill(&client->conn);
    } else {
        tg_conn_end(&client->conn);
    }
    tg_frame_unref(frame);
}

/* Identity. */

/* Not a moment later than its identity expires. */
static void client_wait(struct client *client, uint64_t due_ms)
{
    bool expires = client->connected && client->expires_ms != 0 &&
                   client->expires_ms < due_ms;
    tg_conn_set_timer(&client->conn, expires ? client->expires_ms : due_ms);
}

static void on_connected(struct client *client)
{
    char id[24], address[TG_ADDRESS_TEXT_MAX];
    struct tg_peer *peer = &client->peer;
    client->connected = true;
    peer->connected_us = wall_us();
    tg_free(client->origin);
    client->origin = NULL;
    if (peer->identity == NULL) {
        client->expires_ms = 0;
    }
    client_wait(client, client->heard_ms + config_of(client)->timeouts.ping_interval_ms);
    snprintf(id, sizeof id, "c-%016llx", (unsigned long long)peer->session.client);
    tg_address_write(&client->address, address);
    tg_debug("client.connected", TG_F("client", id), TG_F("program", peer->program),
             TG_F("address", address));
}

/* It may have been `connect`, and that refused. */
static void on_message(struct client *client, struct tg_slice message)
{
    tg_hub_receive(client->clients->hub, &client->peer, message);
    if (client->connected) {
        return;
    }
    if (client->peer.session.state == TG_SESSION_OPEN) {
        on_connected(client);
    }
}

/* The conversation. */

static void on_item(struct client *client, const struct tg_ws_item *item)
{
    switch (item->kind) {
    case TG_WS_TEXT:
        on_message(client, item->payload);
        break;
    case TG_WS_BINARY:
        client_close(client, TG_CLOSE_UNSUPPORTED_DATA, "messages are text");
        break;
    case TG_WS_PING:
        send_frame(client, TG_WS_OP_PONG, item->payload);
        break;
    case TG_WS_CLOSE:
        client_close(client, item->code, "");
        break;
    case TG_WS_FAIL:
        client_close(client, item->code, item->message);
        break;
    case TG_WS_PONG:
    case TG_WS_MORE:
        break;
    }
}

static void talk_received(struct client *client, uint8_t *data, size_t size)
{
    struct tg_ws_item item = {.kind = TG_WS_TEXT};
    size_t at = 0;
    client->heard_ms = tg_net_now(client->conn.net);
    client->pings = 0;
    while (client->phase == TALK && client->peer.close_code == 0 &&
           item.kind != TG_WS_MORE) {
        size_t used = 0;
        tg_ws_decode(&client->decoder, data + at, size - at, &used, &item);
        at += used;
        on_item(client, &item);
    }
    if (client->phase == TALK && client->peer.close_code == 0) {
        size_t origin =
            client->origin == NULL ? 0 : strlen(client->origin) + 1 + TG_HEAP_OVERHEAD;
        tg_hub_pins(client->clients->hub, &client->peer,
                    tg_ws_decoder_pinned(&client->decoder) + origin);
    }
}

static void on_received(struct tg_conn *conn, uint8_t *data, size_t size)
{
    struct client *client = client_of(conn);
    size_t at = 0;
    if (client->phase == HANDSHAKE) {
        at = tg_upgrade_received(client, data, size);
    }
    if (client->phase == TALK && at < size) {
        talk_received(client, data + at, size - at);
    }
}

/* Time. */

static void keep_alive(struct client *client, uint64_t now)
{
    const struct tg_config_timeouts *timeouts = &config_of(client)->timeouts;
    uint64_t quiet_ms = now - client->heard_ms;
    if (quiet_ms < timeouts->ping_interval_ms) {
        client_wait(client, client->heard_ms + timeouts->ping_interval_ms);
        return;
    }
    if (client->pings >= timeouts->ping_misses_max) {
        client_close(client, TG_CLOSE_PING_TIMEOUT, "pings stayed unanswered");
        return;
    }
    client->pings++;
    send_frame(client, TG_WS_OP_PING, (struct tg_slice){0});
    client_wait(client, now + timeouts->ping_interval_ms);
}

static void on_timeout(struct tg_conn *conn)
{
    struct client *client = client_of(conn);
    uint64_t now = tg_net_now(conn->net);
    if (client->phase == HANDSHAKE) {
        tg_upgrade_refuse(client, 408, "the request was not complete in time");
    } else if (client->phase != TALK) {
        return;
    } else if (!client->connected &&
               now - client->began_ms >= config_of(client)->timeouts.connect_ms) {
        client_close(client, TG_CLOSE_CONNECT_TIMEOUT, "no connect message in time");
    } else if (client->connected && client->expires_ms != 0 &&
               now >= client->expires_ms) {
        client_close(client, TG_CLOSE_IDENTITY_CHANGED,
                     "this identity has expired: show it anew, with a new ticket");
    } else {
        keep_alive(client, now);
    }
}

/* Life. */

static void client_uncount(struct client *client)
{
    struct tg_shard_common *common = client->clients->common;
    atomic_fetch_sub(&common->connections, 1);
    if (client->entered) {
        tg_addresses_leave(common->addresses, &client->address);
    }
}

static struct tg_outbox *on_outbox(struct tg_conn *conn)
{
    return &client_of(conn)->peer.outbox;
}

static void on_sent(struct tg_conn *conn, size_t size)
{
    struct client *client = client_of(conn);
    tg_hub_sent(client->clients->hub, &client->peer, size);
}

static void on_over(struct tg_conn *conn)
{
    struct client *client = client_of(conn);
    tg_hub_leave(client->clients->hub, &client->peer);
    if (client->exchange != NULL) {
        tg_exchange_finish(client->exchange);
        tg_free(client->exchange);
    }
    tg_free(client->origin);
    tg_ws_decoder_finish(&client->decoder);
    client_uncount(client);
}

static const struct tg_conn_ops client_ops = {
    .received = on_received,
    .timeout = on_timeout,
    .outbox = on_outbox,
    .sent = on_sent,
    .over = on_over,
};

void tg_clients_init(struct tg_clients *clients, struct tg_net *net, struct tg_hub *hub,
                     struct tg_shard_common *common)
{
    clients->net = net;
    clients->hub = hub;
    clients->common = common;
    clients->limits = (struct tg_ws_limits){
        .message_max = common->config->limits.message_bytes_max,
        .fragments_max = common->config->limits.fragments_max,
    };
    tg_buf_init(&clients->text);
    clients->away = (struct tg_turn_away){0};
    clients->proxy_told = false;
}

void tg_clients_finish(struct tg_clients *clients)
{
    tg_buf_finish(&clients->text);
    tg_turn_away_finish(&clients->away);
}

static struct client *client_open(struct tg_clients *clients, int fd)
{
    struct client *client = tg_zalloc(1, sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    client->exchange = tg_alloc(sizeof *client->exchange);
    if (client->exchange == NULL ||
        tg_conn_open(clients->net, &client->conn, fd, &client_ops) != TG_OK) {
        tg_free(client->exchange);
        tg_free(client);
        return NULL;
    }
    tg_exchange_init(client->exchange, NULL);
    client->clients = clients;
    client->began_ms = tg_net_now(clients->net);
    tg_hub_join(clients->hub, &client->peer);
    tg_conn_set_timer(&client->conn,
                      client->began_ms + clients->common->config->timeouts.header_ms);
    struct tg_tls *tls = clients->common->tls;
    if (tls != NULL && tg_conn_secure(&client->conn, tls) != TG_OK) {
        tg_log_limited(TG_LOG_WARN, "client.not_accepted",
                       TG_F("reason", "out of memory"));
        tg_conn_kill(&client->conn);
    }
    return client;
}

/* Take a place among the gateway's connections; false, with `wait`, if none is free. */
static bool take_place(struct tg_clients *clients, struct tg_wait *wait)
{
    struct tg_shard_common *common = clients->common;
    if (atomic_fetch_add(&common->connections, 1) < common->connections_max) {
        return true;
    }
    atomic_fetch_sub(&common->connections, 1);
    *wait = (struct tg_wait){FULL_RETRY_MS, "the gateway is at its limit of connections"};
    return false;
}

static void turn_away(struct tg_clients *clients, int fd, unsigned status,
                      const struct tg_address *address, const struct tg_wait *wait)
{
    tg_turn_away_log(status, address, wait);
    if (clients->common->tls != NULL) {
        close(fd); /* To say why would cost a handshake. */
    } else {
        tg_turn_away(&clients->away, clients->net, fd, status, wait);
    }
}

void tg_clients_accepted(void *context, int fd)
{
    struct tg_clients *clients = context;
    struct tg_shard_common *common = clients->common;
    struct tg_address address;
    struct tg_wait wait;
    if (!tg_address_of_peer(fd, &address)) {
        close(fd); /* It has gone again. */
        return;
    }
    bool proxied = tg_address_is_in(&address, &common->config->clients.trusted_proxies);
    if (!proxied && !tg_addresses_enter(common->addresses, &address,
                                        tg_net_now(clients->net), &wait)) {
        turn_away(clients, fd, 429, &address, &wait);
        return;
    }
    bool placed = take_place(clients, &wait);
    struct client *client = placed ? client_open(clients, fd) : NULL;
    if (client != NULL) {
        client->address = address;
        client->entered = !proxied;
        client->proxied = proxied;
        return;
    }
    if (!proxied) {
        tg_addresses_leave(common->addresses, &address);
    }
    if (!placed) {
        turn_away(clients, fd, 503, &address, &wait);
        return;
    }
    atomic_fetch_sub(&common->connections, 1);
    tg_log_limited(TG_LOG_WARN, "client.not_accepted", TG_F("reason", "out of memory"));
    close(fd);
}

void tg_clients_flush(struct tg_clients *clients)
{
    for (struct tg_peer *peer; (peer = tg_hub_next_dirty(clients->hub)) != NULL;) {
        struct client *client = TG_ENTRY(peer, struct client, peer);
        if (peer->close_code != 0 && client->phase == TALK) {
            client_close(client, peer->close_code, close_reason(peer->close_code));
        } else if (peer->close_code != 0 && client->phase == HANDSHAKE) {
            tg_conn_kill(&client->conn);
        } else {
            tg_conn_flush(&client->conn);
        }
    }
}

void tg_clients_relieve(struct tg_peer *peer)
{
    struct client *client = TG_ENTRY(peer, struct client, peer);
    if (client->phase == TALK) {
        tg_conn_flush(&client->conn);
    }
}

void tg_clients_end(struct tg_clients *clients)
{
    struct tg_link *next;
    for (struct tg_link *link = clients->net->conns.next; link != &clients->net->conns;
         link = next) {
        next = link->next;
        struct tg_conn *conn = TG_ENTRY(link, struct tg_conn, link);
        if (conn->ops != &client_ops || conn->state != TG_CONN_OPEN) {
            continue;
        }
        struct client *client = client_of(conn);
        if (client->phase == TALK) {
            client_close(client, TG_CLOSE_SERVICE_RESTART, "the gateway ends");
        } else {
            tg_conn_kill(conn);
        }
    }
}
