#include "server/net/forwarded.h"

bool tg_address_is_in(const struct tg_address *address,
                      const struct tg_config_networks *networks)
{
    const uint8_t *bytes = address->bytes.s6_addr;
    for (size_t i = 0; i < networks->count; i++) {
        const struct tg_config_network *network = &networks->items[i];
        size_t whole = network->bits / 8;
        uint8_t mask = (uint8_t)(0xff00 >> network->bits % 8);
        if (memcmp(bytes, network->bytes, whole) == 0 &&
            (mask == 0 || ((bytes[whole] ^ network->bytes[whole]) & mask) == 0)) {
            return true;
        }
    }
    return false;
}

static bool is_port(struct tg_slice text)
{
    uint32_t port = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i >= 5) {
            return false;
        }
        port = port * 10 + text.data[i] - '0';
    }
    return text.size != 0 && port <= 65535;
}

/* The part of `item` that is to be an address, without brackets and port; empty if it
 * has no such form. */
static struct tg_slice host_of(struct tg_slice item)
{
    const struct tg_slice none = {0};
    const uint8_t *colon = memchr(item.data, ':', item.size);
    if (item.data[0] == '[') {
        const uint8_t *end = memchr(item.data, ']', item.size);
        if (end == NULL) {
            return none;
        }
        size_t size = (size_t)(end - item.data) + 1;
        bool ends =
            size == item.size ||
            (item.data[size] == ':' && is_port(tg_slice(end + 2, item.size - size - 1)));
        struct tg_slice host = tg_slice(item.data + 1, size - 2);
        bool is_v6 = memchr(host.data, ':', host.size) != NULL;
        return ends && is_v6 ? host : none;
    }
    if (colon == NULL ||
        memchr(colon + 1, ':', item.size - (size_t)(colon + 1 - item.data)) != NULL) {
        return item;
    }
    size_t size = (size_t)(colon - item.data);
    return is_port(tg_slice(colon + 1, item.size - size - 1)) ? tg_slice(item.data, size)
                                                              : none;
}

static bool read_item(struct tg_slice item, struct tg_address *address)
{
    char text[TG_ADDRESS_TEXT_MAX];
    struct tg_slice host = host_of(item);
    if (host.size == 0 || host.size >= sizeof text) {
        return false;
    }
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return strlen(text) == host.size && tg_address_read(text, address);
}

/* Take the last item that is not empty; false if there is none. */
static bool take_last(struct tg_slice *list, struct tg_slice *item)
{
    while (list->size != 0) {
        size_t begin = list->size;
        while (begin != 0 && list->data[begin - 1] != ',') {
            begin--;
        }
        *item = tg_http_trim(tg_slice(list->data + begin, list->size - begin));
        list->size = begin == 0 ? 0 : begin - 1;
        if (item->size != 0) {
            return true;
        }
    }
    return false;
}

void tg_forwarded_address(const struct tg_config_networks *trusted,
                          const struct tg_http_headers *headers,
                          struct tg_address *address)
{
    int seen = 0;
    for (size_t i = headers->count; i != 0; i--) {
        const struct tg_http_header *header = &headers->list[i - 1];
        struct tg_slice list = header->value;
        struct tg_slice item;
        if (!tg_http_same_text(header->name, TG_LIT("X-Forwarded-For"))) {
            continue;
        }
        while (take_last(&list, &item)) {
            if (seen++ == TG_FORWARDED_MAX || !read_item(item, address) ||
                !tg_address_is_in(address, trusted)) {
                return;
            }
        }
    }
}
