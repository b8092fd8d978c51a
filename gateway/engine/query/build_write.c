#include "engine/base/mem.h"
#include "engine/query/build_parts.h"

/* The writing of one filter: terms from the front, their bytes after the last term. */
struct writer {
    struct tg_filter *filter;
    uint32_t terms;
    uint32_t bytes; /* Where the next bytes go. */
};

enum { GROUPS_MAX = 66, ALIGN = 8 };

/* A walk in preorder over the tree below `root`, without recursion. */
struct walk {
    struct {
        const struct tg_build_part *part;
        uint32_t next;
    } open[GROUPS_MAX];
    uint32_t depth;
    const struct tg_build_part *root;
};

static const struct tg_build_part *walk_next(struct walk *walk)
{
    const struct tg_build_part *part = walk->root;
    walk->root = NULL;
    while (part == NULL && walk->depth > 0) {
        uint32_t top = walk->depth - 1;
        if (walk->open[top].next == walk->open[top].part->children_count) {
            walk->depth--;
        } else {
            part = walk->open[top].part->children[walk->open[top].next++];
        }
    }
    if (part != NULL && part->children_count != 0) {
        walk->open[walk->depth].part = part;
        walk->open[walk->depth++].next = 0;
    }
    return part;
}

static uint32_t aligned(uint32_t at, uint32_t to)
{
    return (at + to - 1) / to * to;
}

/* Bytes after the terms, padding included, if they begin at `at`. */
static uint32_t bytes_after(const struct tg_build_part *part, uint32_t at)
{
    switch (part->kind) {
    case TG_TERM_NUMBER_ONE:
    case TG_TERM_PROGRAM:
        return aligned(at, ALIGN) - at + part->size;
    case TG_TERM_TEXT_ONE: {
        /* Places in front, in the stead of sizes of 4 bytes each between the texts. */
        uint32_t count = 0;
        uint32_t size;
        for (uint32_t i = 0; i < part->size; i += 4 + size) {
            memcpy(&size, part->bytes + i, sizeof size);
            count++;
        }
        return aligned(at, 4) - at + part->size +
               count * (uint32_t)(sizeof(struct tg_term_text) - 4);
    }
    case TG_TERM_TEXT_IS:
    case TG_TERM_PREFIX:
    case TG_TERM_SUFFIX:
    case TG_TERM_CONTAINS:
    case TG_TERM_ITEM_TEXT:
        return part->size;
    case TG_TERM_TEXT_RANGE:
        return part->size - 5;
    default:
        return 0;
    }
}

static uint32_t put(struct writer *writer, const uint8_t *bytes, uint32_t size,
                    uint32_t align)
{
    uint32_t at = aligned(writer->bytes, align);
    if (size != 0) {
        memcpy((uint8_t *)writer->filter + at, bytes, size);
    }
    writer->bytes = at + size;
    return at;
}

static void write_texts(struct writer *writer, struct tg_term *term,
                        const struct tg_build_part *part)
{
    uint32_t size;
    uint32_t count = 0;
    for (uint32_t i = 0; i < part->size; i += 4 + size) {
        memcpy(&size, part->bytes + i, sizeof size);
        count++;
    }
    term->count = count;
    term->at = aligned(writer->bytes, 4);
    writer->bytes = term->at + count * (uint32_t)sizeof(struct tg_term_text);
    uint32_t from = 0;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(&size, part->bytes + from, sizeof size);
        struct tg_term_text text = {put(writer, part->bytes + from + 4, size, 1), size};
        memcpy((uint8_t *)writer->filter + term->at + i * sizeof text, &text,
               sizeof text);
        from += 4 + size;
    }
}

static void write_text_range(struct writer *writer, struct tg_term *term,
                             const struct tg_build_part *part)
{
    uint8_t flags = part->bytes[0];
    uint32_t low_size;
    memcpy(&low_size, part->bytes + 1, sizeof low_size);
    uint32_t high_size = part->size - 5 - low_size;
    term->low_at = UINT32_MAX;
    term->high_at = UINT32_MAX;
    if ((flags & TG_BUILD_NO_LOW) == 0) {
        term->low_size = low_size;
        term->low_open = (flags & TG_BUILD_LOW_OPEN) != 0;
        term->low_at = put(writer, part->bytes + 5, low_size, 1);
    }
    if ((flags & TG_BUILD_NO_HIGH) == 0) {
        term->high_size = high_size & 0x3fffffff;
        term->high_open = (flags & TG_BUILD_HIGH_OPEN) != 0;
        term->high_at = put(writer, part->bytes + 5 + low_size, high_size, 1);
    }
}

static void write_term(struct writer *writer, const struct tg_build_part *part)
{
    struct tg_term *term = &writer->filter->terms[writer->terms++];
    term->kind = part->kind;
    term->negated = part->negated;
    term->slot = part->slot;
    term->skip = part->terms;
    switch (part->kind) {
    case TG_TERM_NUMBER_IS:
    case TG_TERM_ITEM_NUMBER:
        memcpy(&term->low, part->bytes, sizeof term->low);
        break;
    case TG_TERM_NUMBER_RANGE:
        memcpy(&term->low, part->bytes, sizeof term->low);
        memcpy(&term->high, part->bytes + sizeof term->low, sizeof term->high);
        break;
    case TG_TERM_NUMBER_ONE:
        term->count = part->size / (uint32_t)sizeof(int64_t);
        term->size = part->size;
        term->at = put(writer, part->bytes, part->size, ALIGN);
        break;
    case TG_TERM_TEXT_ONE:
        write_texts(writer, term, part);
        break;
    case TG_TERM_TEXT_RANGE:
        write_text_range(writer, term, part);
        break;
    case TG_TERM_TEXT_IS:
    case TG_TERM_PREFIX:
    case TG_TERM_SUFFIX:
    case TG_TERM_CONTAINS:
    case TG_TERM_ITEM_TEXT:
        term->size = part->size;
        term->at = put(writer, part->bytes, part->size, 1);
        break;
    case TG_TERM_PROGRAM:
        term->size = part->size;
        term->at = put(writer, part->bytes, part->size, ALIGN);
        break;
    default:
        break;
    }
}

struct tg_filter *tg_build_write(const struct tg_build_part *root)
{
    uint32_t size =
        (uint32_t)(sizeof(struct tg_filter) + root->terms * sizeof(struct tg_term));
    struct walk walk = {.root = root};
    uint32_t bytes = size;
    const struct tg_build_part *part;
    while ((part = walk_next(&walk)) != NULL) {
        bytes += bytes_after(part, bytes);
    }
    bytes = aligned(bytes, ALIGN);
    struct tg_filter *filter = tg_zalloc(1, bytes);
    if (filter == NULL) {
        return NULL;
    }
    filter->size = bytes;
    filter->terms_count = root->terms;
    filter->cost = root->cost;
    filter->programs = root->programs;
    filter->slots = root->slots;
    filter->about_event = root->about_event;
    struct writer writer = {filter, 0, size};
    walk = (struct walk){.root = root};
    while ((part = walk_next(&walk)) != NULL) {
        write_term(&writer, part);
    }
    return filter;
}
