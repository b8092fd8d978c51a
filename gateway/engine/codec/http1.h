/* The heads of HTTP/1.1 messages (RFC 9112), read strictly.
 *
 * A parser is fed with bytes as they arrive, split anywhere. A head that comes whole is
 * read where it lies; only a partial one is copied, so an idle parser holds no memory.
 * Each byte is looked at a fixed number of times, however it is split.
 *
 * Whatever two programs could read differently is refused (request smuggling):
 *   400  Content-Length that is repeated, a list, empty, not digits, too great, or beside
 *        Transfer-Encoding; Transfer-Encoding in HTTP/1.0; bare CR or LF; a folded line;
 *        a space before the colon; NUL and other control characters; an empty name; a
 *        method that is no token; a target with characters that no URI has; two Hosts or,
 *        in 1.1, none; anything between the parts of a line but one space
 *   411  Transfer-Encoding: chunked (the gateway takes no chunked bodies)
 *   417  an expectation other than 100-continue
 *   431  a line, the block or the number of headers over its limit
 *   501  any other Transfer-Encoding, and CONNECT
 *   505  a version other than 1.0 and 1.1
 * After a refusal the connection is to be closed: nobody knows where the next message
 * begins. */
#ifndef TG_CODEC_HTTP1_H
#define TG_CODEC_HTTP1_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/slice.h"

enum { TG_HTTP_HEADERS_MAX = 100 };

struct tg_http_limits {
    size_t line_max;    /* Bytes of one line, its CRLF not counted. */
    size_t block_max;   /* Bytes of the whole head, all CRLFs counted. */
    size_t headers_max; /* At most TG_HTTP_HEADERS_MAX. */
};

/* 8 KiB, 16 KiB, 100. */
extern const struct tg_http_limits tg_http_limits_default;

/* Zeroed or after init; `finish` frees what it holds. */
struct tg_http_parser {
    const struct tg_http_limits *limits; /* Borrowed. */
    struct tg_buf partial;               /* The head so far, if it came in parts. */
    const char *message; /* After a refusal: what is wrong, a static sentence. */
    uint32_t block_size; /* Bytes of the head that were scanned. */
    uint32_t line_size;
    uint16_t lines;
    uint16_t status; /* After a refusal: the status to answer with; 0 otherwise. */
    uint8_t state;
};

struct tg_http_header {
    struct tg_slice name;
    struct tg_slice value; /* Without the white space around it. */
};

struct tg_http_headers {
    struct tg_http_header list[TG_HTTP_HEADERS_MAX];
    size_t count;
};

/* One request's head. Large (3 KB): keep one per thread, not per connection. The slices
 * borrow from the bytes that were fed or from the parser, until the next call on it. */
struct tg_http_request {
    struct tg_slice method;
    struct tg_slice target; /* As it was sent. */
    struct tg_slice path;   /* Up to the first '?', nothing decoded; "*" for OPTIONS *. */
    struct tg_slice query;  /* After the first '?'; data NULL if there was none. */
    struct tg_slice host;   /* With port; from the target, if that has one. */
    uint64_t content_length; /* 0 if there is none. */
    unsigned minor;          /* HTTP/1.minor: 0 or 1. */
    bool has_content_length;
    bool keep_alive;         /* The client wants the connection to go on. */
    bool expect_continue;    /* It waits for TG_HTTP_CONTINUE before it sends the body. */
    bool connection_upgrade; /* `Connection` has the token `upgrade`. */
    struct tg_http_headers headers;
};

/* One answer's head, as a client reads it. Borrows as tg_http_request does. */
struct tg_http_reply {
    struct tg_slice reason;
    uint64_t content_length;
    unsigned status;
    unsigned minor;
    bool has_content_length;
    bool has_transfer_encoding; /* Nothing here can read such a body. */
    bool keep_alive;
    bool connection_upgrade;
    struct tg_http_headers headers;
};

/* `limits` is borrowed and must outlive the parser; NULL means the default. */
void tg_http_parser_init(struct tg_http_parser *parser,
                         const struct tg_http_limits *limits);
void tg_http_parser_finish(struct tg_http_parser *parser);

/* Take bytes of a request. `used` of them were taken; what follows them is the body, the
 * next request, or WebSocket frames.
 *
 * TG_OK      `request` holds the head. The parser stands at the next one.
 * TG_EMORE   All were taken, the head goes on.
 * TG_EPROTO  Refused: see `status` and `message`. So is every later call.
 * TG_ELIMIT  The same, because of a limit.
 * TG_ENOMEM  The same, with status 503. */
TG_MUST_USE enum tg_err tg_http_feed(struct tg_http_parser *parser, struct tg_slice bytes,
                                     size_t *used, struct tg_http_request *request);
/* The same for the answer that a client gets. */
TG_MUST_USE enum tg_err tg_http_feed_reply(struct tg_http_parser *parser,
                                           struct tg_slice bytes, size_t *used,
                                           struct tg_http_reply *reply);

/* Free the memory of a head that came in parts and begin anew. The slices of the last
 * request end here; without this call, at the next feed. */
void tg_http_parser_reset(struct tg_http_parser *parser);
/* True if a head has begun and is not complete. */
bool tg_http_parser_partial(const struct tg_http_parser *parser);
/* Bytes of the heap that the parser pins, the heap's own overhead included. */
size_t tg_http_parser_pinned(const struct tg_http_parser *parser);

/* The first header of that name (any case), or NULL. */
const struct tg_http_header *tg_http_header(const struct tg_http_headers *headers,
                                            const char *name);
/* How many headers have that name. */
size_t tg_http_header_count(const struct tg_http_headers *headers, const char *name);
/* True if one of the headers of that name lists `token` (any case). */
bool tg_http_header_has_token(const struct tg_http_headers *headers, const char *name,
                              const char *token);
/* The next element of a comma-separated list, white space and empty elements skipped;
 * false at the end. Quotes are not known: for lists of tokens. */
bool tg_http_list_next(struct tg_slice *rest, struct tg_slice *element);
/* ASCII letters of either case are the same. */
bool tg_http_same_text(struct tg_slice a, struct tg_slice b);
/* True if all of it, at least one byte, are token characters (RFC 9110 5.6.2). */
bool tg_http_is_token(struct tg_slice text);
/* `text` without the spaces and tabs around it. */
struct tg_slice tg_http_trim(struct tg_slice text);

#endif
