#include "server/client/show.h"

#include "engine/base/utf8.h"

void tg_show_json(struct tg_buf *buf, struct tg_slice json)
{
    bool in_string = false;
    for (size_t i = 0; i < json.size; i++) {
        uint8_t byte = json.data[i];
        uint32_t code;
        size_t size = tg_utf8_obeyed(json, i, &code);
        if (size != 0) {
            tg_buf_printf(buf, "\\u%04x", code);
            i += size - 1;
        } else if (in_string && byte == '\\' && i + 1 < json.size) {
            tg_buf_add(buf, json.data + i, 2);
            i++;
        } else if (in_string ||
                   (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r')) {
            in_string = in_string != (byte == '"');
            tg_buf_add_byte(buf, byte);
        }
    }
}

void tg_show_text(struct tg_buf *buf, struct tg_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        uint32_t code = byte;
        size_t size = tg_utf8_obeyed(text, i, &code);
        if (size != 0 || byte < ' ') {
            tg_buf_printf(buf, "\\u%04x", code);
            i += size > 1 ? size - 1 : 0;
        } else {
            tg_buf_add_byte(buf, byte);
        }
    }
}

/* A member that is a string, as text. */
static bool show_member(struct tg_buf *buf, struct tg_json object, const char *name)
{
    struct tg_buf scratch = {0};
    struct tg_slice text;
    bool is = tg_json_string(tg_json_get(object, name), &scratch, &text);
    if (is) {
        tg_show_text(buf, text);
    }
    tg_buf_finish(&scratch);
    return is;
}

/* A list of strings, with `between` them. */
static void show_list(struct tg_buf *buf, struct tg_json list, const char *between,
                      const char *before_last)
{
    struct tg_buf scratch = {0};
    struct tg_json item = tg_json_first(list);
    for (bool first = true; tg_json_kind(item) != TG_JSON_NONE; first = false) {
        struct tg_json next = tg_json_next(item);
        bool last = tg_json_kind(next) == TG_JSON_NONE;
        struct tg_slice text;
        tg_buf_add_text(buf, first ? "" : last ? before_last : between);
        if (tg_json_string(item, &scratch, &text)) {
            tg_show_text(buf, text);
        }
        item = next;
    }
    tg_buf_finish(&scratch);
}

bool tg_show_event(struct tg_buf *buf, struct tg_json event)
{
    int64_t offset;
    struct tg_json data = tg_json_get(event, "data");
    struct tg_json old = tg_json_get(event, "old");
    struct tg_json changed = tg_json_get(event, "changed");
    bool redelivered = false;
    bool is = show_member(buf, event, "time");
    tg_buf_add_text(buf, " ");
    is = is && show_member(buf, event, "op");
    tg_buf_add_text(buf, " ");
    is = is && show_member(buf, event, "type") &&
         tg_json_int(tg_json_get(tg_json_get(event, "position"), "offset"), &offset) &&
         tg_json_kind(data) == TG_JSON_OBJECT;
    if (!is) {
        return false;
    }
    tg_buf_printf(buf, " %lld ", (long long)offset);
    tg_show_json(buf, tg_json_raw(data));
    if (tg_json_size(changed) != 0) {
        tg_buf_add_text(buf, " changed=");
        show_list(buf, changed, ",", ",");
    }
    if (tg_json_kind(old) == TG_JSON_OBJECT) {
        tg_buf_add_text(buf, " old=");
        tg_show_json(buf, tg_json_raw(old));
    }
    if (tg_json_bool(tg_json_get(event, "redelivered"), &redelivered) && redelivered) {
        tg_buf_add_text(buf, " redelivered");
    }
    return true;
}

void tg_show_refusal(struct tg_buf *buf, struct tg_json refusal)
{
    struct tg_json nearest = tg_json_get(refusal, "nearest");
    size_t before = buf->size;
    if (!show_member(buf, refusal, "code")) {
        tg_buf_add_text(buf, "refused");
    }
    tg_buf_add_text(buf, ": ");
    size_t message = buf->size;
    show_member(buf, refusal, "message");
    if (buf->size == message && buf->size > before + 2) {
        buf->size -= 2; /* A code alone. */
    }
    if (tg_json_kind(tg_json_get(refusal, "member")) == TG_JSON_STRING) {
        tg_buf_add_text(buf, " (at ");
        show_member(buf, refusal, "member");
        tg_buf_add_text(buf, ")");
    }
    if (tg_json_size(nearest) != 0) {
        tg_buf_add_text(buf, "; did you mean ");
        show_list(buf, nearest, ", ", " or ");
        tg_buf_add_text(buf, "?");
    }
}

void tg_show_out(struct tg_buf *buf, FILE *to)
{
    if (buf->size != 0) {
        fwrite(buf->data, 1, buf->size, to);
    }
    tg_buf_clear(buf);
}
