#include "engine/base/nearest.h"

#include <stdio.h>

enum {
    NAME_MAX_BYTES = TG_NEAREST_NAME_MAX,
    /* Costs are halves: another letter costs a whole one, another case of it a half. */
    EDIT = 2,
    OTHER_CASE = 1,
    FAR = UINT16_MAX,
    /* More edits than this make another word, however long; it bounds the work too. */
    EDITS_MAX = 12,
    STEPS_MAX = 1 << 15,
};

void tg_nearest_init(struct tg_nearest *nearest, struct tg_slice wanted)
{
    *nearest = (struct tg_nearest){.wanted = wanted, .steps_left = STEPS_MAX};
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

static uint32_t replace_cost(uint8_t a, uint8_t b)
{
    return a == b ? 0 : lower(a) == lower(b) ? OTHER_CASE : EDIT;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t edits_max(size_t size)
{
    size_t edits = size / 3 > 2 ? size / 3 : 2;
    if (size <= 3) {
        edits = 1;
    }
    return edits > EDITS_MAX ? EDITS_MAX : (uint32_t)edits;
}

/* Which letters and digits a name has, in any case: one bit each, some shared. */
static uint32_t letters(struct tg_slice name)
{
    uint32_t set = 0;
    for (size_t i = 0; i < name.size; i++) {
        set |= 1u << (lower(name.data[i]) & 31);
    }
    return set;
}

/* An edit brings in at most one letter (a swap none), so at least this many are needed;
 * it rules out most names at little cost. */
static uint32_t edits_min(struct tg_slice a, struct tg_slice b)
{
    uint32_t in_a = letters(a);
    uint32_t in_b = letters(b);
    int only_a = __builtin_popcount(in_a & ~in_b);
    int only_b = __builtin_popcount(in_b & ~in_a);
    return (uint32_t)(only_a > only_b ? only_a : only_b);
}

/* Drop what both begin and end with: it costs nothing to keep. */
static void strip(struct tg_slice *a, struct tg_slice *b)
{
    while (a->size > 0 && b->size > 0 && a->data[0] == b->data[0]) {
        *a = tg_slice(a->data + 1, a->size - 1);
        *b = tg_slice(b->data + 1, b->size - 1);
    }
    while (a->size > 0 && b->size > 0 && a->data[a->size - 1] == b->data[b->size - 1]) {
        a->size--;
        b->size--;
    }
}

/* The cost from `a` to `b` (optimal string alignment), or FAR if it is above `most`. Only
 * a band around the diagonal is computed: what lies outside costs more than `most`. */
static uint32_t distance(struct tg_nearest *nearest, struct tg_slice a, struct tg_slice b,
                         uint32_t most)
{
    uint16_t rows[3][NAME_MAX_BYTES + 1];
    size_t band = most / EDIT;
    size_t apart = a.size > b.size ? a.size - b.size : b.size - a.size;
    if (a.size > NAME_MAX_BYTES || b.size > NAME_MAX_BYTES || apart > band ||
        nearest->steps_left == 0 || edits_min(a, b) > band) {
        return FAR;
    }
    strip(&a, &b);
    if (a.size == 0 || b.size == 0) {
        uint32_t cost = (uint32_t)apart * EDIT;
        return cost > most ? FAR : cost;
    }
    for (size_t j = 0; j <= b.size; j++) {
        rows[0][j] = (uint16_t)(j * EDIT);
    }
    for (size_t i = 1; i <= a.size; i++) {
        uint16_t *row = rows[i % 3];
        const uint16_t *above = rows[(i - 1) % 3];
        const uint16_t *above2 = rows[(i + 1) % 3];
        size_t first = i > band ? i - band : 1;
        size_t last = i + band < b.size ? i + band : b.size;
        uint32_t best = FAR;
        if (last - first >= nearest->steps_left) {
            nearest->steps_left = 0;
            return FAR;
        }
        nearest->steps_left -= (uint32_t)(last - first + 1);
        row[first - 1] = first == 1 ? (uint16_t)(i * EDIT) : FAR;
        for (size_t j = first; j <= last; j++) {
            uint8_t x = a.data[i - 1];
            uint8_t y = b.data[j - 1];
            uint32_t cost = above[j - 1] + replace_cost(x, y);
            cost = least(cost, (uint32_t)row[j - 1] + EDIT);
            /* The row above was computed up to one before the end of this row's band. */
            if (j < i + band) {
                cost = least(cost, (uint32_t)above[j] + EDIT);
            }
            if (i > 1 && j > 1 && x == b.data[j - 2] && a.data[i - 2] == y && x != y) {
                cost = least(cost, (uint32_t)above2[j - 2] + EDIT);
            }
            row[j] = (uint16_t)least(cost, FAR);
            best = least(best, cost);
        }
        if (best > most) {
            return FAR;
        }
    }
    uint32_t cost = rows[a.size % 3][b.size];
    return cost > most ? FAR : cost;
}

/* What is further away than the best by as much as a letter was hardly meant. */
static void drop_far(struct tg_nearest *nearest)
{
    while (nearest->costs[nearest->count - 1] >= nearest->costs[0] + EDIT) {
        nearest->count--;
    }
}

static void enter(struct tg_nearest *nearest, struct tg_slice name, uint32_t cost)
{
    uint32_t at = nearest->count;
    while (at > 0 && nearest->costs[at - 1] > cost) {
        at--;
    }
    if (at == TG_NEAREST_MAX) {
        return;
    }
    if (nearest->count < TG_NEAREST_MAX) {
        nearest->count++;
    }
    for (uint32_t i = nearest->count - 1; i > at; i--) {
        nearest->names[i] = nearest->names[i - 1];
        nearest->costs[i] = nearest->costs[i - 1];
    }
    nearest->names[at] = name;
    nearest->costs[at] = cost;
    drop_far(nearest);
}

/* What a name may cost at most to be entered still. */
static uint32_t cost_max(const struct tg_nearest *nearest)
{
    bool full = nearest->count == TG_NEAREST_MAX;
    uint32_t worst = full ? nearest->costs[TG_NEAREST_MAX - 1] : FAR;
    return worst == 0 ? 0 : worst - 1;
}

/* However many letters of it: `STATUS` is `status`. */
static bool is_other_case(struct tg_slice a, struct tg_slice b)
{
    size_t same = 0;
    while (same < a.size && a.size == b.size &&
           lower(a.data[same]) == lower(b.data[same])) {
        same++;
    }
    return same == a.size && a.size == b.size && !tg_slice_equal(a, b);
}

/* Cost of `name` for what was wanted, or FAR if it is not close, or not closer than those
 * held. A change of every letter is never close. */
static uint32_t closeness(struct tg_nearest *nearest, struct tg_slice wanted,
                          struct tg_slice name)
{
    size_t shorter = wanted.size < name.size ? wanted.size : name.size;
    if (is_other_case(wanted, name)) {
        return least(OTHER_CASE, cost_max(nearest)) == OTHER_CASE ? OTHER_CASE : FAR;
    }
    uint32_t edits = edits_max(wanted.size);
    if (shorter <= edits) {
        edits = shorter == 0 ? 0 : (uint32_t)shorter - 1;
    }
    return distance(nearest, wanted, name, least(edits * EDIT, cost_max(nearest)));
}

void tg_nearest_offer(struct tg_nearest *nearest, struct tg_slice name)
{
    uint32_t cost = closeness(nearest, nearest->wanted, name);
    if (cost != FAR) {
        enter(nearest, name, cost);
    }
}

/* What stands after the last dot or hyphen. */
static struct tg_slice last_part(struct tg_slice name)
{
    size_t at = name.size;
    while (at > 0 && name.data[at - 1] != '.' && name.data[at - 1] != '-') {
        at--;
    }
    return at == 0 ? name : tg_slice(name.data + at, name.size - at);
}

void tg_nearest_offer_dotted(struct tg_nearest *nearest, struct tg_slice name)
{
    uint32_t cost = closeness(nearest, nearest->wanted, name);
    struct tg_slice label = last_part(name);
    struct tg_slice wanted = last_part(nearest->wanted);
    uint32_t label_cost;
    if (wanted.size == nearest->wanted.size) {
        label_cost = closeness(nearest, wanted, label);
    } else {
        /* Both have parts before: then the last ones must agree but for case. */
        label_cost =
            wanted.size == label.size && wanted.size > 0
                ? distance(nearest, wanted, label, (uint32_t)wanted.size * OTHER_CASE)
                : FAR;
        label_cost = label_cost < EDIT * 2 ? label_cost + EDIT * 2 : FAR;
    }
    cost = least(cost, label_cost);
    if (cost != FAR) {
        enter(nearest, name, cost);
    }
}

const char *tg_nearest_text(const struct tg_nearest *nearest, const char *before,
                            char text[TG_NEAREST_TEXT_MAX])
{
    size_t at = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < nearest->count; i++) {
        const char *joint = i == 0                   ? "; did you mean "
                            : i + 1 < nearest->count ? ", "
                                                     : " or ";
        int size = snprintf(text + at, TG_NEAREST_TEXT_MAX - at, "%s%s%.*s%s", joint,
                            before, TG_FMT(nearest->names[i]),
                            i + 1 == nearest->count ? "?" : "");
        at += (size_t)size < TG_NEAREST_TEXT_MAX - at ? (size_t)size
                                                      : TG_NEAREST_TEXT_MAX - at - 1;
    }
    return text;
}
