#include "server/net/conformance.h"

#include <unistd.h>

#include "engine/base/codes.h"
#include "engine/base/mem.h"
#include "engine/base/utf8.h"
#include "engine/codec/websocket.h"
#include "server/deflate/deflate.h"
#include "server/net/exchange.h"
#include "server/net/handshake.h"

enum {
    ECHO_BYTES_MAX = 16 * 1024 * 1024,
    ECHO_FRAGMENTS_MAX = 65536,
    ECHO_OUTBOX_MAX = 4 * ECHO_BYTES_MAX,
    ECHO_HEAD_MS = 5000,
};

enum phase { HTTP, SOCKET, CLOSING };

struct echo {
    struct tg_conn conn; /* First: the net frees it. */
    struct tg_conformance *owner;
    struct tg_outbox outbox;
    struct tg_exchange exchange;
    struct tg_ws_decoder decoder;
    struct tg_inflater inflater;
    struct tg_deflater deflater;
    bool deflate;
    bool keep_alive;
    bool head; /* The request is a HEAD. */
    uint8_t phase;
};

static const struct tg_ws_limits echo_limits = {
    .message_max = ECHO_BYTES_MAX,
    .fragments_max = ECHO_FRAGMENTS_MAX,
};

static struct echo *echo_of(struct tg_conn *conn)
{
    return (struct echo *)conn;
}

/* Sending. */

static void send_text(struct echo *echo)
{
    struct tg_buf *text = &echo->owner->text;
    struct tg_frame *frame = text->failed ? NULL : tg_frame_of(tg_buf_slice(text));
    if (frame == NULL || echo->outbox.size > ECHO_OUTBOX_MAX ||
        tg_outbox_add(&echo->outbox, &echo->owner->pool, frame) != TG_OK) {
        tg_conn_kill(&echo->conn);
    }
    tg_frame_unref(frame);
    tg_conn_flush(&echo->conn);
}

static void send_frame(struct echo *echo, enum tg_ws_opcode opcode, bool compressed,
                       struct tg_slice payload)
{
    tg_buf_clear(&echo->owner->text);
    tg_ws_frame_write(&echo->owner->text, opcode, true, compressed, payload, NULL);
    send_text(echo);
}

static void echo_close(struct echo *echo, uint16_t code)
{
    uint8_t payload[TG_WS_CONTROL_MAX];
    size_t size = tg_ws_close_payload(payload, code, (struct tg_slice){0});
    echo->phase = CLOSING;
    send_frame(echo, TG_WS_OP_CLOSE, false, tg_slice(payload, size));
    tg_conn_end(&echo->conn);
}

/* HTTP. */

static void answer(struct echo *echo, unsigned status, struct tg_slice body)
{
    tg_buf_clear(&echo->owner->text);
    tg_http_answer_write(&echo->owner->text,
                         &(struct tg_http_answer){
                             .status = status,
                             .content_type = "application/octet-stream",
                             .body = body,
                             .keep_alive = echo->keep_alive,
                             .head = echo->head,
                         });
    send_text(echo);
    if (!echo->keep_alive) {
        tg_conn_end(&echo->conn);
    }
}

static void refuse(struct echo *echo, unsigned status, const char *message)
{
    echo->keep_alive = false;
    answer(echo, status, tg_slice_of(message));
}

static void upgrade(struct echo *echo, const struct tg_http_request *request)
{
    static const struct tg_ws_deflate policy = {
        .on = true,
        .server_max_window_bits = 15,
        .client_max_window_bits = 15,
    };
    struct tg_ws_handshake handshake;
    char accept[TG_ACCEPT_SIZE + 1];
    tg_buf_clear(&echo->owner->text);
    if (tg_ws_handshake_check(request, NULL, &policy, &handshake) != TG_OK) {
        tg_ws_handshake_refuse(&echo->owner->text, &handshake);
        send_text(echo);
        tg_conn_end(&echo->conn);
        return;
    }
    if (!tg_handshake_accept(handshake.key, accept)) {
        refuse(echo, 500, "the gateway could not answer the handshake\n");
        return;
    }
    const struct tg_ws_deflate *deflate = &handshake.deflate;
    tg_ws_handshake_response(&echo->owner->text, tg_slice(accept, TG_ACCEPT_SIZE), NULL,
                             deflate->on ? deflate : NULL);
    send_text(echo);
    echo->deflate = deflate->on;
    echo->phase = SOCKET;
    tg_ws_decoder_init(&echo->decoder, TG_WS_SERVER, &echo_limits, deflate->on);
    if (deflate->on) {
        tg_inflater_init(&echo->inflater, deflate->client_max_window_bits,
                         !deflate->client_no_context_takeover);
        tg_deflater_init(&echo->deflater, deflate->server_max_window_bits,
                         !deflate->server_no_context_takeover, 6);
    }
    tg_conn_cancel_timer(&echo->conn);
}

static void on_head(struct echo *echo, const struct tg_http_request *request)
{
    echo->keep_alive = request->keep_alive;
    echo->head = tg_slice_is(request->method, "HEAD");
    if (request->connection_upgrade &&
        tg_http_header_has_token(&request->headers, "Upgrade", "websocket")) {
        upgrade(echo, request);
    } else if (!tg_slice_is(request->path, "/")) {
        refuse(echo, 404, "only / echoes\n");
    } else if (request->content_length > ECHO_BYTES_MAX) {
        refuse(echo, 413, "at most 16 MiB are echoed\n");
    } else {
        if (request->expect_continue) {
            tg_buf_clear(&echo->owner->text);
            tg_buf_add_text(&echo->owner->text, TG_HTTP_CONTINUE);
            send_text(echo);
        }
        tg_exchange_expect(&echo->exchange, request->content_length);
    }
}

static size_t http_received(struct echo *echo, const uint8_t *data, size_t size)
{
    enum tg_exchange_step step = TG_EXCHANGE_HEAD;
    size_t at = 0;
    while (echo->phase == HTTP && echo->conn.state == TG_CONN_OPEN &&
           step != TG_EXCHANGE_MORE) {
        size_t used = 0;
        struct tg_slice body;
        step = tg_exchange_feed(&echo->exchange, tg_slice(data + at, size - at), &used,
                                &echo->owner->request, &body);
        at += used;
        if (step == TG_EXCHANGE_HEAD) {
            on_head(echo, &echo->owner->request);
        } else if (step == TG_EXCHANGE_BODY) {
            answer(echo, 200, body);
        } else if (step == TG_EXCHANGE_REFUSED) {
            refuse(echo, echo->exchange.parser.status, echo->exchange.parser.message);
        }
    }
    if (echo->phase == HTTP) {
        tg_conn_set_timer(&echo->conn, tg_net_now(echo->conn.net) + ECHO_HEAD_MS);
    }
    return at;
}

/* WebSocket. */

/* What the message says, inflated if need be. False: the connection was closed for it. */
static bool plain(struct echo *echo, const struct tg_ws_item *item,
                  struct tg_slice *message)
{
    static const struct tg_inflate_limits limits = {.message_max = ECHO_BYTES_MAX};
    if (!item->compressed) {
        *message = item->payload;
        return true;
    }
    struct tg_buf *inflated = &echo->owner->inflated;
    tg_buf_clear(inflated);
    enum tg_err err = tg_inflate(&echo->inflater, item->payload, &limits, inflated);
    if (err != TG_OK) {
        echo_close(echo, err == TG_ELIMIT   ? TG_CLOSE_MESSAGE_TOO_BIG
                         : err == TG_EPROTO ? TG_CLOSE_INVALID_UTF8
                                            : TG_CLOSE_INTERNAL_ERROR);
        return false;
    }
    *message = tg_buf_slice(inflated);
    if (item->kind == TG_WS_TEXT && !tg_utf8_valid(*message)) {
        echo_close(echo, TG_CLOSE_INVALID_UTF8);
        return false;
    }
    return true;
}

static void echo_message(struct echo *echo, const struct tg_ws_item *item)
{
    enum tg_ws_opcode opcode = item->kind == TG_WS_TEXT ? TG_WS_OP_TEXT : TG_WS_OP_BINARY;
    struct tg_slice message;
    if (!plain(echo, item, &message)) {
        return;
    }
    if (!echo->deflate) {
        send_frame(echo, opcode, false, message);
        return;
    }
    struct tg_buf compressed = {0};
    if (tg_deflate(&echo->deflater, message, &compressed) == TG_OK) {
        send_frame(echo, opcode, true, tg_buf_slice(&compressed));
    } else {
        echo_close(echo, TG_CLOSE_INTERNAL_ERROR);
    }
    tg_buf_finish(&compressed);
}

static void socket_received(struct echo *echo, uint8_t *data, size_t size)
{
    struct tg_ws_item item = {.kind = TG_WS_TEXT};
    size_t at = 0;
    while (echo->phase == SOCKET && item.kind != TG_WS_MORE) {
        size_t used = 0;
        tg_ws_decode(&echo->decoder, data + at, size - at, &used, &item);
        at += used;
        if (item.kind == TG_WS_TEXT || item.kind == TG_WS_BINARY) {
            echo_message(echo, &item);
        } else if (item.kind == TG_WS_PING) {
            send_frame(echo, TG_WS_OP_PONG, false, item.payload);
        } else if (item.kind == TG_WS_CLOSE || item.kind == TG_WS_FAIL) {
            echo_close(echo, item.code);
        }
    }
}

static void on_received(struct tg_conn *conn, uint8_t *data, size_t size)
{
    struct echo *echo = echo_of(conn);
    size_t at = echo->phase == HTTP ? http_received(echo, data, size) : 0;
    if (echo->phase == SOCKET && at < size) {
        socket_received(echo, data + at, size - at);
    }
}

/* Life. */

static void on_timeout(struct tg_conn *conn)
{
    struct echo *echo = echo_of(conn);
    if (echo->phase == HTTP) {
        refuse(echo, 408, "the request was not complete in time\n");
    }
}

static struct tg_outbox *on_outbox(struct tg_conn *conn)
{
    return &echo_of(conn)->outbox;
}

static void on_sent(struct tg_conn *conn, size_t size)
{
    tg_outbox_sent(&echo_of(conn)->outbox, &echo_of(conn)->owner->pool, size);
}

static void on_over(struct tg_conn *conn)
{
    struct echo *echo = echo_of(conn);
    tg_outbox_clear(&echo->outbox, &echo->owner->pool);
    tg_exchange_finish(&echo->exchange);
    tg_ws_decoder_finish(&echo->decoder);
    tg_inflater_finish(&echo->inflater);
    tg_deflater_finish(&echo->deflater);
}

static const struct tg_conn_ops echo_ops = {
    .received = on_received,
    .timeout = on_timeout,
    .outbox = on_outbox,
    .sent = on_sent,
    .over = on_over,
};

void tg_conformance_init(struct tg_conformance *conformance, struct tg_net *net)
{
    *conformance = (struct tg_conformance){.net = net};
}

void tg_conformance_finish(struct tg_conformance *conformance)
{
    tg_outbox_pool_finish(&conformance->pool);
    tg_buf_finish(&conformance->text);
    tg_buf_finish(&conformance->inflated);
}

void tg_conformance_accepted(void *context, int fd)
{
    struct tg_conformance *conformance = context;
    struct echo *echo = tg_zalloc(1, sizeof *echo);
    if (echo == NULL ||
        tg_conn_open(conformance->net, &echo->conn, fd, &echo_ops) != TG_OK) {
        tg_free(echo);
        close(fd);
        return;
    }
    echo->owner = conformance;
    tg_exchange_init(&echo->exchange, NULL);
    tg_conn_set_timer(&echo->conn, tg_net_now(conformance->net) + ECHO_HEAD_MS);
}

void tg_conformance_end(struct tg_conformance *conformance)
{
    for (struct tg_link *link = conformance->net->conns.next;
         link != &conformance->net->conns;) {
        struct tg_conn *conn = TG_ENTRY(link, struct tg_conn, link);
        link = link->next;
        if (conn->ops == &echo_ops) {
            tg_conn_kill(conn);
        }
    }
}
