#include "engine/json/refusal.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/json/json.h"

/* How many of the first `most` bytes are whole characters, of a text that goes on. */
static size_t whole_characters(const uint8_t *bytes, size_t most)
{
    size_t size = most;
    while (size > 0 && most - size < 3 && (bytes[size] & 0xc0) == 0x80) {
        size--;
    }
    return size;
}

static void copy_name(char *to, const uint8_t *from, size_t size)
{
    if (size > TG_REFUSAL_NAME_MAX) {
        size = whole_characters(from, TG_REFUSAL_NAME_MAX);
    }
    if (size > 0) {
        memcpy(to, from, size);
    }
    to[size] = '\0';
}

void tg_refusal_set(struct tg_refusal *refusal, enum tg_code code, const char *member,
                    const char *format, ...)
{
    refusal->code = code;
    refusal->nearest_count = 0;
    refusal->line = 0;
    refusal->column = 0;
    refusal->retry_after_ms = 0;
    struct tg_slice path = tg_slice_of(member == NULL ? "" : member);
    copy_name(refusal->member, path.data, path.size);

    char message[TG_REFUSAL_MESSAGE_MAX + 8];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    size_t kept = size < 0 ? 0 : (size_t)size;
    if (kept > TG_REFUSAL_MESSAGE_MAX) {
        kept = whole_characters((const uint8_t *)message, TG_REFUSAL_MESSAGE_MAX);
    }
    memcpy(refusal->message, message, kept);
    refusal->message[kept] = '\0';
}

void tg_refusal_suggest(struct tg_refusal *refusal, struct tg_slice name)
{
    if (refusal->nearest_count < TG_REFUSAL_NEAREST_MAX) {
        copy_name(refusal->nearest[refusal->nearest_count++], name.data, name.size);
    }
}

void tg_refusal_suggest_all(struct tg_refusal *refusal, const struct tg_nearest *nearest)
{
    for (uint32_t i = 0; i < nearest->count; i++) {
        tg_refusal_suggest(refusal, nearest->names[i]);
    }
}

void tg_refusal_write(const struct tg_refusal *refusal, struct tg_buf *buf)
{
    tg_buf_add_text(buf, "\"code\":\"");
    tg_buf_add_text(buf, tg_code_text(refusal->code));
    tg_buf_add_text(buf, "\",\"message\":");
    tg_json_write_text(buf, refusal->message);
    if (refusal->member[0] != '\0') {
        tg_buf_add_text(buf, ",\"member\":");
        tg_json_write_text(buf, refusal->member);
    }
    if (refusal->line != 0) {
        tg_buf_add_text(buf, ",\"line\":");
        tg_buf_add_u64(buf, refusal->line);
        tg_buf_add_text(buf, ",\"column\":");
        tg_buf_add_u64(buf, refusal->column);
    }
    if (refusal->nearest_count != 0) {
        tg_buf_add_text(buf, ",\"nearest\":[");
        for (uint32_t i = 0; i < refusal->nearest_count; i++) {
            tg_json_write_comma(buf);
            tg_json_write_text(buf, refusal->nearest[i]);
        }
        tg_buf_add_byte(buf, ']');
    }
    if (refusal->retry_after_ms != 0) {
        tg_buf_add_text(buf, ",\"retry_after_ms\":");
        tg_buf_add_u64(buf, refusal->retry_after_ms);
    }
}

struct tg_slice tg_refusal_quote(struct tg_slice bytes)
{
    enum { QUOTED_MAX = 64 };
    size_t size = bytes.size;
    if (size > QUOTED_MAX) {
        size = whole_characters(bytes.data, QUOTED_MAX);
    }
    for (size_t i = 0; i < size; i++) {
        if (bytes.data[i] < 0x20) {
            size = i;
        }
    }
    return tg_slice(bytes.data, size);
}
