/* The ticket requests of protocol/vectors/messages/ingest and reject/ingest. */
#include "testing/catalogues.h"
#include "testing/vectors.h"

#include <stdio.h>

#include "server/identity/request.h"

static const char *vectors;
static size_t failures;
static size_t requests;

static void member_text(struct tg_json object, const char *name, char *text, size_t size)
{
    struct tg_buf scratch = {0};
    struct tg_slice string;
    if (tg_json_string(tg_json_get(object, name), &scratch, &string)) {
        snprintf(text, size, "%.*s", TG_FMT(string));
    }
    tg_buf_finish(&scratch);
}

static bool is_expected(struct tg_json expect, const struct tg_refusal *refusal)
{
    char code[40] = "", member[140] = "", nearest[140] = "";
    member_text(expect, "code", code, sizeof code);
    member_text(expect, "member", member, sizeof member);
    struct tg_json first = tg_json_first(tg_json_get(expect, "nearest"));
    struct tg_slice name;
    if (tg_json_string(first, NULL, &name)) {
        snprintf(nearest, sizeof nearest, "%.*s", TG_FMT(name));
    }
    return strcmp(code, tg_code_text(refusal->code)) == 0 &&
           strcmp(member, refusal->member) == 0 &&
           (nearest[0] == '\0' || strcmp(nearest, refusal->nearest[0]) == 0);
}

static void run(const char *name, struct tg_json vector)
{
    struct tg_buf scratch = {0};
    struct tg_slice text;
    struct tg_request request;
    struct tg_refusal refusal = {0};
    char kind[40] = "";
    member_text(vector, "kind", kind, sizeof kind);
    if (strcmp(kind, "ticket_request") != 0) {
        return;
    }
    struct tg_json send = tg_json_get(vector, "send");
    struct tg_json expect = tg_json_get(vector, "expect");
    text = tg_json_string(send, &scratch, &text) ? text : tg_json_raw(send);
    enum tg_err err = tg_request_read(text, &request, &refusal);
    bool right = tg_json_kind(expect) == TG_JSON_NONE
                     ? err == TG_OK
                     : err == TG_EINVAL && is_expected(expect, &refusal);
    if (!right) {
        print_error("%s: %s; expected %.*s\n", name,
                    err == TG_OK ? "accepted" : refusal_text(&refusal),
                    TG_FMT(tg_json_raw(expect)));
        failures++;
    }
    requests++;
    tg_request_finish(&request);
    tg_buf_finish(&scratch);
}

static void ticket_requests_are_read_as_the_vectors_say(void **state)
{
    (void)state;
    static const char *const folders[] = {"messages/ingest", "reject/ingest"};
    for (size_t i = 0; i < 2; i++) {
        char path[4096];
        size_t before = requests;
        snprintf(path, sizeof path, "%s/%s", vectors, folders[i]);
        tg_test_vectors_walk(path, run);
        assert_true(requests > before + 10);
    }
    assert_int_equal(failures, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticket_requests_are_read_as_the_vectors_say),
    };
    vectors = argc > 1 ? argv[1] : "protocol/vectors";
    return cmocka_run_group_tests_name("identity vectors", tests, NULL, NULL);
}
