#include "engine/codec/target.h"

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_hex(uint8_t byte)
{
    uint8_t letter = byte | 0x20;
    return is_digit(byte) || (letter >= 'a' && letter <= 'f');
}

/* unreserved or sub-delims of RFC 3986. */
static bool is_name_byte(uint8_t byte)
{
    uint8_t letter = byte | 0x20;
    return is_digit(byte) || (letter >= 'a' && letter <= 'z') ||
           (byte != 0 && strchr("-._~!$&'()*+,;=", byte) != NULL);
}

/* True if all are characters of names, of `more`, or %-escapes. */
static bool all_uri_bytes(struct tg_slice text, const char *more)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte == '%') {
            if (text.size - i < 3 || !is_hex(text.data[i + 1]) ||
                !is_hex(text.data[i + 2])) {
                return false;
            }
            i += 2;
        } else if (!is_name_byte(byte) && (byte == 0 || strchr(more, byte) == NULL)) {
            return false;
        }
    }
    return true;
}

struct tg_slice tg_http_host_name(struct tg_slice host)
{
    size_t size = 0;
    if (host.size != 0 && host.data[0] == '[') {
        while (size < host.size && host.data[size] != ']') {
            size++;
        }
        size += size < host.size;
    } else {
        while (size < host.size && host.data[size] != ':') {
            size++;
        }
    }
    return tg_slice(host.data, size);
}

static bool name_valid(struct tg_slice name)
{
    if (name.size == 0) {
        return false;
    }
    if (name.data[0] != '[') {
        return all_uri_bytes(name, "");
    }
    for (size_t i = 1; i < name.size - 1; i++) {
        if (!is_hex(name.data[i]) && name.data[i] != ':' && name.data[i] != '.') {
            return false;
        }
    }
    return name.size > 2 && name.data[name.size - 1] == ']';
}

bool tg_http_host_valid(struct tg_slice host)
{
    struct tg_slice name = tg_http_host_name(host);
    if (!name_valid(name)) {
        return false;
    }
    if (name.size == host.size) {
        return true;
    }
    if (host.data[name.size] != ':') {
        return false;
    }
    for (size_t i = name.size + 1; i < host.size; i++) {
        if (!is_digit(host.data[i])) {
            return false;
        }
    }
    return true;
}

/* Bytes of the scheme with its "://", or 0. */
static size_t scheme_size(struct tg_slice target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct tg_slice scheme = tg_slice_of(schemes[i]);
        if (target.size >= scheme.size &&
            tg_http_same_text(tg_slice(target.data, scheme.size), scheme)) {
            return scheme.size;
        }
    }
    return 0;
}

/* Browsers leave a few characters in queries that RFC 3986 would have escaped. */
static enum tg_err split_path(struct tg_http_request *request, struct tg_slice text)
{
    struct tg_slice path = text;
    struct tg_slice query = {0};
    const uint8_t *mark = text.size == 0 ? NULL : memchr(text.data, '?', text.size);
    if (mark != NULL) {
        path.size = (size_t)(mark - text.data);
        query = tg_slice(mark + 1, text.size - path.size - 1);
    }
    if (!all_uri_bytes(path, ":@/") || !all_uri_bytes(query, ":@/?[]{}|^`\\")) {
        return TG_EPROTO;
    }
    request->path = path.size == 0 ? TG_LIT("/") : path;
    request->query = query;
    return TG_OK;
}

enum tg_err tg_http_target_split(struct tg_http_request *request)
{
    struct tg_slice target = request->target;
    if (tg_slice_is(target, "*")) {
        request->path = target;
        return tg_slice_is(request->method, "OPTIONS") ? TG_OK : TG_EPROTO;
    }
    if (target.size != 0 && target.data[0] == '/') {
        return split_path(request, target);
    }
    size_t begin = scheme_size(target);
    if (begin == 0) {
        return TG_EPROTO;
    }
    size_t end = begin;
    while (end < target.size && target.data[end] != '/' && target.data[end] != '?') {
        end++;
    }
    struct tg_slice host = tg_slice(target.data + begin, end - begin);
    if (!tg_http_host_valid(host)) {
        return TG_EPROTO;
    }
    request->host = host;
    return split_path(request, tg_slice(target.data + end, target.size - end));
}
