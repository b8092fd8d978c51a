/* From pattern to program, in one pass. What is compiled lies in one piece, is entered at
 * its beginning, left behind its end, and has distances instead of places: so that it
 * can be shifted (for what must stand before it) and copied (for {n}). */
#include "engine/base/mem.h"
#include "engine/base/utf8.h"
#include "engine/cel/lex.h"
#include "engine/cel/regex_code.h"

enum { NO_ATOM = -1 };

/* An open group; the first one is the whole pattern. */
struct group {
    uint32_t at;     /* Its parenthesis. */
    uint32_t begin;  /* Instructions: where it begins, */
    uint32_t branch; /* and where its present branch does. */
    uint32_t jumps;  /* The last of its jumps to its end, plus 1; each has the one before
                        in `value`. */
    bool fold;       /* As they were before it. */
    bool multiline;
    bool dot_all;
};

struct state {
    struct tg_regex_compiler c;
    struct group groups[TG_REGEX_DEPTH_MAX + 1];
    uint32_t depth;
    int32_t atom;  /* What a repetition would repeat begins here. */
    bool repeated; /* It is a repetition already. */
};

static bool fail(struct state *s, uint32_t at, const char *why)
{
    return tg_regex_fail(&s->c, TG_EINVAL, at, why);
}

/* --- repetitions ----------------------------------------------------------------- */

/* Digits at `*n` after the place; -1: none. What is far too large stays so. */
static int32_t read_count(const struct state *s, uint32_t *n)
{
    int32_t count = -1;
    for (uint8_t byte; tg_lex_is_digit(byte = tg_regex_peek(&s->c, *n)); (*n)++) {
        count = (count < 0 ? 0 : count) * 10 + (byte - '0');
        count = count > 100000 ? 100000 : count;
    }
    return count;
}

/* {n}, {n,} or {n,m}: its size; 0: it is none, and the brace a character. */
static uint32_t read_braces(const struct state *s, int32_t *least, int32_t *most)
{
    uint32_t n = 1;
    *least = read_count(s, &n);
    *most = *least;
    if (tg_regex_peek(&s->c, n) == ',') {
        n++;
        *most = read_count(s, &n);
    }
    return *least >= 0 && tg_regex_peek(&s->c, n) == '}' ? n + 1 : 0;
}

/* A repetition at the place; `*found` if it is one. */
static bool read_repeat(struct state *s, bool *found)
{
    uint8_t byte = tg_regex_peek(&s->c, 0);
    int32_t least = byte == '+' ? 1 : 0;
    int32_t most = byte == '?' ? 1 : TG_REGEX_INFINITE;
    uint32_t at = s->c.at;
    uint32_t size = byte == '{' ? read_braces(s, &least, &most) : 1;
    *found = size != 0;
    if (!*found) {
        return true;
    }
    if (s->atom == NO_ATOM) {
        return fail(s, at, "there is nothing to repeat");
    }
    if (s->repeated) {
        return fail(s, at, "a repetition cannot be repeated: put it in parentheses");
    }
    if (least > TG_REGEX_REPEAT_MAX || most > TG_REGEX_REPEAT_MAX) {
        return tg_regex_fail(&s->c, TG_ELIMIT, at, "1000 repetitions are the most");
    }
    if (most != TG_REGEX_INFINITE && most < least) {
        return fail(s, at, "{n,m} wants the smaller number first");
    }
    s->c.at += size;
    /* Lazy: what is found is the same, only elsewhere. */
    s->c.at += tg_regex_peek(&s->c, 0) == '?';
    s->repeated = true;
    return tg_regex_repeat(&s->c, (uint32_t)s->atom, least, most);
}

/* --- groups ---------------------------------------------------------------------- */

static bool open_group(struct state *s, uint32_t at)
{
    if (s->depth == TG_REGEX_DEPTH_MAX) {
        return tg_regex_fail(&s->c, TG_ELIMIT, at, "more than 100 groups in one another");
    }
    s->groups[++s->depth] = (struct group){
        .at = at,
        .begin = tg_regex_count(&s->c),
        .branch = tg_regex_count(&s->c),
        .fold = s->c.fold,
        .multiline = s->c.multiline,
        .dot_all = s->c.dot_all,
    };
    s->atom = NO_ATOM;
    return true;
}

/* The jumps at the ends of a group's branches, now that its end is known. */
static void land_jumps(struct state *s, const struct group *group)
{
    struct tg_regex_inst *code = (struct tg_regex_inst *)(void *)s->c.code.data;
    uint32_t end = tg_regex_count(&s->c);
    for (uint32_t next, jump = group->jumps; jump != 0; jump = next) {
        struct tg_regex_inst *inst = &code[jump - 1];
        next = inst->value;
        inst->value = 0;
        inst->to = (int16_t)(end - (jump - 1));
    }
}

static bool close_group(struct state *s)
{
    const struct group *group = &s->groups[s->depth];
    if (s->depth == 0) {
        return fail(s, s->c.at, "\")\" closes nothing");
    }
    land_jumps(s, group);
    s->c.at++;
    s->c.fold = group->fold;
    s->c.multiline = group->multiline;
    s->c.dot_all = group->dot_all;
    s->atom = (int32_t)group->begin;
    s->repeated = false;
    s->depth--;
    return true;
}

/* Before the branch that ends here: a split to the next one; after it: a jump to the
 * group's end. */
static bool next_branch(struct state *s)
{
    struct group *group = &s->groups[s->depth];
    uint32_t size = tg_regex_count(&s->c) - group->branch;
    if (!tg_regex_insert(&s->c, group->branch, TG_REGEX_SPLIT, (int16_t)(size + 2)) ||
        !tg_regex_emit(&s->c, TG_REGEX_JUMP, group->jumps, 0)) {
        return false;
    }
    s->c.at++;
    group->branch = tg_regex_count(&s->c);
    group->jumps = group->branch;
    s->atom = NO_ATOM;
    return true;
}

/* (?P<name>…) and (?<name>…), from the < on. */
static bool skip_name(struct state *s, uint32_t open)
{
    uint32_t size = 0;
    s->c.at++;
    for (uint8_t byte;
         tg_lex_is_letter(byte = tg_regex_peek(&s->c, 0)) || tg_lex_is_digit(byte);
         size++) {
        s->c.at++;
    }
    if (size == 0 || tg_regex_peek(&s->c, 0) != '>') {
        return fail(s, open, "a group's name has letters, digits and _ only");
    }
    s->c.at++;
    return open_group(s, open);
}

/* (?flags) and (?flags:…), from the flags on. */
static bool read_flags(struct state *s, uint32_t open)
{
    struct tg_regex_compiler *c = &s->c;
    struct tg_regex_compiler flags = *c;
    bool on = true;
    for (;; c->at++) {
        switch (tg_regex_peek(c, 0)) {
        case 'i':
            flags.fold = on;
            continue;
        case 'm':
            flags.multiline = on;
            continue;
        case 's':
            flags.dot_all = on;
            continue;
        case 'U':
            continue;
        case '-':
            if (on) {
                on = false;
                continue;
            }
            break;
        default:
            break;
        }
        break;
    }
    uint8_t end = tg_regex_peek(c, 0);
    if (end != ')' && end != ':') {
        return fail(s, open, "(? begins a group that is not known: (?:…), (?i:…) are");
    }
    if (end == ':' && !open_group(s, open)) {
        return false;
    }
    c->fold = flags.fold;
    c->multiline = flags.multiline;
    c->dot_all = flags.dot_all;
    c->at++;
    s->atom = NO_ATOM;
    return true;
}

static bool read_open(struct state *s)
{
    uint32_t open = s->c.at;
    uint8_t second = tg_regex_peek(&s->c, 2);
    uint8_t third = tg_regex_peek(&s->c, 3);
    if (tg_regex_peek(&s->c, 1) != '?') {
        s->c.at++;
        return open_group(s, open);
    }
    if (second == '=' || second == '!' ||
        (second == '<' && (third == '=' || third == '!'))) {
        return fail(s, open, "look-around is not supported");
    }
    s->c.at += 2;
    if (second == 'P' && third == '=') {
        return fail(s, open, "back-references are not supported");
    }
    if (second == 'P' && third == '<') {
        s->c.at++;
        return skip_name(s, open);
    }
    return second == '<' ? skip_name(s, open) : read_flags(s, open);
}

/* --- atoms ----------------------------------------------------------------------- */

static bool emit_atom(struct state *s, enum tg_regex_op op, uint32_t bytes)
{
    s->c.at += bytes;
    return tg_regex_emit(&s->c, op, 0, 0);
}

/* \Q…\E: as it stands. The last character is what a repetition repeats. */
static bool read_literal_run(struct state *s)
{
    s->c.at += 2;
    while (s->c.at < s->c.pattern.size) {
        if (tg_regex_peek(&s->c, 0) == '\\' && tg_regex_peek(&s->c, 1) == 'E') {
            s->c.at += 2;
            return true;
        }
        uint32_t at = s->c.at;
        s->atom = (int32_t)tg_regex_count(&s->c);
        if (!tg_regex_literal(&s->c, tg_regex_character(&s->c), at)) {
            return false;
        }
    }
    return true;
}

static bool read_escaped(struct state *s)
{
    bool found;
    uint32_t point;
    uint32_t at = s->c.at;
    switch (tg_regex_peek(&s->c, 1)) {
    case 'A':
        return emit_atom(s, TG_REGEX_TEXT_BEGIN, 2);
    case 'z':
        return emit_atom(s, TG_REGEX_TEXT_END, 2);
    case 'b':
        return emit_atom(s, TG_REGEX_WORD_EDGE, 2);
    case 'B':
        return emit_atom(s, TG_REGEX_NO_WORD_EDGE, 2);
    case 'Q':
        return read_literal_run(s);
    default:
        break;
    }
    if (!tg_regex_perl(&s->c, &found)) {
        return false;
    }
    return found ||
           (tg_regex_escape(&s->c, &point) && tg_regex_literal(&s->c, point, at));
}

static bool read_atom(struct state *s)
{
    uint32_t at = s->c.at;
    s->atom = (int32_t)tg_regex_count(&s->c);
    s->repeated = false;
    switch (tg_regex_peek(&s->c, 0)) {
    case '[':
        return tg_regex_bracket(&s->c);
    case '\\':
        return read_escaped(s);
    case '.':
        return emit_atom(s, s->c.dot_all ? TG_REGEX_ANY : TG_REGEX_ANY_OF_LINE, 1);
    case '^':
        return emit_atom(s, s->c.multiline ? TG_REGEX_LINE_BEGIN : TG_REGEX_TEXT_BEGIN,
                         1);
    case '$':
        return emit_atom(s, s->c.multiline ? TG_REGEX_LINE_END : TG_REGEX_TEXT_END, 1);
    default:
        return tg_regex_literal(&s->c, tg_regex_character(&s->c), at);
    }
}

static bool read_next(struct state *s)
{
    bool found = false;
    switch (tg_regex_peek(&s->c, 0)) {
    case '(':
        return read_open(s);
    case ')':
        return close_group(s);
    case '|':
        return next_branch(s);
    case '*':
    case '+':
    case '?':
    case '{':
        return read_repeat(s, &found) && (found || read_atom(s));
    default:
        return read_atom(s);
    }
}

static bool read_pattern(struct state *s)
{
    struct tg_regex_compiler *c = &s->c;
    if (c->pattern.size > TG_REGEX_PATTERN_MAX) {
        return tg_regex_fail(c, TG_ELIMIT, TG_REGEX_PATTERN_MAX,
                             "4096 bytes are the most for a regular expression");
    }
    if (!tg_utf8_valid(c->pattern)) {
        return fail(s, 0, "the regular expression is not UTF-8");
    }
    while (c->at < c->pattern.size) {
        if (!read_next(s)) {
            return false;
        }
    }
    if (s->depth != 0) {
        return fail(s, s->groups[s->depth].at, "\"(\" is never closed");
    }
    land_jumps(s, &s->groups[0]);
    return tg_regex_emit(c, TG_REGEX_MATCH, 0, 0);
}

/* --- the whole ------------------------------------------------------------------- */

static bool assemble(struct state *s, struct tg_regex **out)
{
    struct tg_buf *parts[] = {&s->c.code, &s->c.ranges};
    struct tg_regex *regex = tg_alloc(sizeof *regex + parts[0]->size + parts[1]->size);
    if (regex == NULL) {
        return tg_regex_fail(&s->c, TG_ENOMEM, 0, "out of memory");
    }
    regex->count = tg_regex_count(&s->c);
    regex->ranges_count = (uint32_t)(parts[1]->size / sizeof(struct tg_regex_range));
    uint8_t *at = (uint8_t *)regex->code;
    for (size_t i = 0; i < 2; i++) {
        if (parts[i]->size != 0) {
            memcpy(at, parts[i]->data, parts[i]->size);
        }
        at += parts[i]->size;
    }
    *out = regex;
    return true;
}

enum tg_err tg_regex_compile(struct tg_slice pattern, struct tg_regex **out,
                             const char **why, uint32_t *at)
{
    struct state s;
    s.c = (struct tg_regex_compiler){.pattern = pattern};
    s.groups[0] = (struct group){0};
    s.depth = 0;
    s.atom = NO_ATOM;
    s.repeated = false;
    if (!read_pattern(&s) || !assemble(&s, out)) {
        *why = s.c.why;
        *at = s.c.why_at;
    }
    tg_buf_finish(&s.c.code);
    tg_buf_finish(&s.c.ranges);
    return s.c.err;
}
