/* What the sources gave, before it is judged: a tree of values, each with its place.
 *
 * The YAML reader makes one from a file; flags and the environment make small ones, so
 * that a value is judged in the same way wherever it came from. */
#ifndef TG_CONFIG_GIVEN_H
#define TG_CONFIG_GIVEN_H

#include "engine/base/buf.h"
#include "engine/base/nearest.h"
#include "server/config/config.h"

/* Where something stands, for messages: "telegraphy.yaml:3:9" or "--clients-port". */
struct tg_place {
    const char *source;
    uint32_t line; /* 0: the source has no lines. */
    uint32_t column;
};

enum tg_given_kind {
    TG_GIVEN_NOTHING, /* `port:` with no value, or null. */
    TG_GIVEN_TEXT,
    TG_GIVEN_LIST,
    TG_GIVEN_MAP,
};

struct tg_given {
    enum tg_given_kind kind;
    bool quoted; /* A text in quotes is never a number or a switch. */
    struct tg_place place;
    char *text; /* Of TEXT; ends with a NUL, and has no other. */
    char *name; /* Its name, if it is a member of a MAP. */
    struct tg_place name_place;
    struct tg_given *first; /* Items or members. */
    struct tg_given *last;
    struct tg_given *next;
};

enum {
    TG_GIVEN_FILE_MAX = 1 << 20, /* Bytes of a file. */
    TG_GIVEN_VALUES_MAX = 2000,
    TG_GIVEN_DEPTH_MAX = 8,
    TG_MISTAKES_MAX = 100, /* More are only counted. */
};

/* A TEXT; NULL without memory. */
struct tg_given *tg_given_text(struct tg_place place, struct tg_slice text);
struct tg_given *tg_given_list(struct tg_place place);
/* Put `item` at the end of `parent`, which owns it then. */
void tg_given_add(struct tg_given *parent, struct tg_given *item);
/* The member of a MAP, or NULL. */
struct tg_given *tg_given_member(const struct tg_given *map, const char *name);
/* Free the tree and wipe its texts, some of which are secret. NULL is fine. */
void tg_given_destroy(struct tg_given *given);

/* Read the YAML file at `path` into `*given`: a MAP, or NULL where the file is empty or
 * cannot be read as YAML. `source` names it in places and must outlive the tree.
 * Mistakes go to `mistakes`: a syntax error (the first only: what follows one cannot be
 * trusted), names that appear twice, and what we do not use (anchors, tags, several
 * documents). */
void tg_yaml_read(const char *path, struct tg_given **given,
                  struct tg_mistakes *mistakes);

/* Add a line of "place: path: what is wrong". `path` may be NULL. */
void tg_mistake(struct tg_mistakes *mistakes, struct tg_place place, const char *path,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
void tg_warning(struct tg_mistakes *mistakes, struct tg_place place, const char *path,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A text of anyone between quotes, escaped and cut, for messages. */
enum { TG_SHOWN_MAX = 200 };
const char *tg_config_show(char shown[TG_SHOWN_MAX], struct tg_slice text);

#endif
