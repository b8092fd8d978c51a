/* Structured logs on stderr: one event, one line, one write(2).
 *
 *   2026-11-23T02:16:34.120Z info gateway.started port=1844 shards=2
 *   {"time":"…","level":"info","event":"gateway.started","port":1844,"shards":2}
 *
 * The event id is stable: dashboards and tests look for it, so it changes only with a
 * line in the changelog. What varies goes into fields:
 *
 *   tg_info("gateway.started", TG_F("port", port), TG_F("name", name));
 *
 * TG_F takes integers, doubles, bools, `const char *` (NULL is written as null) and
 * `struct tg_slice`. Values are bytes of anyone: they are escaped, so that no value can
 * end its line, forge another or drive a terminal, and cut at TG_LOG_VALUE_MAX bytes.
 * A line ends at TG_LOG_LINE_MAX, and says `truncated=true` where fields were left out.
 * Never log a key, a ticket or a token, not even a part of one.
 *
 * Every function here may be called from any thread. None of them allocates, and none
 * of them can fail or wait: a line that stderr has no room for is lost, and counted:
 *
 *   … warn log.suppressed of=* count=12 reason="stderr takes no more" */
#ifndef TG_LOG_LOG_H
#define TG_LOG_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/slice.h"

enum {
    TG_LOG_LINE_MAX = 4096, /* PIPE_BUF: a shorter write to a pipe is never torn. */
    TG_LOG_VALUE_MAX = 1024,
    TG_LOG_PER_SECOND = 10, /* Lines of one limited event in one second. */
};

enum tg_log_level {
    TG_LOG_ERROR, /* Something the operator must do something about. */
    TG_LOG_WARN,  /* Works on, but not as it should. */
    TG_LOG_INFO,  /* Rare and worth knowing: start, end, catalogue, publishers. */
    TG_LOG_DEBUG, /* Lines of single connections. */
};

enum tg_log_format { TG_LOG_LOGFMT, TG_LOG_JSON };

/* Lines less urgent than `level` are not written. At first: info, logfmt. */
void tg_log_setup(enum tg_log_level level, enum tg_log_format format);
/* Would a line of `level` be written? Ask before computing what only a log needs. */
bool tg_log_wants(enum tg_log_level level);
/* Write to `fd` instead of stderr; for tests. */
void tg_log_use_fd(int fd);

/* One line. `tg_info("id", TG_F(...), ...)` with as many fields as are needed. */
#define tg_error(...)      tg_log(TG_LOG_ERROR, __VA_ARGS__)
#define tg_warn(...)       tg_log(TG_LOG_WARN, __VA_ARGS__)
#define tg_info(...)       tg_log(TG_LOG_INFO, __VA_ARGS__)
#define tg_debug(...)      tg_log(TG_LOG_DEBUG, __VA_ARGS__)
#define tg_log(level, ...) TG_LOG_FIELDS(level, __VA_ARGS__, TG_LOG_END)

/* The same for what a peer can cause as often as it likes: at most TG_LOG_PER_SECOND
 * lines a second at this place in the source; what is left out is counted, and told by
 *
 *   … warn log.suppressed of=ingest.refused count=5210
 *
 * as soon as the second is over and another line comes, or at tg_log_tick. */
#define tg_log_limited(level, ...)                                        \
    do {                                                                  \
        static struct tg_log_limit tg_limit_;                             \
        if (tg_log_wants(level) &&                                        \
            tg_log_allow(&tg_limit_, level, TG_LOG_ID(__VA_ARGS__, 0))) { \
            tg_log(level, __VA_ARGS__);                                   \
        }                                                                 \
    } while (0)

/* Tell the counts of limited lines whose second is over. Call it each second or so,
 * from one thread; and with `all`, once at the end. */
void tg_log_tick(bool all);

/* --- Below: what the macros are made of. --- */

enum tg_log_kind {
    TG_LOG_KIND_END,
    TG_LOG_KIND_INT,
    TG_LOG_KIND_UINT,
    TG_LOG_KIND_DOUBLE,
    TG_LOG_KIND_BOOL,
    TG_LOG_KIND_BYTES,
};

struct tg_log_field {
    const char *name; /* [a-z0-9_]+, from our source, never from a peer. */
    enum tg_log_kind kind;
    union {
        int64_t integer;
        uint64_t natural;
        double real;
        bool truth;
        struct tg_slice bytes; /* Data NULL: null. */
    } value;
};

/* One place in the source whose lines are limited. All zero before its first line. */
struct tg_log_limit {
    atomic_uint_fast64_t second;
    atomic_uint_fast32_t written;
    atomic_uint_fast64_t left_out;
    atomic_bool listed;
    const char *event;
    enum tg_log_level level;
    struct tg_log_limit *next;
};

void tg_log_write(enum tg_log_level level, const char *event,
                  const struct tg_log_field *fields);
bool tg_log_allow(struct tg_log_limit *limit, enum tg_log_level level, const char *event);

#define TG_LOG_END                            \
    (struct tg_log_field)                     \
    {                                         \
        .name = NULL, .kind = TG_LOG_KIND_END \
    }
#define TG_LOG_ID(event, ...) event
#define TG_LOG_FIELDS(level, event, ...)                                            \
    do {                                                                            \
        if (tg_log_wants(level)) {                                                  \
            tg_log_write(level, event, (const struct tg_log_field[]){__VA_ARGS__}); \
        }                                                                           \
    } while (0)

/* A field from a value of any type that a log can show. */
#define TG_F(name, value) \
    _Generic((value),                   \
        bool: tg_log_bool,              \
        char: tg_log_int,               \
        signed char: tg_log_int,        \
        short: tg_log_int,              \
        int: tg_log_int,                \
        long: tg_log_int,               \
        long long: tg_log_int,          \
        unsigned char: tg_log_uint,     \
        unsigned short: tg_log_uint,    \
        unsigned: tg_log_uint,          \
        unsigned long: tg_log_uint,     \
        unsigned long long: tg_log_uint, \
        float: tg_log_double,           \
        double: tg_log_double,          \
        char *: tg_log_text,            \
        const char *: tg_log_text,      \
        struct tg_slice: tg_log_bytes,  \
        const struct tg_slice: tg_log_bytes)(name, value)

static inline struct tg_log_field tg_log_int(const char *name, int64_t integer)
{
    return (struct tg_log_field){name, TG_LOG_KIND_INT, {.integer = integer}};
}

static inline struct tg_log_field tg_log_uint(const char *name, uint64_t natural)
{
    return (struct tg_log_field){name, TG_LOG_KIND_UINT, {.natural = natural}};
}

static inline struct tg_log_field tg_log_double(const char *name, double real)
{
    return (struct tg_log_field){name, TG_LOG_KIND_DOUBLE, {.real = real}};
}

static inline struct tg_log_field tg_log_bool(const char *name, bool truth)
{
    return (struct tg_log_field){name, TG_LOG_KIND_BOOL, {.truth = truth}};
}

static inline struct tg_log_field tg_log_bytes(const char *name, struct tg_slice bytes)
{
    return (struct tg_log_field){name, TG_LOG_KIND_BYTES, {.bytes = bytes}};
}

static inline struct tg_log_field tg_log_text(const char *name, const char *text)
{
    return tg_log_bytes(name,
                        text == NULL ? (struct tg_slice){NULL, 0} : tg_slice_of(text));
}

#endif
