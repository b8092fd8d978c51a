/* One HTTP request after the other on one connection: head, then body.
 *
 * The owner looks at each head before a byte of its body is kept, so that who may not, or
 * sends too much, costs nothing. Holds memory only while a request is partial. */
#ifndef TG_NET_EXCHANGE_H
#define TG_NET_EXCHANGE_H

#include "engine/codec/answer.h"
#include "engine/codec/http1.h"

enum tg_exchange_step {
    TG_EXCHANGE_MORE, /* All bytes were taken. */
    TG_EXCHANGE_HEAD, /* A head is there: answer it, or `tg_exchange_expect` its body. */
    TG_EXCHANGE_BODY, /* The expected body is whole. */
    TG_EXCHANGE_REFUSED, /* Not HTTP: answer `status` and `message`, and end. */
};

struct tg_exchange {
    struct tg_http_parser parser;
    struct tg_buf body;
    uint64_t body_left;
    bool in_body;
};

void tg_exchange_init(struct tg_exchange *exchange, const struct tg_http_limits *limits);
void tg_exchange_finish(struct tg_exchange *exchange);

/* Take bytes; `used` of them were taken. `request` is filled at HEAD and borrows until
 * the next call; `body` is set at BODY and borrows likewise. Call again with the rest
 * until MORE. */
enum tg_exchange_step tg_exchange_feed(struct tg_exchange *exchange,
                                       struct tg_slice bytes, size_t *used,
                                       struct tg_http_request *request,
                                       struct tg_slice *body);
/* After HEAD: the next `size` bytes are its body; 0 gives BODY at once. */
void tg_exchange_expect(struct tg_exchange *exchange, uint64_t size);
/* A request has begun and is not whole. */
bool tg_exchange_partial(const struct tg_exchange *exchange);
/* Bytes that it pins. */
size_t tg_exchange_pinned(const struct tg_exchange *exchange);

#endif
