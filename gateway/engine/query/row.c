#include "engine/query/row.h"

#include "engine/base/mem.h"
#include "engine/cel/scalar.h"

enum { EVENT_CELLS = TG_SLOTS_MAX - TG_SLOT_OP };

const struct tg_cell tg_cell_absent = {.state = TG_CELL_ABSENT};

/* What is kept from event to event. Cells and bytes have room for the whole event before
 * the first is filled, so that none moves. */
struct tg_rows_memory {
    struct tg_json_doc data;
    struct tg_json_doc old;
    struct tg_json_doc changed;
    struct tg_json_doc time;
    struct tg_buf scratch;
    struct tg_buf texts; /* Unescaped. */
    struct tg_cell *cells;
    size_t cells_capacity;
    struct tg_cell *items; /* What is left of `cells` for items of lists. */
    struct tg_cell event[EVENT_CELLS];
    uint64_t named[TG_FIELDS_MAX / 64]; /* Fields that `changed` has. */
};

struct reader {
    struct tg_rows_memory *memory;
    const struct tg_schema *schema;
    const struct tg_event_parts *parts;
    struct tg_cell *after;
    struct tg_cell *before;
    size_t items_count;
};

/* --- One value ------------------------------------------------------------------- */

/* A string's bytes, where they stay. */
static bool read_text(struct reader *r, struct tg_json value, struct tg_slice *text)
{
    struct tg_rows_memory *m = r->memory;
    if (!tg_json_string(value, &m->scratch, text)) {
        return false;
    }
    if (text->data == m->scratch.data && text->size != 0) {
        uint8_t *place = m->texts.data + m->texts.size;
        tg_buf_add_slice(&m->texts, *text);
        text->data = place;
    }
    return true;
}

static bool read_big_int(struct tg_slice text, int64_t *number)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    size_t at = negative ? 1 : 0;
    uint64_t value = 0;
    if (text.size == at || text.size > at + 19) {
        return false;
    }
    for (; at < text.size; at++) {
        if (text.data[at] < '0' || text.data[at] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[at] - '0');
    }
    if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0)) {
        return false;
    }
    *number = (int64_t)(negative ? -value : value);
    return true;
}

static bool read_int(struct reader *r, struct tg_json value, int64_t *number)
{
    struct tg_slice text;
    return tg_json_int(value, number) ||
           (read_text(r, value, &text) && read_big_int(text, number));
}

static bool read_double(struct tg_json value, int64_t *number)
{
    double real;
    if (!tg_json_double(value, &real)) {
        return false;
    }
    *number = tg_number_of_double(real);
    return true;
}

static bool read_bool(struct tg_json value, int64_t *number)
{
    bool truth;
    if (!tg_json_bool(value, &truth)) {
        return false;
    }
    *number = truth ? 1 : 0;
    return true;
}

/* The forms were judged when the event was; a value beyond CEL's range is not there, as
 * what has no value in CEL is an error. */
static bool read_timed(struct reader *r, struct tg_cell *cell)
{
    struct tg_slice text;
    struct tg_timestamp timestamp;
    struct tg_duration duration;
    if (!read_text(r, cell->json, &text)) {
        return false;
    }
    bool good = false;
    switch (cell->kind) {
    case TG_FIELD_TIMESTAMP:
        good = tg_timestamp_read(text, &timestamp);
        cell->number = good ? tg_number_of_timestamp(timestamp) : 0;
        break;
    case TG_FIELD_DURATION:
        good = tg_duration_read(text, &duration);
        cell->number = good ? tg_number_of_duration(duration) : 0;
        break;
    case TG_FIELD_DECIMAL:
        if (!tg_decimal_valid(text)) {
            return false;
        }
        good = true;
        cell->number = tg_number_of_decimal(text);
        break;
    default:
        good = tg_date_read(text, &cell->number);
        break;
    }
    cell->state = good ? TG_CELL_HERE : TG_CELL_ABSENT;
    return true;
}

/* Of any kind but LIST. */
static bool read_plain(struct reader *r, struct tg_cell *cell)
{
    switch ((enum tg_field_kind)cell->kind) {
    case TG_FIELD_INT:
        return read_int(r, cell->json, &cell->number);
    case TG_FIELD_DOUBLE:
        return read_double(cell->json, &cell->number);
    case TG_FIELD_BOOL:
        return read_bool(cell->json, &cell->number);
    case TG_FIELD_STRING:
    case TG_FIELD_UUID:
        return read_text(r, cell->json, &cell->text);
    case TG_FIELD_DECIMAL:
    case TG_FIELD_TIMESTAMP:
    case TG_FIELD_DATE:
    case TG_FIELD_DURATION:
        return read_timed(r, cell);
    case TG_FIELD_JSON:
        return true;
    case TG_FIELD_LIST:
        break;
    }
    return false;
}

static bool read_list(struct reader *r, enum tg_field_kind kind, struct tg_cell *cell)
{
    struct tg_cell *items = r->memory->items;
    if (tg_json_kind(cell->json) != TG_JSON_ARRAY) {
        return false;
    }
    cell->items = items;
    cell->items_count = tg_json_size(cell->json);
    r->memory->items += cell->items_count;
    for (struct tg_json item = tg_json_first(cell->json); item.token != NULL;
         item = tg_json_next(item), items++) {
        *items =
            (struct tg_cell){.state = TG_CELL_HERE, .kind = (uint8_t)kind, .json = item};
        if (!read_plain(r, items)) {
            return false;
        }
        if (items->state == TG_CELL_ABSENT) {
            cell->state = TG_CELL_ABSENT;
        }
    }
    return true;
}

/* The cell has its JSON, if it is there at all. */
static bool read_cell(struct reader *r, const struct tg_field *field,
                      struct tg_cell *cell)
{
    switch (tg_json_kind(cell->json)) {
    case TG_JSON_NONE:
        cell->state = TG_CELL_ABSENT;
        return true;
    case TG_JSON_NULL:
        cell->state = TG_CELL_NULL;
        return field->nullable || field->kind == TG_FIELD_JSON;
    default:
        cell->state = TG_CELL_HERE;
        return field->kind == TG_FIELD_LIST ? read_list(r, field->items, cell)
                                            : read_plain(r, cell);
    }
}

/* --- A row ----------------------------------------------------------------------- */

/* The field whose name `is` says it is, looked for from `*at` on, where it mostly is. */
static bool find_field(const struct tg_schema *schema, struct tg_json value,
                       struct tg_slice name, uint32_t *at)
{
    for (uint32_t n = 0; n < schema->fields_count; n++) {
        uint32_t i = *at + n < schema->fields_count ? *at + n
                                                    : *at + n - schema->fields_count;
        bool is = value.token != NULL ? tg_json_name_is(value, schema->fields[i].name)
                                      : tg_slice_equal(name, schema->fields[i].name);
        if (is) {
            *at = i;
            return true;
        }
    }
    return false;
}

/* Put the members of `object` into their cells: their JSON alone. */
static bool place_members(struct reader *r, struct tg_json object, struct tg_cell *cells)
{
    uint32_t at = 0;
    if (tg_json_kind(object) != TG_JSON_OBJECT) {
        return false;
    }
    for (struct tg_json value = tg_json_first(object); value.token != NULL;
         value = tg_json_next(value), at++) {
        if (!find_field(r->schema, value, tg_slice(NULL, 0), &at)) {
            return false;
        }
        cells[at].json = value;
    }
    return true;
}

static bool read_cells(struct reader *r, struct tg_cell *cells)
{
    for (uint32_t i = 0; i < r->schema->fields_count; i++) {
        if (!read_cell(r, &r->schema->fields[i], &cells[i])) {
            return false;
        }
    }
    return true;
}

/* Which fields `changed` names; its visible ones are `event.changed`. */
static bool read_changed(struct reader *r)
{
    struct tg_rows_memory *m = r->memory;
    struct tg_cell *list = &m->event[TG_SLOT_CHANGED - TG_SLOT_OP];
    memset(m->named, 0, sizeof m->named);
    *list =
        (struct tg_cell){.state = TG_CELL_HERE, .kind = TG_FIELD_LIST, .items = m->items};
    if (r->parts->changed.size == 0) {
        return true;
    }
    struct tg_json array = tg_json_root(&m->changed);
    if (tg_json_kind(array) != TG_JSON_ARRAY) {
        return false;
    }
    uint32_t at = 0;
    for (struct tg_json item = tg_json_first(array); item.token != NULL;
         item = tg_json_next(item)) {
        struct tg_slice name;
        if (!tg_json_string(item, &m->scratch, &name) ||
            !find_field(r->schema, (struct tg_json){0}, name, &at)) {
            return false;
        }
        m->named[at / 64] |= UINT64_C(1) << at % 64;
        if (!r->schema->fields[at].hidden) {
            *m->items++ = (struct tg_cell){.state = TG_CELL_HERE,
                                           .kind = TG_FIELD_STRING,
                                           .text = r->schema->fields[at].name,
                                           .json = item};
            list->items_count++;
        }
    }
    return true;
}

/* Lay `old` over the row before an update or delete, which has the other row's values. */
static bool read_before(struct reader *r, uint64_t *changed)
{
    const struct tg_rows_memory *m = r->memory;
    bool is_update = r->parts->op == TG_OP_UPDATE;
    uint32_t count = r->schema->fields_count;
    for (uint32_t i = 0; i < count; i++) {
        struct tg_cell old = {.kind = (uint8_t)r->schema->fields[i].kind,
                              .json = r->before[i].json};
        bool is_named = (m->named[i / 64] >> i % 64 & 1) != 0;
        if (old.json.token == NULL && !(is_update && is_named)) {
            r->before[i] = r->after[i];
            continue;
        }
        if (!read_cell(r, &r->schema->fields[i], &old)) {
            return false;
        }
        r->before[i] = old;
        if (!tg_slice_equal(tg_json_raw(old.json), tg_json_raw(r->after[i].json))) {
            *changed |= tg_slot_bit((uint16_t)i);
        }
    }
    return true;
}

/* --- The whole ------------------------------------------------------------------- */

static enum tg_err read_op_and_time(struct reader *r)
{
    struct tg_cell *cells = r->memory->event;
    struct tg_slice time = r->parts->time;
    struct tg_timestamp timestamp;
    cells[0] = (struct tg_cell){.state = TG_CELL_HERE,
                                .kind = TG_FIELD_STRING,
                                .text = tg_slice_of(tg_op_text(r->parts->op))};
    cells[1] = tg_cell_absent;
    cells[1].kind = TG_FIELD_TIMESTAMP;
    if (time.size == 0 || !tg_timestamp_read(time, &timestamp)) {
        return TG_OK;
    }
    cells[1].state = TG_CELL_HERE;
    cells[1].number = tg_number_of_timestamp(timestamp);
    if (tg_number_is_exact(cells[1].number)) {
        return TG_OK;
    }
    /* Whoever needs all of it reads it as JSON, as in other cells. */
    struct tg_buf *texts = &r->memory->texts;
    struct tg_slice quoted = tg_slice(texts->data + texts->size, time.size + 2);
    tg_buf_add_byte(texts, '"');
    tg_buf_add_slice(texts, time);
    tg_buf_add_byte(texts, '"');
    enum tg_err err = tg_json_parse(&r->memory->time, quoted, NULL, NULL);
    cells[1].json = tg_json_root(&r->memory->time);
    return err;
}

static enum tg_err parse(struct tg_json_doc *doc, struct tg_slice text)
{
    struct tg_json_error error;
    if (text.size == 0) {
        doc->count = 0;
        return TG_OK;
    }
    enum tg_err err = tg_json_parse(doc, text, NULL, &error);
    return err == TG_ELIMIT ? TG_EINVAL : err;
}

static uint32_t count_items(struct tg_json object)
{
    uint32_t count = 0;
    for (struct tg_json value = tg_json_first(object); value.token != NULL;
         value = tg_json_next(value)) {
        count += tg_json_kind(value) == TG_JSON_ARRAY ? tg_json_size(value) : 0;
    }
    return count;
}

/* Room for all cells and all unescaped bytes. */
static bool make_room(struct reader *r)
{
    struct tg_rows_memory *m = r->memory;
    size_t fields = r->schema->fields_count;
    struct tg_json data = tg_json_root(&m->data);
    struct tg_json old = tg_json_root(&m->old);
    size_t items = (size_t)count_items(data) + count_items(old) +
                   tg_json_size(tg_json_root(&m->changed));
    size_t cells = fields * 2 + items + 1;
    if (cells > m->cells_capacity) {
        struct tg_cell *more = tg_resize(m->cells, cells * 2 * sizeof *more);
        if (more == NULL) {
            return false;
        }
        m->cells = more;
        m->cells_capacity = cells * 2;
    }
    r->after = m->cells;
    r->before = m->cells + fields;
    m->items = m->cells + 2 * fields;
    for (size_t i = 0; i < fields; i++) {
        r->after[i] = (struct tg_cell){.kind = (uint8_t)r->schema->fields[i].kind};
        r->before[i] = r->after[i];
    }
    tg_buf_clear(&m->texts);
    tg_buf_clear(&m->scratch);
    return tg_buf_room(&m->texts, r->parts->data.size + r->parts->old.size +
                                      r->parts->time.size + 2) != NULL;
}

static enum tg_err parse_all(struct tg_rows_memory *m, const struct tg_event_parts *parts)
{
    enum tg_err err = parse(&m->data, parts->data);
    if (err == TG_OK) {
        err = parse(&m->old, parts->old);
    }
    return err == TG_OK ? parse(&m->changed, parts->changed) : err;
}

static bool read_rows(struct reader *r, uint64_t *changed)
{
    struct tg_rows_memory *m = r->memory;
    enum tg_op op = r->parts->op;
    if (!read_changed(r) || !place_members(r, tg_json_root(&m->data), r->after) ||
        !read_cells(r, r->after)) {
        return false;
    }
    *changed = UINT64_MAX;
    if (op != TG_OP_UPDATE && op != TG_OP_DELETE) {
        return true;
    }
    uint64_t differ = 0;
    if ((r->parts->old.size != 0 &&
         !place_members(r, tg_json_root(&m->old), r->before)) ||
        !read_before(r, &differ)) {
        return false;
    }
    *changed = op == TG_OP_UPDATE ? differ : UINT64_MAX;
    return true;
}

static void put_rows(const struct reader *r, uint64_t changed, struct tg_rows *rows)
{
    enum tg_op op = r->parts->op;
    rows->has_after = op != TG_OP_DELETE;
    rows->has_before = op == TG_OP_UPDATE || op == TG_OP_DELETE;
    rows->changed = changed;
    const struct tg_cell *old = rows->has_before ? r->before : NULL;
    rows->after = (struct tg_row){r->after, old, r->memory->event};
    rows->before =
        (struct tg_row){rows->has_before ? r->before : r->after, old, r->memory->event};
}

enum tg_err tg_rows_read(struct tg_rows *rows, const struct tg_schema *schema,
                         const struct tg_event_parts *parts)
{
    if (rows->memory == NULL) {
        rows->memory = tg_zalloc(1, sizeof *rows->memory);
    }
    rows->has_after = false;
    rows->has_before = false;
    if (rows->memory == NULL) {
        return TG_ENOMEM;
    }
    struct reader r = {.memory = rows->memory, .schema = schema, .parts = parts};
    enum tg_err err = parse_all(rows->memory, parts);
    if (err != TG_OK) {
        return err;
    }
    if (!make_room(&r)) {
        return TG_ENOMEM;
    }
    err = read_op_and_time(&r);
    if (err != TG_OK) {
        return err;
    }
    uint64_t changed = 0;
    bool good = read_rows(&r, &changed);
    /* What looked wrong may only have found no memory to be looked at. */
    if (rows->memory->scratch.failed) {
        return TG_ENOMEM;
    }
    if (!good) {
        return TG_EINVAL;
    }
    put_rows(&r, changed, rows);
    return TG_OK;
}

void tg_rows_finish(struct tg_rows *rows)
{
    struct tg_rows_memory *m = rows->memory;
    if (m != NULL) {
        tg_json_finish(&m->data);
        tg_json_finish(&m->old);
        tg_json_finish(&m->changed);
        tg_json_finish(&m->time);
        tg_buf_finish(&m->scratch);
        tg_buf_finish(&m->texts);
        tg_free(m->cells);
        tg_free(m);
    }
    *rows = (struct tg_rows){0};
}
