#include "engine/codec/answer.h"

struct reason {
    unsigned status;
    const char *text;
};

static const struct reason reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {207, "Multi-Status"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *tg_http_reason(unsigned status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status) {
            return reasons[i].text;
        }
    }
    return "Status";
}

/* A value that could end its line early would let its author write headers of his own. */
static bool is_value(struct tg_slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = value.data[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

static void write_header(struct tg_buf *buf, struct tg_slice name, struct tg_slice value)
{
    if (!tg_http_is_token(name) || !is_value(value)) {
        buf->failed = true;
        return;
    }
    tg_buf_add_slice(buf, name);
    tg_buf_add(buf, ": ", 2);
    tg_buf_add_slice(buf, value);
    tg_buf_add(buf, "\r\n", 2);
}

void tg_http_answer_write(struct tg_buf *buf, const struct tg_http_answer *answer)
{
    /* RFC 9110 6.4.1: these never have a body. */
    bool bodiless = answer->status < 200 || answer->status == 204 ||
                    answer->status == 304;
    tg_buf_add_text(buf, "HTTP/1.1 ");
    tg_buf_add_u64(buf, answer->status);
    tg_buf_add_byte(buf, ' ');
    tg_buf_add_text(buf, tg_http_reason(answer->status));
    tg_buf_add_text(buf, "\r\n");
    for (size_t i = 0; i < answer->header_count; i++) {
        write_header(buf, answer->headers[i].name, answer->headers[i].value);
    }
    if (!bodiless) {
        if (answer->content_type != NULL) {
            write_header(buf, TG_LIT("Content-Type"), tg_slice_of(answer->content_type));
        }
        tg_buf_add_text(buf, "Content-Length: ");
        tg_buf_add_u64(buf, answer->body.size);
        tg_buf_add_text(buf, "\r\n");
    }
    if (!answer->keep_alive) {
        tg_buf_add_text(buf, "Connection: close\r\n");
    }
    tg_buf_add_text(buf, "\r\n");
    if (!bodiless && !answer->head) {
        tg_buf_add_slice(buf, answer->body);
    }
}

void tg_http_response(struct tg_buf *buf, unsigned status,
                      const struct tg_http_header *headers, size_t header_count,
                      const char *content_type, struct tg_slice body, bool keep_alive)
{
    tg_http_answer_write(buf, &(struct tg_http_answer){
                                  .status = status,
                                  .content_type = content_type,
                                  .body = body,
                                  .headers = headers,
                                  .header_count = header_count,
                                  .keep_alive = keep_alive,
                              });
}
