/* Private to the builder: subtrees as it holds them, all in one arena that lives until
 * the filter is finished. */
#ifndef TG_QUERY_BUILD_PARTS_H
#define TG_QUERY_BUILD_PARTS_H

#include "engine/query/build.h"

/* A literal or a canonical group. `bytes` is all that tells it from others of its slot,
 * kind and negation, so that equal parts are found by comparing bytes:
 *   NUMBER_IS, ITEM_NUMBER: the number; NUMBER_ONE: the numbers, ascending;
 *   NUMBER_RANGE: low, high; TEXT_IS, PREFIX, …: the text;
 *   TEXT_ONE: for each, ascending, its size (32 bits) and the text;
 *   TEXT_RANGE: flags, the size of the lower end, the lower end, the upper end;
 *   PROGRAM: the program; AND, OR: the encodings of the children. */
struct tg_build_part {
    uint8_t kind;
    bool negated;
    bool about_event;
    uint16_t slot;
    uint32_t terms; /* Of the subtree; so the next three. */
    uint32_t cost;
    uint32_t programs;
    uint64_t slots;
    const uint8_t *bytes;
    uint32_t size;
    uint32_t children_count;
    const struct tg_build_part **children;
};

/* Flags of a TEXT_RANGE. */
enum {
    TG_BUILD_NO_LOW = 1,
    TG_BUILD_LOW_OPEN = 2,
    TG_BUILD_NO_HIGH = 4,
    TG_BUILD_HIGH_OPEN = 8,
};

/* Arena memory; NULL makes the builder fail. */
void *tg_build_take(struct tg_builder *builder, size_t size);

/* A constant that literals compare with: a number, or a text. */
struct tg_build_constant {
    struct tg_slice text;
    int64_t number;
};

struct tg_build_set {
    struct tg_build_constant *items; /* Ascending, each once. */
    uint32_t count;
};

/* One end of a range; `none`: there is no end on this side. */
struct tg_build_end {
    struct tg_build_constant at;
    bool none;
    bool open;
};

int tg_build_compare(const struct tg_build_constant *a,
                     const struct tg_build_constant *b);
/* Sort, and leave each once. */
void tg_build_sort(struct tg_build_set *set);

/* Literals from what they compare with; NULL if the builder failed. A set of one is an
 * equality; of none, negated: PRESENT; of none otherwise: FALSE. */
struct tg_build_part *tg_build_make(struct tg_builder *builder, uint8_t kind,
                                    uint16_t slot, bool negated, struct tg_slice bytes);
const struct tg_build_part *tg_build_make_set(struct tg_builder *builder, uint16_t slot,
                                              bool is_text,
                                              const struct tg_build_set *set,
                                              bool negated);
const struct tg_build_part *tg_build_make_range(struct tg_builder *builder, uint16_t slot,
                                                bool is_text,
                                                const struct tg_build_end *low,
                                                const struct tg_build_end *high);

/* Tell the builder one more term; NULL: it has failed. */
void tg_build_add(struct tg_builder *builder, const struct tg_build_part *part);

/* The order of terms: literals by slot, then groups, then programs. */
int tg_build_order(const struct tg_build_part *a, const struct tg_build_part *b);

/* Of the `count` sorted parts of one group of `kind`, merge those that compare the same
 * slot with constants. `parts` is changed in place; how many are left. */
uint32_t tg_build_merge(struct tg_builder *builder, uint8_t kind,
                        const struct tg_build_part **parts, uint32_t count);

/* The tree as a filter, the caller's to tg_free; NULL without memory. */
struct tg_filter *tg_build_write(const struct tg_build_part *root);

#endif
