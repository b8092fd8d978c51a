#include "server/net/client.h"

#include <unistd.h>

#include "engine/base/mem.h"
#include "server/log/log.h"
#include "server/net/exchange.h"
#include "server/net/handshake.h"

enum phase { HANDSHAKE, TALK, CLOSING };

struct client {
    struct tg_conn conn; /* First: the net frees it. */
    struct tg_clients *clients;
    struct tg_peer peer;
    struct tg_exchange *exchange; /* Only in HANDSHAKE. */
    struct tg_ws_decoder decoder;
    uint64_t began_ms; /* When it was accepted; from TALK on, when that began. */
    uint64_t heard_ms;
    bool counted; /* Among the gateway's connections. */
    uint8_t phase;
    uint8_t pings; /* Sent and not answered by anything yet. */
};

static const char subprotocol[] = "telegraphy.v1";

static struct client *client_of(struct tg_conn *conn)
{
    return (struct client *)conn;
}

static const struct tg_config *config_of(const struct client *client)
{
    return client->clients->common->config;
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

/* Send what stands in the shard's text buffer. */
static void send_text(struct client *client)
{
    const struct tg_buf *text = &client->clients->text;
    struct tg_frame *frame = text->failed ? NULL : tg_frame_of(tg_buf_slice(text));
    tg_hub_send(client->clients->hub, &client->peer, frame);
    tg_frame_unref(frame);
}

/* The handshake. */

static void answer(struct client *client, const struct tg_http_answer *http)
{
    struct tg_buf *text = &client->clients->text;
    tg_buf_clear(text);
    tg_http_answer_write(text, http);
    send_text(client);
    if (!http->keep_alive) {
        tg_conn_end(&client->conn);
    }
}

static void refuse(struct client *client, unsigned status, const char *message)
{
    const struct tg_http_header retry = {TG_LIT("Retry-After"), TG_LIT("2")};
    const struct tg_http_header allow = {TG_LIT("Allow"), TG_LIT("GET, HEAD")};
    tg_log_limited(TG_LOG_WARN, "client.refused", TG_F("status", status),
                   TG_F("reason", message));
    char body[256];
    int size = snprintf(body, sizeof body, "%s\n", message);
    answer(client, &(struct tg_http_answer){
                       .status = status,
                       .content_type = "text/plain; charset=utf-8",
                       .body = tg_slice(body, (size_t)size),
                       .headers = status == 405 ? &allow : &retry,
                       .header_count = status == 503 || status == 405 ? 1 : 0,
                   });
}

static void answer_health(struct client *client, const struct tg_http_request *request)
{
    answer(client, &(struct tg_http_answer){
                       .status = 200,
                       .content_type = "application/json",
                       .body = TG_LIT("{\"status\":\"ok\"}\n"),
                       .keep_alive = request->keep_alive,
                       .head = tg_slice_is(request->method, "HEAD"),
                   });
}

static void upgrade(struct client *client, const struct tg_http_request *request)
{
    struct tg_ws_handshake handshake;
    char accept[TG_ACCEPT_SIZE + 1];
    struct tg_buf *text = &client->clients->text;
    if (!tg_origin_allowed(&config_of(client)->clients.allowed_origins, request,
                           client->conn.tls != NULL)) {
        const struct tg_http_header *origin = tg_http_header(&request->headers, "Origin");
        tg_log_limited(TG_LOG_WARN, "client.origin_refused",
                       TG_F("origin", origin->value), TG_F("host", request->host));
        refuse(client, 403,
               "this Origin is not allowed here: see clients.allowed_origins");
        return;
    }
    tg_buf_clear(text);
    if (tg_ws_handshake_check(request, subprotocol, NULL, &handshake) != TG_OK) {
        tg_log_limited(TG_LOG_WARN, "client.refused", TG_F("status", handshake.status),
                       TG_F("reason", handshake.message));
        tg_ws_handshake_refuse(text, &handshake);
        send_text(client);
        tg_conn_end(&client->conn);
        return;
    }
    if (!tg_handshake_accept(handshake.key, accept)) {
        refuse(client, 500, "the gateway could not answer the handshake");
        return;
    }
    tg_ws_handshake_response(text, tg_slice(accept, TG_ACCEPT_SIZE), subprotocol, NULL);
    send_text(client);

    uint64_t now = tg_net_now(client->conn.net);
    tg_ws_decoder_init(&client->decoder, TG_WS_SERVER, &client->clients->limits, false);
    client->phase = TALK;
    client->began_ms = now;
    client->heard_ms = now;
    tg_conn_set_timer(&client->conn, now + config_of(client)->timeouts.connect_ms);
}

static void on_head(struct client *client, const struct tg_http_request *request)
{
    if (request->content_length != 0) {
        refuse(client, 413, "no request on this port takes a body");
    } else if (tg_slice_is(request->path, "/healthz")) {
        if (tg_slice_is(request->method, "GET") || tg_slice_is(request->method, "HEAD")) {
            answer_health(client, request);
        } else {
            refuse(client, 405, "/healthz takes GET and HEAD");
        }
    } else if (tg_slice_is(request->path, "/v1/websocket")) {
        upgrade(client, request);
    } else {
        refuse(client, 404, "there is /v1/websocket and /healthz here");
    }
}

/* Read heads until one upgrades or the bytes are used up; how many were taken. */
static size_t handshake_received(struct client *client, const uint8_t *data, size_t size)
{
    struct tg_http_request *request = &client->clients->request;
    size_t at = 0;
    while (client->phase == HANDSHAKE && client->conn.state == TG_CONN_OPEN &&
           client->peer.close_code == 0) {
        size_t used = 0;
        struct tg_slice body;
        switch (tg_exchange_feed(client->exchange, tg_slice(data + at, size - at), &used,
                                 request, &body)) {
        case TG_EXCHANGE_MORE:
            tg_hub_pins(client->clients->hub, &client->peer,
                        tg_exchange_pinned(client->exchange));
            return size;
        case TG_EXCHANGE_HEAD:
            at += used;
            on_head(client, request);
            break;
        case TG_EXCHANGE_BODY:
            break; /* None is ever expected. */
        case TG_EXCHANGE_REFUSED:
            refuse(client, client->exchange->parser.status,
                   client->exchange->parser.message);
            break;
        }
    }
    if (client->phase == TALK) {
        tg_exchange_finish(client->exchange);
        tg_free(client->exchange);
        client->exchange = NULL;
        tg_hub_pins(client->clients->hub, &client->peer, 0);
    }
    return at;
}

/* The conversation. */

static void on_item(struct client *client, const struct tg_ws_item *item)
{
    switch (item->kind) {
    case TG_WS_TEXT:
        tg_hub_receive(client->clients->hub, &client->peer, item->payload);
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
        tg_hub_pins(client->clients->hub, &client->peer,
                    tg_ws_decoder_pinned(&client->decoder));
    }
}

static void on_received(struct tg_conn *conn, uint8_t *data, size_t size)
{
    struct client *client = client_of(conn);
    size_t at = 0;
    if (client->phase == HANDSHAKE) {
        at = handshake_received(client, data, size);
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
        tg_conn_set_timer(&client->conn, client->heard_ms + timeouts->ping_interval_ms);
        return;
    }
    if (client->pings >= timeouts->ping_misses_max) {
        client_close(client, TG_CLOSE_PING_TIMEOUT, "pings stayed unanswered");
        return;
    }
    client->pings++;
    send_frame(client, TG_WS_OP_PING, (struct tg_slice){0});
    tg_conn_set_timer(&client->conn, now + timeouts->ping_interval_ms);
}

static void on_timeout(struct tg_conn *conn)
{
    struct client *client = client_of(conn);
    uint64_t now = tg_net_now(conn->net);
    if (client->phase == HANDSHAKE) {
        refuse(client, 408, "the request was not complete in time");
    } else if (client->phase == TALK &&
               client->peer.session.state == TG_SESSION_AWAIT_CONNECT &&
               now - client->began_ms >= config_of(client)->timeouts.connect_ms) {
        client_close(client, TG_CLOSE_CONNECT_TIMEOUT, "no connect message in time");
    } else if (client->phase == TALK) {
        keep_alive(client, now);
    }
}

/* Life. */

static void client_uncount(struct client *client)
{
    if (client->counted) {
        client->counted = false;
        atomic_fetch_sub(&client->clients->common->connections, 1);
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
}

void tg_clients_finish(struct tg_clients *clients)
{
    tg_buf_finish(&clients->text);
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
    struct tg_tls *tls = clients->common->tls;
    if (tls != NULL && tg_conn_secure(&client->conn, tls) != TG_OK) {
        tg_log_limited(TG_LOG_WARN, "client.not_accepted",
                       TG_F("reason", "out of memory"));
        tg_conn_kill(&client->conn);
    }
    return client;
}

void tg_clients_accepted(void *context, int fd)
{
    struct tg_clients *clients = context;
    const struct tg_config *config = clients->common->config;
    struct client *client = client_open(clients, fd);
    if (client == NULL) {
        close(fd);
        tg_log_limited(TG_LOG_WARN, "client.not_accepted",
                       TG_F("reason", "out of memory"));
        return;
    }
    tg_conn_set_timer(&client->conn, client->began_ms + config->timeouts.header_ms);
    client->counted = true;
    if (atomic_fetch_add(&clients->common->connections, 1) >=
        clients->common->connections_max) {
        client_uncount(client); /* While it lingers, others may have its place. */
        tg_log_limited(TG_LOG_WARN, "client.not_accepted",
                       TG_F("reason", "the most connections are reached"),
                       TG_F("connections_max", clients->common->connections_max));
        refuse(client, 503, "the gateway is at its limit of connections");
    }
}

void tg_clients_flush(struct tg_clients *clients)
{
    for (struct tg_peer *peer; (peer = tg_hub_next_dirty(clients->hub)) != NULL;) {
        struct client *client = TG_ENTRY(peer, struct client, peer);
        if (peer->close_code != 0 && client->phase == TALK) {
            client_close(client, peer->close_code, "");
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
