#include "engine/base/utf8.h"
#include "engine/json/json.h"
#include "server/ingest_http/private.h"

enum { PAIRS_MAX = 16, DIGITS_MAX = 16 };

static int hex_value(uint8_t digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}

/* `coded` as forms code it: %HH is a byte, + is a space. */
static bool decode(struct tg_slice coded, struct tg_buf *text, const char **why)
{
    tg_buf_clear(text);
    for (size_t i = 0; i < coded.size; i++) {
        uint8_t byte = coded.data[i];
        if (byte == '%') {
            int high = i + 2 < coded.size ? hex_value(coded.data[i + 1]) : -1;
            int low = high < 0 ? -1 : hex_value(coded.data[i + 2]);
            if (low < 0) {
                *why = "in a query, two hexadecimal digits come after %";
                return false;
            }
            byte = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (byte == '+') {
            byte = ' ';
        }
        tg_buf_add_byte(text, byte);
    }
    if (text->failed || !tg_utf8_valid(tg_buf_slice(text))) {
        *why = text->failed ? "out of memory" : "the query is not UTF-8";
        return false;
    }
    return true;
}

static bool is_number(struct tg_slice name, struct tg_slice value,
                      const char *const *numbers)
{
    bool digits = value.size >= 1 && value.size <= DIGITS_MAX &&
                  (value.data[0] != '0' || value.size == 1);
    for (size_t i = 0; i < value.size && digits; i++) {
        digits = value.data[i] >= '0' && value.data[i] <= '9';
    }
    while (digits && *numbers != NULL && !tg_slice_is(name, *numbers)) {
        numbers++;
    }
    return digits && *numbers != NULL;
}

/* The bytes in front of the next `mark`, which is dropped, from the front of `*rest`. */
static bool cut(struct tg_slice *rest, uint8_t mark, struct tg_slice *part)
{
    const uint8_t *at = rest->size == 0 ? NULL : memchr(rest->data, mark, rest->size);
    size_t size = at == NULL ? rest->size : (size_t)(at - rest->data);
    *part = tg_slice(rest->data, size);
    *rest = at == NULL ? (struct tg_slice){0} : tg_slice(at + 1, rest->size - size - 1);
    return at != NULL;
}

static bool is_given(const struct tg_slice *names, uint32_t count, struct tg_slice name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tg_slice_equal(names[i], name)) {
            return true;
        }
    }
    return false;
}

/* `name=value` as a member of the object. */
static bool add_pair(struct tg_slice pair, const char *const *numbers,
                     struct tg_slice *coded_name, struct tg_buf *text,
                     struct tg_buf *document, const char **why)
{
    struct tg_slice value = pair;
    if (!cut(&value, '=', coded_name) || coded_name->size == 0) {
        *why = "a query is made of name=value, with & between";
        return false;
    }
    if (!decode(*coded_name, text, why)) {
        return false;
    }
    tg_json_write_comma(document);
    tg_json_write_string(document, tg_buf_slice(text));
    tg_buf_add_byte(document, ':');
    if (!decode(value, text, why)) {
        return false;
    }
    if (is_number(*coded_name, tg_buf_slice(text), numbers)) {
        tg_buf_add_slice(document, tg_buf_slice(text));
    } else {
        tg_json_write_string(document, tg_buf_slice(text));
    }
    return true;
}

bool request_query(struct tg_slice query, const char *const *numbers,
                   struct tg_buf *document, const char **why)
{
    struct tg_slice names[PAIRS_MAX], pair;
    struct tg_buf text = {0};
    uint32_t count = 0;
    bool more = query.size != 0, right = true;
    tg_buf_clear(document);
    tg_buf_add_byte(document, '{');
    while (right && more) {
        more = cut(&query, '&', &pair);
        if (count == PAIRS_MAX) {
            *why = "a query has at most 16 names";
            right = false;
        } else {
            right = add_pair(pair, numbers, &names[count], &text, document, why);
        }
        if (right && is_given(names, count, names[count])) {
            *why = "the query has a name twice";
            right = false;
        }
        count++;
    }
    tg_buf_add_byte(document, '}');
    if (right && document->failed) {
        *why = "out of memory";
        right = false;
    }
    tg_buf_finish(&text);
    return right;
}
