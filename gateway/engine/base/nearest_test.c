#include "engine/base/nearest.h"

#include "testing/cmocka.h"

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
    assert_string_equal(near(false, "STATUS", names), "status");
    assert_string_equal(near(false, "totl", names), "total");
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
    static const char *const others[] = {"orxer", "ordxr", "ordex",
                                         "xrder", "oRDER", NULL};
    assert_string_equal(near(false, "order", others), "oRDER orxer ordxr");
    assert_string_equal(near(false, "orde", others), "ordex");
    assert_string_equal(near(false, "order", names), "order");
    assert_string_equal(near(false, "ordre", names), "order");
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
        size_t most = size <= 3 ? 1 : size / 3 > 2 ? size / 3 : 2;
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
        bool is_near = size >= 2 && size <= TG_NEAREST_NAME_MAX;
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
    assert_int_equal(nearest.count, 1);
    assert_slice(nearest.names[0], "customer_invoice_number_000x");
}

static void the_names_are_said_as_a_question(void **state)
{
    (void)state;
    char text[TG_NEAREST_TEXT_MAX];
    struct tg_nearest nearest;
    tg_nearest_init(&nearest, TG_LIT("prt"));
    assert_string_equal(tg_nearest_text(&nearest, "--", text), "");
    tg_nearest_offer(&nearest, TG_LIT("port"));
    assert_string_equal(tg_nearest_text(&nearest, "--", text), "; did you mean --port?");
    tg_nearest_offer(&nearest, TG_LIT("part"));
    tg_nearest_offer(&nearest, TG_LIT("pert"));
    assert_string_equal(tg_nearest_text(&nearest, "", text),
                        "; did you mean port, part or pert?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_near_by_few_edits),
        cmocka_unit_test(the_nearest_come_first_and_no_more_than_three),
        cmocka_unit_test(a_type_is_near_by_its_last_part),
        cmocka_unit_test(the_quick_distance_agrees_with_the_plain_one),
        cmocka_unit_test(names_of_any_length_are_looked_at_safely),
        cmocka_unit_test(the_work_of_a_search_is_bounded),
        cmocka_unit_test(the_names_are_said_as_a_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
