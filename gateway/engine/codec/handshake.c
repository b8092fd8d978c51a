#include "engine/codec/handshake.h"

#include "engine/codec/answer.h"
#include "engine/codec/extensions.h"
#include "engine/codec/target.h"

static enum tg_err refuse(struct tg_ws_handshake *handshake, unsigned status,
                          const char *message)
{
    *handshake = (struct tg_ws_handshake){.status = status, .message = message};
    return TG_EPROTO;
}

/* 16 bytes in base64: 22 characters and the padding. */
static bool is_key(struct tg_slice key)
{
    if (key.size != 24 || key.data[22] != '=' || key.data[23] != '=') {
        return false;
    }
    for (size_t i = 0; i < 22; i++) {
        uint8_t byte = key.data[i];
        uint8_t letter = byte | 0x20;
        if (!(letter >= 'a' && letter <= 'z') && !(byte >= '0' && byte <= '9') &&
            byte != '+' && byte != '/') {
            return false;
        }
    }
    return true;
}

/* The value of a header that is there exactly once, or an empty slice. */
static struct tg_slice only_value(const struct tg_http_headers *headers, const char *name)
{
    const struct tg_http_header *header = tg_http_header(headers, name);
    if (header == NULL || tg_http_header_count(headers, name) != 1) {
        return (struct tg_slice){0};
    }
    return header->value;
}

/* Names of subprotocols are compared as they are: RFC 6455 knows no case for them. */
static bool offers_subprotocol(const struct tg_http_headers *headers,
                               const char *subprotocol)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (!tg_http_same_text(headers->list[i].name, TG_LIT("sec-websocket-protocol"))) {
            continue;
        }
        struct tg_slice rest = headers->list[i].value;
        struct tg_slice offer;
        while (tg_http_list_next(&rest, &offer)) {
            if (tg_slice_is(offer, subprotocol)) {
                return true;
            }
        }
    }
    return false;
}

/* RFC 6455 4.2.1, one rule after the other. */
enum tg_err tg_ws_handshake_check(const struct tg_http_request *request,
                                  const char *subprotocol,
                                  const struct tg_ws_deflate *policy,
                                  struct tg_ws_handshake *handshake)
{
    const struct tg_http_headers *headers = &request->headers;
    if (!tg_slice_is(request->method, "GET") || request->minor < 1) {
        return refuse(handshake, 426, "a WebSocket begins with a GET of HTTP/1.1");
    }
    if (!request->connection_upgrade ||
        !tg_http_header_has_token(headers, "upgrade", "websocket")) {
        return refuse(
            handshake, 426,
            "this is for WebSocket: send Connection: Upgrade and Upgrade: websocket");
    }
    if (!tg_slice_is(only_value(headers, "sec-websocket-version"), "13")) {
        return refuse(handshake, 426, "Sec-WebSocket-Version must be 13");
    }
    if (request->content_length != 0) {
        return refuse(handshake, 400, "the request for a WebSocket has a body");
    }
    struct tg_slice key = only_value(headers, "sec-websocket-key");
    if (!is_key(key)) {
        return refuse(handshake, 400,
                      "Sec-WebSocket-Key must be 16 bytes in base64, once");
    }
    if (subprotocol != NULL && !offers_subprotocol(headers, subprotocol)) {
        return refuse(
            handshake, 400,
            "Sec-WebSocket-Protocol does not offer the subprotocol of this gateway");
    }
    struct tg_ws_deflate deflate;
    if (tg_ws_extensions_judge(headers, policy, &deflate) != TG_OK) {
        return refuse(handshake, 400,
                      "Sec-WebSocket-Extensions is not a list of extensions");
    }
    *handshake = (struct tg_ws_handshake){.key = key, .deflate = deflate};
    return TG_OK;
}

static void write_deflate(struct tg_buf *buf, const struct tg_ws_deflate *deflate)
{
    tg_buf_add_text(buf, "Sec-WebSocket-Extensions: permessage-deflate");
    if (deflate->server_no_context_takeover) {
        tg_buf_add_text(buf, "; server_no_context_takeover");
    }
    if (deflate->client_no_context_takeover) {
        tg_buf_add_text(buf, "; client_no_context_takeover");
    }
    if (deflate->say_server_max_window_bits) {
        tg_buf_add_text(buf, "; server_max_window_bits=");
        tg_buf_add_u64(buf, deflate->server_max_window_bits);
    }
    if (deflate->say_client_max_window_bits) {
        tg_buf_add_text(buf, "; client_max_window_bits=");
        tg_buf_add_u64(buf, deflate->client_max_window_bits);
    }
    tg_buf_add_text(buf, "\r\n");
}

void tg_ws_handshake_response(struct tg_buf *buf, struct tg_slice accept,
                              const char *subprotocol,
                              const struct tg_ws_deflate *deflate)
{
    tg_buf_add_text(buf, "HTTP/1.1 101 Switching Protocols\r\n"
                         "Upgrade: websocket\r\n"
                         "Connection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: ");
    tg_buf_add_slice(buf, accept);
    tg_buf_add_text(buf, "\r\n");
    if (subprotocol != NULL) {
        tg_buf_add_text(buf, "Sec-WebSocket-Protocol: ");
        tg_buf_add_text(buf, subprotocol);
        tg_buf_add_text(buf, "\r\n");
    }
    if (deflate != NULL && deflate->on) {
        write_deflate(buf, deflate);
    }
    tg_buf_add_text(buf, "\r\n");
}

/* A 426 names what to upgrade to (RFC 9110 15.5.22) and the version (RFC 6455 4.4). */
void tg_ws_handshake_refuse(struct tg_buf *buf, const struct tg_ws_handshake *handshake)
{
    const struct tg_http_header upgrade[] = {
        {TG_LIT("Connection"), TG_LIT("Upgrade, close")},
        {TG_LIT("Upgrade"), TG_LIT("websocket")},
        {TG_LIT("Sec-WebSocket-Version"), TG_LIT("13")},
    };
    bool is_upgrade = handshake->status == 426;
    tg_http_answer_write(buf,
                         &(struct tg_http_answer){
                             .status = handshake->status,
                             .content_type = "text/plain; charset=utf-8",
                             .body = tg_slice_of(handshake->message),
                             .headers = upgrade,
                             .header_count = is_upgrade ? 3 : 0,
                             /* The upgrade's own Connection header says close too. */
                             .keep_alive = is_upgrade,
                         });
}

void tg_ws_handshake_request(struct tg_buf *buf, const char *host, const char *path,
                             struct tg_slice key, const char *subprotocol,
                             const char *origin)
{
    const char *const lines[][2] = {
        {"GET ", path},
        {" HTTP/1.1\r\nHost: ", host},
        {"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
         "Sec-WebSocket-Version: 13"},
        {"\r\nSec-WebSocket-Protocol: ", subprotocol},
        {"\r\nOrigin: ", origin},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (lines[i][1] != NULL) {
            tg_buf_add_text(buf, lines[i][0]);
            tg_buf_add_text(buf, lines[i][1]);
        }
    }
    tg_buf_add_text(buf, "\r\nSec-WebSocket-Key: ");
    tg_buf_add_slice(buf, key);
    tg_buf_add_text(buf, "\r\n\r\n");
}

enum tg_err tg_ws_handshake_accepted(const struct tg_http_reply *reply,
                                     struct tg_slice accept, const char *subprotocol,
                                     const char **message)
{
    const struct tg_http_headers *headers = &reply->headers;
    const char *wrong = NULL;
    if (reply->status != 101) {
        wrong = "the status is not 101";
    } else if (!reply->connection_upgrade ||
               !tg_http_header_has_token(headers, "upgrade", "websocket")) {
        wrong = "Connection: Upgrade and Upgrade: websocket are missing";
    } else if (!tg_slice_equal(only_value(headers, "sec-websocket-accept"), accept)) {
        wrong = "Sec-WebSocket-Accept does not belong to the key";
    } else if (subprotocol != NULL &&
               !tg_slice_is(only_value(headers, "sec-websocket-protocol"), subprotocol)) {
        wrong = "the subprotocol that was asked for is not confirmed";
    } else if (subprotocol == NULL &&
               tg_http_header(headers, "sec-websocket-protocol") != NULL) {
        wrong = "a subprotocol that was not asked for";
    } else if (tg_http_header(headers, "sec-websocket-extensions") != NULL) {
        wrong = "an extension that was not asked for";
    }
    if (wrong != NULL) {
        *message = wrong;
        return TG_EPROTO;
    }
    return TG_OK;
}

bool tg_origin_same_host(struct tg_slice origin, struct tg_slice host)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct tg_slice scheme = tg_slice_of(schemes[i]);
        if (origin.size <= scheme.size ||
            !tg_http_same_text(tg_slice(origin.data, scheme.size), scheme)) {
            continue;
        }
        struct tg_slice place =
            tg_slice(origin.data + scheme.size, origin.size - scheme.size);
        return tg_http_host_valid(place) && tg_http_host_valid(host) &&
               tg_http_same_text(tg_http_host_name(place), tg_http_host_name(host));
    }
    return false;
}
