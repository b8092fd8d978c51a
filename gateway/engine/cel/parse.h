/* From text to tree: the whole grammar of CEL (google/cel-spec, doc/langdef.md,
 * "Syntax"), with its standard macros. Iterative: the depth of the input costs memory
 * that is counted, never the stack. */
#ifndef TG_CEL_PARSE_H
#define TG_CEL_PARSE_H

#include "engine/base/err.h"
#include "engine/cel/ast.h"
#include "engine/json/refusal.h"

/* Each is a limit of what people may write, with a key in the configuration. */
struct tg_query_limits {
    uint32_t bytes_max; /* Of the source; 4,096. */
    uint32_t nodes_max; /* Items of a list that are literals do not count; 256. */
    uint32_t depth_max; /* Nodes from the root to a leaf, and open brackets; 32. */
    uint32_t items_max; /* Of one list; 1,000. */
    uint32_t cost_max;  /* Static cost of one query, without the rule; 10,000. */
    bool matches;       /* May `matches` be used? Default: no. */
};

extern const struct tg_query_limits tg_query_limits_default;
/* For whoever evaluates what they wrote themselves: 1 MiB, 1M nodes, depth 255, …. */
extern const struct tg_query_limits tg_query_limits_wide;

/* Parse `source`. `ast` may have been used before.
 *
 * TG_EINVAL  It is not CEL (`query_syntax`), with line and column.
 * TG_ELIMIT  Over a limit (`query_limit`), likewise.
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_parse(struct tg_ast *ast, struct tg_slice source,
                                 const struct tg_query_limits *limits,
                                 struct tg_refusal *refusal);

/* Fill `refusal` with what is wrong at byte `at` of `source`: line, column, and a message
 * that ends with the place: `unknown field "totl" at line 1, column 8: "totl > 100"`.
 * Every part of the query layer words its errors by this. `code` is of codes.json. */
void tg_query_refuse(struct tg_refusal *refusal, enum tg_code code,
                     struct tg_slice source, uint32_t at, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Append the tree below `node` as CEL: one space around operators, parentheses only where
 * they are needed, double-quoted strings with every odd character escaped. Parsing it
 * gives the same tree. */
void tg_ast_write(const struct tg_ast *ast, uint32_t node, struct tg_buf *buf);
/* Append a string literal: quotes and escapes as above. */
void tg_query_write_string(struct tg_buf *buf, struct tg_slice text);

#endif
