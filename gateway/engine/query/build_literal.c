#include <stdlib.h>

#include "engine/query/build_parts.h"

int tg_build_compare(const struct tg_build_constant *a, const struct tg_build_constant *b)
{
    if (a->number != b->number) {
        return a->number < b->number ? -1 : 1;
    }
    return tg_slice_compare(a->text, b->text);
}

static int by_value(const void *a, const void *b)
{
    return tg_build_compare(a, b);
}

void tg_build_sort(struct tg_build_set *set)
{
    if (set->count < 2) {
        return;
    }
    qsort(set->items, set->count, sizeof *set->items, by_value);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < set->count; i++) {
        if (tg_build_compare(&set->items[i], &set->items[kept - 1]) != 0) {
            set->items[kept++] = set->items[i];
        }
    }
    set->count = kept;
}

/* Of the constants in a literal, as steps: a search halves. */
static uint32_t cost_of(uint32_t count)
{
    uint32_t cost = 1;
    for (; count > 1; count /= 2) {
        cost++;
    }
    return cost;
}

struct tg_build_part *tg_build_make(struct tg_builder *builder, uint8_t kind,
                                    uint16_t slot, bool negated, struct tg_slice bytes)
{
    uint8_t *copy = tg_build_take(builder, bytes.size);
    struct tg_build_part *part = tg_build_take(builder, sizeof *part);
    if (part == NULL) {
        return NULL;
    }
    if (bytes.size != 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    bool constant = kind == TG_TERM_TRUE || kind == TG_TERM_FALSE;
    *part = (struct tg_build_part){
        .kind = kind,
        .negated = negated,
        .slot = slot,
        .terms = 1,
        .cost = 1,
        .slots = constant ? 0 : tg_slot_bit(slot),
        .about_event = slot >= TG_SLOT_OLD,
        .bytes = copy,
        .size = (uint32_t)bytes.size,
    };
    return part;
}

static struct tg_build_part *make_numbers(struct tg_builder *builder, uint16_t slot,
                                          const struct tg_build_set *set, bool negated)
{
    int64_t *numbers = tg_build_take(builder, set->count * sizeof *numbers);
    if (numbers == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < set->count; i++) {
        numbers[i] = set->items[i].number;
    }
    return tg_build_make(builder, TG_TERM_NUMBER_ONE, slot, negated,
                         tg_slice(numbers, set->count * sizeof *numbers));
}

static struct tg_build_part *make_texts(struct tg_builder *builder, uint16_t slot,
                                        const struct tg_build_set *set, bool negated)
{
    size_t size = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        size += 4 + set->items[i].text.size;
    }
    uint8_t *bytes = tg_build_take(builder, size);
    if (bytes == NULL) {
        return NULL;
    }
    uint8_t *to = bytes;
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t text_size = (uint32_t)set->items[i].text.size;
        memcpy(to, &text_size, sizeof text_size);
        if (text_size != 0) {
            memcpy(to + 4, set->items[i].text.data, text_size);
        }
        to += 4 + text_size;
    }
    return tg_build_make(builder, TG_TERM_TEXT_ONE, slot, negated, tg_slice(bytes, size));
}

const struct tg_build_part *tg_build_make_set(struct tg_builder *builder, uint16_t slot,
                                              bool is_text,
                                              const struct tg_build_set *set,
                                              bool negated)
{
    if (set->count == 0) {
        return negated ? tg_build_make(builder, TG_TERM_PRESENT, slot, false, TG_LIT(""))
                       : tg_build_make(builder, TG_TERM_FALSE, 0, false, TG_LIT(""));
    }
    if (set->count == 1) {
        const struct tg_build_constant *only = &set->items[0];
        return is_text
                   ? tg_build_make(builder, TG_TERM_TEXT_IS, slot, negated, only->text)
                   : tg_build_make(builder, TG_TERM_NUMBER_IS, slot, negated,
                                   tg_slice(&only->number, sizeof only->number));
    }
    struct tg_build_part *part = is_text ? make_texts(builder, slot, set, negated)
                                         : make_numbers(builder, slot, set, negated);
    if (part != NULL) {
        part->cost = cost_of(set->count);
    }
    return part;
}

static const struct tg_build_part *make_text_range(struct tg_builder *builder,
                                                   uint16_t slot,
                                                   const struct tg_build_end *low,
                                                   const struct tg_build_end *high)
{
    uint32_t low_size = low->none ? 0 : (uint32_t)low->at.text.size;
    uint32_t high_size = high->none ? 0 : (uint32_t)high->at.text.size;
    uint8_t *bytes = tg_build_take(builder, (size_t)5 + low_size + high_size);
    if (bytes == NULL) {
        return NULL;
    }
    bytes[0] = (uint8_t)((low->none ? TG_BUILD_NO_LOW : 0) |
                         (low->open ? TG_BUILD_LOW_OPEN : 0) |
                         (high->none ? TG_BUILD_NO_HIGH : 0) |
                         (high->open ? TG_BUILD_HIGH_OPEN : 0));
    memcpy(bytes + 1, &low_size, sizeof low_size);
    if (low_size != 0) {
        memcpy(bytes + 5, low->at.text.data, low_size);
    }
    if (high_size != 0) {
        memcpy(bytes + 5 + low_size, high->at.text.data, high_size);
    }
    return tg_build_make(builder, TG_TERM_TEXT_RANGE, slot, false,
                         tg_slice(bytes, (size_t)5 + low_size + high_size));
}

const struct tg_build_part *tg_build_make_range(struct tg_builder *builder, uint16_t slot,
                                                bool is_text,
                                                const struct tg_build_end *low,
                                                const struct tg_build_end *high)
{
    if (!low->none && !high->none) {
        int order = tg_build_compare(&low->at, &high->at);
        if (order >= 0) {
            /* One value, or none. */
            struct tg_build_constant only = low->at;
            struct tg_build_set set = {&only, order == 0 && !low->open && !high->open};
            return tg_build_make_set(builder, slot, is_text, &set, false);
        }
    }
    if (is_text) {
        return make_text_range(builder, slot, low, high);
    }
    int64_t ends[2] = {low->at.number, high->at.number};
    return tg_build_make(builder, TG_TERM_NUMBER_RANGE, slot, false,
                         tg_slice(ends, sizeof ends));
}

/* Literals, then groups, then programs; of the literals on one slot, those that compare
 * numbers, then those that compare texts: so that merging finds them together. */
static unsigned rank(const struct tg_build_part *part)
{
    switch (part->kind) {
    case TG_TERM_AND:
    case TG_TERM_OR:
        return 1;
    case TG_TERM_PROGRAM:
        return 2;
    default:
        return 0;
    }
}

static unsigned line(const struct tg_build_part *part)
{
    switch (part->kind) {
    case TG_TERM_NUMBER_IS:
    case TG_TERM_NUMBER_ONE:
    case TG_TERM_NUMBER_RANGE:
        return 0;
    case TG_TERM_TEXT_IS:
    case TG_TERM_TEXT_ONE:
    case TG_TERM_TEXT_RANGE:
        return 1;
    default:
        return 2;
    }
}

static uint64_t order_key(const struct tg_build_part *part)
{
    return (uint64_t)rank(part) << 40 | (uint64_t)part->slot << 24 | line(part) << 16 |
           (unsigned)part->kind << 8 | part->negated;
}

int tg_build_order(const struct tg_build_part *a, const struct tg_build_part *b)
{
    uint64_t x = order_key(a);
    uint64_t y = order_key(b);
    if (x != y) {
        return x < y ? -1 : 1;
    }
    return tg_slice_compare(tg_slice(a->bytes, a->size), tg_slice(b->bytes, b->size));
}
