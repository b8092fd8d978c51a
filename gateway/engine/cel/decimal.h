/* Decimal numbers as digits: "-12.5". Comparing takes texts of any length; arithmetic is
 * exact, or refused: up to 38 significant digits, of which up to 38 after the point. */
#ifndef TG_CEL_DECIMAL_H
#define TG_CEL_DECIMAL_H

#include "engine/base/slice.h"

enum { TG_DECIMAL_TEXT_SIZE = 48, TG_DOUBLE_DIGITS_SIZE = 1200 };

/* A text: the caller's bytes and how many of them there are. */
struct tg_decimal_text {
    char data[TG_DECIMAL_TEXT_SIZE];
    size_t size;
};

/* -1, 0, 1. Both are decimals as scalar.h judges them, needless zeros aside. */
int tg_decimal_compare(struct tg_slice a, struct tg_slice b);
/* The same with a double, which is exactly what it is; never a NaN. */
int tg_decimal_compare_double(struct tg_slice a, double b);

/* The canonical text (no needless zeros, no -0) of a decimal or of a literal of CEL,
 * which may have an exponent. False if it has too many digits. */
bool tg_decimal_canonical(struct tg_slice text, struct tg_decimal_text *result);
/* False: too many digits. */
bool tg_decimal_add(struct tg_slice a, struct tg_slice b, bool subtract,
                    struct tg_decimal_text *sum);
bool tg_decimal_multiply(struct tg_slice a, struct tg_slice b,
                         struct tg_decimal_text *product);
void tg_decimal_of_int(int64_t number, struct tg_decimal_text *result);
void tg_decimal_of_uint(uint64_t number, struct tg_decimal_text *result);

/* All digits of a finite double, exactly: it is a decimal too. How many bytes. */
size_t tg_double_digits(double real, char text[TG_DOUBLE_DIGITS_SIZE]);

#endif
