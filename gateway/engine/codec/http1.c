/* Reading a head has two steps. The scan goes with the bytes as they come, and finds
 * where lines and the head end; it alone knows limits and forbidden characters. The
 * complete head is then cut into its parts. */
#include "engine/codec/http1.h"

#include <assert.h>

#include "engine/base/mem.h"
#include "engine/codec/target.h"

const struct tg_http_limits tg_http_limits_default = {
    .line_max = 8 * 1024,
    .block_max = 16 * 1024,
    .headers_max = TG_HTTP_HEADERS_MAX,
};

enum scan {
    SCAN_BEGIN, /* Nothing has come. */
    SCAN_BEGIN_CR,
    SCAN_LINE, /* In a line, or at its begin. */
    SCAN_CR,   /* A CR has come: LF must. */
    SCAN_DONE, /* The head was handed out. */
    SCAN_REFUSED,
};

/* What the headers say of the message, for requests and replies. */
struct framing {
    uint64_t content_length;
    bool has_content_length;
    bool has_transfer_encoding;
    bool connection_close;
    bool connection_keep_alive;
    bool connection_upgrade;
};

void tg_http_parser_init(struct tg_http_parser *parser,
                         const struct tg_http_limits *limits)
{
    *parser = (struct tg_http_parser){.limits = limits};
}

void tg_http_parser_finish(struct tg_http_parser *parser)
{
    tg_buf_finish(&parser->partial);
    *parser = (struct tg_http_parser){.limits = parser->limits};
}

void tg_http_parser_reset(struct tg_http_parser *parser)
{
    tg_http_parser_finish(parser);
}

bool tg_http_parser_partial(const struct tg_http_parser *parser)
{
    return parser->state != SCAN_BEGIN && parser->state < SCAN_DONE;
}

size_t tg_http_parser_pinned(const struct tg_http_parser *parser)
{
    size_t capacity = parser->partial.capacity;
    return capacity == 0 ? 0 : capacity + TG_HEAP_OVERHEAD;
}

static const struct tg_http_limits *limits_of(const struct tg_http_parser *parser)
{
    return parser->limits != NULL ? parser->limits : &tg_http_limits_default;
}

/* The only way to SCAN_REFUSED. */
static enum tg_err refuse(struct tg_http_parser *parser, unsigned status,
                          const char *message)
{
    tg_buf_finish(&parser->partial);
    parser->state = SCAN_REFUSED;
    parser->status = (uint16_t)status;
    parser->message = message;
    return status == 431 ? TG_ELIMIT : TG_EPROTO;
}

static enum tg_err refused_before(const struct tg_http_parser *parser)
{
    switch (parser->status) {
    case 431:
        return TG_ELIMIT;
    case 503:
        return TG_ENOMEM;
    default:
        return TG_EPROTO;
    }
}

static bool is_plain(uint8_t byte)
{
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

/* The first byte of a line that is not its CR. */
static enum tg_err scan_line_begin(struct tg_http_parser *parser, uint8_t byte)
{
    if (byte == ' ' || byte == '\t') {
        return parser->lines == 0
                   ? refuse(parser, 400, "the first line begins with white space")
                   : refuse(parser, 400,
                            "a header line begins with white space: a header is "
                            "one line, and folding it is not allowed");
    }
    size_t headers_max = limits_of(parser)->headers_max;
    assert(headers_max <= TG_HTTP_HEADERS_MAX);
    if (parser->lines > headers_max) {
        return refuse(parser, 431, "there are too many headers");
    }
    return TG_OK;
}

/* Bytes of a line up to its CR, as many as are at hand. */
static enum tg_err scan_line(struct tg_http_parser *parser, struct tg_slice bytes,
                             size_t *at)
{
    const struct tg_http_limits *limits = limits_of(parser);
    for (; *at < bytes.size; (*at)++) {
        uint8_t byte = bytes.data[*at];
        if (parser->block_size == limits->block_max) {
            return refuse(parser, 431,
                          "the request line and headers together are too long");
        }
        if (byte == '\r') {
            parser->block_size++;
            (*at)++;
            parser->state = SCAN_CR;
            return TG_OK;
        }
        if (!is_plain(byte)) {
            return byte == '\n'
                       ? refuse(parser, 400, "a line ends with LF alone, not with CR LF")
                       : refuse(parser, 400, "a control character in the header");
        }
        if (parser->line_size == limits->line_max) {
            return refuse(parser, 431, "a line is too long");
        }
        if (parser->line_size == 0) {
            enum tg_err err = scan_line_begin(parser, byte);
            if (err != TG_OK) {
                return err;
            }
        }
        parser->line_size++;
        parser->block_size++;
    }
    return TG_OK;
}

/* One byte where LF must be. */
static enum tg_err scan_lf(struct tg_http_parser *parser, uint8_t byte)
{
    if (byte != '\n') {
        return refuse(parser, 400, "a CR without its LF");
    }
    if (parser->block_size == limits_of(parser)->block_max) {
        return refuse(parser, 431, "the request line and headers together are too long");
    }
    parser->block_size++;
    if (parser->state == SCAN_BEGIN_CR) {
        parser->state = SCAN_LINE;
    } else if (parser->line_size != 0) {
        parser->lines++;
        parser->line_size = 0;
        parser->state = SCAN_LINE;
    } else if (parser->lines != 0) {
        parser->state = SCAN_DONE;
    } else {
        return refuse(parser, 400, "more than one empty line before the request");
    }
    return TG_OK;
}

/* Scan until the head is complete or the bytes end; `*at` says how far it came. */
static enum tg_err scan(struct tg_http_parser *parser, struct tg_slice bytes, size_t *at)
{
    while (*at < bytes.size && parser->state != SCAN_DONE) {
        enum tg_err err = TG_OK;
        switch (parser->state) {
        case SCAN_BEGIN:
            /* RFC 9112 2.2: an empty line before the request is to be passed over. */
            parser->state = SCAN_LINE;
            if (bytes.data[*at] == '\r') {
                parser->state = SCAN_BEGIN_CR;
                parser->block_size++;
                (*at)++;
            }
            break;
        case SCAN_LINE:
            err = scan_line(parser, bytes, at);
            break;
        default:
            err = scan_lf(parser, bytes.data[*at]);
            (*at)++;
            break;
        }
        if (err != TG_OK) {
            return err;
        }
    }
    return parser->state == SCAN_DONE ? TG_OK : TG_EMORE;
}

/* Scan, and gather what comes in parts. On TG_OK `head` is the whole one. */
static enum tg_err take_head(struct tg_http_parser *parser, struct tg_slice bytes,
                             size_t *used, struct tg_slice *head)
{
    *used = 0;
    if (parser->state == SCAN_REFUSED) {
        return refused_before(parser);
    }
    if (parser->state == SCAN_DONE) {
        tg_http_parser_reset(parser);
    }
    size_t size = 0;
    enum tg_err err = scan(parser, bytes, &size);
    if (err != TG_OK && err != TG_EMORE) {
        return err;
    }
    struct tg_slice taken = tg_slice(bytes.data, size);
    if (err == TG_OK && parser->partial.size == 0) {
        *head = taken;
    } else {
        parser->partial.limit = limits_of(parser)->block_max;
        tg_buf_add_slice(&parser->partial, taken);
        if (parser->partial.failed) {
            refuse(parser, 503, "there is no memory for the header");
            return TG_ENOMEM;
        }
        *head = tg_buf_slice(&parser->partial);
    }
    *used = size;
    return err;
}

/* The next line of a head that was scanned: each has its CRLF. */
static struct tg_slice next_line(struct tg_slice *rest)
{
    const uint8_t *cr = memchr(rest->data, '\r', rest->size);
    assert(cr != NULL);
    struct tg_slice line = tg_slice(rest->data, (size_t)(cr - rest->data));
    *rest = tg_slice(rest->data + line.size + 2, rest->size - line.size - 2);
    return line;
}

/* What lies before the first `byte` of `rest`, which is then passed over; false if there
 * is none. */
static bool cut(struct tg_slice *rest, uint8_t byte, struct tg_slice *before)
{
    const uint8_t *found = rest->size == 0 ? NULL : memchr(rest->data, byte, rest->size);
    if (found == NULL) {
        return false;
    }
    *before = tg_slice(rest->data, (size_t)(found - rest->data));
    *rest = tg_slice(found + 1, rest->size - before->size - 1);
    return true;
}

static enum tg_err read_headers(struct tg_http_parser *parser, struct tg_slice rest,
                                struct tg_http_headers *headers)
{
    headers->count = 0;
    for (struct tg_slice line = next_line(&rest); line.size != 0;
         line = next_line(&rest)) {
        struct tg_slice name;
        if (!cut(&line, ':', &name)) {
            return refuse(parser, 400, "a header line without a colon");
        }
        if (name.size == 0) {
            return refuse(parser, 400, "a header without a name");
        }
        if (name.data[name.size - 1] == ' ' || name.data[name.size - 1] == '\t') {
            return refuse(parser, 400, "white space before the colon of a header");
        }
        if (!tg_http_is_token(name)) {
            return refuse(parser, 400,
                          "a header name with a character that is not allowed");
        }
        headers->list[headers->count++] =
            (struct tg_http_header){name, tg_http_trim(line)};
    }
    return TG_OK;
}

/* 1*DIGIT that fits 64 bits (RFC 9110 8.6); nothing else is a length. */
static bool read_length(struct tg_slice text, uint64_t *length)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t digit = (uint8_t)(text.data[i] - '0');
        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *length = value;
    return text.size != 0;
}

static enum tg_err read_framing(struct tg_http_parser *parser,
                                const struct tg_http_headers *headers,
                                struct framing *framing)
{
    *framing = (struct framing){
        .has_transfer_encoding = tg_http_header(headers, "transfer-encoding") != NULL,
        .connection_close = tg_http_header_has_token(headers, "connection", "close"),
        .connection_keep_alive =
            tg_http_header_has_token(headers, "connection", "keep-alive"),
        .connection_upgrade = tg_http_header_has_token(headers, "connection", "upgrade"),
    };
    const struct tg_http_header *length = tg_http_header(headers, "content-length");
    if (length == NULL) {
        return TG_OK;
    }
    if (framing->has_transfer_encoding) {
        return refuse(parser, 400, "Content-Length together with Transfer-Encoding");
    }
    if (tg_http_header_count(headers, "content-length") > 1) {
        return refuse(parser, 400, "more than one Content-Length");
    }
    if (!read_length(length->value, &framing->content_length)) {
        return refuse(parser, 400, "Content-Length is not one decimal number");
    }
    framing->has_content_length = true;
    return TG_OK;
}

/* HTTP/1.x: RFC 9112 2.3. */
static enum tg_err read_version(struct tg_http_parser *parser, struct tg_slice text,
                                unsigned *minor)
{
    if (text.size != 8 || memcmp(text.data, "HTTP/", 5) != 0 || text.data[6] != '.' ||
        (uint8_t)(text.data[5] - '0') > 9 || (uint8_t)(text.data[7] - '0') > 9) {
        return refuse(parser, 400, "the first line has no HTTP version");
    }
    if (text.data[5] != '1' || text.data[7] > '1') {
        return refuse(parser, 505, "only HTTP/1.0 and HTTP/1.1 are understood");
    }
    *minor = (unsigned)(text.data[7] - '0');
    return TG_OK;
}

/* METHOD SP target SP version: one space each, and nothing else. */
static enum tg_err read_request_line(struct tg_http_parser *parser, struct tg_slice line,
                                     struct tg_http_request *request)
{
    if (!cut(&line, ' ', &request->method) || !cut(&line, ' ', &request->target)) {
        return refuse(parser, 400, "the request line is not: method, target, version");
    }
    if (!tg_http_is_token(request->method)) {
        return refuse(parser, 400, "the method has a character that is not allowed");
    }
    enum tg_err err = read_version(parser, line, &request->minor);
    if (err != TG_OK) {
        return err;
    }
    if (tg_slice_is(request->method, "CONNECT")) {
        return refuse(parser, 501, "CONNECT is not supported");
    }
    if (tg_http_target_split(request) != TG_OK) {
        return refuse(parser, 400, "the request target is not a path or http URI");
    }
    return TG_OK;
}

/* RFC 9112 3.2: what the target names goes before the header, which must be right anyway.
 */
static enum tg_err read_host(struct tg_http_parser *parser,
                             struct tg_http_request *request)
{
    size_t count = tg_http_header_count(&request->headers, "host");
    if (count == 0) {
        return request->minor == 0 ? TG_OK
                                   : refuse(parser, 400, "there is no Host header");
    }
    if (count > 1) {
        return refuse(parser, 400, "more than one Host header");
    }
    struct tg_slice host = tg_http_header(&request->headers, "host")->value;
    if (host.size != 0 && !tg_http_host_valid(host)) {
        return refuse(parser, 400, "the Host header is not a host with an optional port");
    }
    if (request->host.size == 0) {
        request->host = host;
    }
    return TG_OK;
}

static enum tg_err read_transfer_encoding(struct tg_http_parser *parser,
                                          const struct tg_http_request *request)
{
    struct tg_slice value = tg_http_header(&request->headers, "transfer-encoding")->value;
    if (request->minor == 0) {
        return refuse(parser, 400, "Transfer-Encoding in a request of HTTP/1.0");
    }
    if (tg_http_header_count(&request->headers, "transfer-encoding") == 1 &&
        tg_http_same_text(value, TG_LIT("chunked"))) {
        return refuse(parser, 411, "chunked bodies are not taken: send a Content-Length");
    }
    return refuse(parser, 501, "this Transfer-Encoding is not supported");
}

static enum tg_err read_expect(struct tg_http_parser *parser,
                               struct tg_http_request *request)
{
    const struct tg_http_header *expect = tg_http_header(&request->headers, "expect");
    if (expect == NULL || request->minor == 0) {
        return TG_OK;
    }
    if (tg_http_header_count(&request->headers, "expect") != 1 ||
        !tg_http_same_text(expect->value, TG_LIT("100-continue"))) {
        return refuse(parser, 417,
                      "the only expectation that is understood is 100-continue");
    }
    request->expect_continue = true;
    return TG_OK;
}

static enum tg_err read_request(struct tg_http_parser *parser, struct tg_slice head,
                                struct tg_http_request *request)
{
    if (head.data[0] == '\r') {
        head = tg_slice(head.data + 2, head.size - 2);
    }
    request->path = request->query = request->host = (struct tg_slice){0};
    request->expect_continue = false;
    enum tg_err err = read_request_line(parser, next_line(&head), request);
    if (err == TG_OK) {
        err = read_headers(parser, head, &request->headers);
    }
    if (err == TG_OK) {
        err = read_host(parser, request);
    }
    struct framing framing = {0};
    if (err == TG_OK) {
        err = read_framing(parser, &request->headers, &framing);
    }
    if (err == TG_OK && framing.has_transfer_encoding) {
        err = read_transfer_encoding(parser, request);
    }
    if (err == TG_OK) {
        err = read_expect(parser, request);
    }
    if (err != TG_OK) {
        return err;
    }
    request->content_length = framing.content_length;
    request->has_content_length = framing.has_content_length;
    request->connection_upgrade = framing.connection_upgrade;
    request->keep_alive = !framing.connection_close &&
                          (request->minor == 1 || framing.connection_keep_alive);
    return TG_OK;
}

/* version SP three digits SP reason; the reason, and the space before it, may be missing.
 */
static enum tg_err read_status_line(struct tg_http_parser *parser, struct tg_slice line,
                                    struct tg_http_reply *reply)
{
    struct tg_slice version;
    if (!cut(&line, ' ', &version)) {
        return refuse(parser, 400, "the status line is not: version, status, reason");
    }
    enum tg_err err = read_version(parser, version, &reply->minor);
    if (err != TG_OK) {
        return err;
    }
    struct tg_slice digits = line;
    reply->reason = (struct tg_slice){0};
    if (cut(&line, ' ', &digits)) {
        reply->reason = line;
    }
    uint64_t status;
    if (digits.size != 3 || !read_length(digits, &status) || status < 100) {
        return refuse(parser, 400, "the status is not three digits");
    }
    reply->status = (unsigned)status;
    return TG_OK;
}

static enum tg_err read_reply(struct tg_http_parser *parser, struct tg_slice head,
                              struct tg_http_reply *reply)
{
    if (head.data[0] == '\r') {
        head = tg_slice(head.data + 2, head.size - 2);
    }
    struct framing framing = {0};
    enum tg_err err = read_status_line(parser, next_line(&head), reply);
    if (err == TG_OK) {
        err = read_headers(parser, head, &reply->headers);
    }
    if (err == TG_OK) {
        err = read_framing(parser, &reply->headers, &framing);
    }
    if (err != TG_OK) {
        return err;
    }
    reply->content_length = framing.content_length;
    reply->has_content_length = framing.has_content_length;
    reply->has_transfer_encoding = framing.has_transfer_encoding;
    reply->connection_upgrade = framing.connection_upgrade;
    reply->keep_alive = !framing.connection_close &&
                        (reply->minor == 1 || framing.connection_keep_alive);
    return TG_OK;
}

enum tg_err tg_http_feed(struct tg_http_parser *parser, struct tg_slice bytes,
                         size_t *used, struct tg_http_request *request)
{
    struct tg_slice head;
    enum tg_err err = take_head(parser, bytes, used, &head);
    return err == TG_OK ? read_request(parser, head, request) : err;
}

enum tg_err tg_http_feed_reply(struct tg_http_parser *parser, struct tg_slice bytes,
                               size_t *used, struct tg_http_reply *reply)
{
    struct tg_slice head;
    enum tg_err err = take_head(parser, bytes, used, &head);
    return err == TG_OK ? read_reply(parser, head, reply) : err;
}
