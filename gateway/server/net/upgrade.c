/* The first part of a connection: HTTP, until a request becomes a WebSocket. */
#include "server/config/values.h"
#include "server/log/log.h"
#include "server/net/connection.h"
#include "server/net/forwarded.h"
#include "server/net/handshake.h"

#include "engine/base/mem.h"

static const char subprotocol[] = "telegraphy.v1";

/* Answers. */

/* Send what stands in the shard's text buffer. */
static void send_text(struct client *client)
{
    const struct tg_buf *text = &client->clients->text;
    struct tg_frame *frame = text->failed ? NULL : tg_frame_of(tg_buf_slice(text));
    tg_hub_send(client->clients->hub, &client->peer, frame);
    tg_frame_unref(frame);
}

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

void tg_upgrade_refuse(struct client *client, unsigned status, const char *message)
{
    const struct tg_http_header allow = {TG_LIT("Allow"), TG_LIT("GET, HEAD")};
    char address[TG_ADDRESS_TEXT_MAX];
    char body[256];
    tg_address_write(&client->address, address);
    tg_log_limited(TG_LOG_WARN, "client.refused", TG_F("status", status),
                   TG_F("reason", message), TG_F("address", address));
    int size = snprintf(body, sizeof body, "%s\n", message);
    answer(client, &(struct tg_http_answer){
                       .status = status,
                       .content_type = "text/plain; charset=utf-8",
                       .body = tg_slice(body, (size_t)size),
                       .headers = &allow,
                       .header_count = status == 405 ? 1 : 0,
                   });
}

static void refuse_for_now(struct client *client, const struct tg_wait *wait)
{
    struct tg_buf *text = &client->clients->text;
    tg_turn_away_write(text, 429, wait);
    send_text(client);
    tg_conn_end(&client->conn);
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

/* Upgrading. */

/* Whoever comes through a proxy counts where its request began. */
static bool enter_forwarded(struct client *client, const struct tg_http_request *request)
{
    struct tg_wait wait;
    tg_forwarded_address(&config_of(client)->clients.trusted_proxies, &request->headers,
                         &client->address);
    client->entered = tg_addresses_enter(client->clients->common->addresses,
                                         &client->address, tg_net_now(client->conn.net),
                                         &wait);
    if (!client->entered) {
        tg_turn_away_log(429, &client->address, &wait);
        refuse_for_now(client, &wait);
    }
    return client->entered;
}

/* Said once: what a stranger writes into the header is no news, but on this machine there
 * is a proxy. */
static void tell_of_proxy(struct client *client, const struct tg_http_request *request)
{
    char address[TG_ADDRESS_TEXT_MAX];
    tg_address_write(&client->address, address);
    if (client->clients->proxy_told || !tg_config_is_loopback(address) ||
        tg_http_header(&request->headers, "X-Forwarded-For") == NULL) {
        return;
    }
    client->clients->proxy_told = true;
    tg_warn("client.proxy_not_trusted", TG_F("address", address),
            TG_F("hint", "all whom it speaks for share the limits of its address: name "
                         "it in clients.trusted_proxies"));
}

static void refuse_origin(struct client *client, const struct tg_http_request *request)
{
    const struct tg_http_header *origin = tg_http_header(&request->headers, "Origin");
    tg_log_limited(TG_LOG_WARN, "client.origin_refused", TG_F("origin", origin->value),
                   TG_F("host", request->host));
    tg_upgrade_refuse(client, 403,
                      "this Origin is not allowed here: see clients.allowed_origins");
}

static void refuse_handshake(struct client *client,
                             const struct tg_ws_handshake *handshake)
{
    struct tg_buf *text = &client->clients->text;
    tg_log_limited(TG_LOG_WARN, "client.refused", TG_F("status", handshake->status),
                   TG_F("reason", handshake->message));
    tg_buf_clear(text);
    tg_ws_handshake_refuse(text, handshake);
    send_text(client);
    tg_conn_end(&client->conn);
}

/* Tickets may be bound to it, and it cannot be asked for later. */
static bool keep_origin(struct client *client, const struct tg_http_request *request)
{
    const struct tg_http_header *origin = tg_http_header(&request->headers, "Origin");
    if (origin == NULL) {
        return true;
    }
    client->origin = tg_alloc(origin->value.size + 1);
    if (client->origin != NULL) {
        memcpy(client->origin, origin->value.data, origin->value.size);
        client->origin[origin->value.size] = '\0';
    }
    return client->origin != NULL;
}

static void upgrade(struct client *client, const struct tg_http_request *request)
{
    struct tg_ws_handshake handshake;
    char accept[TG_ACCEPT_SIZE + 1];
    struct tg_buf *text = &client->clients->text;
    if (client->proxied && !enter_forwarded(client, request)) {
        return;
    }
    if (!client->proxied) {
        tell_of_proxy(client, request);
    }
    if (!tg_origin_allowed(&config_of(client)->clients.allowed_origins, request,
                           client->conn.tls != NULL)) {
        refuse_origin(client, request);
        return;
    }
    if (tg_ws_handshake_check(request, subprotocol, NULL, &handshake) != TG_OK) {
        refuse_handshake(client, &handshake);
        return;
    }
    if (!tg_handshake_accept(handshake.key, accept) || !keep_origin(client, request)) {
        tg_upgrade_refuse(client, 500, "the gateway could not answer the handshake");
        return;
    }
    tg_buf_clear(text);
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
        tg_upgrade_refuse(client, 413, "no request on this port takes a body");
    } else if (tg_slice_is(request->path, "/healthz")) {
        if (tg_slice_is(request->method, "GET") || tg_slice_is(request->method, "HEAD")) {
            answer_health(client, request);
        } else {
            tg_upgrade_refuse(client, 405, "/healthz takes GET and HEAD");
        }
    } else if (tg_slice_is(request->path, "/v1/websocket")) {
        upgrade(client, request);
    } else {
        tg_upgrade_refuse(client, 404, "there is /v1/websocket and /healthz here");
    }
}

size_t tg_upgrade_received(struct client *client, const uint8_t *data, size_t size)
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
            tg_upgrade_refuse(client, client->exchange->parser.status,
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
