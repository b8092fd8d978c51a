#include "engine/match/pack.h"

/* terms, cost, about_event; slots (8 bytes); then for each term its kind with its
 * negation, its slot or its skip, and its constants: numbers as varints, texts after
 * their sizes. Where the bytes lie in a filter follows from that (build_write.c). */

static void put_varint(struct tg_buf *buf, uint64_t number)
{
    while (number >= 0x80) {
        tg_buf_add_byte(buf, (uint8_t)(number | 0x80));
        number >>= 7;
    }
    tg_buf_add_byte(buf, (uint8_t)number);
}

static uint64_t get_varint(const uint8_t **from)
{
    uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*from)++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return number;
        }
    }
}

/* Small numbers of either sign are short, and so are both ends of the line. */
static void put_number(struct tg_buf *buf, int64_t number)
{
    if (number == INT64_MIN || number == INT64_MAX) {
        put_varint(buf, number == INT64_MIN ? 0 : 1);
        return;
    }
    put_varint(buf, ((uint64_t)number << 1 ^ (uint64_t)(number >> 63)) + 2);
}

static int64_t get_number(const uint8_t **from)
{
    uint64_t number = get_varint(from);
    if (number < 2) {
        return number == 0 ? INT64_MIN : INT64_MAX;
    }
    number -= 2;
    return (int64_t)(number >> 1 ^ (~(number & 1) + 1));
}

static void put_text(struct tg_buf *buf, const struct tg_filter *filter, uint32_t at,
                     uint32_t size)
{
    put_varint(buf, size);
    tg_buf_add(buf, (const uint8_t *)filter + at, size);
}

static bool put_term(struct tg_buf *buf, const struct tg_filter *filter,
                     const struct tg_term *term)
{
    const uint8_t *bytes = (const uint8_t *)filter;
    tg_buf_add_byte(buf, (uint8_t)(term->kind | term->negated << 7));
    put_varint(buf, term->kind <= TG_TERM_OR ? term->skip : term->slot);
    switch (term->kind) {
    case TG_TERM_NUMBER_RANGE:
        put_number(buf, term->low);
        put_number(buf, term->high);
        return true;
    case TG_TERM_NUMBER_IS:
    case TG_TERM_ITEM_NUMBER:
        put_number(buf, term->low);
        return true;
    case TG_TERM_NUMBER_ONE:
        put_varint(buf, term->count);
        for (uint32_t i = 0; i < term->count; i++) {
            int64_t number;
            memcpy(&number, bytes + term->at + i * sizeof number, sizeof number);
            put_number(buf, number);
        }
        return true;
    case TG_TERM_TEXT_ONE:
        put_varint(buf, term->count);
        for (uint32_t i = 0; i < term->count; i++) {
            struct tg_term_text text;
            memcpy(&text, bytes + term->at + i * sizeof text, sizeof text);
            put_text(buf, filter, text.at, text.size);
        }
        return true;
    case TG_TERM_TEXT_IS:
    case TG_TERM_PREFIX:
    case TG_TERM_SUFFIX:
    case TG_TERM_CONTAINS:
    case TG_TERM_ITEM_TEXT:
        put_text(buf, filter, term->at, term->size);
        return true;
    case TG_TERM_TEXT_RANGE:
    case TG_TERM_PROGRAM:
        return false;
    default:
        return true;
    }
}

bool tg_pack(struct tg_buf *buf, const struct tg_filter *filter)
{
    put_varint(buf, filter->terms_count);
    put_varint(buf, filter->cost);
    tg_buf_add_byte(buf, filter->about_event);
    tg_buf_add(buf, &filter->slots, sizeof filter->slots);
    for (uint32_t i = 0; i < filter->terms_count; i++) {
        if (!put_term(buf, filter, &filter->terms[i])) {
            return false;
        }
    }
    return !buf->failed;
}

/* ---- and back ---- */

/* Zeroed room at the end of the filter, at a multiple of `align`: where it begins. */
static uint32_t room(struct tg_buf *buf, uint32_t size, uint32_t align)
{
    uint32_t at = ((uint32_t)buf->size + align - 1) / align * align;
    uint32_t more = at - (uint32_t)buf->size + size;
    uint8_t *place = tg_buf_room(buf, more);
    if (place != NULL) {
        memset(place, 0, more);
        buf->size += more;
    }
    return at;
}

static uint32_t take_text(struct tg_buf *buf, const uint8_t **from, uint32_t *size)
{
    *size = (uint32_t)get_varint(from);
    uint32_t at = (uint32_t)buf->size;
    tg_buf_add(buf, *from, *size);
    *from += *size;
    return at;
}

static void take_numbers(struct tg_buf *buf, const uint8_t **from, struct tg_term *term)
{
    term->count = (uint32_t)get_varint(from);
    term->size = term->count * (uint32_t)sizeof(int64_t);
    term->at = room(buf, term->size, sizeof(int64_t));
    for (uint32_t i = 0; i < term->count; i++) {
        int64_t number = get_number(from);
        if (!buf->failed) {
            memcpy(buf->data + term->at + i * sizeof number, &number, sizeof number);
        }
    }
}

static void take_texts(struct tg_buf *buf, const uint8_t **from, struct tg_term *term)
{
    term->count = (uint32_t)get_varint(from);
    term->at = room(buf, term->count * (uint32_t)sizeof(struct tg_term_text), 4);
    for (uint32_t i = 0; i < term->count; i++) {
        struct tg_term_text text;
        text.at = take_text(buf, from, &text.size);
        if (!buf->failed) {
            memcpy(buf->data + term->at + i * sizeof text, &text, sizeof text);
        }
    }
}

static void take_term(struct tg_buf *buf, const uint8_t **from, struct tg_term *term)
{
    uint8_t head = *(*from)++;
    uint32_t where = (uint32_t)get_varint(from);
    term->kind = head & 0x7f;
    term->negated = (head & 0x80) != 0;
    term->skip = term->kind <= TG_TERM_OR ? where : 1;
    term->slot = term->kind <= TG_TERM_OR ? 0 : (uint16_t)where;
    switch (term->kind) {
    case TG_TERM_NUMBER_RANGE:
        term->low = get_number(from);
        term->high = get_number(from);
        break;
    case TG_TERM_NUMBER_IS:
    case TG_TERM_ITEM_NUMBER:
        term->low = get_number(from);
        break;
    case TG_TERM_NUMBER_ONE:
        take_numbers(buf, from, term);
        break;
    case TG_TERM_TEXT_ONE:
        take_texts(buf, from, term);
        break;
    case TG_TERM_TEXT_IS:
    case TG_TERM_PREFIX:
    case TG_TERM_SUFFIX:
    case TG_TERM_CONTAINS:
    case TG_TERM_ITEM_TEXT:
        term->at = take_text(buf, from, &term->size);
        break;
    default:
        break;
    }
}

const struct tg_filter *tg_unpack(struct tg_buf *buf, const uint8_t *packed)
{
    tg_buf_clear(buf);
    uint32_t terms = (uint32_t)get_varint(&packed);
    struct tg_filter filter = {.terms_count = terms};
    filter.cost = (uint32_t)get_varint(&packed);
    filter.about_event = *packed++ != 0;
    memcpy(&filter.slots, packed, sizeof filter.slots);
    packed += sizeof filter.slots;
    room(buf, (uint32_t)(sizeof filter + terms * sizeof(struct tg_term)), 1);
    for (uint32_t i = 0; i < terms; i++) {
        struct tg_term term;
        memset(&term, 0, sizeof term);
        take_term(buf, &packed, &term);
        if (!buf->failed) {
            memcpy(buf->data + sizeof filter + i * sizeof term, &term, sizeof term);
        }
    }
    room(buf, 0, 8);
    if (buf->failed) {
        return NULL;
    }
    struct tg_filter *made = (struct tg_filter *)(void *)buf->data;
    made->size = (uint32_t)buf->size;
    made->terms_count = filter.terms_count;
    made->cost = filter.cost;
    made->slots = filter.slots;
    made->about_event = filter.about_event;
    return made;
}
