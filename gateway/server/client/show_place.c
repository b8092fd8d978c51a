/* A line of a text with ^^^ below what is meant. */
#include "server/client/show.h"

enum {
    SHOWN_MAX = 70, /* Characters of a line. */
    BEFORE_MAX = 40,
};

static bool is_word(uint8_t byte)
{
    bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    return letter || (byte >= '0' && byte <= '9') || byte == '_' || byte >= 0x80;
}

/* How many bytes to point at: a name, a number, a string, or one sign. */
static size_t size_of_token(struct tg_slice rest)
{
    size_t size = 0;
    if (rest.size == 0) {
        return 0;
    }
    uint8_t first = rest.data[0];
    if (first == '"' || first == '\'') {
        for (size = 1; size < rest.size && rest.data[size] != first; size++) {}
        return size < rest.size ? size + 1 : size;
    }
    while (size < rest.size && is_word(rest.data[size])) {
        size++;
    }
    return size > 0 ? size : 1;
}

static size_t count_characters(struct tg_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += (text.data[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

/* How many bytes the first `count` characters take. */
static size_t size_of_characters(struct tg_slice text, size_t count)
{
    size_t at = 0;
    for (size_t seen = 0; at < text.size; at++) {
        seen += (text.data[at] & 0xc0) != 0x80 ? 1 : 0;
        if (seen > count) {
            break;
        }
    }
    return at;
}

static struct tg_slice without_first(struct tg_slice text, size_t size)
{
    return tg_slice(text.data + size, text.size - size);
}

static bool ends_line(struct tg_slice source, size_t at)
{
    bool is_half = source.data[at] == '\r' && at + 1 < source.size &&
                   source.data[at + 1] == '\n';
    return source.data[at] == '\n' || (source.data[at] == '\r' && !is_half);
}

/* Lines end with CR LF, CR or LF. False: there is no such line. */
static bool find_line(struct tg_slice source, uint64_t number, struct tg_slice *line)
{
    size_t at = 0;
    uint64_t passed = 1;
    for (; passed < number && at < source.size; at++) {
        passed += ends_line(source, at) ? 1 : 0;
    }
    size_t stop = at;
    while (stop < source.size && source.data[stop] != '\n' && source.data[stop] != '\r') {
        stop++;
    }
    *line = tg_slice(source.data + at, stop - at);
    return passed == number;
}

/* How many columns the text takes when it is shown. */
static size_t width_of(struct tg_slice text)
{
    struct tg_buf shown = {0};
    tg_show_text(&shown, text);
    size_t width = count_characters(tg_buf_slice(&shown));
    tg_buf_finish(&shown);
    return width;
}

void tg_show_place(struct tg_buf *buf, struct tg_slice source, uint64_t number,
                   uint64_t column)
{
    struct tg_slice line;
    if (number == 0 || column == 0 || !find_line(source, number, &line)) {
        return;
    }
    size_t length = count_characters(line);
    if (column - 1 > length) {
        return;
    }
    size_t at = (size_t)(column - 1);
    size_t first = 0;
    if (length > SHOWN_MAX && at > BEFORE_MAX) {
        first = at - BEFORE_MAX < length - SHOWN_MAX ? at - BEFORE_MAX
                                                     : length - SHOWN_MAX;
    }
    line = without_first(line, size_of_characters(line, first));
    size_t size = size_of_characters(line, SHOWN_MAX);
    bool is_cut = size < line.size;
    line.size = size;

    struct tg_slice before = tg_slice(line.data, size_of_characters(line, at - first));
    struct tg_slice rest = without_first(line, before.size);
    tg_buf_add_text(buf, first > 0 ? "  …" : "  ");
    tg_show_text(buf, line);
    tg_buf_add_text(buf, is_cut ? "…\n  " : "\n  ");
    for (size_t i = width_of(before) + (first > 0 ? 1 : 0); i > 0; i--) {
        tg_buf_add_byte(buf, ' ');
    }
    size_t width = width_of(tg_slice(rest.data, size_of_token(rest)));
    for (size_t i = 0; i < width || i < 1; i++) {
        tg_buf_add_byte(buf, '^');
    }
    tg_buf_add_byte(buf, '\n');
}
