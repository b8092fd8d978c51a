/* The opening handshake of WebSocket (RFC 6455 4), with permessage-deflate (RFC 7692).
 *
 * The value of Sec-WebSocket-Accept needs SHA-1, which the caller has: base64 of SHA-1 of
 * the key followed by TG_WS_ACCEPT_GUID. */
#ifndef TG_CODEC_HANDSHAKE_H
#define TG_CODEC_HANDSHAKE_H

#include "engine/codec/http1.h"

#define TG_WS_ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* How a connection is compressed. Also a policy: the most that the server agrees to. */
struct tg_ws_deflate {
    bool on;
    bool server_no_context_takeover; /* The server forgets its window after each message.
                                      */
    bool client_no_context_takeover;
    uint8_t server_max_window_bits; /* 8 to 15. */
    uint8_t client_max_window_bits; /* 8 to 15; what is inflated needs this window. */
    /* Only as the outcome: which of the two numbers the answer says. */
    bool say_server_max_window_bits;
    bool say_client_max_window_bits;
};

struct tg_ws_handshake {
    struct tg_slice key; /* Borrowed from the request. */
    struct tg_ws_deflate deflate;
    unsigned status;     /* After a refusal: 400 or 426. */
    const char *message; /* After a refusal: what is wrong, a static sentence. */
};

/* Judge a request for a WebSocket; the path and the Origin are the caller's to judge.
 * `subprotocol` must be among those offered; NULL: whatever is offered. `policy` NULL:
 * compression is never agreed to. An offer that cannot be met is passed over, as RFC 7692
 * says, and the next one is judged.
 *
 * TG_EPROTO  See `status` and `message` of `handshake`. */
TG_MUST_USE enum tg_err tg_ws_handshake_check(const struct tg_http_request *request,
                                              const char *subprotocol,
                                              const struct tg_ws_deflate *policy,
                                              struct tg_ws_handshake *handshake);
/* Append the 101. `accept` is the value of Sec-WebSocket-Accept; `subprotocol` and
 * `deflate` may be NULL. */
void tg_ws_handshake_response(struct tg_buf *buf, struct tg_slice accept,
                              const char *subprotocol,
                              const struct tg_ws_deflate *deflate);
/* Append the refusal that belongs to `handshake`, with what a 426 must say. */
void tg_ws_handshake_refuse(struct tg_buf *buf, const struct tg_ws_handshake *handshake);

/* The client's side: append the request. `key` is base64 of 16 random bytes; `origin` may
 * be NULL. */
void tg_ws_handshake_request(struct tg_buf *buf, const char *host, const char *path,
                             struct tg_slice key, const char *subprotocol,
                             const char *origin);
/* Judge the answer to it.
 *
 * TG_EPROTO  `message` says what is wrong with it. */
TG_MUST_USE enum tg_err tg_ws_handshake_accepted(const struct tg_http_reply *reply,
                                                 struct tg_slice accept,
                                                 const char *subprotocol,
                                                 const char **message);

/* True if the web page at `origin` ("https://example.org:8000") lives on the host that
 * `host` ("example.org:1844") names: equal in any case, ports ignored. "null", other
 * schemes than http and https, and whatever is no origin give false. */
bool tg_origin_same_host(struct tg_slice origin, struct tg_slice host);

#endif
