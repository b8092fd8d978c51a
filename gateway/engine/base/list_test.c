#include "engine/base/list.h"

#include "testing/cmocka.h"

struct item {
    char name;
    struct tg_link link;
};

static void names(struct tg_link *head, char *out)
{
    for (struct tg_link *link = head->next; link != head; link = link->next) {
        assert_ptr_equal(link->next->prev, link);
        *out++ = TG_ENTRY(link, struct item, link)->name;
    }
    *out = '\0';
}

static void keeps_the_order_of_appends(void **state)
{
    (void)state;
    struct tg_link head;
    struct item items[3] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}};
    char text[8];
    tg_list_init(&head);
    assert_true(tg_list_empty(&head));
    for (int i = 0; i < 3; i++) {
        tg_list_init(&items[i].link);
        tg_list_append(&head, &items[i].link);
    }
    names(&head, text);
    assert_string_equal(text, "abc");
    tg_list_remove(&items[1].link);
    tg_list_remove(&items[1].link);
    names(&head, text);
    assert_string_equal(text, "ac");
    tg_list_append(&head, &items[1].link);
    names(&head, text);
    assert_string_equal(text, "acb");
}

static void moves_all_to_the_end_of_another(void **state)
{
    (void)state;
    struct tg_link from;
    struct tg_link to;
    struct item items[4] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}, {.name = 'd'}};
    char text[8];
    tg_list_init(&from);
    tg_list_init(&to);
    tg_list_move_all(&to, &from);
    assert_true(tg_list_empty(&to));
    for (int i = 0; i < 4; i++) {
        tg_list_init(&items[i].link);
        tg_list_append(i < 2 ? &to : &from, &items[i].link);
    }
    tg_list_move_all(&to, &from);
    names(&to, text);
    assert_string_equal(text, "abcd");
    assert_true(tg_list_empty(&from));
    tg_list_move_all(&from, &to);
    names(&from, text);
    assert_string_equal(text, "abcd");
    assert_true(tg_list_empty(&to));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_of_appends),
        cmocka_unit_test(moves_all_to_the_end_of_another),
    };
    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
