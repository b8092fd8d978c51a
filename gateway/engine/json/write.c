#include "engine/json/json.h"
#include "engine/json/text.h"

static void write_escape(struct tg_buf *buf, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char shorthand[] = "btn\0fr"; /* From U+0008 on; 0 has none. */
    uint8_t text[6] = {'\\', byte};
    size_t size = 2;
    if (byte >= '\b' && byte <= '\r' && byte != '\v') {
        text[1] = (uint8_t)shorthand[byte - '\b'];
    } else if (byte < 0x20) {
        memcpy(text + 1, "u00", 3);
        text[4] = (uint8_t)hex[byte >> 4];
        text[5] = (uint8_t)hex[byte & 15];
        size = 6;
    }
    tg_buf_add(buf, text, size);
}

void tg_json_write_string(struct tg_buf *buf, struct tg_slice string)
{
    const uint8_t *at = string.data;
    const uint8_t *end = string.size == 0 ? at : at + string.size;
    tg_buf_add_byte(buf, '"');
    while (at < end) {
        const uint8_t *begin = at;
        for (size_t size = 1; size != 0;) {
            at = tg_json_plain_end(at, string.data, end);
            size = at < end && *at >= 0x80 ? tg_utf8_size(at, end) : 0;
            at += size;
        }
        tg_buf_add(buf, begin, (size_t)(at - begin));
        if (at == end) {
            break;
        }
        if (*at >= 0x80) {
            tg_buf_add_text(buf, "\xef\xbf\xbd");
        } else {
            write_escape(buf, *at);
        }
        at++;
    }
    tg_buf_add_byte(buf, '"');
}

void tg_json_write_text(struct tg_buf *buf, const char *text)
{
    tg_json_write_string(buf, tg_slice_of(text));
}

void tg_json_write_int(struct tg_buf *buf, int64_t number)
{
    uint64_t magnitude = (uint64_t)number;
    if (number < 0) {
        tg_buf_add_byte(buf, '-');
        magnitude = 0 - magnitude;
    }
    tg_buf_add_u64(buf, magnitude);
}

void tg_json_write_comma(struct tg_buf *buf)
{
    if (buf->size == 0) {
        return;
    }
    uint8_t last = buf->data[buf->size - 1];
    if (last != '{' && last != '[') {
        tg_buf_add_byte(buf, ',');
    }
}

void tg_json_write_name(struct tg_buf *buf, const char *name)
{
    tg_json_write_comma(buf);
    tg_json_write_text(buf, name);
    tg_buf_add_byte(buf, ':');
}
