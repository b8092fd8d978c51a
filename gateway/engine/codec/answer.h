/* Answers of the HTTP/1.1 server, as bytes. */
#ifndef TG_CODEC_ANSWER_H
#define TG_CODEC_ANSWER_H

#include "engine/codec/http1.h"

/* What a client that expects it is told before it sends its body. */
#define TG_HTTP_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

struct tg_http_answer {
    unsigned status;
    const char *content_type; /* NULL: none is sent. */
    struct tg_slice body;
    const struct tg_http_header
        *headers; /* Further ones; what is no header makes `buf` fail. */
    size_t header_count;
    bool keep_alive; /* Else `Connection: close` is sent. */
    bool head; /* The request was a HEAD: Content-Length is said, the body left out. */
};

/* Append the whole answer to `buf`. 1xx, 204 and 304 go without a body. */
void tg_http_answer_write(struct tg_buf *buf, const struct tg_http_answer *answer);
/* The reason phrase of `status`: a static string, "Status" if it is unknown. */
const char *tg_http_reason(unsigned status);

/* In short: an answer with a body of text and nothing special. */
void tg_http_response(struct tg_buf *buf, unsigned status,
                      const struct tg_http_header *headers, size_t header_count,
                      const char *content_type, struct tg_slice body, bool keep_alive);

#endif
