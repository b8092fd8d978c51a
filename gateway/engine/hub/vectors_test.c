/* The cases of protocol/vectors/match, and those of vectors/messages/client and
 * vectors/reject/client that are about queries and who may have what. */
#include <stdio.h>
#include <stdlib.h>

#include "testing/cmocka.h"
#include "testing/hubs.h"
#include "testing/vectors.h"

static const char *vectors;
static size_t failures;
static struct hubs t;
static struct tg_peer peer;
static char shop[1 << 16];

static void not_as_expected(const char *name, const char *what, const char *got)
{
    print_error("%s: %s; got %s\n", name, what, got);
    failures++;
}

static void read_shop(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/catalogues/shop.json", vectors);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    shop[fread(shop, 1, sizeof shop - 1, file)] = '\0';
    fclose(file);
}

/* JSON without white space between its parts, and a NUL. */
static const char *compact(struct tg_json value, struct tg_buf *buf)
{
    struct tg_slice raw = tg_json_raw(value);
    bool in_string = false;
    tg_buf_clear(buf);
    for (size_t i = 0; i < raw.size; i++) {
        bool blank = strchr(" \t\r\n", raw.data[i]) != NULL;
        if (in_string || !blank) {
            tg_buf_add_byte(buf, raw.data[i]);
        }
        if (raw.data[i] == '\\') {
            tg_buf_add_byte(buf, raw.data[++i]);
        } else if (raw.data[i] == '"') {
            in_string = !in_string;
        }
    }
    tg_buf_add_byte(buf, 0);
    return (const char *)buf->data;
}

static const char *text_of(struct tg_json object, const char *name, char text[256])
{
    struct tg_buf scratch = {0};
    struct tg_slice string = {0};
    text[0] = '\0';
    if (tg_json_string(tg_json_get(object, name), &scratch, &string)) {
        snprintf(text, 256, "%.*s", TG_FMT(string));
    }
    tg_buf_finish(&scratch);
    return text;
}

static void begin_unconnected(bool claims_believed)
{
    hubs_init_usual(&t, claims_believed);
    assert_int_equal(hubs_catalogue(&t, "shop", shop), TG_OK);
}

static void begin(struct tg_json claims)
{
    struct tg_buf text = {0};
    bool with_claims = tg_json_kind(claims) != TG_JSON_NONE;
    begin_unconnected(with_claims);
    if (with_claims) {
        hubs_connect_as(&t, &peer, compact(claims, &text));
    } else {
        hubs_connect(&t, &peer);
    }
    tg_buf_finish(&text);
}

static void end(void)
{
    tg_hub_leave(t.hub, &peer);
    hubs_finish(&t);
}

/* --- match ------------------------------------------------------------------------- */

static bool subscribe(const char *name, struct tg_json vector)
{
    struct tg_buf text = {0};
    struct tg_buf where = {0};
    tg_buf_add_text(&text, "{\"kind\":\"subscribe\",\"id\":2,\"type\":");
    tg_buf_add_slice(&text, tg_json_raw(tg_json_get(vector, "type")));
    if (tg_json_kind(tg_json_get(vector, "where")) != TG_JSON_NONE) {
        tg_buf_add_text(&text, ",\"where\":");
        tg_buf_add_slice(&text, tg_json_raw(tg_json_get(vector, "where")));
    }
    tg_buf_add(&text, "}", 2);
    hubs_say(&t, &peer, (const char *)text.data);
    const char *answer = hubs_read(&t, &peer);
    bool stands = strstr(answer, "\"kind\":\"subscribed\"") != NULL;
    if (!stands) {
        not_as_expected(name, "the query stands", answer);
    }
    tg_buf_finish(&text);
    tg_buf_finish(&where);
    return stands;
}

/* Publish, and read what is told of it; `members`: of the event, from its second on. */
static const char *publish(const char *name, struct tg_json vector, const char *members)
{
    struct tg_buf line = {0};
    tg_buf_add_text(&line, "{\"type\":");
    tg_buf_add_slice(&line, tg_json_raw(tg_json_get(vector, "type")));
    tg_buf_printf(&line, ",%s", members);
    tg_buf_add_byte(&line, 0);
    hubs_publish(&t, "shop", (const char *)line.data);
    tg_buf_finish(&line);
    if (strstr((const char *)t.answer.data, "\"accepted\":1") == NULL) {
        not_as_expected(name, "the event is taken", (const char *)t.answer.data);
    }
    return hubs_read(&t, &peer);
}

static void match_events(const char *name, struct tg_json vector, const char *list,
                         bool matches)
{
    struct tg_buf data = {0};
    struct tg_buf members = {0};
    for (struct tg_json item = tg_json_first(tg_json_get(vector, list));
         tg_json_kind(item) != TG_JSON_NONE; item = tg_json_next(item)) {
        tg_buf_clear(&members);
        tg_buf_printf(&members, "\"time\":\"2026-11-23T02:16:34Z\",\"data\":%s}",
                      compact(item, &data));
        tg_buf_add_byte(&members, 0);
        const char *told = publish(name, vector, (const char *)members.data);
        if ((told[0] != '\0') != matches) {
            not_as_expected(name, matches ? "a match" : "no match",
                            (const char *)members.data);
        }
    }
    tg_buf_finish(&data);
    tg_buf_finish(&members);
}

/* The same member, or in neither. */
static bool same_member(struct tg_json a, struct tg_json b, const char *name)
{
    struct tg_buf texts[2] = {{0}, {0}};
    struct tg_json x = tg_json_get(a, name);
    struct tg_json y = tg_json_get(b, name);
    bool same = strcmp(compact(x, &texts[0]), compact(y, &texts[1])) == 0;
    tg_buf_finish(&texts[0]);
    tg_buf_finish(&texts[1]);
    return same;
}

static bool as_told(struct tg_json told, const char *read)
{
    if (tg_json_kind(told) == TG_JSON_NULL || read[0] == '\0') {
        return tg_json_kind(told) == TG_JSON_NULL && read[0] == '\0';
    }
    struct tg_json_doc doc = {0};
    struct tg_json_error error;
    bool same = false;
    if (tg_json_parse(&doc, tg_slice_of(read), NULL, &error) == TG_OK) {
        struct tg_json message = tg_json_root(&doc);
        same = same_member(message, told, "op") && same_member(message, told, "data") &&
               same_member(message, told, "old") && same_member(message, told, "changed");
    }
    tg_json_finish(&doc);
    return same;
}

static void match_steps(const char *name, struct tg_json vector)
{
    struct tg_buf event = {0};
    for (struct tg_json step = tg_json_first(tg_json_get(vector, "steps"));
         tg_json_kind(step) != TG_JSON_NONE; step = tg_json_next(step)) {
        compact(tg_json_get(step, "event"), &event);
        const char *read = publish(name, vector, (const char *)event.data + 1);
        struct tg_json told = tg_json_get(step, "told");
        if (!as_told(told, read)) {
            not_as_expected(name, compact(told, &event), read);
        }
    }
    tg_buf_finish(&event);
}

static void run_match(const char *name, struct tg_json vector)
{
    begin(tg_json_get(vector, "claims"));
    if (subscribe(name, vector)) {
        match_events(name, vector, "matches", true);
        match_events(name, vector, "others", false);
        match_steps(name, vector);
    }
    end();
}

/* --- messages/client ---------------------------------------------------------------- */

/* Its form is right; nobody is known here, so it is asked who it is, and refused. */
static void show(const char *name, struct tg_json vector)
{
    struct tg_buf text = {0};
    begin_unconnected(false);
    tg_hub_join(t.hub, &peer);
    hubs_say(&t, &peer, compact(tg_json_get(vector, "message"), &text));
    const char *answer = hubs_read(&t, &peer);
    if (strstr(answer, "\"code\":\"unauthenticated\"") == NULL) {
        not_as_expected(name, "unauthenticated", answer);
    }
    tg_buf_finish(&text);
    end();
}

static void run_message(const char *name, struct tg_json vector)
{
    if (strncmp(name, "identity.json", 13) == 0) {
        show(name, vector);
    }
    if (strncmp(name, "queries.json", 12) == 0) {
        begin((struct tg_json){0});
        subscribe(name, tg_json_get(vector, "message"));
        end();
    }
}

/* --- reject/client ------------------------------------------------------------------ */

/* Is the text `value`, or one of it, if it is a list? */
static bool is_one_of(struct tg_json value, const char *text)
{
    struct tg_slice string;
    if (tg_json_kind(value) != TG_JSON_ARRAY) {
        return tg_json_string(value, NULL, &string) && tg_slice_is(string, text);
    }
    struct tg_json item = tg_json_first(value);
    while (tg_json_kind(item) != TG_JSON_NONE && !is_one_of(item, text)) {
        item = tg_json_next(item);
    }
    return tg_json_kind(item) != TG_JSON_NONE;
}

static bool as_expected(struct tg_json expect, struct tg_json error)
{
    char text[256];
    bool same = is_one_of(tg_json_get(expect, "code"), text_of(error, "code", text));
    if (tg_json_kind(tg_json_get(expect, "member")) != TG_JSON_NONE) {
        same = same &&
               is_one_of(tg_json_get(expect, "member"), text_of(error, "member", text));
    }
    static const char *const others[] = {"line", "column", "nearest"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (tg_json_kind(tg_json_get(expect, others[i])) != TG_JSON_NONE) {
            same = same && same_member(expect, error, others[i]);
        }
    }
    return same;
}

/* What is said several times, or closes, is for the tests with sockets. */
static bool is_plain(struct tg_json vector)
{
    return tg_json_kind(tg_json_get(vector, "send")) == TG_JSON_OBJECT &&
           tg_json_kind(tg_json_get(vector, "before")) == TG_JSON_NONE &&
           tg_json_kind(tg_json_get(vector, "times")) == TG_JSON_NONE;
}

static void run_reject(const char *name, struct tg_json vector)
{
    struct tg_buf text = {0};
    struct tg_json_doc doc = {0};
    struct tg_json_error error;
    bool after_connect = false;
    if (!is_plain(vector)) {
        return;
    }
    if (tg_json_bool(tg_json_get(vector, "after_connect"), &after_connect) &&
        after_connect) {
        begin(tg_json_get(vector, "claims"));
    } else {
        begin_unconnected(false);
        tg_hub_join(t.hub, &peer);
    }
    hubs_say(&t, &peer, compact(tg_json_get(vector, "send"), &text));
    const char *answer = hubs_read(&t, &peer);
    if (tg_json_parse(&doc, tg_slice_of(answer), NULL, &error) != TG_OK ||
        !as_expected(tg_json_get(vector, "expect"), tg_json_root(&doc))) {
        not_as_expected(name, compact(tg_json_get(vector, "expect"), &text), answer);
    }
    tg_json_finish(&doc);
    tg_buf_finish(&text);
    end();
}

/* --- all --------------------------------------------------------------------------- */

static void walk(const char *folder, tg_test_vector *run, size_t least)
{
    char path[4096];
    failures = 0;
    snprintf(path, sizeof path, "%s/%s", vectors, folder);
    assert_true(tg_test_vectors_walk(path, run) >= least);
    assert_int_equal(failures, 0);
}

static void a_subscription_is_told_what_it_should(void **state)
{
    (void)state;
    walk("match", run_match, 100);
}

static void good_queries_stand_and_good_tickets_are_looked_at(void **state)
{
    (void)state;
    walk("messages/client", run_message, 20);
}

static void bad_queries_are_refused_where_they_are_wrong(void **state)
{
    (void)state;
    walk("reject/client", run_reject, 130);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subscription_is_told_what_it_should),
        cmocka_unit_test(good_queries_stand_and_good_tickets_are_looked_at),
        cmocka_unit_test(bad_queries_are_refused_where_they_are_wrong),
    };
    if (argc != 2) {
        return 2;
    }
    vectors = argv[1];
    read_shop();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
