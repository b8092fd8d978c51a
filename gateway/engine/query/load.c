#include "engine/query/load.h"

#include "engine/query/bind.h"

/* The string of the cell's JSON, where it stays. */
static bool cell_text(const struct tg_cell *cell, struct tg_space *space,
                      struct tg_slice *text)
{
    struct tg_value value = tg_value_of_json(cell->json, space);
    *text = value.text;
    return value.kind == TG_VALUE_STRING;
}

static struct tg_value load_decimal(const struct tg_cell *cell, struct tg_space *space)
{
    struct tg_slice text;
    if (!cell_text(cell, space, &text)) {
        return tg_value_error("out of memory");
    }
    return tg_value_text(TG_VALUE_DECIMAL, text);
}

/* A number that is exact says it all; else the text does. */
static struct tg_value load_timestamp(const struct tg_cell *cell, struct tg_space *space)
{
    struct tg_timestamp timestamp;
    struct tg_slice text;
    if (tg_number_is_exact(cell->number)) {
        int64_t micros = cell->number / 2;
        timestamp.seconds = micros / 1000000 + TG_TIMESTAMP_SECONDS_MIN;
        timestamp.nanos = (uint32_t)(micros % 1000000) * 1000;
        return tg_value_timestamp(timestamp);
    }
    if (!cell_text(cell, space, &text) || !tg_timestamp_read(text, &timestamp)) {
        return tg_value_error("out of memory");
    }
    return tg_value_timestamp(timestamp);
}

static struct tg_value load_duration(const struct tg_cell *cell, struct tg_space *space)
{
    struct tg_duration duration;
    struct tg_slice text;
    if (tg_number_is_exact(cell->number)) {
        int64_t micros = cell->number / 2;
        duration.seconds = micros / 1000000;
        duration.nanos = (int32_t)(micros % 1000000) * 1000;
        return tg_value_duration(duration);
    }
    if (!cell_text(cell, space, &text) || !tg_duration_read(text, &duration)) {
        return tg_value_error("out of memory");
    }
    return tg_value_duration(duration);
}

static struct tg_value load_double(const struct tg_cell *cell)
{
    double real = 0;
    tg_json_double(cell->json, &real);
    return tg_value_double(real);
}

/* Of any kind but LIST. */
static struct tg_value load_plain(const struct tg_cell *cell, struct tg_space *space)
{
    switch ((enum tg_field_kind)cell->kind) {
    case TG_FIELD_INT:
        return tg_value_int(cell->number);
    case TG_FIELD_DOUBLE:
        return load_double(cell);
    case TG_FIELD_DECIMAL:
        return load_decimal(cell, space);
    case TG_FIELD_STRING:
    case TG_FIELD_UUID:
        return tg_value_string(cell->text);
    case TG_FIELD_BOOL:
        return tg_value_bool(cell->number != 0);
    case TG_FIELD_TIMESTAMP:
        return load_timestamp(cell, space);
    case TG_FIELD_DATE:
        return tg_value_date(cell->number);
    case TG_FIELD_DURATION:
        return load_duration(cell, space);
    case TG_FIELD_JSON:
    case TG_FIELD_LIST:
        break;
    }
    return tg_value_of_json(cell->json, space);
}

static struct tg_value load_list(const struct tg_cell *cell, struct tg_space *space)
{
    struct tg_value_list *list =
        tg_space_take(space, sizeof *list + cell->items_count * sizeof list->items[0]);
    if (list == NULL) {
        return tg_value_error("out of memory");
    }
    list->count = cell->items_count;
    for (uint32_t i = 0; i < cell->items_count; i++) {
        list->items[i] = load_plain(&cell->items[i], space);
        if (list->items[i].kind == TG_VALUE_ERROR) {
            return list->items[i];
        }
    }
    return (struct tg_value){.kind = TG_VALUE_LIST, .list = list};
}

struct tg_value tg_load_variable(void *context, int32_t variable, struct tg_space *space)
{
    const struct tg_load *load = context;
    if (variable >= TG_VARIABLE_MISSING || variable < 0) {
        return tg_value_error("no such attribute");
    }
    uint16_t slot = (uint16_t)(variable % TG_VARIABLE_HAS);
    const struct tg_cell *cell = tg_row_cell(load->row, slot);
    if (variable >= TG_VARIABLE_HAS) {
        return tg_value_bool(cell->state != TG_CELL_ABSENT);
    }
    switch ((enum tg_cell_state)cell->state) {
    case TG_CELL_ABSENT:
        return tg_value_error("no such attribute");
    case TG_CELL_NULL:
        return tg_value_null();
    case TG_CELL_HERE:
        break;
    }
    return cell->kind == TG_FIELD_LIST ? load_list(cell, space) : load_plain(cell, space);
}
