#include "server/identity/record.h"

#include "engine/identity/tickets.h"

enum { MARK = 'r', VERSION = 1 };

/* --- Writing ----------------------------------------------------------------------- */

static void put_number(struct tg_buf *buf, uint64_t number, unsigned bytes)
{
    while (bytes-- > 0) {
        tg_buf_add_byte(buf, (uint8_t)(number >> (8 * bytes)));
    }
}

static void put_text(struct tg_buf *buf, struct tg_slice text)
{
    put_number(buf, text.size, 2);
    tg_buf_add_slice(buf, text);
}

void tg_record_write(const struct tg_sessions_entry *entry,
                     const struct tg_clocks *clocks, struct tg_buf *buf)
{
    const struct tg_identity_facts *facts = &entry->identity->facts;
    int64_t ahead_us = clocks->wall_us - clocks->steady_us;
    put_number(buf, MARK, 1);
    put_number(buf, VERSION, 1);
    tg_buf_add(buf, entry->id, TG_SESSION_ID_BYTES);
    put_number(buf, entry->generation, 4);
    put_number(buf, (uint64_t)(entry->rotated_us + ahead_us), 8);
    put_number(buf, (uint64_t)(entry->deadline.due_us + ahead_us), 8);
    put_text(buf, tg_slice(entry->origin, entry->origin_size));
    put_text(buf, facts->app);
    put_text(buf, facts->user);
    put_text(buf, facts->session);
    put_text(buf, facts->claims);
    put_number(buf, facts->types_count, 2);
    for (uint32_t i = 0; i < facts->types_count; i++) {
        put_text(buf, facts->types[i]);
    }
    tg_buf_add(buf, (uint8_t[TG_MAC_BYTES]){0}, TG_MAC_BYTES);
}

void tg_record_sign(struct tg_slice key, uint8_t *record, size_t size)
{
    size_t signed_size = size - TG_MAC_BYTES;
    tg_secrets_mac(key, tg_slice(record, signed_size), record + signed_size);
}

/* --- Reading ----------------------------------------------------------------------- */

struct reader {
    struct tg_slice left;
    bool failed;
};

static struct tg_slice get_bytes(struct reader *r, size_t size)
{
    if (r->failed || r->left.size < size) {
        r->failed = true;
        return tg_slice(NULL, 0);
    }
    struct tg_slice bytes = tg_slice(r->left.data, size);
    r->left = tg_slice(r->left.data + size, r->left.size - size);
    return bytes;
}

static uint64_t get_number(struct reader *r, unsigned size)
{
    struct tg_slice bytes = get_bytes(r, size);
    uint64_t number = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        number = number << 8 | bytes.data[i];
    }
    return number;
}

/* By the clock on the wall, since 1970, and within reason. */
static int64_t get_time(struct reader *r)
{
    uint64_t us = get_number(r, 8);
    r->failed |= us >> 56 != 0;
    return r->failed ? 0 : (int64_t)us;
}

static struct tg_slice get_text(struct reader *r, size_t least, size_t most)
{
    size_t size = (size_t)get_number(r, 2);
    r->failed |= size < least || size > most;
    return get_bytes(r, size);
}

bool tg_record_read(struct tg_slice bytes, struct tg_slice key,
                    const struct tg_clocks *clocks, struct tg_record *record)
{
    uint8_t mac[TG_MAC_BYTES];
    if (bytes.size < sizeof mac) {
        return false;
    }
    struct reader r = {.left = tg_slice(bytes.data, bytes.size - sizeof mac)};
    tg_secrets_mac(key, r.left, mac);
    if (!tg_same_secret(mac, bytes.data + r.left.size, sizeof mac) ||
        get_number(&r, 1) != MARK || get_number(&r, 1) != VERSION) {
        return false;
    }
    int64_t ahead_us = clocks->wall_us - clocks->steady_us;
    struct tg_slice id = get_bytes(&r, TG_SESSION_ID_BYTES);
    if (id.size != 0) {
        memcpy(record->id, id.data, id.size);
    }
    record->generation = (uint32_t)get_number(&r, 4);
    record->rotated_us = get_time(&r) - ahead_us;
    record->expires_us = get_time(&r) - ahead_us;
    record->origin = get_text(&r, 0, UINT16_MAX);
    struct tg_identity_facts *facts = &record->facts;
    *facts = (struct tg_identity_facts){.types = record->types};
    facts->app = get_text(&r, 1, TG_APP_BYTES_MAX);
    facts->user = get_text(&r, 1, TG_USER_BYTES_MAX);
    facts->session = get_text(&r, 0, TG_SESSION_NAME_BYTES_MAX);
    facts->claims = get_text(&r, 2, TG_IDENTITY_CLAIMS_MAX);
    uint64_t count = get_number(&r, 2);
    r.failed |= count > TG_IDENTITY_TYPES_MAX;
    for (uint64_t i = 0; i < count && !r.failed; i++) {
        record->types[i] = get_text(&r, 1, UINT16_MAX);
    }
    facts->types_count = (uint32_t)count;
    facts->client = tg_session_client(record->id);
    return !r.failed && r.left.size == 0;
}
