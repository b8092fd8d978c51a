#include "testing/cmocka.h"

#include <stdio.h>

#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/cel/regex.h"
#include "testing/heap.h"

static struct tg_regex *compiled(const char *pattern)
{
    struct tg_regex *regex = NULL;
    const char *why = "";
    uint32_t at = 0;
    if (tg_regex_compile(tg_slice_of(pattern), &regex, &why, &at) != TG_OK) {
        fail_msg("%s: %s at byte %u", pattern, why, at);
    }
    return regex;
}

static int search(const struct tg_regex *regex, const char *text)
{
    uint64_t steps = UINT64_MAX;
    void *memory = tg_alloc(tg_regex_memory(regex));
    assert_non_null(memory);
    int found = tg_regex_run(regex, tg_slice_of(text), memory, &steps);
    tg_free(memory);
    return found;
}

static bool matches(const char *pattern, const char *text)
{
    struct tg_regex *regex = compiled(pattern);
    int found = search(regex, text);
    assert_true(found == 0 || found == 1);
    tg_free(regex);
    return found == 1;
}

/* `texts` end with NULL. */
static void expect(const char *pattern, bool wanted, const char *const *texts)
{
    for (; *texts != NULL; texts++) {
        if (matches(pattern, *texts) != wanted) {
            fail_msg("%s %s \"%s\"", pattern, wanted ? "misses" : "finds", *texts);
        }
    }
}

#define FINDS(pattern, ...) \
    expect(pattern, true, (const char *const[]){__VA_ARGS__, NULL})
#define MISSES(pattern, ...) \
    expect(pattern, false, (const char *const[]){__VA_ARGS__, NULL})

static void a_part_of_the_text_is_enough(void **state)
{
    (void)state;
    FINDS("", "", "a");
    FINDS("bc", "bc", "abcd");
    MISSES("bc", "", "b", "bac");
    FINDS("a|bc|", "", "x");
    FINDS("caf\xc3\xa9", "ein caf\xc3\xa9.");
    MISSES("caf\xc3\xa9", "cafe", "caf\xc3\xa8");
}

static void alternatives_and_groups(void **state)
{
    (void)state;
    FINDS("^(a|bc|d)$", "a", "bc", "d");
    MISSES("^(a|bc|d)$", "", "b", "c", "ab", "bcd");
    FINDS("^(?:a(?P<x>b|c(?<y>d|e))f)$", "abf", "acdf", "acef");
    MISSES("^(?:a(b|c(d|e))f)$", "af", "acf", "abdf");
    FINDS("^(a||b)c$", "ac", "c", "bc");
    FINDS("^()$", "");
    FINDS("^((a|b)|(c|d))(e|f)$", "ae", "df");
}

static void repetitions(void **state)
{
    (void)state;
    FINDS("^ab*c$", "ac", "abc", "abbbc");
    FINDS("^ab+?c$", "abc", "abbbc");
    MISSES("^ab+c$", "ac");
    FINDS("^ab?c$", "ac", "abc");
    MISSES("^ab?c$", "abbc");
    FINDS("^(ab){2}$", "abab");
    MISSES("^(ab){2}$", "ab", "ababab");
    FINDS("^a{2,}$", "aa", "aaaaa");
    MISSES("^a{2,}$", "a");
    FINDS("^(a|b){1,3}$", "a", "ab", "bab");
    MISSES("^(a|b){1,3}$", "", "abab");
    FINDS("^a{0,2}b$", "b", "ab", "aab");
    MISSES("^a{0,2}b$", "aaab");
    FINDS("^a{0}b{0,}$", "", "bb");
    MISSES("^a{0}$", "a");
    FINDS("^(a{2}){3}$", "aaaaaa");
    FINDS("^(a*)*$", "", "aaa");
    FINDS("^(a*|b)+c$", "c", "abbac");
    FINDS("^(|a){3}$", "", "aaa");
    MISSES("^(|a){3}$", "aaaa");
    char thousand[1001] = "";
    memset(thousand, 'a', 1000);
    FINDS("^a{1000}$", thousand);
    MISSES("^a{999}$", thousand);
    FINDS("^a{,2}{x$", "a{,2}{x");
    FINDS("^*a", "ba");
}

static void classes(void **state)
{
    (void)state;
    FINDS("^[a-cx]$", "a", "b", "c", "x");
    MISSES("^[a-cx]$", "d", "ab", "");
    FINDS("^[^a-c]$", "d", "\n", "\xc3\xa9");
    MISSES("^[^a-c]$", "a", "");
    FINDS("^[]a]$", "]", "a");
    FINDS("^[^]a]$", "b");
    FINDS("^[a-]$", "a", "-");
    FINDS("^[-a]$", "a", "-");
    FINDS("^[\\]\\-\\\\]$", "]", "-", "\\");
    FINDS("^[\xce\xb1-\xcf\x89]$", "\xce\xb2");
    MISSES("^[\xce\xb1-\xcf\x89]$", "b");
    FINDS("^[\\x{1F600}-\\x{1F64F}]$", "\xf0\x9f\x98\x81");
    FINDS("^[\\x00-\\x{10FFFF}]$", "a", "\n", "\xf0\x9f\x98\x81");
    MISSES("[^\\x00-\\x{10FFFF}]", "a", "\n", "\xf0\x9f\x98\x81");
    FINDS("^[\\d_]+$", "1_2");
    FINDS("^[^\\d\\s]+$", "ab");
    MISSES("^[^\\d\\s]+$", "a1", "a b");
    FINDS("^[\\D]$", "a");
    FINDS("^\\d\\D\\s\\S\\w\\W$", "1a b_-");
    MISSES("\\s", "\v", "a");
    FINDS("^[[:alpha:][:digit:]]+$", "aZ9");
    FINDS("^[[:^alpha:]]+$", "19\xc3\xa9");
    MISSES("^[[:^alpha:]]+$", "a");
    FINDS("^[[:punct:]]+$", "!/:@[`{~");
    FINDS("^[[:space:]]+$", " \t\n\v\f\r");
    FINDS("^[[:xdigit:]]+[[:cntrl:]]$", "aF9\x7f");
    FINDS("^[a[:]$", "a", "[", ":");
}

static void dots_and_edges(void **state)
{
    (void)state;
    FINDS("^.$", "a", "\xf0\x9f\x98\x81");
    MISSES("^.$", "", "\n", "ab");
    FINDS("(?s)^.$", "\n");
    MISSES("^b", "a\nb");
    MISSES("a$", "a\nb", "a\n");
    FINDS("(?m)^b", "a\nb");
    FINDS("(?m)a$", "a\nb");
    MISSES("(?m)\\Ab", "a\nb");
    MISSES("(?m)a\\z", "a\nb");
    FINDS("\\bcat\\b", "cat", "a cat.", "cat\xc3\xa9");
    MISSES("\\bcat\\b", "cats", "concat", "cat_");
    FINDS("\\Bcat", "concat");
    MISSES("\\B", "a");
    FINDS("\\B", "", "ab");
    MISSES("a^b|a$b", "ab", "a\nb");
}

static void letters_of_either_case(void **state)
{
    (void)state;
    FINDS("(?i)^caT[a-f]$", "CAtB", "catb");
    FINDS("^a(?i)b(?-i)c$", "aBc");
    MISSES("^a(?i)b(?-i)c$", "ABc", "aBC");
    FINDS("^a(?i:b)c$", "aBc");
    MISSES("^a(?i:b)c$", "aBC");
    FINDS("^(a(?i)b)c$", "aBc");
    MISSES("^(a(?i)b)c$", "aBC");
    FINDS("(?i)^k[^b]1$", "\xe2\x84\xaa"
                          "a1");
    MISSES("(?i)[^b]", "b", "B");
    FINDS("(?i)^[[:lower:]]+$", "aB");
    FINDS("(?is-m)^a.$", "A\n");
}

static void escapes(void **state)
{
    (void)state;
    FINDS("^\\.\\*\\_\\/\\\\$", ".*_/\\");
    FINDS("^\\a\\f\\t\\n\\r\\v$", "\a\f\t\n\r\v");
    FINDS("^\\x41\\x{e9}\\101\\012$", "A\xc3\xa9"
                                      "A\n");
    FINDS("^\\Qa.b*\\E+$", "a.b**");
    MISSES("^\\Qa.b\\E$", "axb");
    FINDS("\\Q(", "a(");
    FINDS("^]}$", "]}");
}

static void what_is_no_expression_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        uint32_t at;
        const char *why;
    } cases[] = {
        {"a(b", 1, "\"(\" is never closed"},
        {"(a(b)", 0, "\"(\" is never closed"},
        {"a)b", 1, "\")\" closes nothing"},
        {"a[b", 1, "\"[\" is never closed"},
        {"[]", 0, "\"[\" is never closed"},
        {"*a", 0, "there is nothing to repeat"},
        {"a|+", 2, "there is nothing to repeat"},
        {"(?i)*", 4, "there is nothing to repeat"},
        {"{2}", 0, "there is nothing to repeat"},
        {"a**", 2, "a repetition cannot be repeated: put it in parentheses"},
        {"a{2}{3}", 4, "a repetition cannot be repeated: put it in parentheses"},
        {"a{3,2}", 1, "{n,m} wants the smaller number first"},
        {"a{1001}", 1, "1000 repetitions are the most"},
        {"a{1,99999999999}", 1, "1000 repetitions are the most"},
        {"[z-a]", 1, "a range of characters runs backwards"},
        {"[a-\\d]", 3, "this escape is none"},
        {"[[:alfa:]]", 1, "there is no class of this name"},
        {"(a)\\1", 3, "back-references are not supported"},
        {"(?P=n)", 0, "back-references are not supported"},
        {"\\k<n>", 0, "back-references are not supported"},
        {"a(?=b)", 1, "look-around is not supported"},
        {"a(?!b)", 1, "look-around is not supported"},
        {"(?<=a)b", 0, "look-around is not supported"},
        {"(?<!a)b", 0, "look-around is not supported"},
        {"(?>a)", 0, "(? begins a group that is not known: (?:…), (?i:…) are"},
        {"(?P<a-b>c)", 0, "a group's name has letters, digits and _ only"},
        {"\\pL", 0, "\\p and \\P are not supported: name the characters"},
        {"a\\Z", 1, "\\Z is not supported: write \\z for the end of the text"},
        {"\\C", 0, "\\C is not supported"},
        {"\\y", 0, "this escape is none"},
        {"a\\", 1, "a backslash stands at the end"},
        {"\\x4", 0, "\\x wants two hexadecimal digits, or some in braces"},
        {"\\x{110000}", 0, "no character has this code"},
        {"(?i)\xc3\xa9", 4, "(?i) is for the letters of ASCII only"},
        {"(?i)[\xc3\xa9]", 5, "(?i) is for the letters of ASCII only"},
        {"a\xff", 0, "the regular expression is not UTF-8"},
        {"((a{100}){100})", 14,
         "the regular expression is too large once {n} is "
         "written out"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tg_regex *regex = NULL;
        const char *why = "nothing";
        uint32_t at = 0;
        enum tg_err err =
            tg_regex_compile(tg_slice_of(cases[i].pattern), &regex, &why, &at);
        tg_free(regex);
        if (err == TG_OK || strcmp(why, cases[i].why) != 0 || at != cases[i].at) {
            fail_msg("%s: %s at %u", cases[i].pattern, why, at);
        }
    }
}

static enum tg_err compile_repeated(const char *head, const char *item, size_t times)
{
    struct tg_buf text = {0};
    struct tg_regex *regex = NULL;
    const char *why;
    uint32_t at;
    tg_buf_add_text(&text, head);
    for (size_t i = 0; i < times; i++) {
        tg_buf_add_text(&text, item);
    }
    enum tg_err err = tg_regex_compile(tg_buf_slice(&text), &regex, &why, &at);
    tg_free(regex);
    tg_buf_finish(&text);
    return err;
}

static void limits_are_kept(void **state)
{
    (void)state;
    assert_int_equal(compile_repeated("", "a", 4095), TG_OK);
    assert_int_equal(compile_repeated("", "a", 4097), TG_ELIMIT);
    assert_int_equal(compile_repeated("", "(", 101), TG_ELIMIT);
    assert_int_equal(compile_repeated("", "|", 4096), TG_ELIMIT);
    assert_int_equal(compile_repeated("(?i)[", "a-z", 1300), TG_EINVAL);
    assert_int_equal(compile_repeated("(?i)[", "\\W", 2000), TG_EINVAL);
}

/* A catastrophe for whoever goes back, by the count of steps. */
static void no_pattern_is_slow(void **state)
{
    (void)state;
    enum { LONG = 10000 };
    static const char *const patterns[] = {
        "(a+)+$", "(a*)*b", "(a|a)*b", "(a|aa)+$", "(.*a){20}b", "^(a?){50}a{50}$",
    };
    static uint64_t memory[TG_REGEX_CODE_MAX * 2];
    char *text = tg_alloc(LONG);
    assert_non_null(text);
    memset(text, 'a', LONG);
    text[LONG - 1] = '!';
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct tg_regex *regex = compiled(patterns[i]);
        const uint64_t most = UINT64_MAX;
        uint64_t left = most;
        assert_true(tg_regex_memory(regex) <= sizeof memory);
        assert_int_equal(tg_regex_run(regex, tg_slice(text, LONG), memory, &left), 0);
        assert_true(most - left <= (uint64_t)2 * tg_regex_cost(regex) * (LONG + 1));
        left = 1000;
        assert_int_equal(tg_regex_run(regex, tg_slice(text, LONG), memory, &left), -1);
        tg_free(regex);
    }
    tg_free(text);
}

/* A program is bytes: a copy of it elsewhere is as good. */
static void a_program_can_be_moved(void **state)
{
    (void)state;
    struct tg_regex *regex = compiled("^([a-c]|x{2})+$");
    struct tg_regex *other = tg_alloc(tg_regex_size(regex));
    assert_non_null(other);
    memcpy(other, regex, tg_regex_size(regex));
    memset(regex, 0xff, tg_regex_size(regex));
    tg_free(regex);
    assert_int_equal(search(other, "axxb"), 1);
    assert_int_equal(search(other, "axb"), 0);
    tg_free(other);
}

static void what_is_no_utf8_is_some_character(void **state)
{
    (void)state;
    FINDS("^a..b$",
          "a\xff\xfe"
          "b",
          "a\xc3\xe2"
          "b");
    FINDS("\\x{fffd}$", "\xe2\x82");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    enum tg_err err = TG_ENOMEM;
    for (size_t n = 1; err != TG_OK; n++) {
        struct tg_regex *regex = NULL;
        const char *why = "";
        uint32_t at;
        tg_test_heap_begin(&heap, n);
        err = tg_regex_compile(tg_slice_of("(?i)([^a-c]+|[[:alpha:]]{3,40}\\W)*x$"),
                               &regex, &why, &at);
        assert_true(err == TG_OK || (err == TG_ENOMEM && regex == NULL && *why != '\0'));
        tg_free(regex);
        assert_true(tg_test_heap_end(&heap));
    }
}

static void searching_takes_no_memory(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    struct tg_regex *regex = compiled("(a|b){100}$");
    void *memory = tg_alloc(tg_regex_memory(regex));
    assert_non_null(memory);
    tg_test_heap_begin(&heap, 1);
    for (int i = 0; i < 1000; i++) {
        uint64_t steps = UINT64_MAX;
        assert_int_equal(tg_regex_run(regex, TG_LIT("ab"), memory, &steps), 0);
    }
    assert_int_equal(heap.calls, 0);
    assert_true(tg_test_heap_end(&heap));
    tg_free(memory);
    tg_free(regex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_of_the_text_is_enough),
        cmocka_unit_test(alternatives_and_groups),
        cmocka_unit_test(repetitions),
        cmocka_unit_test(classes),
        cmocka_unit_test(dots_and_edges),
        cmocka_unit_test(letters_of_either_case),
        cmocka_unit_test(escapes),
        cmocka_unit_test(what_is_no_expression_is_refused),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(no_pattern_is_slow),
        cmocka_unit_test(a_program_can_be_moved),
        cmocka_unit_test(what_is_no_utf8_is_some_character),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(searching_takes_no_memory),
    };
    return cmocka_run_group_tests_name("query/regex", tests, NULL, NULL);
}
