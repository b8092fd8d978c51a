/* Regular expressions for `matches`, in linear time: the syntax of RE2, searched by an
 * automaton that reads each character once. Nothing of a pattern or a text can make it
 * slow: a search takes at most (size of the program) × (characters + 1) steps, twice.
 *
 * Understood: literals, `.`, classes ([a-z], [^…], \d \s \w and \D \S \W, [[:alpha:]],
 * of ASCII letters as RE2 has them), groups ((…), (?:…), (?P<name>…): none captures),
 * `|`, `* + ? {n} {n,} {n,m}` up to 1,000 and their lazy forms, `^ $ \A \z \b \B`, the
 * flags (?i) (?m) (?s) (?U), escapes (\n \x41 \x{1F600} \101 \Q…\E).
 * Refused: back-references and look-around (no automaton has them), \p{…} (Unicode's
 * tables), \C, and (?i) for letters beyond ASCII. */
#ifndef TG_CEL_REGEX_H
#define TG_CEL_REGEX_H

#include "engine/base/err.h"
#include "engine/base/slice.h"

enum {
    TG_REGEX_PATTERN_MAX = 4096, /* Bytes. */
    TG_REGEX_CODE_MAX = 4096,    /* Instructions, after {n} is written out. */
    TG_REGEX_DEPTH_MAX = 100,    /* Groups in one another. */
    TG_REGEX_REPEAT_MAX = 1000,
};

struct tg_regex; /* Bytes without pointers: tg_regex_size of them, aligned to 4. */

/* Compile a pattern, which is UTF-8. `*out` is the caller's, to tg_free.
 *
 * TG_EINVAL  Not a regular expression, or one that is refused.
 * TG_ELIMIT  Over a limit of those above.
 * TG_ENOMEM
 * Then `*why` says it, a static text without a full stop, and `*at` is the byte of the
 * pattern that it is about. */
TG_MUST_USE enum tg_err tg_regex_compile(struct tg_slice pattern, struct tg_regex **out,
                                         const char **why, uint32_t *at);
uint32_t tg_regex_size(const struct tg_regex *regex);
/* Instructions: steps of a search for each character, at most, if taken twice. */
uint32_t tg_regex_cost(const struct tg_regex *regex);

/* Does some part of `text` match? 1: yes, 0: no, -1: more than `*steps`; those taken are
 * subtracted. `memory`: tg_regex_memory bytes, aligned to 4. */
int tg_regex_run(const struct tg_regex *regex, struct tg_slice text, void *memory,
                 uint64_t *steps);
size_t tg_regex_memory(const struct tg_regex *regex);

#endif
