/* Random filters and events for the matcher's tests and its fuzz target: few slots, few
 * values, so that everything meets; and whom an event concerns, worked out plainly. */
#ifndef TG_TESTING_MATCH_MODEL_H
#define TG_TESTING_MATCH_MODEL_H

#include <stdlib.h>

#include "engine/base/mem.h"
#include "engine/match/match.h"
#include "engine/query/build.h"
#include "testing/filters.h"

enum { MODEL_FIELDS = 14, MODEL_ITEMS = 3 };

/* 0-4 numbers, 5-10 texts, 11 texts, 12 numbers (lists), 13 by states alone. */
static inline enum tg_field_kind model_kind(uint16_t field)
{
    static const enum tg_field_kind kinds[MODEL_FIELDS] = {
        TG_FIELD_INT,    TG_FIELD_DOUBLE, TG_FIELD_DECIMAL, TG_FIELD_TIMESTAMP,
        TG_FIELD_BOOL,   TG_FIELD_STRING, TG_FIELD_STRING,  TG_FIELD_UUID,
        TG_FIELD_STRING, TG_FIELD_STRING, TG_FIELD_STRING,  TG_FIELD_LIST,
        TG_FIELD_LIST,   TG_FIELD_JSON,
    };
    return kinds[field];
}

static inline const struct tg_schema *model_schema(void)
{
    static struct tg_field fields[MODEL_FIELDS];
    static char names[MODEL_FIELDS][4];
    static struct tg_schema schema;
    for (uint16_t i = 0; i < MODEL_FIELDS; i++) {
        names[i][0] = (char)('a' + i);
        fields[i] = (struct tg_field){
            .name = tg_slice(names[i], 1),
            .kind = model_kind(i),
            .items = i == 11 ? TG_FIELD_STRING : TG_FIELD_INT,
            .nullable = true,
        };
    }
    schema = (struct tg_schema){.name = TG_LIT("t"), .fields = fields};
    schema.fields_count = MODEL_FIELDS;
    return &schema;
}

/* Where choices come from: a generator, or the bytes of a fuzzer. */
struct model_dice {
    uint64_t state;
    const uint8_t *bytes;
    size_t left;
};

static inline uint32_t model_roll(struct model_dice *dice, uint32_t sides)
{
    if (dice->bytes != NULL) {
        if (dice->left == 0) {
            return 0;
        }
        dice->left--;
        return *dice->bytes++ % sides;
    }
    /* splitmix64 */
    uint64_t bits = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(bits >> 32) % sides;
}

static inline struct tg_slice model_text(uint32_t n)
{
    static const char *const words[] = {
        "",
        "a",
        "ab",
        "abc",
        "abcd",
        "b",
        "ba",
        "paid",
        "a text that is longer than sixteen bytes",
        "a text that is longer than sixteen bytes, and than sixty-four too: yes, it is",
        "a text that is longer than sixteen cows",
        "new",
    };
    return tg_slice_of(words[n % 12]);
}

static inline uint16_t model_number_slot(struct model_dice *dice)
{
    uint32_t n = model_roll(dice, 40);
    return n == 39   ? TG_SLOT_TIME
           : n == 38 ? (uint16_t)(TG_SLOT_OLD + model_roll(dice, 5))
                     : (uint16_t)(n % 5);
}

static inline uint16_t model_text_slot(struct model_dice *dice)
{
    uint32_t n = model_roll(dice, 40);
    return n == 39   ? TG_SLOT_OP
           : n == 38 ? (uint16_t)(TG_SLOT_OLD + 5 + model_roll(dice, 6))
                     : (uint16_t)(5 + n % 6);
}

static inline void model_tell_number(struct tg_builder *builder, struct model_dice *dice)
{
    uint16_t slot = model_number_slot(dice);
    int64_t numbers[4];
    for (int i = 0; i < 4; i++) {
        numbers[i] = model_roll(dice, 8);
    }
    switch (model_roll(dice, 6)) {
    case 0:
    case 1:
        tg_build_number(builder, slot, numbers[0], model_roll(dice, 5) == 0);
        break;
    case 2:
        tg_build_numbers(builder, slot, numbers, 2 + model_roll(dice, 3),
                         model_roll(dice, 5) == 0);
        break;
    case 3:
        tg_build_range(builder, slot, numbers[0],
                       model_roll(dice, 2) ? INT64_MAX : numbers[0] + 3);
        break;
    default:
        tg_build_range(builder, slot, model_roll(dice, 2) ? INT64_MIN : 0, numbers[0]);
        break;
    }
}

static inline void model_tell_text(struct tg_builder *builder, struct model_dice *dice)
{
    uint16_t slot = model_text_slot(dice);
    struct tg_slice texts[4];
    for (int i = 0; i < 4; i++) {
        texts[i] = model_text(model_roll(dice, 12));
    }
    bool negated = model_roll(dice, 5) == 0;
    switch (model_roll(dice, 8)) {
    case 0:
    case 1:
        tg_build_text(builder, slot, texts[0], negated);
        break;
    case 2:
    case 3:
        tg_build_texts(builder, slot, texts, 2 + model_roll(dice, 3), negated);
        break;
    case 4:
    case 5:
        tg_build_part(builder, TG_TERM_PREFIX, slot, texts[0], negated);
        break;
    case 6:
        tg_build_part(builder, TG_TERM_SUFFIX + model_roll(dice, 2), slot, texts[0],
                      negated);
        break;
    default:
        tg_build_text_range(builder, slot, texts[0], model_roll(dice, 2) == 0,
                            model_roll(dice, 2) ? texts[1] : tg_slice(NULL, 0),
                            model_roll(dice, 2) == 0);
        break;
    }
}

static inline void model_tell_literal(struct tg_builder *builder, struct model_dice *dice)
{
    bool negated = model_roll(dice, 4) == 0;
    switch (model_roll(dice, 12)) {
    case 0:
        tg_build_state(builder, TG_TERM_PRESENT, (uint16_t)model_roll(dice, 14), negated);
        break;
    case 1:
        tg_build_state(builder, TG_TERM_IS_NULL, (uint16_t)model_roll(dice, 14), negated);
        break;
    case 2:
        if (model_roll(dice, 3) == 0) {
            tg_build_state(builder, TG_TERM_IS_EMPTY, 11, negated);
        } else if (model_roll(dice, 2) == 0) {
            tg_build_item(builder, 12, model_roll(dice, 8), negated);
        } else {
            tg_build_part(builder, TG_TERM_ITEM_TEXT,
                          model_roll(dice, 9) == 0 ? TG_SLOT_CHANGED : 11,
                          model_text(model_roll(dice, 12)), negated);
        }
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        model_tell_number(builder, dice);
        break;
    default:
        model_tell_text(builder, dice);
        break;
    }
}

/* A tree of depth 1 to 3, mostly ANDs of literals. NULL without memory. */
static inline struct tg_filter *model_filter(struct tg_builder *builder,
                                             struct model_dice *dice)
{
    struct tg_filter *filter = NULL;
    uint32_t count = 1 + model_roll(dice, 5);
    bool any = model_roll(dice, 4) == 0;
    tg_build_open(builder, any ? TG_TERM_OR : TG_TERM_AND);
    for (uint32_t i = 0; i < count; i++) {
        if (model_roll(dice, 5) != 0) {
            model_tell_literal(builder, dice);
            continue;
        }
        tg_build_open(builder, any ? TG_TERM_AND : TG_TERM_OR);
        for (uint32_t k = model_roll(dice, 4); k > 0; k--) {
            if (model_roll(dice, 4) != 0) {
                model_tell_literal(builder, dice);
                continue;
            }
            tg_build_open(builder, any ? TG_TERM_OR : TG_TERM_AND);
            model_tell_literal(builder, dice);
            model_tell_literal(builder, dice);
            tg_build_close(builder);
        }
        tg_build_close(builder);
    }
    tg_build_close(builder);
    return tg_build_finish(builder, &filter) == TG_OK ? filter : NULL;
}

/* ---- events ---- */

struct model_event {
    struct tg_cell after[MODEL_FIELDS];
    struct tg_cell before[MODEL_FIELDS];
    struct tg_cell items[2][MODEL_FIELDS][MODEL_ITEMS];
    struct tg_cell event[3];
    struct tg_rows rows;
};

static inline void model_cell(struct model_dice *dice, enum tg_field_kind kind,
                              uint16_t field, struct tg_cell *cell,
                              struct tg_cell items[MODEL_ITEMS])
{
    uint32_t state = model_roll(dice, 12);
    *cell = (struct tg_cell){.kind = (uint8_t)kind};
    cell->state = state == 0 ? TG_CELL_ABSENT : state == 1 ? TG_CELL_NULL : TG_CELL_HERE;
    if (cell->state != TG_CELL_HERE) {
        return;
    }
    switch (kind) {
    case TG_FIELD_STRING:
    case TG_FIELD_UUID:
        cell->text = model_text(model_roll(dice, 12));
        break;
    case TG_FIELD_LIST:
        cell->items_count = model_roll(dice, MODEL_ITEMS + 1);
        cell->items = items;
        for (uint32_t i = 0; i < cell->items_count; i++) {
            items[i] = (struct tg_cell){.state = TG_CELL_HERE};
            items[i].kind = field == 12 ? TG_FIELD_INT : TG_FIELD_STRING;
            if (field == 12) {
                items[i].number = model_roll(dice, 8);
            } else {
                items[i].text = model_text(model_roll(dice, 12));
            }
        }
        break;
    case TG_FIELD_JSON:
        break;
    default:
        cell->number = model_roll(dice, 9);
        break;
    }
}

/* A create, update, delete or custom event. */
static inline void model_event_roll(struct model_dice *dice, struct model_event *event)
{
    uint32_t op = model_roll(dice, 6);
    memset(event, 0, sizeof *event);
    event->rows.has_after = op != 2;
    event->rows.has_before = op >= 2 && op <= 4;
    bool both = event->rows.has_after && event->rows.has_before;
    event->rows.changed = both ? 0 : UINT64_MAX;
    for (uint16_t i = 0; i < MODEL_FIELDS; i++) {
        model_cell(dice, model_kind(i), i, &event->after[i], event->items[0][i]);
        event->before[i] = event->after[i];
        if (both && model_roll(dice, 5) == 0) {
            model_cell(dice, model_kind(i), i, &event->before[i], event->items[1][i]);
            event->rows.changed |= tg_slot_bit(i);
        }
        if (both && model_roll(dice, 20) == 0) {
            event->rows.changed |= tg_slot_bit(i);
        }
    }
    event->event[0] = (struct tg_cell){.state = TG_CELL_HERE, .kind = TG_FIELD_STRING};
    event->event[0].text = model_text(11);
    event->event[1] = (struct tg_cell){.state = TG_CELL_HERE, .kind = TG_FIELD_TIMESTAMP};
    event->event[1].number = model_roll(dice, 8);
    event->event[2] = event->after[11];
    if (event->event[2].state != TG_CELL_HERE) {
        event->event[2] = (struct tg_cell){.state = TG_CELL_HERE, .kind = TG_FIELD_LIST};
    }
    event->rows.after =
        (struct tg_row){event->after, both ? event->before : NULL, event->event};
    event->rows.before = (struct tg_row){event->before, NULL, event->event};
}

/* Whom it concerns, of the filter alone. */
static inline void model_concerns(const struct tg_filter *filter,
                                  const struct tg_rows *rows, bool *before, bool *after)
{
    if (filter->about_event) {
        *before = false;
        *after =
            plain_filter_is_true(filter, rows->has_after ? &rows->after : &rows->before);
        return;
    }
    *before = rows->has_before && plain_filter_is_true(filter, &rows->before);
    *after = rows->has_after && plain_filter_is_true(filter, &rows->after);
}

#endif
