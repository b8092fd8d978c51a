#include "engine/json/names.h"

#include "engine/base/map.h"
#include "engine/json/text.h"

/* From this many members on, names are looked up in a table. */
enum { FEW_MEMBERS = 16 };

/* The unescaped name; borrowed from the text, or appended to the document's scratch. */
static bool name_bytes(struct tg_json_doc *doc, const struct tg_json_token *name,
                       struct tg_slice *bytes)
{
    struct tg_slice source = tg_json_inside(doc, name);
    if ((name->flags & TG_JSON_ESCAPED) == 0) {
        *bytes = source;
        return true;
    }
    struct tg_buf *scratch = &doc->scratch;
    size_t before = scratch->size;
    /* Unescaping never makes a string longer. */
    uint8_t *to = tg_buf_room(scratch, source.size);
    if (to == NULL) {
        return false;
    }
    for (size_t i = 0; i < source.size;) {
        size_t size = 1;
        if (source.data[i] == '\\') {
            i += tg_json_escape(source.data + i, source.data + source.size, to, &size);
        } else {
            *to = source.data[i++];
        }
        to += size;
    }
    scratch->size = (size_t)(to - scratch->data);
    *bytes = tg_slice(scratch->data + before, scratch->size - before);
    return true;
}

static bool same_name(struct tg_json_doc *doc, uint32_t a, uint32_t b, bool *same)
{
    struct tg_slice first;
    struct tg_slice second;
    if (!name_bytes(doc, &doc->tokens[a], &first) ||
        !name_bytes(doc, &doc->tokens[b], &second)) {
        return false;
    }
    if ((doc->tokens[a].flags & TG_JSON_ESCAPED) != 0) {
        /* The second may have moved it. */
        bool also = (doc->tokens[b].flags & TG_JSON_ESCAPED) != 0;
        size_t after = doc->scratch.size - (also ? second.size : 0);
        first.data = doc->scratch.data + after - first.size;
    }
    *same = tg_slice_equal(first, second);
    return true;
}

/* The key of a name that lies so close to the end of what may be read. */
static uint64_t key_bytewise(struct tg_slice name)
{
    uint64_t key = 0;
    for (size_t i = 0; i < name.size; i++) {
        key |= (uint64_t)name.data[i] << 8 * i;
    }
    return key;
}

static inline uint64_t load(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The first 8 bytes, the last 8, and the size: equal for equal names. Up to `readable_to`
 * it may look at bytes after the name. */
static inline uint64_t name_key(struct tg_slice name, const uint8_t *readable_to)
{
    uint64_t key;
    if (name.size >= 8) {
        key = load(name.data) ^
              load(name.data + name.size - 8) * UINT64_C(0x9e3779b97f4a7c15);
    } else if (readable_to - name.data >= 8) {
        key = load(name.data) & ((UINT64_C(1) << 8 * name.size) - 1);
    } else {
        key = key_bytewise(name);
    }
    return key ^ (uint64_t)name.size << 56;
}

static bool escaped_name_key(struct tg_json_doc *doc, struct tg_json_token *name)
{
    struct tg_slice bytes;
    tg_buf_clear(&doc->scratch);
    if (!name_bytes(doc, name, &bytes)) {
        return false;
    }
    name->key = name_key(bytes, bytes.data + bytes.size);
    return true;
}

bool tg_json_name_key(struct tg_json_doc *doc, struct tg_json_token *name)
{
    if ((name->flags & TG_JSON_ESCAPED) != 0) {
        return escaped_name_key(doc, name);
    }
    name->key = name_key(tg_json_inside(doc, name), doc->text.data + doc->text.size);
    return true;
}

/* Is each name's key surely another? A set of 64 bits that each key enters one of: two
 * keys may share a bit, equal ones always do. */
static bool keys_differ(const struct tg_json_token *tokens, uint32_t object,
                        uint32_t size)
{
    uint64_t seen = 0;
    uint32_t name = object + 1;
    for (uint32_t i = 0; i < size; i++) {
        uint64_t bit = UINT64_C(1)
                       << (tokens[name].key * UINT64_C(0x9e3779b97f4a7c15) >> 58);
        if ((seen & bit) != 0) {
            return false;
        }
        seen |= bit;
        name = tg_json_after(tokens, name + 1);
    }
    return true;
}

/* Each name against those before it. */
static bool repeats_of_few(struct tg_json_doc *doc, uint32_t object, uint32_t size,
                           uint32_t *repeated)
{
    uint64_t keys[FEW_MEMBERS];
    uint32_t names[FEW_MEMBERS];
    uint32_t name = object + 1;
    for (uint32_t i = 0; i < size; i++) {
        uint64_t key = doc->tokens[name].key;
        for (uint32_t j = 0; j < i; j++) {
            bool same = false;
            tg_buf_clear(&doc->scratch);
            if (keys[j] == key && !same_name(doc, names[j], name, &same)) {
                return false;
            }
            if (same) {
                *repeated = name;
                return true;
            }
        }
        keys[i] = key;
        names[i] = name;
        name = tg_json_after(doc->tokens, name + 1);
    }
    return true;
}

/* A table of places at the beginning of the scratch buffer, open addressing; unescaped
 * names come and go behind it. */
struct table {
    struct tg_buf *scratch;
    size_t places; /* A power of two. */
    size_t size;   /* In bytes. */
};

static bool table_init(struct table *table, struct tg_buf *scratch, uint32_t names)
{
    *table = (struct table){scratch, 64, 0};
    while (table->places < (size_t)names * 2) {
        table->places *= 2;
    }
    table->size = table->places * sizeof(uint32_t);
    tg_buf_clear(scratch);
    uint8_t *places = tg_buf_room(scratch, table->size);
    if (places != NULL) {
        memset(places, 0, table->size);
        scratch->size = table->size;
    }
    return places != NULL;
}

/* 0: free. (Token 0 is the root, never a name.) The bytes come from realloc, so they are
 * aligned; they may move whenever a name is unescaped. */
static uint32_t *table_place(const struct table *table, size_t at)
{
    return (uint32_t *)(void *)table->scratch->data + (at & (table->places - 1));
}

/* The hash is keyed, so that nobody can choose names that collide. */
static bool repeats_of_many(struct tg_json_doc *doc, uint32_t object, uint32_t size,
                            uint32_t *repeated)
{
    struct table table;
    if (!table_init(&table, &doc->scratch, size)) {
        return false;
    }
    uint32_t name = object + 1;
    for (uint32_t i = 0; i < size; i++) {
        struct tg_slice bytes;
        doc->scratch.size = table.size;
        if (!name_bytes(doc, &doc->tokens[name], &bytes)) {
            return false;
        }
        uint64_t hash = tg_hash(bytes);
        size_t at = hash;
        doc->tokens[name].key = hash;
        for (uint32_t other; (other = *table_place(&table, at)) != 0; at++) {
            bool same = false;
            doc->scratch.size = table.size;
            if (doc->tokens[other].key == hash && !same_name(doc, other, name, &same)) {
                return false;
            }
            if (same) {
                *repeated = name;
                return true;
            }
        }
        *table_place(&table, at) = name;
        name = tg_json_after(doc->tokens, name + 1);
    }
    return true;
}

bool tg_json_name_repeats(struct tg_json_doc *doc, uint32_t object, uint32_t *repeated)
{
    uint32_t size = doc->tokens[object].size;
    *repeated = 0;
    if (size < 2 || (size <= FEW_MEMBERS && keys_differ(doc->tokens, object, size))) {
        return true;
    }
    return size <= FEW_MEMBERS ? repeats_of_few(doc, object, size, repeated)
                               : repeats_of_many(doc, object, size, repeated);
}
