#include "engine/catalogue/typescript.h"

#include <stdio.h>

#include "testing/catalogues.h"
#include "testing/heap.h"

static const char *vectors;

static void read_file(const char *folder, const char *name, const char *ending,
                      struct tg_buf *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/%s.%s", vectors, folder, name, ending);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
        return;
    }
    uint8_t *room = tg_buf_room(text, 1 << 20);
    assert_non_null(room);
    text->size = fread(room, 1, 1 << 20, file);
    fclose(file);
}

static struct tg_catalogue *read_catalogue(const char *name)
{
    struct tg_buf document = {0};
    struct tg_catalogue *empty = tg_catalogue_create();
    struct tg_catalogue *catalogue = NULL;
    struct tg_refusal refusal;
    bool changed;
    read_file("catalogues", name, "json", &document);
    if (tg_catalogue_replace(empty, tg_slice_of(name), tg_buf_slice(&document), NULL,
                             &catalogue, &refusal, &changed) != TG_OK) {
        fail_msg("%s: %s", name, refusal_text(&refusal));
    }
    tg_catalogue_unref(empty);
    tg_buf_finish(&document);
    return catalogue;
}

/* js/test/typed.test.ts has the compiler look at the same texts. */
static void check(const char *name)
{
    struct tg_buf expected = {0}, made = {0};
    struct tg_catalogue *catalogue = read_catalogue(name);
    read_file("typescript", name, "d.ts", &expected);
    tg_typescript_write(catalogue, &made);
    assert_false(made.failed);
    if (!tg_slice_equal(tg_buf_slice(&made), tg_buf_slice(&expected))) {
        fail_msg(
            "typescript/%s.d.ts is not what `telegraphy types --typescript` makes of "
            "catalogues/%s.json",
            name, name);
    }
    tg_buf_finish(&expected);
    tg_buf_finish(&made);
    tg_catalogue_unref(catalogue);
}

static void a_catalogue_becomes_the_text_that_the_vectors_have(void **state)
{
    (void)state;
    check("shop");
}

static void nothing_that_is_for_people_becomes_code(void **state)
{
    (void)state;
    check("odd");
}

static void without_types_it_is_a_module_all_the_same(void **state)
{
    (void)state;
    struct tg_buf made = {0};
    struct tg_catalogue *catalogue = tg_catalogue_create();
    tg_typescript_write(catalogue, &made);
    tg_buf_add_byte(&made, '\0');
    assert_non_null(strstr((const char *)made.data, "\nexport {};\n"));
    assert_non_null(strstr((const char *)made.data, "  interface EventTypes {\n  }\n"));
    tg_buf_finish(&made);
    tg_catalogue_unref(catalogue);
}

static void more_than_a_hundred_choices_are_a_string(void **state)
{
    (void)state;
    struct tg_buf document = {0}, made = {0};
    tg_buf_add_text(&document, "{'app':'a','types':[{'name':'a.A','operations':['event'],"
                               "'fields':[{'name':'x','type':'string','choices':[");
    for (int i = 0; i < 101; i++) {
        tg_buf_printf(&document, "%s{'value':'%d','label':''}", i == 0 ? "" : ",", i);
    }
    tg_buf_add_text(&document, "]}]}]}");
    tg_buf_add_byte(&document, '\0');
    struct tg_catalogue *catalogue =
        replaced(tg_catalogue_create(), "a", (const char *)document.data);
    tg_typescript_write(catalogue, &made);
    tg_buf_add_byte(&made, '\0');
    assert_non_null(strstr((const char *)made.data, " readonly x: string;\n"));
    tg_buf_finish(&document);
    tg_buf_finish(&made);
    tg_catalogue_unref(catalogue);
}

static void without_memory_the_buffer_says_so(void **state)
{
    (void)state;
    struct tg_catalogue *catalogue = read_catalogue("shop");
    for (size_t fail_at = 1;; fail_at++) {
        struct tg_test_heap heap;
        struct tg_buf made = {0};
        tg_test_heap_begin(&heap, fail_at);
        tg_typescript_write(catalogue, &made);
        bool failed = made.failed;
        tg_buf_finish(&made);
        bool reached = heap.calls >= fail_at;
        assert_true(tg_test_heap_end(&heap));
        assert_int_equal(failed, reached);
        if (!reached) {
            break;
        }
    }
    tg_catalogue_unref(catalogue);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_catalogue_becomes_the_text_that_the_vectors_have),
        cmocka_unit_test(nothing_that_is_for_people_becomes_code),
        cmocka_unit_test(without_types_it_is_a_module_all_the_same),
        cmocka_unit_test(more_than_a_hundred_choices_are_a_string),
        cmocka_unit_test(without_memory_the_buffer_says_so),
    };
    vectors = argc > 1 ? argv[1] : "../protocol/vectors";
    return cmocka_run_group_tests_name("typescript", tests, NULL, NULL);
}
