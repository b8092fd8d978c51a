#include "engine/cel/values.h"

/* Lists and maps within each other, deeper than which only … is shown. */
enum { DEPTH_MAX = 64 };

static void write_time(struct tg_value value, struct tg_buf *buf)
{
    char text[TG_SCALAR_TEXT_SIZE];
    size_t size = 0;
    switch ((enum tg_value_kind)value.kind) {
    case TG_VALUE_TIMESTAMP:
        tg_buf_add_text(buf, "timestamp(\"");
        size = tg_timestamp_write(value.timestamp, text);
        break;
    case TG_VALUE_DURATION:
        tg_buf_add_text(buf, "duration(\"");
        size = tg_duration_write(value.duration, text);
        break;
    default:
        tg_buf_add_text(buf, "date(\"");
        size = tg_date_write(value.integer, text);
    }
    tg_buf_add(buf, text, size);
    tg_buf_add_text(buf, "\")");
}

/* Doubles have a point or an exponent, so that they are no ints. */
static void write_double(double real, struct tg_buf *buf)
{
    char text[TG_DOUBLE_TEXT_SIZE];
    size_t size = tg_double_write(real, text);
    bool is_plain = true;
    for (size_t i = 0; i < size; i++) {
        is_plain = is_plain && ((text[i] >= '0' && text[i] <= '9') || text[i] == '-');
    }
    tg_buf_add(buf, text, size);
    tg_buf_add_text(buf, is_plain ? ".0" : "");
}

static void write_bytes(struct tg_slice bytes, struct tg_buf *buf)
{
    tg_buf_add_text(buf, "b\"");
    for (size_t i = 0; i < bytes.size; i++) {
        tg_buf_printf(buf, "\\x%02x", bytes.data[i]);
    }
    tg_buf_add_byte(buf, '"');
}

static void write_scalar(struct tg_value value, struct tg_buf *buf)
{
    switch ((enum tg_value_kind)value.kind) {
    case TG_VALUE_ERROR:
        tg_buf_printf(buf, "error: %s", value.error);
        break;
    case TG_VALUE_NULL:
        tg_buf_add_text(buf, "null");
        break;
    case TG_VALUE_BOOL:
        tg_buf_add_text(buf, value.boolean ? "true" : "false");
        break;
    case TG_VALUE_INT:
        tg_json_write_int(buf, value.integer);
        break;
    case TG_VALUE_UINT:
        tg_buf_add_u64(buf, value.unsigned_integer);
        tg_buf_add_byte(buf, 'u');
        break;
    case TG_VALUE_DOUBLE:
        write_double(value.real, buf);
        break;
    case TG_VALUE_STRING:
        tg_query_write_string(buf, value.text);
        break;
    case TG_VALUE_BYTES:
        write_bytes(value.text, buf);
        break;
    case TG_VALUE_DECIMAL:
    case TG_VALUE_TYPE:
        tg_buf_add_slice(buf, value.text);
        break;
    default:
        write_time(value, buf);
    }
}

static bool is_container(struct tg_value value)
{
    return value.kind == TG_VALUE_LIST || value.kind == TG_VALUE_MAP;
}

/* A list or map in the middle of being written. */
struct opened {
    struct tg_iter iter;
    bool more; /* An item stands before the next one. */
};

/* What stands before the next item: closing brackets, a comma, a key. False at the
 * end. */
static bool write_before(struct opened *open, uint32_t *depth, struct tg_space *space,
                         struct tg_value *value, struct tg_buf *buf)
{
    struct tg_value key;
    while (*depth > 0 && !tg_iter_next(&open[*depth - 1].iter, space, &key, value)) {
        bool is_list = open[--*depth].iter.of.kind == TG_VALUE_LIST;
        tg_buf_add_byte(buf, is_list ? ']' : '}');
    }
    if (*depth == 0) {
        return false;
    }
    struct opened *top = &open[*depth - 1];
    tg_buf_add_text(buf, top->more ? ", " : "");
    top->more = true;
    if (top->iter.of.kind == TG_VALUE_MAP) {
        write_scalar(key, buf);
        tg_buf_add_text(buf, ": ");
    }
    return true;
}

void tg_value_write(struct tg_value value, struct tg_buf *buf)
{
    struct opened open[DEPTH_MAX];
    uint32_t depth = 0;
    struct tg_space space = {0};
    do {
        if (!is_container(value)) {
            write_scalar(value, buf);
        } else if (depth == DEPTH_MAX) {
            tg_buf_add_text(buf, "…");
        } else {
            tg_buf_add_byte(buf, value.kind == TG_VALUE_LIST ? '[' : '{');
            open[depth++] = (struct opened){.iter = tg_iter_on(value)};
        }
    } while (write_before(open, &depth, &space, &value, buf));
    tg_space_finish(&space);
}
