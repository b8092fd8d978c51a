#include "engine/base/mem.h"
#include "engine/match/cover.h"

/* The constants of one literal, one after another. */
struct constant {
    struct tg_slice text;
    int64_t number;
    bool is_number;
};

static struct tg_slice text_at(const struct tg_filter *filter, const struct tg_term *term,
                               uint32_t n)
{
    struct tg_term_text text;
    memcpy(&text, (const uint8_t *)filter + term->at + n * sizeof text, sizeof text);
    return tg_filter_bytes(filter, text.at, text.size);
}

/* How many constants of a literal are numbered. */
static uint32_t constants_of(const struct tg_filter *filter, const struct tg_term *term)
{
    switch (term->kind) {
    case TG_TERM_NUMBER_IS:
    case TG_TERM_ITEM_NUMBER:
        return term->negated ? 0 : 1;
    case TG_TERM_NUMBER_ONE:
        return term->negated ? 0 : term->count;
    case TG_TERM_TEXT_IS:
        return term->size <= TG_INTERN_TEXT_MAX ? 1 : 0;
    case TG_TERM_ITEM_TEXT:
        return !term->negated && term->size <= TG_INTERN_TEXT_MAX ? 1 : 0;
    case TG_TERM_PREFIX:
        return !term->negated && term->size > 0 ? 1 : 0;
    case TG_TERM_TEXT_ONE:
        for (uint32_t i = 0; i < term->count; i++) {
            if (text_at(filter, term, i).size > TG_INTERN_TEXT_MAX) {
                return 0;
            }
        }
        return term->count;
    default:
        return 0;
    }
}

/* Of prefixes, only some lengths are looked up: longer ones by a part of them. */
uint32_t tg_cover_prefix_length(uint32_t size)
{
    return size <= 16 ? size : size < 32 ? size / 4 * 4 : size < 64 ? size / 16 * 16 : 64;
}

static struct constant constant_at(const struct tg_filter *filter,
                                   const struct tg_term *term, uint32_t n)
{
    struct constant constant = {.is_number = false};
    switch (term->kind) {
    case TG_TERM_NUMBER_IS:
    case TG_TERM_ITEM_NUMBER:
        constant.is_number = true;
        constant.number = term->low;
        break;
    case TG_TERM_NUMBER_ONE:
        constant.is_number = true;
        memcpy(&constant.number, (const uint8_t *)filter + term->at + n * 8,
               sizeof constant.number);
        break;
    case TG_TERM_TEXT_ONE:
        constant.text = text_at(filter, term, n);
        break;
    case TG_TERM_PREFIX:
        constant.text =
            tg_filter_bytes(filter, term->at, tg_cover_prefix_length(term->size));
        break;
    default:
        constant.text = tg_filter_bytes(filter, term->at, term->size);
        break;
    }
    return constant;
}

static bool ids_room(struct tg_draft *draft, uint32_t more)
{
    if (draft->ids_count + more > draft->ids_capacity) {
        uint32_t capacity = (draft->ids_count + more) * 2;
        uint32_t *ids = tg_resize(draft->ids, capacity * sizeof *ids);
        if (ids == NULL) {
            return false;
        }
        draft->ids = ids;
        draft->ids_capacity = capacity;
    }
    return true;
}

/* Number all constants: by looking them up, or (`use`) with a use more. */
static enum tg_err number_all(struct tg_draft *draft, const struct tg_intern *intern,
                              struct tg_intern *use)
{
    const struct tg_filter *filter = draft->filter;
    draft->ids_count = 0;
    for (uint32_t i = 0; i < filter->terms_count; i++) {
        const struct tg_term *term = &filter->terms[i];
        uint32_t count = constants_of(filter, term);
        if (!ids_room(draft, count)) {
            return TG_ENOMEM;
        }
        draft->constants[i] = (struct tg_constants){draft->ids_count, count};
        for (uint32_t n = 0; n < count; n++) {
            struct constant constant = constant_at(filter, term, n);
            uint32_t id;
            if (use == NULL) {
                id = constant.is_number ? tg_intern_find_number(intern, constant.number)
                                        : tg_intern_find_text(intern, constant.text);
            } else {
                id = constant.is_number ? tg_intern_number(use, constant.number)
                                        : tg_intern_text(use, constant.text);
                if (id == 0) {
                    return TG_ENOMEM;
                }
            }
            draft->ids[draft->ids_count++] = id;
        }
    }
    return TG_OK;
}

enum tg_err tg_cover_intern(struct tg_draft *draft, struct tg_intern *intern)
{
    enum tg_err err = number_all(draft, intern, intern);
    if (err != TG_OK) {
        tg_cover_release(draft, intern);
    }
    return err;
}

enum tg_err tg_cover_look_up(struct tg_draft *draft, const struct tg_intern *intern)
{
    return number_all(draft, intern, NULL);
}

void tg_cover_release(const struct tg_draft *draft, struct tg_intern *intern)
{
    for (uint32_t i = 0; i < draft->ids_count; i++) {
        tg_intern_release(intern, draft->ids[i]);
    }
}

bool tg_cover_equal(const struct tg_draft *draft, uint32_t term)
{
    uint8_t kind = draft->filter->terms[term].kind;
    return draft->constants[term].count != 0 &&
           (kind == TG_TERM_NUMBER_IS || kind == TG_TERM_NUMBER_ONE ||
            kind == TG_TERM_TEXT_IS || kind == TG_TERM_TEXT_ONE);
}
