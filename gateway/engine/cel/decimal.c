#include "engine/cel/decimal.h"

#include <assert.h>
#include <math.h>

__extension__ typedef unsigned __int128 uint128;

enum { DIGITS_MAX = 38, SCALE_MAX = 38 };

/* coefficient / 10^scale. */
struct decimal {
    bool negative;
    uint128 coefficient; /* Below 10^38. */
    int64_t scale;
};

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* The least of 38 digits, and of 39. */
#define TEN_37 ((uint128)UINT64_C(10000000000000000000) * UINT64_C(1000000000000000000))
#define TEN_38 (TEN_37 * 10)

/* One more digit; false if it does not fit. */
static bool push(struct decimal *d, uint8_t digit)
{
    if (d->coefficient >= TEN_37) {
        return false;
    }
    d->coefficient = d->coefficient * 10 + digit;
    return true;
}

/* Without zeros at its end, and within the limits. */
static bool settle(struct decimal *d)
{
    while (d->coefficient != 0 && d->scale > 0 && d->coefficient % 10 == 0) {
        d->coefficient /= 10;
        d->scale--;
    }
    if (d->coefficient == 0) {
        *d = (struct decimal){0};
    }
    for (; d->scale < 0; d->scale++) {
        if (!push(d, 0)) {
            return false;
        }
    }
    return d->scale <= SCALE_MAX && d->coefficient < TEN_38;
}

/* `e-5` at `at`; false if it is beyond all that could be a decimal. */
static bool read_exponent(const uint8_t *at, const uint8_t *end, int64_t *exponent)
{
    const int64_t far = 100000;
    if (at == end || (*at | 0x20) != 'e') {
        return true;
    }
    at++;
    bool minus = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    int64_t size = 0;
    for (; at < end && is_digit(*at) && size < far; at++) {
        size = size * 10 + (*at - '0');
    }
    *exponent = minus ? -size : size;
    return size < far;
}

/* Digits and a point, from `at` on; zeros at the end are only counted, in `zeros`. NULL
 * if there are too many. */
static const uint8_t *read_digits(const uint8_t *at, const uint8_t *end,
                                  struct decimal *d, int64_t *zeros)
{
    bool fraction = false;
    for (; at < end && (is_digit(*at) || (*at == '.' && !fraction)); at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        d->scale += fraction ? 1 : 0;
        if (*at == '0') {
            *zeros += d->coefficient != 0 || fraction ? 1 : 0;
            continue;
        }
        for (; *zeros > 0; --*zeros) {
            if (!push(d, 0)) {
                return NULL;
            }
        }
        if (!push(d, (uint8_t)(*at - '0'))) {
            return NULL;
        }
    }
    return at;
}

static bool read_decimal(struct tg_slice text, struct decimal *result)
{
    struct decimal d = {0};
    const uint8_t *at = text.data;
    const uint8_t *end = text.data + text.size;
    if (at < end && *at == '-') {
        d.negative = true;
        at++;
    }
    int64_t zeros = 0;
    at = read_digits(at, end, &d, &zeros);
    int64_t exponent = 0;
    bool near = at != NULL && read_exponent(at, end, &exponent);
    if (at != NULL && d.coefficient == 0) {
        *result = (struct decimal){0};
        return true;
    }
    d.scale -= zeros + exponent;
    *result = d;
    return near && d.scale > -DIGITS_MAX && settle(result);
}

static void write_decimal(const struct decimal *d, struct tg_decimal_text *text)
{
    char digits[DIGITS_MAX + SCALE_MAX + 2];
    char *end = digits + sizeof digits;
    char *at = end;
    uint128 rest = d->coefficient;
    for (int64_t i = 0; rest != 0 || i <= d->scale; i++) {
        if (i == d->scale && i != 0) {
            *--at = '.';
        }
        *--at = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    if (d->negative) {
        *--at = '-';
    }
    text->size = (size_t)(end - at);
    assert(text->size <= sizeof text->data);
    memcpy(text->data, at, text->size);
}

bool tg_decimal_canonical(struct tg_slice text, struct tg_decimal_text *result)
{
    struct decimal d;
    if (!read_decimal(text, &d)) {
        return false;
    }
    write_decimal(&d, result);
    return true;
}

/* Give `d` the scale `scale`, which is not less than its own. */
static bool rescale(struct decimal *d, int64_t scale)
{
    for (; d->scale < scale; d->scale++) {
        if (__builtin_mul_overflow(d->coefficient, (uint128)10, &d->coefficient)) {
            return false;
        }
    }
    return true;
}

static bool add(struct decimal a, struct decimal b, struct decimal *sum)
{
    int64_t scale = a.scale > b.scale ? a.scale : b.scale;
    if (!rescale(&a, scale) || !rescale(&b, scale)) {
        return false;
    }
    *sum = (struct decimal){.scale = scale, .negative = a.negative};
    if (a.negative == b.negative) {
        return !__builtin_add_overflow(a.coefficient, b.coefficient, &sum->coefficient) &&
               settle(sum);
    }
    if (a.coefficient >= b.coefficient) {
        sum->coefficient = a.coefficient - b.coefficient;
    } else {
        sum->coefficient = b.coefficient - a.coefficient;
        sum->negative = b.negative;
    }
    return settle(sum);
}

bool tg_decimal_add(struct tg_slice a, struct tg_slice b, bool subtract,
                    struct tg_decimal_text *sum)
{
    struct decimal left;
    struct decimal right;
    struct decimal result;
    if (!read_decimal(a, &left) || !read_decimal(b, &right)) {
        return false;
    }
    right.negative = right.negative != subtract && right.coefficient != 0;
    if (!add(left, right, &result)) {
        return false;
    }
    write_decimal(&result, sum);
    return true;
}

bool tg_decimal_multiply(struct tg_slice a, struct tg_slice b,
                         struct tg_decimal_text *product)
{
    struct decimal left;
    struct decimal right;
    struct decimal result = {0};
    if (!read_decimal(a, &left) || !read_decimal(b, &right) ||
        __builtin_mul_overflow(left.coefficient, right.coefficient,
                               &result.coefficient)) {
        return false;
    }
    result.scale = left.scale + right.scale;
    result.negative = left.negative != right.negative;
    if (!settle(&result)) {
        return false;
    }
    write_decimal(&result, product);
    return true;
}

void tg_decimal_of_uint(uint64_t number, struct tg_decimal_text *result)
{
    struct decimal d = {.coefficient = number};
    write_decimal(&d, result);
}

void tg_decimal_of_int(int64_t number, struct tg_decimal_text *result)
{
    uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    struct decimal d = {.coefficient = magnitude, .negative = number < 0};
    write_decimal(&d, result);
}

/* The digits that count: before the point without zeros in front, after it without zeros
 * behind. */
struct digits {
    bool negative;
    struct tg_slice whole;
    struct tg_slice fraction;
};

static struct digits digits_of(struct tg_slice text)
{
    struct digits d = {0};
    const uint8_t *at = text.data;
    const uint8_t *end = text.data + text.size;
    if (at < end && *at == '-') {
        d.negative = true;
        at++;
    }
    while (at < end && *at == '0') {
        at++;
    }
    const uint8_t *begin = at;
    while (at < end && *at != '.') {
        at++;
    }
    d.whole = tg_slice(begin, (size_t)(at - begin));
    if (at < end) {
        at++;
        while (end > at && end[-1] == '0') {
            end--;
        }
        d.fraction = tg_slice(at, (size_t)(end - at));
    }
    d.negative = d.negative && d.whole.size + d.fraction.size != 0;
    return d;
}

int tg_decimal_compare(struct tg_slice a, struct tg_slice b)
{
    struct digits left = digits_of(a);
    struct digits right = digits_of(b);
    if (left.negative != right.negative) {
        return left.negative ? -1 : 1;
    }
    int order =
        (left.whole.size > right.whole.size) - (left.whole.size < right.whole.size);
    if (order == 0) {
        order = tg_slice_compare(left.whole, right.whole);
    }
    if (order == 0) {
        order = tg_slice_compare(left.fraction, right.fraction);
    }
    return left.negative ? -order : order;
}

/* A large whole number: limbs of nine digits, the lowest first. */
enum { LIMB = 1000000000, LIMB_DIGITS = 9, LIMBS_MAX = 96 };

struct large {
    uint32_t limbs[LIMBS_MAX];
    size_t count;
};

static void multiply(struct large *large, uint32_t factor)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < large->count; i++) {
        carry += (uint64_t)large->limbs[i] * factor;
        large->limbs[i] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
    while (carry != 0) {
        assert(large->count < LIMBS_MAX);
        large->limbs[large->count++] = (uint32_t)(carry % LIMB);
        carry /= LIMB;
    }
}

static void multiply_power(struct large *large, uint32_t factor, int count)
{
    for (; count >= 13; count -= 13) {
        uint32_t power = 1;
        for (int i = 0; i < 13; i++) {
            power *= factor;
        }
        multiply(large, power);
    }
    for (; count > 0; count--) {
        multiply(large, factor);
    }
}

/* Its digits, the point before the last `scale` of them. */
static size_t write_large(const struct large *large, size_t scale, bool negative,
                          char text[TG_DOUBLE_DIGITS_SIZE])
{
    char reversed[TG_DOUBLE_DIGITS_SIZE];
    size_t size = 0;
    size_t digits = large->count * LIMB_DIGITS;
    digits = digits > scale ? digits : scale + 1;
    for (size_t i = 0; i < digits; i++) {
        if (i == scale && i != 0) {
            reversed[size++] = '.';
        }
        uint32_t limb = i / LIMB_DIGITS < large->count ? large->limbs[i / LIMB_DIGITS]
                                                       : 0;
        for (size_t skip = i % LIMB_DIGITS; skip > 0; skip--) {
            limb /= 10;
        }
        reversed[size++] = (char)('0' + limb % 10);
    }
    while (size > 1 && reversed[size - 1] == '0' && reversed[size - 2] != '.') {
        size--;
    }
    size_t at = 0;
    if (negative) {
        text[at++] = '-';
    }
    while (size > 0) {
        text[at++] = reversed[--size];
    }
    return at;
}

size_t tg_double_digits(double real, char text[TG_DOUBLE_DIGITS_SIZE])
{
    /* mantissa * 2^exponent; a half is five tenths. */
    int exponent;
    double fraction = frexp(fabs(real), &exponent);
    uint64_t mantissa = (uint64_t)ldexp(fraction, 53);
    exponent -= 53;
    while (mantissa != 0 && mantissa % 2 == 0 && exponent < 0) {
        mantissa /= 2;
        exponent++;
    }
    struct large large = {.limbs = {1}, .count = 1};
    large.limbs[0] = (uint32_t)(mantissa % LIMB);
    for (uint64_t rest = mantissa / LIMB; rest != 0; rest /= LIMB) {
        large.limbs[large.count++] = (uint32_t)(rest % LIMB);
    }
    multiply_power(&large, exponent < 0 ? 5 : 2, exponent < 0 ? -exponent : exponent);
    size_t scale = exponent < 0 && mantissa != 0 ? (size_t)-exponent : 0;
    return write_large(&large, scale, real < 0, text);
}

/* How the sizes lie, sign aside, if their powers of ten and of two can tell; 0: they
 * cannot. All digits of a double may be a thousand. */
static int compare_powers(const struct digits *a, double b)
{
    const double bits_per_digit = 3.321928094887362;
    int exponent; /* 2^(exponent - 1) <= |b| < 2^exponent. */
    (void)frexp(b, &exponent);
    size_t zeros = 0;
    while (a->whole.size == 0 && zeros < a->fraction.size &&
           a->fraction.data[zeros] == '0') {
        zeros++;
    }
    /* 10^power <= |a| < 10^(power + 1). */
    double power = a->whole.size != 0 ? (double)a->whole.size - 1 : -(double)zeros - 1;
    if (power * bits_per_digit > exponent + 1) {
        return 1;
    }
    return (power + 1) * bits_per_digit < exponent - 2 ? -1 : 0;
}

int tg_decimal_compare_double(struct tg_slice a, double b)
{
    char text[TG_DOUBLE_DIGITS_SIZE];
    struct digits left = digits_of(a);
    bool is_zero = left.whole.size + left.fraction.size == 0;
    if (isinf(b)) {
        return b > 0 ? -1 : 1;
    }
    if (is_zero || b == 0 || left.negative != (b < 0)) {
        int sign = is_zero ? 0 : left.negative ? -1 : 1;
        return sign != 0 ? sign : (0 > b) - (0 < b);
    }
    int order = compare_powers(&left, b);
    if (order != 0) {
        return left.negative ? -order : order;
    }
    return tg_decimal_compare(a, tg_slice(text, tg_double_digits(b, text)));
}
