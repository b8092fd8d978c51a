#include "engine/cel/decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "testing/cmocka.h"

#include "engine/cel/scalar.h"
#include "engine/cel/values.h"

static struct tg_slice slice(const struct tg_decimal_text *text)
{
    return tg_slice(text->data, text->size);
}

static int compare(const char *a, const char *b)
{
    return tg_decimal_compare(tg_slice_of(a), tg_slice_of(b));
}

static void comparing_takes_any_length(void **state)
{
    (void)state;
    static const char *const ascending[] = {
        "-100000000000000000000000000000000000000000000000000.5",
        "-100000000000000000000000000000000000000000000000000",
        "-2",
        "-1.5",
        "-1.25",
        "-0.0000000000000000000000000000000000000000000001",
        "0",
        "0.01",
        "0.1",
        "0.11",
        "9.99",
        "10",
        "99.95",
        "123456789012345678901234567890123456789012345678901234567890.1",
        "123456789012345678901234567890123456789012345678901234567890.2"};
    for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++) {
        for (size_t j = 0; j < sizeof ascending / sizeof *ascending; j++) {
            assert_int_equal(compare(ascending[i], ascending[j]), (i > j) - (i < j));
        }
    }
    assert_int_equal(compare("1.50", "1.5"), 0);
    assert_int_equal(compare("-0.00", "0"), 0);
    assert_int_equal(compare("007", "7.000"), 0);
}

static void check_canonical(const char *text, const char *expected)
{
    struct tg_decimal_text result;
    assert_true(tg_decimal_canonical(tg_slice_of(text), &result));
    assert_slice(slice(&result), expected);
}

static void the_canonical_text_has_no_needless_digit(void **state)
{
    (void)state;
    check_canonical("12.50", "12.5");
    check_canonical("-0.0", "0");
    check_canonical("100", "100");
    check_canonical("100.00", "100");
    check_canonical("1.5e3", "1500");
    check_canonical("1E-3", "0.001");
    check_canonical(".5", "0.5");
    check_canonical("5.", "5");
    check_canonical("1050e-2", "10.5");
    check_canonical("0e99999999999", "0");
    check_canonical("12345678901234567890123456789012345678",
                    "12345678901234567890123456789012345678");
    check_canonical("0.00000000000000000000000000000000000001",
                    "0.00000000000000000000000000000000000001");
    check_canonical("-1e37", "-10000000000000000000000000000000000000");
    static const char *const bad[] = {"123456789012345678901234567890123456789",
                                      "0.000000000000000000000000000000000000001", "1e38",
                                      "1e-39", "1e99999999999999"};
    struct tg_decimal_text result;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(tg_decimal_canonical(tg_slice_of(bad[i]), &result));
    }
}

/* `a op b` is `expected`, or NULL: it has too many digits. */
static void check(const char *a, char op, const char *b, const char *expected)
{
    struct tg_decimal_text result;
    struct tg_slice left = tg_slice_of(a);
    struct tg_slice right = tg_slice_of(b);
    bool fits = op == '*' ? tg_decimal_multiply(left, right, &result)
                          : tg_decimal_add(left, right, op == '-', &result);
    assert_int_equal(fits, expected != NULL);
    if (fits) {
        assert_slice(slice(&result), expected);
    }
}

static void arithmetic_is_exact_or_refused(void **state)
{
    (void)state;
    check("0.1", '+', "0.2", "0.3");
    check("99.95", '+', "0.05", "100");
    check("1", '-', "0.01", "0.99");
    check("1", '-', "1.00", "0");
    check("-1", '-', "-3", "2");
    check("0", '-', "0", "0");
    check("0", '-', "12.5", "-12.5");
    check("2.5", '*', "4", "10");
    check("-0.5", '*', "0.5", "-0.25");
    check("0", '*', "-7", "0");
    check("9999999999999999999", '*', "9999999999999999999",
          "99999999999999999980000000000000000001");
    check("99999999999999999999999999999999999999", '+', "1", NULL);
    check("99999999999999999999999999999999999999", '-', "1",
          "99999999999999999999999999999999999998");
    check("10000000000000000000", '*', "10000000000000000000", NULL);
    check("100000000000000000000", '*', "100000000000000000000", NULL);
    check("1000000000000000000000", '+', "0.000000000000000000001", NULL);
    check("0.00000000000000000001", '*', "0.0000000000000000001", NULL);
}

static void a_double_has_exact_digits(void **state)
{
    (void)state;
    static const double doubles[] = {0.0,
                                     1.0,
                                     -1.0,
                                     0.5,
                                     0.1,
                                     123.456,
                                     1e22,
                                     1e23,
                                     9007199254740993.0,
                                     1e300,
                                     1.7976931348623157e308,
                                     5e-324,
                                     2.2250738585072014e-308,
                                     1e-5,
                                     -99.95};
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        char text[TG_DOUBLE_DIGITS_SIZE];
        char libc[1500];
        size_t size = tg_double_digits(doubles[i], text);
        int libc_size = snprintf(libc, sizeof libc, "%.1074f", doubles[i]);
        assert_true(tg_decimal_valid(tg_slice(text, size)));
        assert_int_equal(
            tg_decimal_compare(tg_slice(text, size), tg_slice(libc, (size_t)libc_size)),
            0);
    }
}

static uint64_t random_bits(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return *state >> 33;
}

/* A decimal of up to 20 digits before the point and after it, often with few. */
static size_t random_decimal(uint64_t *state, char text[64])
{
    size_t at = 0;
    if (random_bits(state) % 2 == 0) {
        text[at++] = '-';
    }
    size_t before = 1 + random_bits(state) % (random_bits(state) % 4 == 0 ? 20 : 3);
    size_t after = random_bits(state) % (random_bits(state) % 4 == 0 ? 20 : 4);
    uint64_t digits = 1 + random_bits(state) % 10;
    for (size_t i = 0; i < before; i++) {
        uint64_t least = i == 0 && before > 1 ? 1 : 0;
        text[at++] = (char)('0' + (least + random_bits(state) % digits) % 10);
        text[at - 1] = least == 1 && text[at - 1] == '0' ? '1' : text[at - 1];
    }
    if (after > 0) {
        text[at++] = '.';
    }
    for (size_t i = 0; i < after; i++) {
        text[at++] = (char)('0' + random_bits(state) % digits);
    }
    return at;
}

/* scalar.h's promise, held against exact comparison. */
static void number_lines_keep_the_order_of_decimals(void **unused)
{
    (void)unused;
    uint64_t state = 7;
    for (int i = 0; i < 200000; i++) {
        char texts[2][64];
        struct tg_slice a = tg_slice(texts[0], random_decimal(&state, texts[0]));
        struct tg_slice b = tg_slice(texts[1], random_decimal(&state, texts[1]));
        int64_t left = tg_number_of_decimal(a);
        int64_t right = tg_number_of_decimal(b);
        int order = tg_decimal_compare(a, b);
        bool exact = tg_number_is_exact(left) || tg_number_is_exact(right);
        int line = (left > right) - (left < right);
        if (exact ? line != order : line != 0 && line != order) {
            fail_msg("%.*s and %.*s: %d, on the line %d", TG_FMT(a), TG_FMT(b), order,
                     line);
        }
    }
}

/* Doubles of every size, and next to a decimal: told apart without their digits, or by
 * them. */
static double random_double(uint64_t *state, struct tg_slice near)
{
    char text[80];
    snprintf(text, sizeof text, "%.*s", TG_FMT(near));
    double real = strtod(text, NULL);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    switch (random_bits(state) % 4) {
    case 0:
        return real;
    case 1:
        bits += random_bits(state) % 3;
        memcpy(&real, &bits, sizeof real);
        return real;
    default:
        return ldexp((double)random_bits(state) - 0x1p30,
                     (int)(random_bits(state) % 2100) - 1100);
    }
}

static void a_double_is_compared_by_its_digits(void **unused)
{
    (void)unused;
    const double odd[] = {0.0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, 1.0, 10.0};
    uint64_t state = 7;
    for (int i = 0; i < 100000; i++) {
        char text[64];
        char digits[TG_DOUBLE_DIGITS_SIZE];
        struct tg_slice a = tg_slice(text, random_decimal(&state, text));
        double b = i < 7000 ? odd[i % 7] : random_double(&state, a);
        if (isinf(b)) {
            continue;
        }
        int order = tg_decimal_compare(a, tg_slice(digits, tg_double_digits(b, digits)));
        if (tg_decimal_compare_double(a, b) != order) {
            fail_msg("%.*s and %.17g: not %d", TG_FMT(a), b, order);
        }
    }
    assert_int_equal(tg_decimal_compare_double(TG_LIT("1"), (double)INFINITY), -1);
    assert_int_equal(tg_decimal_compare_double(TG_LIT("0"), -(double)INFINITY), 1);
}

/* By trying one digit, two digits, …. */
static int fewest_digits(double real)
{
    char text[64];
    int digits = 1;
    for (; digits < 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, real);
        if (strtod(text, NULL) == real) {
            break;
        }
    }
    return digits;
}

static void a_double_is_written_in_the_fewest_digits(void **unused)
{
    (void)unused;
    uint64_t state = 11;
    for (int i = 0; i < 20000; i++) {
        char decimal[64];
        char text[TG_DOUBLE_TEXT_SIZE];
        struct tg_slice near = tg_slice(decimal, random_decimal(&state, decimal));
        double real = random_double(&state, near);
        if (isinf(real) || real == 0) {
            continue;
        }
        text[tg_double_write(real, text)] = '\0';
        int digits = 0;
        int zeros = 0; /* At the end of an integer, or before the first digit. */
        for (const char *at = text; *at != '\0' && *at != 'e'; at++) {
            zeros = *at == '0' ? zeros + 1 : *at == '.' ? zeros : 0;
            digits += *at >= '0' && *at <= '9' && (digits > 0 || *at != '0');
        }
        digits -= digits > zeros && strchr(text, '.') == NULL ? zeros : 0;
        if (strtod(text, NULL) != real || digits != fewest_digits(real)) {
            fail_msg("%.17g is written %s", real, text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing_takes_any_length),
        cmocka_unit_test(the_canonical_text_has_no_needless_digit),
        cmocka_unit_test(arithmetic_is_exact_or_refused),
        cmocka_unit_test(a_double_has_exact_digits),
        cmocka_unit_test(a_double_is_written_in_the_fewest_digits),
        cmocka_unit_test(a_double_is_compared_by_its_digits),
        cmocka_unit_test(number_lines_keep_the_order_of_decimals),
    };
    return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
