/* From tree to bytecode, and running it: the whole language, three-valued (true, false,
 * error), with a budget of steps, and without a call of the heap while it runs.
 *
 * A program is one block of memory without pointers into itself: it can be copied, and
 * kept as bytes (filter.h does). */
#ifndef TG_CEL_PROGRAM_H
#define TG_CEL_PROGRAM_H

#include "engine/base/err.h"
#include "engine/cel/parse.h"
#include "engine/cel/value.h"

/* What names mean. `find` gives the number of the variable with the (qualified) name
 * "a.b", or -1; the compiler asks for the longest name first, as CEL resolves them, with
 * `container` as CEL has it ("" : none). */
struct tg_scope {
    int32_t (*find)(void *context, struct tg_slice name);
    void *context;
    struct tg_slice container;
    /* Known values, by the variable's number: they are folded in. May be NULL, and may
     * leave `value` alone and return false. */
    bool (*known)(void *context, int32_t variable, struct tg_value *value);
    /* Names and functions that nobody knows are errors when they are run (so that `||`
     * may absorb them), as in CEL without its checker; else they are refused. */
    bool late;
};

struct tg_program; /* Bytes: tg_program_size of them. */

/* Compile the tree below `node`. `*program` is the caller's, to tg_free.
 *
 * TG_EINVAL  An unknown name, function or number of arguments, or a pattern that is none:
 *            `query_field` or `query_unsupported`, with the place.
 * TG_ELIMIT  More than a program can hold (`query_limit`).
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_program_compile(const struct tg_ast *ast, uint32_t node,
                                           const struct tg_scope *scope,
                                           struct tg_program **program,
                                           struct tg_refusal *refusal);
uint32_t tg_program_size(const struct tg_program *program);
/* Steps of one run at most, if no list that a macro runs through has more items than
 * TG_LOOP_ITEMS (so loops in one another are dear), every other list in it has one item,
 * no text more than 64 bytes, and no pattern is searched for in more than 8 characters.
 */
enum { TG_LOOP_ITEMS = 16 };
uint32_t tg_program_cost(const struct tg_program *program);

/* Working memory, kept from run to run; all zero is empty. `bytes_max` 0: 1 MiB. */
struct tg_space {
    /* The present block, of which `used` bytes are taken. It begins with a link to the
     * one before it, so that growing moves nothing. */
    uint8_t *memory;
    size_t used;
    size_t capacity;
    size_t bytes_max;
    struct tg_buf scratch;
};

/* `size` bytes, aligned to 8, that live until the next run; NULL without memory, or over
 * `bytes_max`. For whoever loads a variable that is made and not found. */
void *tg_space_take(struct tg_space *space, size_t size);
/* A value of JSON as it is: INT, DOUBLE, STRING (unescaped into the space, if it must
 * be), LIST and MAP (a view); NONE gives "no such attribute". */
struct tg_value tg_value_of_json(struct tg_json json, struct tg_space *space);
void tg_space_finish(struct tg_space *space);

/* What the variables are. A variable that is not there gives TG_VALUE_ERROR ("no such
 * attribute"). */
struct tg_variables {
    struct tg_value (*load)(void *context, int32_t variable, struct tg_space *space);
    void *context;
};

/* None at all. */
extern const struct tg_variables tg_variables_none;

/* Of one evaluation; of all programs of a filter together (filter.h). */
enum { TG_STEPS_MAX = 100000 };

/* Run it. Errors of every kind, want of memory and of steps included, are values of kind
 * TG_VALUE_ERROR. The value lives until the next run in the same space. */
struct tg_value tg_program_run(const struct tg_program *program,
                               const struct tg_variables *variables,
                               struct tg_space *space, uint32_t steps_max);

/* CEL's `==`: -1 error, 0 false, 1 true. Numbers are on one line, exactly. (An error too:
 * lists and maps more than 64 deep. May take memory, and gives it back.) */
int tg_value_equal(struct tg_value a, struct tg_value b);
/* Append as JSON-like text for people and tests: `{"a": [1, 2u, 1.0]}`,
 * `timestamp("…")`, `error: …`. */
void tg_value_write(struct tg_value value, struct tg_buf *buf);

#endif
