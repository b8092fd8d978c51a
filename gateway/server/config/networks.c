/* Lists of networks: 192.0.2.7, 10.0.0.0/8, 2001:db8::/32. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "server/config/judging.h"

enum { V4_BITS = 32, V6_BITS = 128, MAPPED_BITS = V6_BITS - V4_BITS };

void tg_config_networks_finish(struct tg_config_networks *networks)
{
    tg_free(networks->items);
    *networks = (struct tg_config_networks){0};
}

/* The address before the slash; how many bits it has, or 0 if it is none. */
static unsigned read_address(struct tg_slice text, uint8_t bytes[16])
{
    char address[INET6_ADDRSTRLEN];
    if (text.size >= sizeof address) {
        return 0;
    }
    memcpy(address, text.data, text.size);
    address[text.size] = '\0';
    memset(bytes, 0, 16);
    if (inet_pton(AF_INET, address, bytes + 12) == 1) {
        bytes[10] = 0xff;
        bytes[11] = 0xff;
        return V4_BITS;
    }
    return inet_pton(AF_INET6, address, bytes) == 1 ? V6_BITS : 0;
}

static bool read_bits(const char *text, unsigned most, unsigned *bits)
{
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size > 3 || text[size] != '\0') {
        return false;
    }
    *bits = (unsigned)atoi(text);
    return *bits <= most;
}

static void clear_after(uint8_t bytes[16], unsigned bits)
{
    for (unsigned i = bits; i < V6_BITS; i++) {
        bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
    }
}

/* An address among them all would be meant, or the whole network? */
static void refuse_rest(const struct judging *judging, const struct tg_given *item,
                        const struct tg_config_network *network, bool is_v4)
{
    char right[INET6_ADDRSTRLEN], shown[TG_SHOWN_MAX];
    inet_ntop(is_v4 ? AF_INET : AF_INET6, network->bytes + (is_v4 ? 12 : 0), right,
              sizeof right);
    tg_mistake(judging->mistakes, item->place, judging->setting->path,
               "the network of %s is %s/%u",
               tg_config_show(shown, tg_slice_of(item->text)), right,
               network->bits - (is_v4 ? MAPPED_BITS : 0U));
}

static bool read_network(const struct judging *judging, const struct tg_given *item,
                         struct tg_config_network *network)
{
    if (item->kind != TG_GIVEN_TEXT) {
        tg_judging_refuse(judging, item);
        return false;
    }
    const char *slash = strchr(item->text, '/');
    size_t size = slash != NULL ? (size_t)(slash - item->text) : strlen(item->text);
    unsigned most = read_address(tg_slice(item->text, size), network->bytes);
    unsigned bits = most;
    if (most == 0 || (slash != NULL && !read_bits(slash + 1, most, &bits))) {
        tg_judging_refuse(judging, item);
        return false;
    }
    uint8_t given[16];
    network->bits = (uint8_t)(bits + V6_BITS - most);
    memcpy(given, network->bytes, sizeof given);
    clear_after(network->bytes, network->bits);
    if (memcmp(given, network->bytes, sizeof given) != 0) {
        refuse_rest(judging, item, network, most == V4_BITS);
        return false;
    }
    if (bits == 0) {
        tg_warning(judging->mistakes, item->place, judging->setting->path,
                   "%s lets every client say which address it has, and so escape the "
                   "limits of an address: name your proxies alone",
                   item->text);
    }
    return true;
}

static bool add(struct tg_config_networks *networks,
                const struct tg_config_network *network)
{
    struct tg_config_network *items =
        tg_resize(networks->items, (networks->count + 1) * sizeof *items);
    if (items == NULL) {
        return false;
    }
    networks->items = items;
    items[networks->count++] = *network;
    return true;
}

void tg_config_networks_set(const struct judging *judging,
                            struct tg_config_networks *member,
                            const struct tg_given *given)
{
    struct tg_config_networks networks = {0};
    bool right = true;
    if (given->kind != TG_GIVEN_LIST) {
        tg_judging_refuse(judging, given);
        return;
    }
    for (const struct tg_given *item = given->first; item != NULL; item = item->next) {
        struct tg_config_network network;
        if (!read_network(judging, item, &network)) {
            right = false;
        } else if (!add(&networks, &network)) {
            tg_judging_no_memory(judging, item);
            right = false;
        }
    }
    if (!right) {
        tg_config_networks_finish(&networks);
        return;
    }
    tg_config_networks_finish(member);
    *member = networks;
}
