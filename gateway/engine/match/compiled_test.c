/* The matcher with what people write: compiled text over events as they come, programs
 * included, held to tg_filter_is_true. */
#include "engine/match/match.h"

#include "testing/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/mem.h"

enum { FILTERS = 700, EVENTS = 500 };

static const struct tg_field fields[] = {
    {.name = TG_LIT_INIT("id"), .kind = TG_FIELD_INT},
    {.name = TG_LIT_INIT("total"), .kind = TG_FIELD_DECIMAL, .nullable = true},
    {.name = TG_LIT_INIT("price"), .kind = TG_FIELD_DOUBLE},
    {.name = TG_LIT_INIT("status"), .kind = TG_FIELD_STRING},
    {.name = TG_LIT_INIT("note"), .kind = TG_FIELD_STRING, .nullable = true},
    {.name = TG_LIT_INIT("tags"), .kind = TG_FIELD_LIST, .items = TG_FIELD_STRING},
    {.name = TG_LIT_INIT("meta"), .kind = TG_FIELD_JSON, .nullable = true},
    {.name = TG_LIT_INIT("day"), .kind = TG_FIELD_DATE},
};

static const struct tg_schema schema = {
    .name = TG_LIT_INIT("shop.Order"),
    .fields = fields,
    .fields_count = sizeof fields / sizeof *fields,
    .operations = 15,
};

static uint64_t random_state;

static uint32_t roll(uint32_t sides)
{
    uint64_t bits = random_state += UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(bits >> 32) % sides;
}

static const char *word(void)
{
    static const char *const words[] = {"new", "paid", "a", "ab", "abc", "news", ""};
    return words[roll(7)];
}

static void write_atom(struct tg_buf *buf)
{
    static const char *const with_number[] = {
        "id == %u",         "id != %u",
        "id in [1, %u, 7]", "total > %u.5",
        "total <= %u",      "total == %u.50",
        "price < %u.25",    "price * 2.0 > %u.0",
        "id %% 3 == %u",    "meta.x == %u",
        "meta.x > %u",      "id + 1 > %u",
        "size(tags) > %u",  "old.id == %u",
        "!(total < %u.0)",  "day >= date(\"2026-11-0%u\")",
        "old.total < %u",
    };
    static const char *const with_word[] = {
        "status == \"%s\"",
        "status != \"%s\"",
        "note == \"%s\"",
        "status in [\"%s\", \"x\"]",
        "status.startsWith(\"%s\")",
        "note.contains(\"%s\")",
        "\"%s\" in tags",
        "!(\"%s\" in tags)",
        "status.endsWith(\"%s\")",
        "note < \"%s\"",
        "old.status == \"%s\"",
        "event.op == \"%s\"",
        "\"%s\" in event.changed",
        "!status.startsWith(\"%s\")",
    };
    static const char *const plain[] = {
        "note == null",   "note != null",
        "has(data.note)", "!has(data.total)",
        "total == null",  "has(meta.x)",
        "status == note", "event.op == \"update\"",
        "true",           "\"status\" in event.changed",
    };
    uint32_t kind = roll(5);
    if (kind < 2) {
        tg_buf_printf(buf, with_number[roll(17)], roll(9));
    } else if (kind < 4) {
        tg_buf_printf(buf, with_word[roll(14)], word());
    } else {
        tg_buf_add_text(buf, plain[roll(10)]);
    }
}

static void write_query(struct tg_buf *buf)
{
    uint32_t count = 1 + roll(4);
    const char *outer = roll(4) == 0 ? " || " : " && ";
    for (uint32_t i = 0; i < count; i++) {
        tg_buf_add_text(buf, i == 0 ? "" : outer);
        if (roll(4) != 0) {
            write_atom(buf);
            continue;
        }
        tg_buf_add_text(buf, roll(4) == 0 ? "!(" : "(");
        write_atom(buf);
        tg_buf_add_text(buf, roll(2) == 0 ? " || " : " && ");
        write_atom(buf);
        tg_buf_add_text(buf, ")");
    }
}

static void write_row(struct tg_buf *buf)
{
    tg_buf_printf(buf, "{\"id\":%u", roll(9));
    if (roll(6) == 0) {
        tg_buf_add_text(buf, ",\"total\":null");
    } else if (roll(6) != 0) {
        tg_buf_printf(buf, ",\"total\":\"%u.%u\"", roll(9), roll(2) * 50);
    }
    tg_buf_printf(buf, ",\"price\":%u.%u,\"status\":\"%s\"", roll(9), roll(100), word());
    if (roll(3) == 0) {
        tg_buf_add_text(buf, ",\"note\":null");
    } else if (roll(4) != 0) {
        tg_buf_printf(buf, ",\"note\":\"%s\"", word());
    }
    tg_buf_printf(buf, ",\"tags\":[\"%s\",\"%s\"]", word(), word());
    if (roll(3) != 0) {
        tg_buf_printf(buf, ",\"meta\":{\"x\":%u}", roll(9));
    }
    tg_buf_printf(buf, ",\"day\":\"2026-11-0%u\"}", 1 + roll(9));
}

/* ---- filters ---- */

struct owned {
    struct tg_filter *filter;
    char *text;
    uint8_t seen;
};

static struct tg_compiler *compiler;

static struct tg_filter *compile(struct tg_slice text)
{
    struct tg_filter *filter = NULL;
    struct tg_refusal refusal;
    struct tg_filter_request request = {
        .schema = &schema,
        .where = text,
        .limits = &tg_query_limits_default,
    };
    return tg_filter_compile(compiler, &request, &filter, &refusal) == TG_OK ? filter
                                                                             : NULL;
}

static uint32_t enter_all(struct tg_matcher *matcher, struct owned *all)
{
    uint32_t count = 0;
    uint32_t refused = 0;
    while (count < FILTERS) {
        struct tg_buf text = {0};
        write_query(&text);
        struct tg_filter *filter = compile(tg_buf_slice(&text));
        tg_buf_add_byte(&text, '\0');
        refused += filter == NULL;
        if (filter == NULL || tg_matcher_find(matcher, filter) != NULL) {
            tg_free(filter);
            tg_buf_finish(&text);
            continue;
        }
        uint32_t entry;
        all[count].filter = filter;
        all[count].text = (char *)text.data;
        assert_int_equal(tg_matcher_add(matcher, filter, &all[count], &entry), TG_OK);
        count++;
    }
    assert_true(refused < count / 4);
    return refused;
}

/* What one filter says, by itself. */
static int plainly(const struct tg_filter *filter, const struct tg_rows *rows,
                   struct tg_space *space)
{
    bool after = rows->has_after &&
                 tg_filter_is_true(filter, &schema, &rows->after, space);
    bool before = rows->has_before &&
                  tg_filter_is_true(filter, &schema, &rows->before, space);
    if (filter->about_event) {
        after = rows->has_after ? after : before;
        before = false;
    }
    return before || after ? 4 | after << 1 | before : 0;
}

static size_t ask(struct tg_matcher *matcher, struct owned *all,
                  const struct tg_rows *rows)
{
    static struct tg_space space;
    size_t told = 0;
    for (int scan = 0; scan < 2; scan++) {
        const struct tg_match *matches;
        uint32_t count;
        assert_int_equal(
            (scan ? tg_matcher_scan : tg_matcher_match)(matcher, rows, &matches, &count),
            TG_OK);
        told += count;
        for (uint32_t i = 0; i < count; i++) {
            struct owned *owned = matches[i].owner;
            assert_int_equal(owned->seen, 0);
            owned->seen = (uint8_t)(4 | matches[i].after << 1 | matches[i].before);
        }
        for (uint32_t i = 0; i < FILTERS; i++) {
            int expected = plainly(all[i].filter, rows, &space);
            if (all[i].seen != expected) {
                fail_msg("%s: %s says %d, not %d", all[i].text,
                         scan ? "the scan" : "the index", all[i].seen, expected);
            }
            all[i].seen = 0;
        }
    }
    tg_space_finish(&space);
    space = (struct tg_space){0};
    return told;
}

static void roll_event(struct tg_rows *rows, struct tg_buf texts[4])
{
    static const char *const changes[] = {"[\"status\"]", "[\"total\",\"status\"]",
                                          "[\"note\",\"id\"]", ""};
    struct tg_event_parts parts = {.op = (enum tg_op)roll(4),
                                   .time = TG_LIT("2026-11-23T02:16:34.120331Z")};
    for (int i = 0; i < 4; i++) {
        tg_buf_clear(&texts[i]);
    }
    write_row(&texts[0]);
    parts.data = tg_buf_slice(&texts[0]);
    if (parts.op == TG_OP_UPDATE) {
        uint32_t change = roll(4);
        tg_buf_add_text(&texts[1], changes[change]);
        parts.changed = tg_buf_slice(&texts[1]);
        if (change == 0) {
            tg_buf_printf(&texts[2], "{\"status\":\"%s\"}", word());
        } else if (change == 1) {
            tg_buf_printf(&texts[2], "{\"status\":\"%s\",\"total\":\"%u\"}", word(),
                          roll(9));
        } else if (change == 2) {
            tg_buf_printf(&texts[2], "{\"id\":%u}", roll(9));
        }
        parts.old = tg_buf_slice(&texts[2]);
    }
    assert_int_equal(tg_rows_read(rows, &schema, &parts), TG_OK);
}

static void compiled_queries_are_found_as_they_are_true(void **state)
{
    (void)state;
    const char *seed = getenv("TG_TEST_SEED");
    random_state = seed == NULL ? 1 : strtoull(seed, NULL, 10);
    printf("seed %llu\n", (unsigned long long)random_state);
    compiler = tg_compiler_create();
    struct tg_matcher *matcher = tg_matcher_create(&schema);
    struct owned *all = calloc(FILTERS, sizeof *all);
    uint32_t refused = enter_all(matcher, all);
    struct tg_rows rows = {0};
    struct tg_buf texts[4] = {{0}};
    size_t told = 0;
    for (uint32_t i = 0; i < EVENTS; i++) {
        roll_event(&rows, texts);
        told += ask(matcher, all, &rows);
    }
    printf("%u refused, %u opaque, %zu told\n", refused,
           tg_matcher_counts(matcher).opaque, told / 2);
    assert_true(told > FILTERS * 20);
    for (int i = 0; i < 4; i++) {
        tg_buf_finish(&texts[i]);
    }
    for (uint32_t i = 0; i < FILTERS; i++) {
        tg_free(all[i].filter);
        tg_free(all[i].text);
    }
    free(all);
    tg_rows_finish(&rows);
    tg_matcher_destroy(matcher);
    tg_compiler_destroy(compiler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiled_queries_are_found_as_they_are_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
