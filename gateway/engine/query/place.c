#include "engine/query/place.h"

#include <math.h>

#include "engine/cel/decimal.h"

static enum tg_placed there(struct tg_place *place, int64_t number)
{
    *place = (struct tg_place){true, true, true, number, number};
    return TG_PLACED;
}

/* --- Integer fields -------------------------------------------------------------- */

static const double int_limit = 9223372036854775808.0; /* 2^63: beyond int64_t. */

static enum tg_placed place_real_among_ints(double real, struct tg_place *place)
{
    if (isnan(real)) {
        return TG_UNPLACED;
    }
    double low = floor(real);
    double high = ceil(real);
    place->is_there = low == real && real >= -int_limit && real < int_limit;
    place->has_below = low >= -int_limit;
    place->has_above = high < int_limit;
    place->below = low >= int_limit ? INT64_MAX : place->has_below ? (int64_t)low : 0;
    place->above = high < -int_limit ? INT64_MIN : place->has_above ? (int64_t)high : 0;
    return TG_PLACED;
}

static enum tg_placed place_among_ints(struct tg_value value, struct tg_place *place)
{
    switch (value.kind) {
    case TG_VALUE_INT:
        return there(place, value.integer);
    case TG_VALUE_UINT:
        if (value.unsigned_integer <= INT64_MAX) {
            return there(place, (int64_t)value.unsigned_integer);
        }
        *place = (struct tg_place){.has_below = true, .below = INT64_MAX};
        return TG_PLACED;
    case TG_VALUE_DOUBLE:
        return place_real_among_ints(value.real, place);
    case TG_VALUE_DECIMAL:
        return TG_UNPLACED;
    default:
        return TG_FOREIGN;
    }
}

/* --- Double fields --------------------------------------------------------------- */

/* An integer of up to 64 bits: the doubles around it. The nearest one is less than an
 * integer's half width away, so it is judged by the integer that it is itself. */
static enum tg_placed place_whole_among_doubles(bool negative, uint64_t size,
                                                struct tg_place *place)
{
    const double top = 18446744073709551616.0; /* 2^64 */
    double real = (double)size;
    int order = 0;
    if (real >= top) {
        order = 1;
    } else if ((uint64_t)real != size) {
        order = (uint64_t)real > size ? 1 : -1;
    }
    order = negative ? -order : order;
    int64_t number = tg_number_of_double(negative ? -real : real);
    there(place, number);
    place->is_there = order == 0;
    place->below -= order > 0 ? 1 : 0;
    place->above += order < 0 ? 1 : 0;
    return TG_PLACED;
}

static enum tg_placed place_among_doubles(struct tg_value value, struct tg_place *place)
{
    switch (value.kind) {
    case TG_VALUE_INT: {
        bool negative = value.integer < 0;
        uint64_t size = negative ? -(uint64_t)value.integer : (uint64_t)value.integer;
        return place_whole_among_doubles(negative, size, place);
    }
    case TG_VALUE_UINT:
        return place_whole_among_doubles(false, value.unsigned_integer, place);
    case TG_VALUE_DOUBLE:
        return isnan(value.real) ? TG_UNPLACED
                                 : there(place, tg_number_of_double(value.real));
    case TG_VALUE_DECIMAL:
        return TG_UNPLACED;
    default:
        return TG_FOREIGN;
    }
}

/* --- Decimal fields -------------------------------------------------------------- */

static enum tg_placed place_decimal(struct tg_slice text, struct tg_place *place)
{
    int64_t number = tg_number_of_decimal(text);
    return tg_number_is_exact(number) ? there(place, number) : TG_UNPLACED;
}

/* What is too large or too small to be exact on the line may have a thousand digits:
 * nobody looks at them. */
static enum tg_placed place_real(double real, struct tg_place *place)
{
    char digits[TG_DOUBLE_DIGITS_SIZE];
    double size = fabs(real);
    return size < 1e16 && (size >= 1e-16 || size == 0)
               ? place_decimal(tg_slice(digits, tg_double_digits(real, digits)), place)
               : TG_UNPLACED;
}

static enum tg_placed place_among_decimals(struct tg_value value, struct tg_place *place)
{
    struct tg_decimal_text digits;
    switch (value.kind) {
    case TG_VALUE_DECIMAL:
        return place_decimal(value.decimal, place);
    case TG_VALUE_INT:
        tg_decimal_of_int(value.integer, &digits);
        return place_decimal(tg_slice(digits.data, digits.size), place);
    case TG_VALUE_UINT:
        tg_decimal_of_uint(value.unsigned_integer, &digits);
        return place_decimal(tg_slice(digits.data, digits.size), place);
    case TG_VALUE_DOUBLE:
        return place_real(value.real, place);
    default:
        return TG_FOREIGN;
    }
}

/* --- All ------------------------------------------------------------------------- */

static enum tg_placed place_if_exact(int64_t number, struct tg_place *place)
{
    return tg_number_is_exact(number) ? there(place, number) : TG_UNPLACED;
}

enum tg_placed tg_place(enum tg_field_kind kind, struct tg_value value,
                        struct tg_place *place)
{
    switch (kind) {
    case TG_FIELD_INT:
        return place_among_ints(value, place);
    case TG_FIELD_DOUBLE:
        return place_among_doubles(value, place);
    case TG_FIELD_DECIMAL:
        return place_among_decimals(value, place);
    case TG_FIELD_BOOL:
        return value.kind == TG_VALUE_BOOL ? there(place, value.boolean ? 1 : 0)
                                           : TG_FOREIGN;
    case TG_FIELD_DATE:
        return value.kind == TG_VALUE_DATE ? there(place, value.integer) : TG_FOREIGN;
    case TG_FIELD_TIMESTAMP:
        return value.kind == TG_VALUE_TIMESTAMP
                   ? place_if_exact(tg_number_of_timestamp(value.timestamp), place)
                   : TG_FOREIGN;
    case TG_FIELD_DURATION:
        return value.kind == TG_VALUE_DURATION
                   ? place_if_exact(tg_number_of_duration(value.duration), place)
                   : TG_FOREIGN;
    default:
        return TG_UNPLACED;
    }
}
