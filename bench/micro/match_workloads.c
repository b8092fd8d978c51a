#include "match_workloads.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { B_VALUES = 400, POPULAR = 10000, PATH_PARTS = 40 };

/* Of each categorical field: its values, and how often each is drawn. */
static struct {
    uint32_t count;
    double *cumulative;
} fields[CATEGORICAL + 1];

static struct tg_slice *names[CATEGORICAL];
static struct tg_slice b_values[B_VALUES];
static struct tg_slice paths[PATH_PARTS * PATH_PARTS * PATH_PARTS];

/* What T calls its fields, by cardinality. */
enum { STATUS = 2, REGION = 4, TENANT = 9, ASSIGNEE = 12, PRODUCT = 13, OWNER = 14 };
enum { TOTAL = NUMERIC, PRIORITY = NUMERIC + 1 };

static struct tg_slice text_of(const char *format, uint32_t a, uint32_t b, uint32_t c)
{
    char *text = malloc(32);
    if (text == NULL) {
        abort();
    }
    return tg_slice(text, (size_t)snprintf(text, 32, format, a, b, c));
}

static void zipf(double **cumulative, uint32_t count, double exponent)
{
    double sum = 0;
    *cumulative = malloc(count * sizeof **cumulative);
    if (*cumulative == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < count; i++) {
        sum += 1 / pow(i + 1, exponent);
        (*cumulative)[i] = sum;
    }
    for (uint32_t i = 0; i < count; i++) {
        (*cumulative)[i] /= sum;
    }
}

void workloads_prepare(void)
{
    for (uint32_t f = 0; f < CATEGORICAL; f++) {
        fields[f].count = (uint32_t)(2 * pow(50000, f / 14.0));
        zipf(&fields[f].cumulative, fields[f].count, 0.5 + 0.5 * (f % 6) / 5);
        names[f] = calloc(fields[f].count, sizeof **names);
        for (uint32_t i = 0; i < fields[f].count; i++) {
            names[f][i] = text_of("f%u-%u", f, i, 0);
        }
    }
    fields[CATEGORICAL].count = POPULAR;
    zipf(&fields[CATEGORICAL].cumulative, POPULAR, 1);
    for (uint32_t i = 0; i < B_VALUES; i++) {
        b_values[i] = text_of("v%u", i, 0, 0);
    }
    for (uint32_t i = 0; i < PATH_PARTS * PATH_PARTS * PATH_PARTS; i++) {
        paths[i] = text_of("/p%02u/q%02u/r%02u", i / PATH_PARTS / PATH_PARTS,
                           i / PATH_PARTS % PATH_PARTS, i % PATH_PARTS);
    }
}

const struct tg_schema *workload_schema(void)
{
    static struct tg_field all[FIELDS];
    static struct tg_schema schema = {.fields = all, .fields_count = FIELDS};
    for (uint32_t i = 0; i < FIELDS; i++) {
        all[i].name = text_of("field%u", i, 0, 0);
        all[i].kind = i >= NUMERIC && i < PATH ? TG_FIELD_INT : TG_FIELD_STRING;
    }
    return &schema;
}

void workload_begin(struct workload *workload, char name, uint64_t seed)
{
    *workload = (struct workload){name, seed};
}

static uint64_t bits(struct workload *workload)
{
    uint64_t mixed = workload->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

uint32_t workload_roll(struct workload *workload, uint32_t below)
{
    return (uint32_t)((bits(workload) >> 32) * below >> 32);
}

static double part(struct workload *workload)
{
    return (double)(bits(workload) >> 11) / 9007199254740992.0;
}

static uint32_t draw(struct workload *workload, uint32_t field)
{
    double at = part(workload);
    uint32_t low = 0;
    uint32_t high = fields[field].count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (fields[field].cumulative[middle] < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t workload_popular(struct workload *workload)
{
    return draw(workload, CATEGORICAL);
}

static struct tg_slice value(struct workload *workload, uint32_t field)
{
    return names[field][draw(workload, field)];
}

/* ---- filters ---- */

static void tell_one(struct workload *workload, struct tg_builder *builder,
                     uint16_t field, bool negated)
{
    tg_build_text(builder, field, value(workload, field), negated);
}

static void tell_tenant(struct workload *workload, struct tg_builder *builder)
{
    uint32_t kind = workload_roll(workload, 10);
    if (kind < 6) {
        tell_one(workload, builder, OWNER, false);
        tell_one(workload, builder, STATUS, false);
    } else if (kind < 8) {
        struct tg_slice regions[3];
        for (int i = 0; i < 3; i++) {
            regions[i] = value(workload, REGION);
        }
        tell_one(workload, builder, TENANT, false);
        tg_build_range(builder, TOTAL, workload_roll(workload, NUMBERS), INT64_MAX);
        tg_build_texts(builder, REGION, regions, 3, false);
    } else if (kind < 9) {
        tell_one(workload, builder, PRODUCT, false);
    } else {
        tell_one(workload, builder, ASSIGNEE, false);
        tg_build_range(builder, PRIORITY, workload_roll(workload, 10) * (NUMBERS / 10),
                       INT64_MAX);
        tell_one(workload, builder, STATUS, true);
    }
}

static void tell_interval(struct workload *workload, struct tg_builder *builder,
                          uint16_t field, double width)
{
    int64_t size = (int64_t)(width * NUMBERS);
    int64_t low = workload_roll(workload, (uint32_t)(NUMBERS - size));
    tg_build_range(builder, field, low, low + size);
}

static void tell_predicate(struct workload *workload, struct tg_builder *builder,
                           uint16_t field)
{
    uint32_t kind = workload_roll(workload, 10);
    if (field >= NUMERIC) {
        int64_t number = workload_roll(workload, NUMBERS);
        if (kind < 6) {
            tell_interval(workload, builder, field, 0.1 + 0.4 * part(workload));
        } else if (kind < 8) {
            tg_build_range(builder, field, number, INT64_MAX);
        } else {
            tg_build_range(builder, field, INT64_MIN, number);
        }
    } else if (kind < 7) {
        tell_one(workload, builder, field, false);
    } else if (kind < 9) {
        struct tg_slice some[6];
        uint32_t count = 2 + workload_roll(workload, 5);
        for (uint32_t i = 0; i < count; i++) {
            some[i] = value(workload, field);
        }
        tg_build_texts(builder, field, some, count, false);
    } else {
        tell_one(workload, builder, field, true);
    }
}

/* `count` different fields of 20. */
static void tell_predicates(struct workload *workload, struct tg_builder *builder,
                            uint32_t count)
{
    uint32_t used = 0;
    while (count > 0) {
        uint32_t field = workload_roll(workload, EVENT_FIELDS);
        if ((used >> field & 1) == 0) {
            used |= 1u << field;
            tell_predicate(workload, builder, (uint16_t)field);
            count--;
        }
    }
}

static void tell_mixed(struct workload *workload, struct tg_builder *builder)
{
    uint32_t count = 2 + workload_roll(workload, 5);
    if (workload_roll(workload, 10) != 0) {
        tell_predicates(workload, builder, count);
        return;
    }
    tg_build_open(builder, TG_TERM_OR);
    for (int branch = 0; branch < 2; branch++) {
        tg_build_open(builder, TG_TERM_AND);
        tell_predicates(workload, builder, (count + 1) / 2);
        tg_build_close(builder);
    }
    tg_build_close(builder);
}

static void tell_ranges(struct workload *workload, struct tg_builder *builder)
{
    uint32_t used = 0;
    for (uint32_t count = 10; count > 0;) {
        uint32_t field = workload_roll(workload, EVENT_FIELDS);
        if ((used >> field & 1) == 0) {
            used |= 1u << field;
            tell_interval(workload, builder, (uint16_t)(NUMERIC + field), 0.3);
            count--;
        }
    }
}

/* A node of depth 2 or 3 below; NOT is pushed down to the literals. */
static void tell_tree(struct workload *workload, struct tg_builder *builder)
{
    struct {
        uint32_t left;
        bool negated;
    } open[2];
    uint32_t depth = 0;
    bool negated = false;
    do {
        if (depth < 2) {
            uint32_t kind = workload_roll(workload, 100);
            bool inverts = kind >= 90;
            bool all = inverts ? workload_roll(workload, 2) == 0 : kind < 45;
            negated = negated != inverts;
            tg_build_open(builder, all != negated ? TG_TERM_AND : TG_TERM_OR);
            open[depth].left = 4;
            open[depth++].negated = negated;
        } else {
            tg_build_text(builder, (uint16_t)workload_roll(workload, FIELDS),
                          b_values[workload_roll(workload, B_VALUES)], negated);
        }
        while (depth > 0 && open[depth - 1].left == 0) {
            tg_build_close(builder);
            depth--;
        }
        if (depth > 0) {
            open[depth - 1].left--;
            negated = open[depth - 1].negated;
        }
    } while (depth > 0);
}

static void tell_prefix(struct workload *workload, struct tg_builder *builder)
{
    if (workload_roll(workload, 10) >= 3) {
        tell_tenant(workload, builder);
        return;
    }
    struct tg_slice path = paths[workload_roll(workload, sizeof paths / sizeof *paths)];
    path.size = workload_roll(workload, 4) == 0 ? 8 : 10 + workload_roll(workload, 3);
    tg_build_part(builder, TG_TERM_PREFIX, PATH, path, false);
    tell_one(workload, builder, STATUS, false);
    if (workload_roll(workload, 2) == 0) {
        tg_build_range(builder, TOTAL, workload_roll(workload, NUMBERS), INT64_MAX);
    }
}

void workload_filter(struct workload *workload, struct tg_builder *builder)
{
    switch (workload->name) {
    case 'T':
        tell_tenant(workload, builder);
        break;
    case 'M':
        tell_mixed(workload, builder);
        break;
    case 'R':
        tell_ranges(workload, builder);
        break;
    case 'B':
        tell_tree(workload, builder);
        break;
    default:
        tell_prefix(workload, builder);
        break;
    }
}

/* ---- events ---- */

static void set_number(struct workload *workload, struct tg_cell *cell)
{
    *cell = (struct tg_cell){.state = TG_CELL_HERE, .kind = TG_FIELD_INT};
    cell->number = workload_roll(workload, NUMBERS);
}

static void set_text(struct tg_cell *cell, struct tg_slice text)
{
    *cell = (struct tg_cell){.state = TG_CELL_HERE, .kind = TG_FIELD_STRING};
    cell->text = text;
}

static void set_field(struct workload *workload, struct tg_cell *cells, uint32_t field)
{
    if (field < NUMERIC) {
        set_text(&cells[field], value(workload, field));
    } else {
        set_number(workload, &cells[field]);
    }
}

void workload_event(struct workload *workload, struct tg_cell *cells)
{
    for (uint32_t i = 0; i < FIELDS; i++) {
        cells[i] = (struct tg_cell){.state = TG_CELL_ABSENT};
    }
    if (workload->name == 'B') {
        for (uint32_t count = EVENT_FIELDS; count > 0;) {
            struct tg_cell *cell = &cells[workload_roll(workload, FIELDS)];
            if (cell->state == TG_CELL_ABSENT) {
                set_text(cell, b_values[workload_roll(workload, B_VALUES)]);
                count--;
            }
        }
        return;
    }
    uint32_t first = workload->name == 'R' ? NUMERIC : 0;
    for (uint32_t i = 0; i < EVENT_FIELDS; i++) {
        set_field(workload, cells, first + i);
    }
    set_text(&cells[PATH], paths[workload_roll(workload, sizeof paths / sizeof *paths)]);
}

uint64_t workload_change(struct workload *workload, struct tg_cell *cells)
{
    uint64_t changed = 0;
    for (uint32_t count = 1 + workload_roll(workload, 2); count > 0; count--) {
        uint32_t field = workload_roll(workload, EVENT_FIELDS);
        set_field(workload, cells, field);
        changed |= tg_slot_bit((uint16_t)field);
    }
    return changed;
}
