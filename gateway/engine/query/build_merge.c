#include <string.h>

#include "engine/query/build_parts.h"

/* What the literals of one group say of one slot on one line (numbers, or texts). */
struct constraint {
    struct tg_builder *builder;
    uint16_t slot;
    bool is_text;
    bool has_in;
    bool has_out;
    bool has_range;
    struct tg_build_set in;  /* The value is one of these. */
    struct tg_build_set out; /* It is none of these (null is none of them too). */
    struct tg_build_end low; /* Both of an AND alone. */
    struct tg_build_end high;
};

static bool kind_is_merged(uint8_t kind)
{
    return kind == TG_TERM_NUMBER_IS || kind == TG_TERM_NUMBER_ONE ||
           kind == TG_TERM_NUMBER_RANGE || kind == TG_TERM_TEXT_IS ||
           kind == TG_TERM_TEXT_ONE || kind == TG_TERM_TEXT_RANGE;
}

static bool kind_is_text(uint8_t kind)
{
    return kind == TG_TERM_TEXT_IS || kind == TG_TERM_TEXT_ONE ||
           kind == TG_TERM_TEXT_RANGE;
}

static bool kind_is_range(uint8_t kind)
{
    return kind == TG_TERM_NUMBER_RANGE || kind == TG_TERM_TEXT_RANGE;
}

static uint32_t load32(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint32_t set_count(const struct tg_build_part *part)
{
    if (part->kind != TG_TERM_TEXT_ONE) {
        return part->kind == TG_TERM_TEXT_IS ? 1 : part->size / (uint32_t)sizeof(int64_t);
    }
    uint32_t count = 0;
    for (uint32_t at = 0; at < part->size; count++) {
        at += 4 + load32(part->bytes + at);
    }
    return count;
}

/* The constants of an equality or a set. */
static struct tg_build_set set_of(struct tg_builder *builder,
                                  const struct tg_build_part *part)
{
    struct tg_build_set set = {NULL, set_count(part)};
    set.items = tg_build_take(builder, set.count * sizeof *set.items);
    if (set.items == NULL) {
        set.count = 0;
        return set;
    }
    const uint8_t *at = part->bytes;
    for (uint32_t i = 0; i < set.count; i++) {
        set.items[i] = (struct tg_build_constant){0};
        if (part->kind == TG_TERM_TEXT_IS) {
            set.items[i].text = tg_slice(part->bytes, part->size);
        } else if (part->kind == TG_TERM_TEXT_ONE) {
            set.items[i].text = tg_slice(at + 4, load32(at));
            at += 4 + load32(at);
        } else {
            memcpy(&set.items[i].number, at, sizeof(int64_t));
            at += sizeof(int64_t);
        }
    }
    return set;
}

static void range_of(const struct tg_build_part *part, struct tg_build_end *low,
                     struct tg_build_end *high)
{
    *low = (struct tg_build_end){0};
    *high = (struct tg_build_end){0};
    if (part->kind == TG_TERM_NUMBER_RANGE) {
        memcpy(&low->at.number, part->bytes, sizeof(int64_t));
        memcpy(&high->at.number, part->bytes + 8, sizeof(int64_t));
        return;
    }
    uint8_t flags = part->bytes[0];
    uint32_t low_size = load32(part->bytes + 1);
    low->at.text = tg_slice(part->bytes + 5, low_size);
    low->none = (flags & TG_BUILD_NO_LOW) != 0;
    low->open = (flags & TG_BUILD_LOW_OPEN) != 0;
    high->at.text = tg_slice(part->bytes + 5 + low_size, part->size - 5 - low_size);
    high->none = (flags & TG_BUILD_NO_HIGH) != 0;
    high->open = (flags & TG_BUILD_HIGH_OPEN) != 0;
}

/* Which items of two sets to keep: those in the first alone, in both, in the second. */
enum { FIRST = 1, BOTH = 2, SECOND = 4 };

static struct tg_build_set set_combine(struct tg_builder *builder, struct tg_build_set a,
                                       struct tg_build_set b, unsigned keep)
{
    struct tg_build_set set = {NULL, 0};
    set.items = tg_build_take(builder, (a.count + b.count) * sizeof *set.items);
    if (set.items == NULL) {
        return set;
    }
    uint32_t i = 0;
    uint32_t j = 0;
    while (i < a.count || j < b.count) {
        int order = i == a.count   ? 1
                    : j == b.count ? -1
                                   : tg_build_compare(&a.items[i], &b.items[j]);
        unsigned where = order < 0 ? FIRST : order > 0 ? SECOND : BOTH;
        if ((keep & where) != 0) {
            set.items[set.count++] = order <= 0 ? a.items[i] : b.items[j];
        }
        i += order <= 0;
        j += order >= 0;
    }
    return set;
}

static bool range_has(const struct constraint *all, const struct tg_build_constant *item)
{
    if (!all->low.none) {
        int order = tg_build_compare(item, &all->low.at);
        if (order < 0 || (order == 0 && all->low.open)) {
            return false;
        }
    }
    if (!all->high.none) {
        int order = tg_build_compare(item, &all->high.at);
        return order < 0 || (order == 0 && !all->high.open);
    }
    return true;
}

static void set_clip(const struct constraint *all, struct tg_build_set *set)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        if (range_has(all, &set->items[i])) {
            set->items[kept++] = set->items[i];
        }
    }
    set->count = kept;
}

static void range_narrow(struct constraint *all, const struct tg_build_end *low,
                         const struct tg_build_end *high)
{
    if (!all->has_range) {
        all->has_range = true;
        all->low = *low;
        all->high = *high;
        return;
    }
    int order = low->none || all->low.none ? (int)all->low.none - (int)low->none
                                           : tg_build_compare(&low->at, &all->low.at);
    if (order > 0 || (order == 0 && low->open)) {
        all->low = *low;
    }
    order = high->none || all->high.none ? (int)high->none - (int)all->high.none
                                         : tg_build_compare(&high->at, &all->high.at);
    if (order < 0 || (order == 0 && high->open)) {
        all->high = *high;
    }
}

/* One literal more; false if it stays as it is. */
static bool constraint_add(struct constraint *all, uint8_t group,
                           const struct tg_build_part *part)
{
    if (kind_is_range(part->kind)) {
        if (group == TG_TERM_OR) {
            return false;
        }
        struct tg_build_end low;
        struct tg_build_end high;
        range_of(part, &low, &high);
        range_narrow(all, &low, &high);
        return true;
    }
    struct tg_build_set set = set_of(all->builder, part);
    struct tg_build_set *into = part->negated ? &all->out : &all->in;
    bool *has = part->negated ? &all->has_out : &all->has_in;
    /* AND: in both sets of values, in neither of what it is not. OR: the reverse. */
    bool intersect = (group == TG_TERM_AND) != part->negated;
    *into = !*has ? set
                  : set_combine(all->builder, *into, set,
                                intersect ? BOTH : FIRST | BOTH | SECOND);
    *has = true;
    return true;
}

/* A range of one value is that value; whether it may have one at all. */
static bool range_settle(struct constraint *all)
{
    if (!all->has_range || all->low.none || all->high.none) {
        return true;
    }
    int order = tg_build_compare(&all->low.at, &all->high.at);
    if (order > 0 || (order == 0 && (all->low.open || all->high.open))) {
        return false;
    }
    if (order == 0) {
        struct tg_build_set one = {&all->low.at, 1};
        all->in = all->has_in ? set_combine(all->builder, all->in, one, BOTH) : one;
        all->has_in = true;
    }
    return true;
}

static uint32_t settle_and(struct constraint *all, const struct tg_build_part **parts)
{
    if (!range_settle(all)) {
        struct tg_build_set none = {NULL, 0};
        parts[0] = tg_build_make_set(all->builder, all->slot, all->is_text, &none, false);
        return 1;
    }
    uint32_t count = 0;
    if (all->has_in) {
        if (all->has_range) {
            set_clip(all, &all->in);
        }
        all->in = set_combine(all->builder, all->in, all->out, FIRST);
        parts[count++] =
            tg_build_make_set(all->builder, all->slot, all->is_text, &all->in, false);
        return count;
    }
    if (all->has_range) {
        parts[count++] = tg_build_make_range(all->builder, all->slot, all->is_text,
                                             &all->low, &all->high);
        set_clip(all, &all->out);
    }
    if (all->has_out && (all->out.count != 0 || !all->has_range)) {
        parts[count++] =
            tg_build_make_set(all->builder, all->slot, all->is_text, &all->out, true);
    }
    return count;
}

static uint32_t settle_or(struct constraint *all, const struct tg_build_part **parts)
{
    if (all->has_out) {
        all->out = set_combine(all->builder, all->out, all->in, FIRST);
        parts[0] =
            tg_build_make_set(all->builder, all->slot, all->is_text, &all->out, true);
        return 1;
    }
    if (all->has_in) {
        parts[0] =
            tg_build_make_set(all->builder, all->slot, all->is_text, &all->in, false);
        return 1;
    }
    return 0;
}

/* Merge parts[0 … count), which all compare one slot on one line. */
static uint32_t merge_run(struct tg_builder *builder, uint8_t group,
                          const struct tg_build_part **parts, uint32_t count)
{
    if (count < 2) {
        return count;
    }
    struct constraint all = {
        .builder = builder,
        .slot = parts[0]->slot,
        .is_text = kind_is_text(parts[0]->kind),
    };
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!constraint_add(&all, group, parts[i])) {
            parts[kept++] = parts[i];
        }
    }
    /* What is merged is never more than what it is merged of. */
    return kept + (group == TG_TERM_AND ? settle_and(&all, parts + kept)
                                        : settle_or(&all, parts + kept));
}

uint32_t tg_build_merge(struct tg_builder *builder, uint8_t kind,
                        const struct tg_build_part **parts, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count;) {
        uint32_t run = 1;
        if (kind_is_merged(parts[i]->kind)) {
            while (i + run < count && kind_is_merged(parts[i + run]->kind) &&
                   parts[i + run]->slot == parts[i]->slot &&
                   kind_is_text(parts[i + run]->kind) == kind_is_text(parts[i]->kind)) {
                run++;
            }
        }
        uint32_t left =
            kind_is_merged(parts[i]->kind) ? merge_run(builder, kind, parts + i, run) : 1;
        for (uint32_t k = 0; k < left; k++) {
            parts[kept++] = parts[i + k];
        }
        i += run;
    }
    return kept;
}
