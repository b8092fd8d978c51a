/* The parser must say the same of the same bytes, however they are cut, and what it
 * accepts must be safe to hand on. The first byte of an input chooses the cuts, the
 * second the settings. */
#include "engine/codec/http1.h"

#include "engine/codec/handshake.h"
#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REPLY = 1, SMALL = 2 };

static const struct tg_http_limits small = {
    .line_max = 60,
    .block_max = 200,
    .headers_max = 5,
};
static const struct tg_ws_deflate policy = {
    .on = true,
    .server_max_window_bits = 12,
    .client_max_window_bits = 11,
};

static void trace_slice(struct tg_buf *trace, const char *name, struct tg_slice slice)
{
    tg_buf_printf(trace, "%s (%zu) ", name, slice.size);
    tg_buf_add_slice(trace, slice);
    tg_buf_add_byte(trace, '\n');
}

static void trace_headers(struct tg_buf *trace, const struct tg_http_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        struct tg_slice value = headers->list[i].value;
        MUST(tg_http_is_token(headers->list[i].name));
        for (size_t at = 0; at < value.size; at++) {
            MUST(value.data[at] >= 0x20 || value.data[at] == '\t');
            MUST(value.data[at] != 0x7f);
        }
        MUST(tg_slice_equal(value, tg_http_trim(value)));
        trace_slice(trace, "name", headers->list[i].name);
        trace_slice(trace, "value", value);
    }
    MUST(headers->count <= TG_HTTP_HEADERS_MAX);
    MUST(tg_http_header_count(headers, "content-length") <= 1);
    MUST(tg_http_header(headers, "content-length") == NULL ||
         tg_http_header(headers, "transfer-encoding") == NULL);
}

static void trace_handshake(struct tg_buf *trace, const struct tg_http_request *request)
{
    struct tg_ws_handshake handshake;
    enum tg_err err =
        tg_ws_handshake_check(request, "telegraphy.v1", &policy, &handshake);
    if (err != TG_OK) {
        MUST(handshake.status == 400 || handshake.status == 426);
        tg_ws_handshake_refuse(trace, &handshake);
        return;
    }
    MUST(handshake.key.size == 24);
    if (handshake.deflate.on) {
        MUST(handshake.deflate.server_max_window_bits >= 8);
        MUST(handshake.deflate.server_max_window_bits <= 12);
        MUST(handshake.deflate.client_max_window_bits >= 8);
        MUST(handshake.deflate.client_max_window_bits <= 15);
    }
    tg_ws_handshake_response(trace, TG_LIT("accept"), "telegraphy.v1",
                             &handshake.deflate);
}

static void trace_request(struct tg_buf *trace, const struct tg_http_request *request)
{
    trace_slice(trace, "method", request->method);
    trace_slice(trace, "target", request->target);
    trace_slice(trace, "path", request->path);
    trace_slice(trace, "query", request->query);
    trace_slice(trace, "host", request->host);
    tg_buf_printf(trace, "minor %u length %d %llu alive %d expect %d upgrade %d\n",
                  request->minor, request->has_content_length,
                  (unsigned long long)request->content_length, request->keep_alive,
                  request->expect_continue, request->connection_upgrade);
    trace_headers(trace, &request->headers);
    MUST(tg_http_header(&request->headers, "transfer-encoding") == NULL);
    MUST(request->minor <= 1);
    MUST(request->path.size != 0);
    MUST(request->minor == 0 || tg_http_header_count(&request->headers, "host") == 1);
    const struct tg_http_header *origin = tg_http_header(&request->headers, "origin");
    if (origin != NULL) {
        tg_buf_printf(trace, "same host %d\n",
                      tg_origin_same_host(origin->value, request->host));
    }
    trace_handshake(trace, request);
}

static void trace_reply(struct tg_buf *trace, const struct tg_http_reply *reply)
{
    tg_buf_printf(trace, "status %u minor %u length %d %llu alive %d upgrade %d\n",
                  reply->status, reply->minor, reply->has_content_length,
                  (unsigned long long)reply->content_length, reply->keep_alive,
                  reply->connection_upgrade);
    trace_slice(trace, "reason", reply->reason);
    const char *message = "accepted";
    if (tg_ws_handshake_accepted(reply, TG_LIT("accept"), NULL, &message) == TG_OK) {
        MUST(reply->status == 101 && reply->connection_upgrade);
    }
    tg_buf_printf(trace, "websocket: %s\n", message);
    trace_headers(trace, &reply->headers);
    MUST(reply->status >= 100 && reply->status <= 999);
}

static enum tg_err feed(struct tg_http_parser *parser, uint8_t settings,
                        struct tg_slice bytes, size_t *used, struct tg_buf *trace)
{
    static struct tg_http_request request;
    static struct tg_http_reply reply;
    enum tg_err err;
    if ((settings & REPLY) != 0) {
        err = tg_http_feed_reply(parser, bytes, used, &reply);
        if (err == TG_OK) {
            trace_reply(trace, &reply);
        }
    } else {
        err = tg_http_feed(parser, bytes, used, &request);
        if (err == TG_OK) {
            trace_request(trace, &request);
        }
    }
    return err;
}

/* One part after the other, each in memory of its own; `parts` NULL: all at once. Heads
 * follow each other without bodies. */
static struct tg_buf trace(uint8_t settings, struct tg_slice bytes, struct parts *parts)
{
    struct tg_http_parser parser;
    struct tg_buf text = {0};
    enum tg_err err = TG_EMORE;
    tg_http_parser_init(&parser, (settings & SMALL) != 0 ? &small : NULL);
    for (size_t at = 0; at < bytes.size && (err == TG_EMORE || err == TG_OK);) {
        size_t size = parts == NULL ? bytes.size - at
                                    : parts_next(parts, bytes.size - at);
        uint8_t *part = malloc(size);
        memcpy(part, bytes.data + at, size);
        size_t done = 0;
        while (done < size && (err == TG_EMORE || err == TG_OK)) {
            size_t used = 0;
            err =
                feed(&parser, settings, tg_slice(part + done, size - done), &used, &text);
            MUST(used <= size - done);
            MUST(err != TG_EMORE || used == size - done);
            MUST(err != TG_OK || used != 0);
            done += used;
        }
        free(part);
        at += size;
        MUST(tg_http_parser_pinned(&parser) <= 16384 + 64);
    }
    if (err != TG_EMORE && err != TG_OK) {
        MUST(err == TG_EPROTO || err == TG_ELIMIT);
        MUST((err == TG_ELIMIT) == (parser.status == 431));
        MUST(tg_http_parser_pinned(&parser) == 0);
        tg_buf_printf(&text, "%u %s\n", parser.status, parser.message);
    }
    tg_buf_printf(&text, "partial %d\n", tg_http_parser_partial(&parser));
    tg_http_parser_finish(&parser);
    MUST(!text.failed);
    return text;
}

static void must_equal(struct tg_buf *one, struct tg_buf *other)
{
    if (!tg_slice_equal(tg_buf_slice(one), tg_buf_slice(other))) {
        fprintf(stderr, "whole:\n%.*s\nin parts:\n%.*s\n", TG_FMT(tg_buf_slice(one)),
                TG_FMT(tg_buf_slice(other)));
        abort();
    }
    tg_buf_finish(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct parts parts = parts_from(data[0]);
    struct parts single = parts_from(0);
    struct tg_slice bytes = tg_slice(data + 2, size - 2);
    struct tg_buf whole = trace(data[1], bytes, NULL);
    struct tg_buf cut = trace(data[1], bytes, &parts);
    must_equal(&whole, &cut);
    cut = trace(data[1], bytes, &single);
    must_equal(&whole, &cut);
    tg_buf_finish(&whole);
    return 0;
}
