#include "engine/query/place.h"

/* A decimal as it is written: sign, digits with a point somewhere, an exponent. */
struct digits {
    const uint8_t *at;
    const uint8_t *end;
    char kept[TG_DECIMAL_TEXT_SIZE]; /* Significant digits, without the point. */
    int count;
    int point; /* The value is 0.kept times 10^point. */
    bool negative;
    bool good;
};

static void take_digit(struct digits *d, uint8_t digit, bool after_point)
{
    if (d->count == 0 && digit == '0') {
        d->point -= after_point ? 1 : 0;
        return;
    }
    if (d->count == TG_DECIMAL_TEXT_SIZE) {
        d->good = false;
        return;
    }
    d->kept[d->count++] = (char)digit;
    d->point += after_point ? 0 : 1;
}

static void take_digits(struct digits *d)
{
    bool after_point = false;
    bool any = false;
    for (; d->at < d->end; d->at++) {
        if (*d->at == '.' && !after_point) {
            after_point = true;
        } else if (*d->at >= '0' && *d->at <= '9') {
            take_digit(d, *d->at, after_point);
            any = true;
        } else {
            break;
        }
    }
    d->good = d->good && any;
}

static void take_exponent(struct digits *d)
{
    enum { EXPONENT_MAX = 1000 };
    if (d->at == d->end || (*d->at | 0x20) != 'e') {
        return;
    }
    d->at++;
    bool negative = d->at < d->end && *d->at == '-';
    d->at += d->at < d->end && (*d->at == '-' || *d->at == '+') ? 1 : 0;
    int exponent = 0;
    for (; d->at < d->end && *d->at >= '0' && *d->at <= '9'; d->at++) {
        exponent = exponent < EXPONENT_MAX ? exponent * 10 + (*d->at - '0') : exponent;
    }
    d->point += negative ? -exponent : exponent;
}

static size_t write_digits(const struct digits *d, char text[TG_DECIMAL_TEXT_SIZE])
{
    size_t size = 0;
    int before = d->point > 0 ? d->point : 0;
    int after = d->count - d->point > 0 ? d->count - d->point : 0;
    if (before + after + 3 > TG_DECIMAL_TEXT_SIZE) {
        return 0;
    }
    if (d->negative) {
        text[size++] = '-';
    }
    if (before == 0) {
        text[size++] = '0';
    }
    for (int i = 0; i < before; i++) {
        text[size++] = i < d->count ? d->kept[i] : '0';
    }
    if (after > 0) {
        text[size++] = '.';
    }
    for (int i = d->count - after; i < d->count; i++) {
        text[size++] = i < 0 ? '0' : d->kept[i];
    }
    return size;
}

size_t tg_decimal_canonical(struct tg_slice text, char canonical[TG_DECIMAL_TEXT_SIZE])
{
    struct digits d = {.at = text.data, .end = text.data + text.size, .good = true};
    d.negative = text.size > 0 && *d.at == '-';
    d.at += d.negative ? 1 : 0;
    while (d.at < d.end && (*d.at == ' ' || *d.at == '\n' || *d.at == '\t')) {
        d.at++;
    }
    take_digits(&d);
    take_exponent(&d);
    d.good = d.good && d.at == d.end;
    while (d.count > 0 && d.kept[d.count - 1] == '0') {
        d.count--;
    }
    if (d.count == 0) {
        canonical[0] = '0';
        return d.good ? 1 : 0;
    }
    return d.good ? write_digits(&d, canonical) : 0;
}
