/* Random events of the type of queries.h, and random queries about them, as text: by a
 * grammar with every kind of field, of literal and of mistake that is none (null,
 * absence, overflow, foreign claims). For one test program each, which includes it. */
#ifndef TG_TESTING_RANDOM_QUERIES_H
#define TG_TESTING_RANDOM_QUERIES_H

#include <stdarg.h>
#include <stdlib.h>

#include "testing/queries.h"

enum { TEXT_MAX = 3500 };

static uint64_t random_state;

static uint64_t random_bits(void)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t below(uint32_t count)
{
    return (uint32_t)(random_bits() % count);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ANY(array)   (array)[below((uint32_t)COUNT(array))]

/* --- Events ---------------------------------------------------------------------- */

static const char *const ints[] = {"0",
                                   "1",
                                   "-1",
                                   "2",
                                   "3",
                                   "7",
                                   "\"9007199254740993\"",
                                   "\"9223372036854775807\"",
                                   "\"-9223372036854775808\""};
static const char *const doubles[] = {"0",      "-0.0",   "1.5",
                                      "1",      "-0.5",   "0.1",
                                      "1e300",  "-1e300", "9007199254740992",
                                      "5e-324", "99.95",  "18446744073709551616",
                                      "1e-20"};
static const char *const decimals[] = {"\"0\"",
                                       "\"-0.0\"",
                                       "\"99.95\"",
                                       "\"99.950\"",
                                       "\"0.1\"",
                                       "\"0.10000000000000000001\"",
                                       "\"-0.5\"",
                                       "\"1\"",
                                       "\"1.5\"",
                                       "\"2.00\"",
                                       "\"12345678901234567890.5\"",
                                       "\"0.00000000000000000001\"",
                                       "\"3\""};
static const char *const strings[] = {
    "\"\"",         "\"a\"",       "\"ab\"",   "\"b\"",      "\"new\"",
    "\"\\u0061b\"", "\"\\u00e9\"", "\"paid\"", "\"update\"", "\"a\\u0000b\""};
static const char *const bools[] = {"true", "false"};
static const char *const timestamps[] = {
    "\"2026-11-23T02:16:34Z\"",      "\"2026-11-23T02:16:34.5Z\"",
    "\"2026-11-23T03:16:34+01:00\"", "\"2026-11-23T02:16:34.1203319Z\"",
    "\"1970-01-01T00:00:00Z\"",      "\"0001-01-01T00:00:00+10:00\""};
static const char *const days[] = {"\"2026-11-23\"", "\"2026-11-22\"", "\"1970-01-01\""};
static const char *const durations[] = {"\"0s\"",           "\"1.5s\"",
                                        "\"-1.5s\"",        "\"3600s\"",
                                        "\"0.000000001s\"", "\"999999999999999999s\""};
static const char *const uuids[] = {"\"01234567-89ab-cdef-0123-456789abcdef\"",
                                    "\"00000000-0000-0000-0000-000000000000\""};
static const char *const metas[] = {
    "1",  "1.5", "\"a\"", "true", "[1,\"a\",2.0]",           "{\"k\":1,\"s\":\"a\"}",
    "{}", "[]",  "false", "null", "{\"k\":null,\"b\":true}", "{\"k\":{\"k\":2}}"};
static const char *const text_lists[] = {"[]", "[\"a\"]", "[\"b\",\"a\"]", "[\"\"]",
                                         "[\"new\",\"ab\",\"\\u0061\"]"};
static const char *const int_lists[] = {"[]", "[1]", "[2,3,1]", "[\"9007199254740993\"]"};

static const struct {
    const char *const *values;
    uint32_t count;
} values_of[] = {
#define VALUES(array)                 \
    {                                 \
        array, (uint32_t)COUNT(array) \
    }
    [F_ID] = VALUES(ints),         [F_STATUS] = VALUES(strings),
    [F_TOTAL] = VALUES(decimals),  [F_WEIGHT] = VALUES(doubles),
    [F_PAID] = VALUES(bools),      [F_CREATED] = VALUES(timestamps),
    [F_DAY] = VALUES(days),        [F_TOOK] = VALUES(durations),
    [F_OWNER] = VALUES(uuids),     [F_META] = VALUES(metas),
    [F_TAGS] = VALUES(text_lists), [F_COUNTS] = VALUES(int_lists),
    [F_PRIORITY] = VALUES(ints),   [F_SECRET] = VALUES(strings),
    [F_IN] = VALUES(strings),
};

struct event {
    struct tg_buf data;
    struct tg_buf old;
    struct tg_buf changed;
    struct tg_rows rows;
    const struct tg_row *row;
};

static void write_object(struct tg_buf *buf, uint32_t of_16)
{
    tg_buf_add_byte(buf, '{');
    for (int i = 0; i < F_COUNT; i++) {
        if (below(16) >= of_16) {
            continue;
        }
        const struct tg_field *field = &orders_fields[i];
        bool null = field->nullable && below(5) == 0;
        tg_buf_printf(buf, "%s\"%.*s\":%s", buf->data[buf->size - 1] == '{' ? "" : ",",
                      TG_FMT(field->name),
                      null ? "null" : values_of[i].values[below(values_of[i].count)]);
    }
    tg_buf_add_byte(buf, '}');
}

static void make_event(struct event *event)
{
    static const char *const changes[] = {"[]", "[\"status\"]", "[\"total\",\"secret\"]",
                                          "[\"id\",\"tags\",\"priority\"]"};
    enum tg_op op = (enum tg_op)below(3);
    tg_buf_clear(&event->data);
    tg_buf_clear(&event->old);
    tg_buf_clear(&event->changed);
    write_object(&event->data, 13);
    if (op != TG_OP_CREATE && below(2) == 0) {
        write_object(&event->old, 4);
    }
    if (op == TG_OP_UPDATE && below(2) == 0) {
        tg_buf_add_text(&event->changed, ANY(changes));
    }
    struct tg_event_parts parts = {
        .op = op,
        .data = tg_buf_slice(&event->data),
        .old = tg_buf_slice(&event->old),
        .changed = tg_buf_slice(&event->changed),
        .time = below(2) == 0 ? TG_LIT("2026-11-23T02:16:34.120331Z")
                              : TG_LIT("2026-11-23T02:16:34.1203319Z"),
    };
    assert_int_equal(tg_rows_read(&event->rows, &orders_schema, &parts), TG_OK);
    bool after = event->rows.has_after && (!event->rows.has_before || below(2) == 0);
    event->row = after ? &event->rows.after : &event->rows.before;
}

/* --- Expressions ----------------------------------------------------------------- */

static char text[TEXT_MAX + 512];
static size_t text_size;
static bool in_rule;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (text_size < TEXT_MAX) {
        text_size +=
            (size_t)vsnprintf(text + text_size, sizeof text - text_size, format, args);
    }
    va_end(args);
}

static const char *field_of(int field)
{
    static char name[64];
    const char *bare = (const char *)orders_fields[field].name.data;
    switch (below(in_rule ? 6 : 8)) {
    case 0:
        snprintf(name, sizeof name, "data[\"%s\"]", bare);
        break;
    case 1:
        snprintf(name, sizeof name, "data.%s", bare);
        break;
    case 6:
        snprintf(name, sizeof name, "old.%s", bare);
        break;
    default:
        snprintf(name, sizeof name, field == F_IN ? "data[\"%s\"]" : "%s", bare);
        break;
    }
    return name;
}

static const char *const number_literals[] = {
    "0",
    "1",
    "-1",
    "2",
    "3",
    "1.5",
    "-0.5",
    "0.1",
    "99.95",
    "1e-20",
    "3u",
    "7.0",
    "9007199254740993",
    "9007199254740992.0",
    "9223372036854775807",
    "1e300",
    "-1e300",
    "-9223372036854775808",
    "18446744073709551615u",
    "0x10",
    "0.10000000000000000001",
    "9223372036854775808.0",
    "1 + 1",
    "auth.n",
    "auth.f",
    "auth.text",
    "auth.nothing",
    "0.0 / 0.0",
    "1.0 / 0.0",
    "-1.0 / 0.0",
    "1 / 0",
    "12345678901234567890.5",
    "5e-324",
};
static const char *const text_literals[] = {
    "\"\"",     "\"a\"",        "\"ab\"",        "'b'",         "\"new\"",
    "\"paid\"", "r'a'",         "\"\\u00e9\"",   "\"update\"",  "auth.text",
    "auth.n",   "auth.nothing", "\"a\" + \"b\"", "\"a\\x00b\"",
};
static const char *const time_literals[] = {
    "timestamp(\"2026-11-23T02:16:34Z\")",
    "timestamp(\"2026-11-23T02:16:34.1203319Z\")",
    "timestamp(\"2026-11-23T02:16:34.120331Z\")",
    "auth.when",
    "auth.n",
    "timestamp(\"1970-01-01T00:00:00Z\") + duration(\"1h\")",
    "timestamp(0)",
};
static const char *const duration_literals[] = {
    "duration(\"0s\")",  "duration(\"1.5s\")",    "duration(\"1h\")",
    "duration(\"1ns\")", "duration(\"-1500ms\")", "auth.nothing",
};
static const char *const day_literals[] = {"\"2026-11-23\"", "date(\"2026-11-22\")",
                                           "auth.day", "date(\"1970-01-01\")"};
static const char *const uuid_literals[] = {"\"01234567-89AB-cdef-0123-456789abcdef\"",
                                            "auth.text", "auth.id",
                                            "\"00000000-0000-0000-0000-000000000000\""};
static const char *const bool_literals[] = {"true", "false", "auth.yes", "auth.nothing"};

struct kind {
    int fields[4];
    uint32_t fields_count;
    const char *const *literals;
    uint32_t literals_count;
};

static const struct kind kinds[] = {
#define LITERALS(array) array, (uint32_t)COUNT(array)
    {{F_ID, F_PRIORITY, F_WEIGHT, F_TOTAL}, 4, LITERALS(number_literals)},
    {{F_STATUS, F_IN, F_SECRET}, 2, LITERALS(text_literals)},
    {{F_CREATED}, 1, LITERALS(time_literals)},
    {{F_TOOK}, 1, LITERALS(duration_literals)},
    {{F_DAY}, 1, LITERALS(day_literals)},
    {{F_OWNER}, 1, LITERALS(uuid_literals)},
    {{F_PAID}, 1, LITERALS(bool_literals)},
};

static int field_of_kind(const struct kind *kind)
{
    uint32_t count = kind->fields_count;
    count += in_rule && kind->fields[1] == F_IN ? 1 : 0;
    return kind->fields[below(count)];
}

static const char *literal_of_kind(const struct kind *kind)
{
    return kind->literals[below(kind->literals_count)];
}

/* Numbers and texts more often than others. */
static const struct kind *any_kind(void)
{
    uint32_t n = below(12);
    return &kinds[n < 4 ? 0 : n < 7 ? 1 : n - 5];
}

static void say_comparison(void)
{
    static const char *const operators[] = {"==", "!=", "<", "<=", ">", ">="};
    const struct kind *kind = any_kind();
    const char *op = ANY(operators);
    switch (below(8)) {
    case 0:
        say("%s %s ", literal_of_kind(kind), op);
        say("%s", field_of(field_of_kind(kind)));
        break;
    case 1:
        say("%s %s ", field_of(field_of_kind(kind)), op);
        say("%s", field_of(field_of_kind(kind)));
        break;
    case 2:
        say("%s %s null", field_of(field_of_kind(kind)), below(2) == 0 ? "==" : "!=");
        break;
    default:
        say("%s %s ", field_of(field_of_kind(kind)), op);
        say("%s", literal_of_kind(kind));
        break;
    }
}

static void say_in(void)
{
    const struct kind *kind = any_kind();
    say("%s in [", field_of(field_of_kind(kind)));
    uint32_t count = below(5);
    for (uint32_t i = 0; i < count; i++) {
        const char *literal = literal_of_kind(kind);
        bool rare = strcmp(literal, "auth.nothing") == 0 || strchr(literal, '/') != NULL;
        say("%s%s", i == 0 ? "" : ", ",
            below(12) == 0         ? "null"
            : rare && below(4) > 0 ? kind->literals[0]
                                   : literal);
    }
    say("]");
}

static void say_list(void)
{
    static const char *const sizes[] = {"== 0", "!= 0", "> 0",   ">= 1", "< 1",
                                        "<= 0", "== 1", "> 1.5", "== 2u"};
    bool texts = below(2) == 0;
    int field = texts ? F_TAGS : F_COUNTS;
    const struct kind *kind = &kinds[texts ? 1 : 0];
    switch (below(7)) {
    case 0:
    case 1:
    case 2:
        say("%s in ", literal_of_kind(kind));
        say("%s", field_of(field));
        break;
    case 3:
        say(below(2) == 0 ? "size(%s) " : "%s.size() ", field_of(field));
        say("%s", ANY(sizes));
        break;
    case 4:
        say("%s.%s(t, t %s ", field_of(field), below(2) == 0 ? "exists" : "all",
            below(2) == 0 ? "==" : "<");
        say("%s)", literal_of_kind(kind));
        break;
    case 5:
        say("%s[%u] == ", field_of(field), below(3));
        say("%s", literal_of_kind(kind));
        break;
    default:
        say("%s %s []", field_of(field), below(2) == 0 ? "==" : "!=");
        break;
    }
}

static void say_text(void)
{
    static const char *const methods[] = {"startsWith", "endsWith", "contains"};
    static const char *const parts[] = {"\"a\"", "\"\"",   "\"b\"",      "auth.text",
                                        "\"0\"", "auth.n", "\"\\u00e9\""};
    const struct kind *kind = &kinds[below(6) == 0 ? 5 : 1];
    say("%s.%s(", field_of(field_of_kind(kind)), ANY(methods));
    say("%s)", ANY(parts));
}

/* What no literal can tell. */
static void say_program(void)
{
    static const char *const odd[] = {
        "meta.k == 1",
        "meta.s == \"a\"",
        "has(meta.k)",
        "meta.b",
        "meta == 1",
        "meta[0] == 1.0",
        "meta.k.k > 1.5",
        "meta == null",
        "meta != \"a\"",
        "meta in [1, \"a\", true]",
        "id + priority > 3",
        "total * 2 > 3",
        "weight + 1.5 < id",
        "total + 0.1 == 0.2",
        "id / priority == 1",
        "size(status) > 1",
        "status + \"b\" == \"ab\"",
        "string(id) == status",
        "dyn(status) == id",
        "created - timestamp(0) > took",
        "created.getFullYear() == 2026",
        "-id < 0",
        "status.lowerAscii() == \"ab\"",
        "double(total) / 2.0 < weight",
        "status in tags",
        "id in counts",
        "(id == 1) == paid",
        "auth.list.exists(x, x == id)",
        "auth.list.exists(x, x in tags)",
        "auth.list.all(x, x in tags)",
        "auth.list.exists(x, x in counts)",
        "auth.texts.exists(x, x in tags)",
        "auth.texts.all(x, x in tags)",
        "auth.texts.exists(x, tags[0] in tags)",
        "auth.none.exists(x, x in tags)",
        "auth.none.all(x, x in tags)",
        "auth.nothing.exists(x, x in tags)",
        "auth.map.exists(x, x in tags)",
        "tags.exists(t, t in auth.texts)",
        "tags.all(t, t in auth.texts)",
        "tags.exists(t, t in auth.list)",
        "tags.exists(t, t in auth.none)",
        "tags.exists(t, t in auth.nothing)",
        "counts.exists(c, c in auth.list)",
        "auth.map[status] == 1",
        "int(weight) == id",
        "created > timestamp(status)",
        "day == date(created)",
        "id in auth.list",
        "status in auth.list",
        "auth.list[1] == status",
        "auth.map.a == id",
        "has(auth.map.zz)",
        "has(auth.nothing.a)",
        "status in auth.map",
        "tags == [\"a\"]",
        "counts == [1.0]",
        "total == total",
        "id % 2 == 1",
    };
    static const char *const about[] = {
        "event.op == \"update\"",
        "event.op in [\"create\", \"delete\"]",
        "\"status\" in event.changed",
        "size(event.changed) == 0",
        "has(old.total)",
        "event.time > timestamp(\"2026-11-23T02:16:34.120331Z\")",
        "old.status != status",
        "event.time == timestamp(\"2026-11-23T02:16:34.1203319Z\")",
        "event.type == \"shop.Order\"",
        "event.changed.exists(c, c == \"status\")",
    };
    say("%s", in_rule || below(5) > 0 ? ANY(odd) : ANY(about));
}

static void say_literal(void)
{
    switch (below(16)) {
    case 0:
        say("%s", ANY(bool_literals));
        break;
    case 1:
        say("has(data.%s)", (const char *)orders_fields[below(F_SECRET)].name.data);
        break;
    case 2:
        say("%s", field_of(F_PAID));
        break;
    case 3:
    case 4:
        say_in();
        break;
    case 5:
    case 6:
        say_list();
        break;
    case 7:
        say_text();
        break;
    case 8:
    case 9:
        say_program();
        break;
    default:
        say_comparison();
        break;
    }
}

static void say_bool(uint32_t depth)
{
    uint32_t choice = depth == 0 ? 9 : below(10);
    if (choice < 4) {
        uint32_t count = 2 + below(2);
        const char *op = choice < 2 ? " && " : " || ";
        say("(");
        for (uint32_t i = 0; i < count; i++) {
            say("%s", i == 0 ? "" : op);
            say_bool(depth - 1);
        }
        say(")");
    } else if (choice < 6) {
        say("!(");
        say_bool(depth - 1);
        say(")");
    } else if (choice == 6) {
        say("(");
        say_bool(depth - 1);
        say(" ? ");
        say_bool(depth - 1);
        say(" : ");
        say_bool(depth - 1);
        say(")");
    } else {
        say("(");
        say_literal();
        say(")");
    }
}

static struct tg_slice random_expression(bool rule)
{
    text_size = 0;
    in_rule = rule;
    say_bool(below(4));
    return tg_slice(text, text_size);
}

static void finish_event(struct event *event)
{
    tg_rows_finish(&event->rows);
    tg_buf_finish(&event->data);
    tg_buf_finish(&event->old);
    tg_buf_finish(&event->changed);
}

/* What `auth` is in them. */
static const char random_claims[] =
    "{\"n\":1,\"f\":1.5,\"text\":\"ab\",\"yes\":true,\"list\":[1,\"a\",2.0,null],"
    "\"texts\":[\"a\",\"ab\",\"a\"],\"none\":[],"
    "\"map\":{\"a\":1,\"ab\":2},\"day\":\"2026-11-23\","
    "\"when\":\"2026-11-23T02:16:34Z\","
    "\"id\":\"01234567-89ab-cdef-0123-456789abcdef\"}";

#endif
