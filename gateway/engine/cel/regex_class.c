/* Classes of characters, as sorted ranges. */
#include "engine/cel/regex_code.h"

enum { POINT_MAX = 0x10ffff, RANGES_MAX = 1000 };

struct named {
    const char *name;
    const char *ranges; /* Pairs of characters: from, to. */
};

/* Perl's, by their letter, and POSIX's. */
static const struct named names[] = {
    {"d", "09"},           {"s", "\t\n\f\r  "},
    {"w", "09AZ__az"},     {"alnum", "09AZaz"},
    {"alpha", "AZaz"},     {"ascii", "\x01\x7f"},         /* And NUL. */
    {"blank", "\t\t  "},   {"cntrl", "\x01\x1f\x7f\x7f"}, /* And NUL. */
    {"digit", "09"},       {"graph", "!~"},
    {"lower", "az"},       {"print", " ~"},
    {"punct", "!/:@[`{~"}, {"space", "\t\r  "},
    {"upper", "AZ"},       {"word", "09AZ__az"},
    {"xdigit", "09AFaf"},
};

static struct tg_regex_range *ranges_from(struct tg_regex_compiler *c, uint32_t first,
                                          uint32_t *count)
{
    size_t all = c->ranges.size / sizeof(struct tg_regex_range);
    *count = (uint32_t)all - first;
    return (struct tg_regex_range *)(void *)c->ranges.data + first;
}

static uint32_t next_range(const struct tg_regex_compiler *c)
{
    return (uint32_t)(c->ranges.size / sizeof(struct tg_regex_range));
}

static bool add_range(struct tg_regex_compiler *c, uint32_t low, uint32_t high)
{
    struct tg_regex_range range = {low, high};
    tg_buf_add(&c->ranges, &range, sizeof range);
    return !c->ranges.failed || tg_regex_fail(c, TG_ENOMEM, c->at, "out of memory");
}

/* The part of low to high that is in first to last, moved by `distance`. */
static bool add_moved(struct tg_regex_compiler *c, struct tg_regex_range range,
                      uint32_t first, uint32_t last, int32_t distance)
{
    uint32_t low = range.low > first ? range.low : first;
    uint32_t high = range.high < last ? range.high : last;
    return low > high || add_range(c, (uint32_t)((int32_t)low + distance),
                                   (uint32_t)((int32_t)high + distance));
}

/* Letters of ASCII, and the two beyond it that fold to them (U+017F, U+212A). */
static bool fold_range(struct tg_regex_compiler *c, uint32_t low, uint32_t high)
{
    struct tg_regex_range range = {low, high};
    return add_moved(c, range, 'A', 'Z', 0x20) && add_moved(c, range, 'a', 'z', -0x20) &&
           add_moved(c, range, 'S', 'S', 0x17f - 'S') &&
           add_moved(c, range, 's', 's', 0x17f - 's') &&
           add_moved(c, range, 'K', 'K', 0x212a - 'K') &&
           add_moved(c, range, 'k', 'k', 0x212a - 'k');
}

/* Sort the ranges from `first` on, and join those that touch. */
static void normalize(struct tg_regex_compiler *c, uint32_t first)
{
    uint32_t count;
    struct tg_regex_range *ranges = ranges_from(c, first, &count);
    for (uint32_t i = 1; i < count; i++) {
        struct tg_regex_range range = ranges[i];
        uint32_t at = i;
        for (; at > 0 && ranges[at - 1].low > range.low; at--) {
            ranges[at] = ranges[at - 1];
        }
        ranges[at] = range;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (kept != 0 && ranges[i].low <= ranges[kept - 1].high + 1) {
            if (ranges[i].high > ranges[kept - 1].high) {
                ranges[kept - 1].high = ranges[i].high;
            }
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    c->ranges.size -= (count - kept) * sizeof *ranges;
}

/* What the ranges from `first` on, which are normal, do not have. */
static bool negate(struct tg_regex_compiler *c, uint32_t first)
{
    uint32_t count;
    (void)ranges_from(c, first, &count);
    uint32_t low = 0;
    bool to_end = false;
    for (uint32_t i = 0; i < count; i++) {
        /* In place: each becomes the gap before it. */
        struct tg_regex_range *range = ranges_from(c, first, &count) + i;
        struct tg_regex_range had = *range;
        *range = (struct tg_regex_range){low, had.low - 1};
        to_end = had.high == POINT_MAX;
        low = had.high + 1;
    }
    if (!to_end && !add_range(c, low, POINT_MAX)) {
        return false;
    }
    struct tg_regex_range *ranges = ranges_from(c, first, &count);
    if (count != 0 && ranges[0].high == UINT32_MAX) {
        memmove(ranges, ranges + 1, (count - 1) * sizeof *ranges);
        c->ranges.size -= sizeof *ranges;
    }
    return true;
}

/* Add a class by its name; `negated`: all that it has not. */
static bool add_named(struct tg_regex_compiler *c, struct tg_slice name, bool negated)
{
    uint32_t first = next_range(c);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!tg_slice_is(name, names[i].name)) {
            continue;
        }
        for (const char *pair = names[i].ranges; *pair != '\0'; pair += 2) {
            uint32_t low = (uint32_t)pair[0] == 1 ? 0 : (uint32_t)pair[0];
            if (!add_range(c, low, (uint32_t)pair[1]) ||
                (c->fold && !fold_range(c, low, (uint32_t)pair[1]))) {
                return false;
            }
        }
        if (negated) {
            normalize(c, first);
            return negate(c, first);
        }
        return true;
    }
    return tg_regex_fail(c, TG_EINVAL, c->at, "there is no class of this name");
}

/* \d \s \w and \D \S \W at the compiler's place, if one is there. */
static bool add_perl(struct tg_regex_compiler *c, bool *found)
{
    uint8_t letter = tg_regex_peek(c, 1);
    uint8_t lower = letter | 0x20;
    *found = tg_regex_peek(c, 0) == '\\' &&
             (lower == 'd' || lower == 's' || lower == 'w');
    if (!*found) {
        return true;
    }
    c->at += 2;
    return add_named(c, tg_slice(&lower, 1), letter != lower);
}

/* The ranges from `first` on are a class: add the instruction that reads one. */
static bool emit_class(struct tg_regex_compiler *c, uint32_t first, bool negated)
{
    normalize(c, first);
    if (negated && !negate(c, first)) {
        return false;
    }
    return tg_regex_emit(c, TG_REGEX_CLASS, first, (int16_t)(next_range(c) - first));
}

bool tg_regex_perl(struct tg_regex_compiler *c, bool *found)
{
    uint32_t first = next_range(c);
    return add_perl(c, found) && (!*found || emit_class(c, first, false));
}

bool tg_regex_literal(struct tg_regex_compiler *c, uint32_t point, uint32_t at)
{
    uint32_t lower = point | 0x20;
    if (!c->fold || (point < 0x80 && (lower < 'a' || lower > 'z'))) {
        return tg_regex_emit(c, TG_REGEX_CHARACTER, point, 0);
    }
    if (point >= 0x80) {
        return tg_regex_fail(c, TG_EINVAL, at, "(?i) is for the letters of ASCII only");
    }
    uint32_t first = next_range(c);
    return add_range(c, point, point) && fold_range(c, point, point) &&
           emit_class(c, first, false);
}

/* --- brackets -------------------------------------------------------------------- */

/* [:alpha:] and [:^alpha:], if one is there. */
static bool add_posix(struct tg_regex_compiler *c, bool *found)
{
    *found = false;
    if (tg_regex_peek(c, 0) != '[' || tg_regex_peek(c, 1) != ':') {
        return true;
    }
    bool negated = tg_regex_peek(c, 2) == '^';
    uint32_t begin = c->at + 2 + negated;
    uint32_t end = begin;
    while (end < c->pattern.size && c->pattern.data[end] >= 'a' &&
           c->pattern.data[end] <= 'z') {
        end++;
    }
    if (end + 1 >= c->pattern.size || c->pattern.data[end] != ':' ||
        c->pattern.data[end + 1] != ']') {
        return true;
    }
    *found = true;
    if (!add_named(c, tg_slice(c->pattern.data + begin, end - begin), negated)) {
        return false;
    }
    c->at = end + 2;
    return true;
}

/* One end of a range. */
static bool read_end(struct tg_regex_compiler *c, uint32_t *point)
{
    if (tg_regex_peek(c, 0) == '\\') {
        return tg_regex_escape(c, point);
    }
    *point = tg_regex_character(c);
    return true;
}

/* A character, or a range of them. */
static bool add_item(struct tg_regex_compiler *c)
{
    uint32_t at = c->at;
    uint32_t low;
    uint32_t high;
    if (!read_end(c, &low)) {
        return false;
    }
    high = low;
    if (tg_regex_peek(c, 0) == '-' && tg_regex_peek(c, 1) != ']' &&
        c->at + 1 < c->pattern.size) {
        c->at++;
        if (!read_end(c, &high)) {
            return false;
        }
    }
    if (high < low) {
        return tg_regex_fail(c, TG_EINVAL, at, "a range of characters runs backwards");
    }
    if (!c->fold) {
        return add_range(c, low, high);
    }
    return high >= 0x80
               ? tg_regex_fail(c, TG_EINVAL, at, "(?i) is for the letters of ASCII only")
               : add_range(c, low, high) && fold_range(c, low, high);
}

/* Sorting takes the square of their number: keep that small. */
static bool check_count(struct tg_regex_compiler *c, uint32_t first, uint32_t open)
{
    if (next_range(c) - first > RANGES_MAX) {
        normalize(c, first);
    }
    return next_range(c) - first <= RANGES_MAX ||
           tg_regex_fail(c, TG_ELIMIT, open,
                         "a class has more than 1000 ranges of characters");
}

/* What stands between [ and ]. */
static bool add_items(struct tg_regex_compiler *c, uint32_t first, uint32_t open)
{
    bool found;
    for (bool is_first = true;; is_first = false) {
        if (c->at >= c->pattern.size) {
            return tg_regex_fail(c, TG_EINVAL, open, "\"[\" is never closed");
        }
        if (tg_regex_peek(c, 0) == ']' && !is_first) {
            c->at++;
            return true;
        }
        if (!add_posix(c, &found) || (!found && !add_perl(c, &found)) ||
            (!found && !add_item(c)) || !check_count(c, first, open)) {
            return false;
        }
    }
}

bool tg_regex_bracket(struct tg_regex_compiler *c)
{
    uint32_t open = c->at++;
    uint32_t first = next_range(c);
    bool negated = tg_regex_peek(c, 0) == '^';
    c->at += negated;
    return add_items(c, first, open) && emit_class(c, first, negated);
}
