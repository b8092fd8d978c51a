/* The cases of protocol/vectors/messages/ingest and protocol/vectors/reject/ingest that
 * need no gateway: catalogue documents, events, and the events of batches. */
#include <dirent.h>
#include <stdio.h>

#include "engine/catalogue/event.h"
#include "testing/catalogues.h"

static const char *vectors;
static size_t failures;

static struct tg_slice read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
    }
    struct tg_buf text = {0};
    size_t got;
    do {
        uint8_t *room = tg_buf_room(&text, 65536);
        assert_non_null(room);
        got = fread(room, 1, 65536, file);
        text.size += got;
    } while (got != 0);
    fclose(file);
    return tg_buf_slice(&text);
}

static void release(struct tg_slice text)
{
    struct tg_buf buf = {.data = (uint8_t *)(uintptr_t)text.data};
    tg_buf_finish(&buf);
}

/* A case: its name, the catalogue that stands, and what happened. */
struct run {
    struct tg_json at;
    char name[128];
    char app[65];
    struct tg_catalogue *catalogue;
    struct tg_refusal refusal;
};

/* All of them are said, not only the first. */
static void not_as_expected(const struct run *run, const char *what)
{
    struct tg_slice expect = tg_json_raw(tg_json_get(run->at, "expect"));
    print_error("%s: %s; expected %.*s\n", run->name, what, TG_FMT(expect));
    failures++;
}

static void member_text(struct tg_json object, const char *name, char *text, size_t size)
{
    struct tg_buf scratch = {0};
    struct tg_slice string;
    if (tg_json_string(tg_json_get(object, name), &scratch, &string)) {
        snprintf(text, size, "%.*s", TG_FMT(string));
    }
    tg_buf_finish(&scratch);
}

/* What is to be sent: text as it is, or an object as JSON. */
static struct tg_slice sent(struct tg_json send, struct tg_buf *scratch)
{
    struct tg_slice text;
    return tg_json_string(send, scratch, &text) ? text : tg_json_raw(send);
}

static struct tg_catalogue *catalogue_of(const char *name)
{
    char path[4096];
    char app[65] = "";
    struct tg_catalogue *empty = tg_catalogue_create();
    if (name[0] == '\0') {
        return empty;
    }
    snprintf(path, sizeof path, "%s/catalogues/%s.json", vectors, name);
    struct tg_slice text = read_file(path);
    struct tg_json_doc doc = {0};
    assert_int_equal(tg_json_parse(&doc, text, NULL, NULL), TG_OK);
    member_text(tg_json_root(&doc), "app", app, sizeof app);
    struct tg_catalogue *catalogue = NULL;
    struct tg_refusal refusal;
    bool changed;
    if (tg_catalogue_replace(empty, tg_slice_of(app), text, NULL, &catalogue, &refusal,
                             &changed) != TG_OK) {
        fail_msg("%s: %s", path, refusal_text(&refusal));
    }
    tg_catalogue_unref(empty);
    tg_json_finish(&doc);
    release(text);
    return catalogue;
}

static bool send_event(struct run *run, struct tg_slice line)
{
    struct tg_json_doc doc = {0};
    struct tg_json_error error;
    struct tg_event_fields fields;
    enum tg_err err = tg_json_parse(&doc, line, NULL, &error);
    if (err == TG_OK) {
        err = tg_event_read(run->catalogue, tg_slice_of(run->app), NULL, &doc, &fields,
                            &run->refusal);
    } else {
        tg_refusal_set(&run->refusal, TG_CODE_INVALID_JSON, NULL, "byte %zu: %s",
                       error.offset, error.message);
    }
    tg_json_finish(&doc);
    return err == TG_OK;
}

static bool send_catalogue(struct run *run, struct tg_slice document)
{
    struct tg_catalogue *next = NULL;
    bool changed;
    enum tg_err err = tg_catalogue_replace(run->catalogue, tg_slice_of(run->app),
                                           document, NULL, &next, &run->refusal,
                                           &changed);
    tg_catalogue_unref(next);
    return err == TG_OK;
}

/* Is `text` the expected one, or in the list of those? Nothing expected: any. */
static bool is_expected(struct tg_json expected, const char *text)
{
    struct tg_slice string;
    if (tg_json_kind(expected) != TG_JSON_ARRAY) {
        return !tg_json_string(expected, NULL, &string) || tg_slice_is(string, text);
    }
    for (struct tg_json one = tg_json_first(expected); tg_json_kind(one) != TG_JSON_NONE;
         one = tg_json_next(one)) {
        if (tg_json_string(one, NULL, &string) && tg_slice_is(string, text)) {
            return true;
        }
    }
    return false;
}

static void check_refusal(const struct run *run, struct tg_json expect)
{
    const char *text = refusal_text(&run->refusal);
    if (!is_expected(tg_json_get(expect, "code"), tg_code_text(run->refusal.code)) ||
        !is_expected(tg_json_get(expect, "member"), run->refusal.member)) {
        not_as_expected(run, text);
    }
    struct tg_json nearest = tg_json_get(expect, "nearest");
    for (struct tg_json one = tg_json_first(nearest); tg_json_kind(one) != TG_JSON_NONE;
         one = tg_json_next(one)) {
        struct tg_slice name;
        bool found = false;
        assert_true(tg_json_string(one, NULL, &name));
        for (uint32_t i = 0; i < run->refusal.nearest_count; i++) {
            found |= tg_slice_is(name, run->refusal.nearest[i]);
        }
        if (!found) {
            not_as_expected(run, text);
        }
    }
}

/* The events one by one: `null` among the expected offsets means refused. */
static void run_batch(struct run *run)
{
    struct tg_json events = tg_json_get(run->at, "send");
    struct tg_json expect = tg_json_get(run->at, "expect");
    struct tg_json refused = tg_json_first(tg_json_get(expect, "refused"));
    struct tg_json event = tg_json_first(events);
    for (struct tg_json offset = tg_json_first(tg_json_get(expect, "offsets"));
         tg_json_kind(offset) != TG_JSON_NONE; offset = tg_json_next(offset)) {
        struct tg_buf scratch = {0};
        bool good = send_event(run, sent(event, &scratch));
        tg_buf_finish(&scratch);
        if (good != (tg_json_kind(offset) == TG_JSON_INT)) {
            not_as_expected(run, good ? "taken" : refusal_text(&run->refusal));
        }
        if (!good) {
            check_refusal(run, refused);
            refused = tg_json_next(refused);
        }
        event = tg_json_next(event);
    }
    assert_int_equal(tg_json_kind(event), TG_JSON_NONE);
}

/* True if the case is one of ours. */
static bool run_case(struct tg_json at, bool rejects)
{
    struct run run = {.at = at, .app = "shop"};
    struct tg_buf scratch = {0};
    char kind[16] = "";
    char catalogue[65] = "";
    member_text(at, "name", run.name, sizeof run.name);
    member_text(at, "app", run.app, sizeof run.app);
    member_text(at, "kind", kind, sizeof kind);
    member_text(at, "catalogue", catalogue, sizeof catalogue);
    bool is_catalogue = strcmp(kind, "catalogue") == 0;
    bool is_batch = strcmp(kind, "batch") == 0;
    if (!is_catalogue && !is_batch && strcmp(kind, "event") != 0) {
        return false;
    }
    run.catalogue = catalogue_of(catalogue);
    if (is_batch) {
        run_batch(&run);
    } else {
        struct tg_slice text = sent(tg_json_get(at, "send"), &scratch);
        bool good = is_catalogue ? send_catalogue(&run, text) : send_event(&run, text);
        if (good == rejects) {
            not_as_expected(&run, good ? "taken" : refusal_text(&run.refusal));
        } else if (rejects) {
            check_refusal(&run, tg_json_get(at, "expect"));
        }
    }
    tg_catalogue_unref(run.catalogue);
    tg_buf_finish(&scratch);
    return true;
}

/* Every file of a folder; how many cases were ours. */
static size_t run_folder(const char *folder, bool rejects)
{
    char path[4096];
    size_t cases = 0;
    snprintf(path, sizeof path, "%s/%s", vectors, folder);
    DIR *entries = opendir(path);
    if (entries == NULL) {
        fail_msg("%s cannot be opened", path);
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (strstr(entry->d_name, ".json") == NULL) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s/%s", vectors, folder, entry->d_name);
        struct tg_slice text = read_file(path);
        struct tg_json_doc doc = {0};
        struct tg_json_error error;
        if (tg_json_parse(&doc, text, NULL, &error) != TG_OK) {
            fail_msg("%s: byte %zu: %s", path, error.offset, error.message);
        }
        struct tg_json list = tg_json_get(tg_json_root(&doc), "cases");
        for (struct tg_json at = tg_json_first(list); tg_json_kind(at) != TG_JSON_NONE;
             at = tg_json_next(at)) {
            cases += run_case(at, rejects) ? 1 : 0;
        }
        tg_json_finish(&doc);
        release(text);
    }
    closedir(entries);
    return cases;
}

static void good_documents_and_events_are_taken(void **state)
{
    (void)state;
    failures = 0;
    assert_true(run_folder("messages/ingest", false) > 20);
    assert_int_equal(failures, 0);
}

static void bad_documents_and_events_are_refused_as_they_should(void **state)
{
    (void)state;
    failures = 0;
    assert_true(run_folder("reject/ingest", true) > 100);
    assert_int_equal(failures, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_documents_and_events_are_taken),
        cmocka_unit_test(bad_documents_and_events_are_refused_as_they_should),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s VECTORS\n", argv[0]);
        return 2;
    }
    vectors = argv[1];
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
