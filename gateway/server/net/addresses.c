#include "server/net/addresses.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#include "engine/base/list.h"
#include "engine/base/map.h"
#include "engine/base/mem.h"

#define MINUTE_NS UINT64_C(60000000000)

/* After this long a connection may have ended, which nobody can know. */
enum { TOO_MANY_RETRY_MS = 5000 };

struct key {
    uint8_t bytes[sizeof(struct in6_addr)];
};

/* When a bucket is full again: each use moves that on by its share of the minute. */
struct entry {
    struct key key;
    struct tg_link quiet; /* Among those without connections, the latest at the end. */
    uint64_t connects_full_ns;
    uint64_t refusals_full_ns;
    uint32_t connections;
};

struct tg_addresses {
    pthread_mutex_t lock;
    uint32_t connections_max;
    uint64_t connect_ns; /* One's share of the minute; 0: no limit. */
    uint64_t refusal_ns;
    struct tg_map entries;
    struct tg_link quiet;
    size_t quiet_count;
};

/* Addresses. */

static void map_v4(struct in_addr v4, struct tg_address *address)
{
    address->bytes = (struct in6_addr){0};
    address->bytes.s6_addr[10] = 0xff;
    address->bytes.s6_addr[11] = 0xff;
    memcpy(&address->bytes.s6_addr[12], &v4, sizeof v4);
}

bool tg_address_read(const char *text, struct tg_address *address)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        map_v4(v4, address);
        return true;
    }
    struct in6_addr v6;
    if (inet_pton(AF_INET6, text, &v6) != 1) {
        return false;
    }
    address->bytes = v6;
    return true;
}

bool tg_address_of_peer(int fd, struct tg_address *address)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
    socklen_t size = sizeof peer;
    if (getpeername(fd, &peer.any, &size) != 0) {
        return false;
    }
    if (peer.any.sa_family == AF_INET) {
        map_v4(peer.v4.sin_addr, address);
        return true;
    }
    address->bytes = peer.v6.sin6_addr;
    return peer.any.sa_family == AF_INET6;
}

void tg_address_write(const struct tg_address *address, char text[TG_ADDRESS_TEXT_MAX])
{
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address->bytes);
    inet_ntop(is_v4 ? AF_INET : AF_INET6, &address->bytes.s6_addr[is_v4 ? 12 : 0], text,
              TG_ADDRESS_TEXT_MAX);
}

static struct key key_of(const struct tg_address *address)
{
    struct key key = {{0}};
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address->bytes);
    memcpy(key.bytes, &address->bytes, is_v4 ? sizeof key.bytes : 8);
    return key;
}

/* Buckets. */

static bool bucket_has_room(uint64_t full_ns, uint64_t share_ns, uint64_t now_ns)
{
    return (full_ns > now_ns ? full_ns - now_ns : 0) + share_ns <= MINUTE_NS;
}

static void bucket_use(uint64_t *full_ns, uint64_t share_ns, uint64_t now_ns)
{
    if (bucket_has_room(*full_ns, share_ns, now_ns)) {
        *full_ns = (*full_ns > now_ns ? *full_ns : now_ns) + share_ns;
    }
}

/* Until there is room again, rounded up. */
static uint32_t bucket_wait_ms(uint64_t full_ns, uint64_t share_ns, uint64_t now_ns)
{
    uint64_t wait_ns = full_ns - now_ns + share_ns - MINUTE_NS;
    return (uint32_t)((wait_ns + 999999) / 1000000);
}

/* Entries. */

static struct tg_slice slice_of(const struct key *key)
{
    return tg_slice(key->bytes, sizeof key->bytes);
}

static struct entry *entry_find(const struct tg_addresses *addresses,
                                const struct tg_address *address)
{
    struct key key = key_of(address);
    return tg_map_get(&addresses->entries, slice_of(&key));
}

static void entry_wake(struct tg_addresses *addresses, struct entry *entry)
{
    if (!tg_list_empty(&entry->quiet)) {
        tg_list_remove(&entry->quiet);
        addresses->quiet_count--;
    }
}

static void entry_forget(struct tg_addresses *addresses, struct entry *entry)
{
    entry_wake(addresses, entry);
    tg_map_remove(&addresses->entries, slice_of(&entry->key));
    tg_free(entry);
}

static struct entry *longest_quiet(const struct tg_addresses *addresses)
{
    return tg_list_empty(&addresses->quiet)
               ? NULL
               : TG_ENTRY(addresses->quiet.next, struct entry, quiet);
}

static void entry_rest(struct tg_addresses *addresses, struct entry *entry)
{
    entry_wake(addresses, entry);
    tg_list_append(&addresses->quiet, &entry->quiet);
    addresses->quiet_count++;
    if (addresses->quiet_count > TG_ADDRESSES_QUIET_MAX) {
        entry_forget(addresses, longest_quiet(addresses));
    }
}

/* A few at each call keep up with what comes. */
static void forget(struct tg_addresses *addresses, uint64_t now_ns)
{
    struct entry *entry = longest_quiet(addresses);
    for (int i = 0; i < 2 && entry != NULL && entry->connects_full_ns <= now_ns &&
                    entry->refusals_full_ns <= now_ns;
         i++) {
        entry_forget(addresses, entry);
        entry = longest_quiet(addresses);
    }
}

/* The entry, a new one if there was none; NULL without memory. */
static struct entry *entry_get(struct tg_addresses *addresses,
                               const struct tg_address *address, uint64_t now_ns)
{
    forget(addresses, now_ns);
    struct entry *entry = entry_find(addresses, address);
    if (entry != NULL) {
        return entry;
    }
    entry = tg_zalloc(1, sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    entry->key = key_of(address);
    tg_list_init(&entry->quiet);
    if (tg_map_put(&addresses->entries, slice_of(&entry->key), entry) != TG_OK) {
        tg_free(entry);
        return NULL;
    }
    entry_rest(addresses, entry);
    return entry;
}

/* Life. */

static uint64_t share(uint32_t per_minute)
{
    return per_minute == 0 ? 0 : MINUTE_NS / per_minute;
}

struct tg_addresses *tg_addresses_create(const struct tg_config_limits *limits)
{
    struct tg_addresses *addresses = tg_zalloc(1, sizeof *addresses);
    if (addresses == NULL) {
        return NULL;
    }
    addresses->connections_max = limits->address_connections_max;
    addresses->connect_ns = share(limits->address_connects_per_minute);
    addresses->refusal_ns = share(limits->address_refusals_per_minute);
    tg_list_init(&addresses->quiet);
    pthread_mutex_init(&addresses->lock, NULL);
    return addresses;
}

void tg_addresses_destroy(struct tg_addresses *addresses)
{
    if (addresses == NULL) {
        return;
    }
    struct tg_map_entry *place;
    for (size_t at = 0; (place = tg_map_next(&addresses->entries, &at)) != NULL;) {
        tg_free(place->value);
    }
    tg_map_finish(&addresses->entries);
    pthread_mutex_destroy(&addresses->lock);
    tg_free(addresses);
}

/* Use. */

static bool may_enter(const struct tg_addresses *addresses, const struct entry *entry,
                      uint64_t now_ns, struct tg_wait *wait)
{
    if (!bucket_has_room(entry->refusals_full_ns, addresses->refusal_ns, now_ns)) {
        *wait = (struct tg_wait){
            bucket_wait_ms(entry->refusals_full_ns, addresses->refusal_ns, now_ns),
            "too much of what this address showed was refused: see "
            "limits.address_refusals_per_minute",
        };
        return false;
    }
    if (!bucket_has_room(entry->connects_full_ns, addresses->connect_ns, now_ns)) {
        *wait = (struct tg_wait){
            bucket_wait_ms(entry->connects_full_ns, addresses->connect_ns, now_ns),
            "this address connects too often: see limits.address_connects_per_minute",
        };
        return false;
    }
    if (addresses->connections_max != 0 &&
        entry->connections >= addresses->connections_max) {
        *wait = (struct tg_wait){
            TOO_MANY_RETRY_MS,
            "this address has too many connections: see limits.address_connections_max",
        };
        return false;
    }
    return true;
}

static bool enter(struct tg_addresses *addresses, const struct tg_address *address,
                  uint64_t now_ns, struct tg_wait *wait)
{
    struct entry *entry = entry_get(addresses, address, now_ns);
    if (entry == NULL) {
        *wait = (struct tg_wait){TOO_MANY_RETRY_MS, "the gateway is out of memory"};
        return false;
    }
    if (!may_enter(addresses, entry, now_ns, wait)) {
        return false;
    }
    bucket_use(&entry->connects_full_ns, addresses->connect_ns, now_ns);
    entry->connections++;
    entry_wake(addresses, entry);
    return true;
}

bool tg_addresses_enter(struct tg_addresses *addresses, const struct tg_address *address,
                        uint64_t now_ms, struct tg_wait *wait)
{
    pthread_mutex_lock(&addresses->lock);
    bool entered = enter(addresses, address, now_ms * 1000000, wait);
    pthread_mutex_unlock(&addresses->lock);
    return entered;
}

void tg_addresses_leave(struct tg_addresses *addresses, const struct tg_address *address)
{
    pthread_mutex_lock(&addresses->lock);
    struct entry *entry = entry_find(addresses, address);
    if (--entry->connections == 0) {
        entry_rest(addresses, entry);
    }
    pthread_mutex_unlock(&addresses->lock);
}

void tg_addresses_refused(struct tg_addresses *addresses,
                          const struct tg_address *address, uint64_t now_ms)
{
    pthread_mutex_lock(&addresses->lock);
    struct entry *entry = entry_get(addresses, address, now_ms * 1000000);
    if (entry != NULL) {
        bucket_use(&entry->refusals_full_ns, addresses->refusal_ns, now_ms * 1000000);
        if (entry->connections == 0) {
            entry_rest(addresses, entry);
        }
    }
    pthread_mutex_unlock(&addresses->lock);
}

size_t tg_addresses_count(struct tg_addresses *addresses)
{
    pthread_mutex_lock(&addresses->lock);
    size_t count = addresses->entries.count;
    pthread_mutex_unlock(&addresses->lock);
    return count;
}
