/* From pattern to program, in one pass. What is compiled lies in one piece, is entered at
 * its beginning, left behind its end, and has distances instead of places: so that it
 * can be shifted (for what must stand before it) and copied (for {n}). */
#include "engine/base/mem.h"
#include "engine/base/utf8.h"
#include "engine/query/lex.h"
#include "engine/query/regex_code.h"

enum { NO_ATOM = -1, INFINITE = -1 };

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

static struct tg_regex_inst *code(struct state *s)
{
    return (struct tg_regex_inst *)(void *)s->c.code.data;
}

static uint32_t code_count(const struct state *s)
{
    return (uint32_t)(s->c.code.size / sizeof(struct tg_regex_inst));
}

static bool fail(struct state *s, uint32_t at, const char *why)
{
    return tg_regex_fail(&s->c, TG_EINVAL, at, why);
}

static bool too_large(struct tg_regex_compiler *c)
{
    return tg_regex_fail(c, TG_ELIMIT, c->at,
                         "the regular expression is too large once {n} is written out");
}

bool tg_regex_emit(struct tg_regex_compiler *c, enum tg_regex_op op, uint32_t value,
                   int16_t to)
{
    struct tg_regex_inst inst = {.op = (uint16_t)op, .to = to, .value = value};
    /* One more is the match at the end. */
    if (c->code.size / sizeof inst >= TG_REGEX_CODE_MAX - 1 && op != TG_REGEX_MATCH) {
        return too_large(c);
    }
    tg_buf_add(&c->code, &inst, sizeof inst);
    return !c->code.failed || tg_regex_fail(c, TG_ENOMEM, c->at, "out of memory");
}

/* An instruction before what begins at `at`. */
static bool insert(struct state *s, uint32_t at, enum tg_regex_op op, int16_t to)
{
    uint32_t count = code_count(s);
    if (!tg_regex_emit(&s->c, op, 0, to)) {
        return false;
    }
    struct tg_regex_inst inst = code(s)[count];
    memmove(code(s) + at + 1, code(s) + at, (count - at) * sizeof inst);
    code(s)[at] = inst;
    return true;
}

/* The `count` instructions from `from` on once more, at the end. */
static bool copy(struct state *s, uint32_t from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct tg_regex_inst inst = code(s)[from + i];
        if (!tg_regex_emit(&s->c, inst.op, inst.value, inst.to)) {
            return false;
        }
    }
    return true;
}

/* --- repetitions ----------------------------------------------------------------- */

/* e{0,most}: e? as often as that, each in the one before. */
static bool repeat_optional(struct state *s, uint32_t atom, int32_t most)
{
    uint32_t size = code_count(s) - atom + 1;
    if (most == INFINITE) {
        return insert(s, atom, TG_REGEX_SPLIT, (int16_t)(size + 1)) &&
               tg_regex_emit(&s->c, TG_REGEX_JUMP, 0, (int16_t)-size);
    }
    if (!insert(s, atom, TG_REGEX_SPLIT, 0)) {
        return false;
    }
    for (int32_t i = 1; i < most; i++) {
        if (!copy(s, atom, size)) {
            return false;
        }
    }
    uint32_t end = code_count(s);
    for (uint32_t at = atom; at < end; at += size) {
        code(s)[at].to = (int16_t)(end - at);
    }
    return true;
}

/* e{least,most} of the atom. */
static bool repeat(struct state *s, int32_t least, int32_t most)
{
    uint32_t atom = (uint32_t)s->atom;
    uint32_t size = code_count(s) - atom;
    uint32_t times = (uint32_t)(most == INFINITE ? least : most);
    if (most == 0) {
        s->c.code.size = atom * sizeof(struct tg_regex_inst);
        return true;
    }
    if ((size + 1) * times > TG_REGEX_CODE_MAX) {
        return too_large(&s->c);
    }
    if (least == 0) {
        return repeat_optional(s, atom, most);
    }
    for (int32_t i = 1; i < least; i++) {
        if (!copy(s, atom, size)) {
            return false;
        }
    }
    if (most == INFINITE) {
        return tg_regex_emit(&s->c, TG_REGEX_SPLIT, 0, (int16_t) - (int32_t)size);
    }
    uint32_t begin = code_count(s);
    for (int32_t i = least; i < most; i++) {
        if (!tg_regex_emit(&s->c, TG_REGEX_SPLIT, 0, 0) || !copy(s, atom, size)) {
            return false;
        }
    }
    uint32_t end = code_count(s);
    for (uint32_t at = begin; at < end; at += size + 1) {
        code(s)[at].to = (int16_t)(end - at);
    }
    return true;
}

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
    int32_t most = byte == '?' ? 1 : INFINITE;
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
    if (most != INFINITE && most < least) {
        return fail(s, at, "{n,m} wants the smaller number first");
    }
    s->c.at += size;
    /* Lazy: what is found is the same, only elsewhere. */
    s->c.at += tg_regex_peek(&s->c, 0) == '?';
    s->repeated = true;
    return repeat(s, least, most);
}

/* --- groups ---------------------------------------------------------------------- */

static bool open_group(struct state *s, uint32_t at)
{
    if (s->depth == TG_REGEX_DEPTH_MAX) {
        return tg_regex_fail(&s->c, TG_ELIMIT, at, "more than 100 groups in one another");
    }
    s->groups[++s->depth] = (struct group){
        .at = at,
        .begin = code_count(s),
        .branch = code_count(s),
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
    uint32_t end = code_count(s);
    for (uint32_t next, jump = group->jumps; jump != 0; jump = next) {
        struct tg_regex_inst *inst = &code(s)[jump - 1];
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
    uint32_t size = code_count(s) - group->branch;
    if (!insert(s, group->branch, TG_REGEX_SPLIT, (int16_t)(size + 2)) ||
        !tg_regex_emit(&s->c, TG_REGEX_JUMP, group->jumps, 0)) {
        return false;
    }
    s->c.at++;
    group->branch = code_count(s);
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
        s->atom = (int32_t)code_count(s);
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
    s->atom = (int32_t)code_count(s);
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
    regex->count = code_count(s);
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
