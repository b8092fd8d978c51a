#include "engine/catalogue/refusal.h"

#include "engine/catalogue/nearest.h"
#include "testing/catalogues.h"

static void a_refusal_is_written_as_members(void **state)
{
    (void)state;
    struct tg_refusal refusal;
    struct tg_buf buf = {0};
    tg_refusal_set(&refusal, TG_CODE_INVALID_KEY, NULL, "the key is \"%s\"", "wrong");
    tg_refusal_write(&refusal, &buf);
    assert_slice(tg_buf_slice(&buf),
                 "\"code\":\"invalid_key\",\"message\":\"the key is \\\"wrong\\\"\"");
    tg_buf_clear(&buf);
    tg_refusal_set(&refusal, TG_CODE_UNKNOWN_MEMBER, "data.a\"b", "no");
    tg_refusal_suggest(&refusal, TG_LIT("ab"));
    tg_refusal_suggest(&refusal, TG_LIT("abc"));
    tg_refusal_write(&refusal, &buf);
    assert_slice(tg_buf_slice(&buf),
                 "\"code\":\"unknown_member\",\"message\":\"no\",\"member\":"
                 "\"data.a\\\"b\",\"nearest\":[\"ab\",\"abc\"]");
    tg_buf_finish(&buf);
}

static void what_is_too_long_is_cut_between_characters(void **state)
{
    (void)state;
    struct tg_refusal refusal;
    char text[1024];
    for (size_t lead = 0; lead < 4; lead++) {
        memset(text, 'x', lead);
        for (size_t i = lead; i + 4 < sizeof text; i += 4) {
            memcpy(text + i, "\xf0\x9d\x84\x9e", 4);
        }
        text[1020] = '\0';
        tg_refusal_set(&refusal, TG_CODE_INTERNAL, text, "%s", text);
        tg_refusal_suggest(&refusal, tg_slice_of(text));
        size_t message = (TG_REFUSAL_MESSAGE_MAX - lead) / 4 * 4 + lead;
        size_t name = (TG_REFUSAL_NAME_MAX - lead) / 4 * 4 + lead;
        assert_int_equal(strlen(refusal.message), message);
        assert_int_equal(strlen(refusal.member), name);
        assert_int_equal(strlen(refusal.nearest[0]), name);
    }
}

static void at_most_three_names_are_suggested(void **state)
{
    (void)state;
    struct tg_refusal refusal;
    tg_refusal_set(&refusal, TG_CODE_INTERNAL, NULL, "no");
    for (int i = 0; i < 5; i++) {
        tg_refusal_suggest(&refusal, TG_LIT("name"));
    }
    assert_int_equal(refusal.nearest_count, 3);
}

static void a_quote_ends_before_a_control_character(void **state)
{
    (void)state;
    assert_slice(tg_refusal_quote(TG_LIT("abc\ndef")), "abc");
    assert_slice(tg_refusal_quote(TG_LIT("\0")), "");
    assert_slice(tg_refusal_quote(tg_slice(NULL, 0)), "");
    char text[100];
    memset(text, 'x', sizeof text);
    assert_int_equal(tg_refusal_quote(tg_slice(text, 64)).size, 64);
    assert_int_equal(tg_refusal_quote(tg_slice(text, 65)).size, 64);
    memcpy(text + 62, "\xe2\x82\xac", 3);
    assert_int_equal(tg_refusal_quote(tg_slice(text, 100)).size, 62);
}

/* The names that `wanted` is near to, of `names` up to NULL, as "a b c". */
static const char *near(bool dotted, const char *wanted, const char *const *names)
{
    static char text[512];
    struct tg_nearest nearest;
    text[0] = '\0';
    tg_nearest_init(&nearest, tg_slice_of(wanted));
    for (; *names != NULL; names++) {
        if (dotted) {
            tg_nearest_offer_dotted(&nearest, tg_slice_of(*names));
        } else {
            tg_nearest_offer(&nearest, tg_slice_of(*names));
        }
    }
    for (uint32_t i = 0; i < nearest.count; i++) {
        strcat(text, i == 0 ? "" : " ");
        strncat(text, (const char *)nearest.names[i].data, nearest.names[i].size);
    }
    return text;
}

static void names_are_near_by_few_edits(void **state)
{
    (void)state;
    static const char *const names[] = {"id",         "status", "total",
                                        "created_at", "note",   NULL};
    assert_string_equal(near(false, "statsu", names), "status");
    assert_string_equal(near(false, "Status", names), "status");
    assert_string_equal(near(false, "STATUS", names), "");
    assert_string_equal(near(false, "totl", names), "total note");
    assert_string_equal(near(false, "createdat", names), "created_at");
    assert_string_equal(near(false, "creatd_ta", names), "created_at");
    assert_string_equal(near(false, "quantity", names), "");
    assert_string_equal(near(false, "x", names), "");
    assert_string_equal(near(false, "", names), "");
    assert_string_equal(near(false, "di", names), "id");
}

static void the_nearest_come_first_and_no_more_than_three(void **state)
{
    (void)state;
    static const char *const names[] = {"order_xy", "order_x", "orders",
                                        "order",    "orber",   NULL};
    assert_string_equal(near(false, "order", names), "order orders orber");
    assert_string_equal(near(false, "ordre", names), "order orders orber");
}

static void a_type_is_near_by_its_last_part(void **state)
{
    (void)state;
    static const char *const names[] = {"board.Order", "board.Customer", "blog.Post",
                                        "pepito.X", NULL};
    assert_string_equal(near(true, "board.Ordr", names), "board.Order");
    assert_string_equal(near(true, "bord.order", names), "board.Order");
    assert_string_equal(near(true, "Order", names), "board.Order");
    assert_string_equal(near(true, "order", names), "board.Order");
    assert_string_equal(near(true, "Custmer", names), "board.Customer");
    assert_string_equal(near(true, "shop.Order", names), "board.Order");
    assert_string_equal(near(true, "shop.Ordr", names), "");
    assert_string_equal(near(true, "boardOrder", names), "board.Order");
    assert_string_equal(near(true, "pepito", names), "pepito.X");
    assert_string_equal(near(true, "X", names), "pepito.X");
    assert_string_equal(near(true, "Y", names), "");
    assert_string_equal(near(true, "", names), "");
    assert_string_equal(near(true, ".", names), "");
    assert_string_equal(near(true, "quite.Different", names), "");
}

/* The same distance without a band, to hold the quick one to. */
static uint32_t plain_distance(const char *a, const char *b)
{
    static uint32_t cost[20][20];
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    for (size_t i = 0; i <= a_size; i++) {
        for (size_t j = 0; j <= b_size; j++) {
            uint32_t best = i == 0 ? (uint32_t)j : (uint32_t)i;
            if (i > 0 && j > 0) {
                best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
                best = cost[i - 1][j] + 1 < best ? cost[i - 1][j] + 1 : best;
                best = cost[i][j - 1] + 1 < best ? cost[i][j - 1] + 1 : best;
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                    best = cost[i - 2][j - 2] + 1 < best ? cost[i - 2][j - 2] + 1 : best;
                }
            }
            cost[i][j] = best;
        }
    }
    return cost[a_size][b_size];
}

static void the_quick_distance_agrees_with_the_plain_one(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252u;
    for (int round = 0; round < 20000; round++) {
        char words[2][20] = {{0}};
        for (int w = 0; w < 2; w++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            size_t size = 3 + random % 14;
            for (size_t i = 0; i < size; i++) {
                words[w][i] = (char)('a' + (random >> (8 + 3 * i)) % 3);
            }
        }
        struct tg_nearest nearest;
        tg_nearest_init(&nearest, tg_slice_of(words[0]));
        tg_nearest_offer(&nearest, tg_slice_of(words[1]));
        size_t size = strlen(words[0]);
        size_t shorter = size < strlen(words[1]) ? size : strlen(words[1]);
        size_t most = size / 3 > 2 ? size / 3 : 2;
        most = most < shorter ? most : shorter - 1;
        uint32_t distance = plain_distance(words[0], words[1]);
        assert_int_equal(nearest.count, distance <= most ? 1 : 0);
        if (nearest.count == 1) {
            assert_int_equal(nearest.costs[0], distance * 2);
        }
    }
}

static void names_of_any_length_are_looked_at_safely(void **state)
{
    (void)state;
    char a[300];
    char b[300];
    for (size_t size = 0; size < sizeof a; size += 7) {
        memset(a, 'a', size);
        memset(b, 'a', size);
        a[size] = '\0';
        b[size] = '\0';
        if (size > 0) {
            b[size / 2] = 'b';
        }
        const char *names[] = {b, NULL};
        bool is_near = size >= 2 && size <= TG_REFUSAL_NAME_MAX;
        assert_string_equal(near(false, a, names), is_near ? b : "");
    }
}

/* A search among too many names ends early, and has found what came first. */
static void the_work_of_a_search_is_bounded(void **state)
{
    (void)state;
    char wanted[] = "customer_invoice_number_0000";
    struct tg_nearest nearest;
    tg_nearest_init(&nearest, tg_slice_of(wanted));
    tg_nearest_offer(&nearest, TG_LIT("customer_invoice_number_000x"));
    for (int i = 0; i < 100000; i++) {
        tg_nearest_offer(&nearest, TG_LIT("customer_invoice_number_1111"));
    }
    assert_int_equal(nearest.steps_left, 0);
    tg_nearest_offer(&nearest, tg_slice_of(wanted));
    assert_int_equal(nearest.count, 3);
    assert_slice(nearest.names[0], "customer_invoice_number_000x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_is_written_as_members),
        cmocka_unit_test(what_is_too_long_is_cut_between_characters),
        cmocka_unit_test(at_most_three_names_are_suggested),
        cmocka_unit_test(a_quote_ends_before_a_control_character),
        cmocka_unit_test(names_are_near_by_few_edits),
        cmocka_unit_test(the_nearest_come_first_and_no_more_than_three),
        cmocka_unit_test(a_type_is_near_by_its_last_part),
        cmocka_unit_test(the_quick_distance_agrees_with_the_plain_one),
        cmocka_unit_test(names_of_any_length_are_looked_at_safely),
        cmocka_unit_test(the_work_of_a_search_is_bounded),
    };
    return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
