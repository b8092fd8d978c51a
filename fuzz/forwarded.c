/* Whatever a client writes into X-Forwarded-For, the address that a trusted proxy puts
 * behind it is the one that counts; and several lines say what one says. Each line of an
 * input is a header. */
#include "server/net/forwarded.h"

#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tg_config_network networks[] = {
    {{[10] = 0xff, 0xff, 10}, 96 + 8},
    {{0x20, 0x01, 0x0d, 0xb8, 0, 1}, 48},
};
static const struct tg_config_networks trusted = {networks, 2};

static void add(struct tg_http_headers *headers, struct tg_slice value)
{
    if (headers->count < TG_HTTP_HEADERS_MAX) {
        headers->list[headers->count++] =
            (struct tg_http_header){TG_LIT("X-Forwarded-For"), tg_http_trim(value)};
    }
}

static void expect(const struct tg_http_headers *headers, const char *expected)
{
    struct tg_address address, wanted;
    MUST(tg_address_read("10.0.0.1", &address));
    MUST(tg_address_read(expected, &wanted));
    tg_forwarded_address(&trusted, headers, &address);
    MUST(memcmp(&address, &wanted, sizeof address) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_http_headers lines = {.count = 0};
    struct tg_http_headers one = {.count = 0};
    struct tg_address proxy;
    char text[TG_ADDRESS_TEXT_MAX];
    uint8_t *joined = malloc(size + 1);
    MUST(joined != NULL);
    if (size != 0) {
        memcpy(joined, data, size);
    }
    for (size_t at = 0; at < size && lines.count < TG_HTTP_HEADERS_MAX - 1;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - data) - at;
        add(&lines, tg_slice(data + at, length));
        at += length;
        if (at < size) {
            joined[at++] = ',';
        }
        one.count = 0;
        add(&one, tg_slice(joined, at));
    }
    MUST(tg_address_read("10.0.0.1", &proxy));
    tg_forwarded_address(&trusted, &lines, &proxy);
    tg_address_write(&proxy, text);
    expect(&one, text);
    add(&lines, TG_LIT("198.51.100.7, 10.0.0.2"));
    expect(&lines, "198.51.100.7");
    free(joined);
    return 0;
}
