#include "engine/cel/parse.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/base/utf8.h"

enum {
    EXCERPT_MAX = 24, /* Characters. */
    PLACE_MAX = 160,
};

static bool is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Lines end as CEL's do: with CR LF, CR or LF. */
static void find_place(struct tg_slice source, uint32_t at, struct tg_refusal *refusal)
{
    uint32_t line = 1;
    uint32_t column = 1;
    for (uint32_t i = 0; i < at; i++) {
        uint8_t byte = source.data[i];
        bool is_half = byte == '\r' && i + 1 < source.size && source.data[i + 1] == '\n';
        if (byte == '\n' || (byte == '\r' && !is_half)) {
            line++;
            column = 1;
        } else if (!is_tail(byte)) {
            column++;
        }
    }
    refusal->line = line;
    refusal->column = column;
}

/* The first characters from `at` on, to the end of the line or to what is no UTF-8. */
static struct tg_slice excerpt(struct tg_slice source, uint32_t at, bool *is_all)
{
    const uint8_t *begin = source.data + at;
    size_t left = source.size - at;
    size_t size = 0;
    for (unsigned i = 0; i < EXCERPT_MAX && size < left && begin[size] >= 0x20; i++) {
        size_t more = 1;
        while (size + more < left && more < 4 && is_tail(begin[size + more])) {
            more++;
        }
        if (!tg_utf8_valid(tg_slice(begin + size, more))) {
            break;
        }
        size += more;
    }
    *is_all = size == left || begin[size] < 0x20;
    return tg_slice(begin, size);
}

void tg_query_refuse(struct tg_refusal *refusal, enum tg_code code,
                     struct tg_slice source, uint32_t at, const char *format, ...)
{
    char what[TG_REFUSAL_MESSAGE_MAX + 1];
    char place[PLACE_MAX];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(what, sizeof what, format, args);
    va_end(args);
    what[size < 0 ? 0 : sizeof what - 1] = '\0';

    at = at > source.size ? (uint32_t)source.size : at;
    struct tg_refusal found;
    find_place(source, at, &found);
    bool is_all;
    struct tg_slice text = excerpt(source, at, &is_all);
    /* Quotes in quotes are hard to read. */
    bool has_quotes = text.size != 0 && memchr(text.data, '"', text.size) != NULL;
    const char *mark = text.size == 0 ? "" : has_quotes ? "`" : "\"";
    int place_size = snprintf(place, sizeof place, " at line %u, column %u%s%s%.*s%s%s",
                              found.line, found.column, text.size == 0 ? "" : ": ", mark,
                              TG_FMT(text), text.size == 0 || is_all ? "" : "…", mark);
    /* What is too long loses the end of its sentence, not the place. */
    size_t kept = strlen(what);
    size_t most = TG_REFUSAL_MESSAGE_MAX - (size_t)place_size;
    if (kept > most) {
        for (kept = most; kept > 0 && is_tail((uint8_t)what[kept]); kept--) {}
    }
    tg_refusal_set(refusal, code, NULL, "%.*s%s", (int)kept, what, place);
    refusal->line = found.line;
    refusal->column = found.column;
}
