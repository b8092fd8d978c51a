/* Header fields, once they are read: looking them up, and the lists in them. */
#include "engine/codec/http1.h"

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static bool is_token_byte(uint8_t byte)
{
    if ((lower(byte) >= 'a' && lower(byte) <= 'z') || (byte >= '0' && byte <= '9')) {
        return true;
    }
    return byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

bool tg_http_same_text(struct tg_slice a, struct tg_slice b)
{
    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

bool tg_http_is_token(struct tg_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_token_byte(text.data[i])) {
            return false;
        }
    }
    return text.size != 0;
}

struct tg_slice tg_http_trim(struct tg_slice text)
{
    while (text.size != 0 && is_space(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size != 0 && is_space(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

const struct tg_http_header *tg_http_header(const struct tg_http_headers *headers,
                                            const char *name)
{
    struct tg_slice wanted = tg_slice_of(name);
    for (size_t i = 0; i < headers->count; i++) {
        if (tg_http_same_text(headers->list[i].name, wanted)) {
            return &headers->list[i];
        }
    }
    return NULL;
}

size_t tg_http_header_count(const struct tg_http_headers *headers, const char *name)
{
    struct tg_slice wanted = tg_slice_of(name);
    size_t count = 0;
    for (size_t i = 0; i < headers->count; i++) {
        count += tg_http_same_text(headers->list[i].name, wanted);
    }
    return count;
}

bool tg_http_header_has_token(const struct tg_http_headers *headers, const char *name,
                              const char *token)
{
    struct tg_slice wanted = tg_slice_of(name);
    for (size_t i = 0; i < headers->count; i++) {
        if (!tg_http_same_text(headers->list[i].name, wanted)) {
            continue;
        }
        struct tg_slice rest = headers->list[i].value;
        struct tg_slice element;
        while (tg_http_list_next(&rest, &element)) {
            if (tg_http_same_text(element, tg_slice_of(token))) {
                return true;
            }
        }
    }
    return false;
}

bool tg_http_list_next(struct tg_slice *rest, struct tg_slice *element)
{
    while (rest->size != 0) {
        const uint8_t *comma = memchr(rest->data, ',', rest->size);
        size_t size = comma == NULL ? rest->size : (size_t)(comma - rest->data);
        struct tg_slice found = tg_http_trim(tg_slice(rest->data, size));
        size_t taken = comma == NULL ? size : size + 1;
        *rest = tg_slice(rest->data + taken, rest->size - taken);
        if (found.size != 0) {
            *element = found;
            return true;
        }
    }
    return false;
}
