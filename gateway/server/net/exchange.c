#include "server/net/exchange.h"

void tg_exchange_init(struct tg_exchange *exchange, const struct tg_http_limits *limits)
{
    *exchange = (struct tg_exchange){0};
    tg_http_parser_init(&exchange->parser, limits);
}

void tg_exchange_finish(struct tg_exchange *exchange)
{
    tg_http_parser_finish(&exchange->parser);
    tg_buf_finish(&exchange->body);
}

void tg_exchange_expect(struct tg_exchange *exchange, uint64_t size)
{
    tg_buf_finish(&exchange->body);
    exchange->body_left = size;
    exchange->in_body = true;
}

/* A body that lies whole in `bytes` is lent from there; else it is gathered. */
static enum tg_exchange_step take_body(struct tg_exchange *exchange,
                                       struct tg_slice bytes, size_t *used,
                                       struct tg_slice *body)
{
    size_t size = bytes.size < exchange->body_left ? bytes.size
                                                   : (size_t)exchange->body_left;
    *used = size;
    exchange->body_left -= size;
    bool whole = exchange->body_left == 0;
    if (whole && exchange->body.size == 0) {
        *body = tg_slice(bytes.data, size);
        exchange->in_body = false;
        return TG_EXCHANGE_BODY;
    }
    tg_buf_add(&exchange->body, bytes.data, size);
    if (exchange->body.failed) {
        exchange->parser.status = 503;
        exchange->parser.message = "out of memory";
        return TG_EXCHANGE_REFUSED;
    }
    if (!whole) {
        return TG_EXCHANGE_MORE;
    }
    *body = tg_buf_slice(&exchange->body);
    exchange->in_body = false;
    return TG_EXCHANGE_BODY;
}

enum tg_exchange_step tg_exchange_feed(struct tg_exchange *exchange,
                                       struct tg_slice bytes, size_t *used,
                                       struct tg_http_request *request,
                                       struct tg_slice *body)
{
    if (exchange->in_body) {
        return take_body(exchange, bytes, used, body);
    }
    *used = 0;
    /* What the last request pinned is not needed any more. */
    tg_buf_finish(&exchange->body);
    if (bytes.size == 0) {
        return TG_EXCHANGE_MORE;
    }
    switch (tg_http_feed(&exchange->parser, bytes, used, request)) {
    case TG_OK:
        return TG_EXCHANGE_HEAD;
    case TG_EMORE:
        return TG_EXCHANGE_MORE;
    default:
        return TG_EXCHANGE_REFUSED;
    }
}

bool tg_exchange_partial(const struct tg_exchange *exchange)
{
    return exchange->in_body || tg_http_parser_partial(&exchange->parser);
}

size_t tg_exchange_pinned(const struct tg_exchange *exchange)
{
    return tg_http_parser_pinned(&exchange->parser) + exchange->body.capacity;
}
