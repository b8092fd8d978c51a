#include "engine/match/private.h"

/* How a candidate is asked. */
enum how {
    ONCE,   /* Of the only row. */
    BOTH,   /* Its key and range are the same in both rows: of both, here and now. */
    AFTER,  /* Of the row after; of the row before when its turn comes. */
    BEFORE, /* That turn. */
};

enum { PROBES = 64, CANDIDATES = 1024, ITEMS_MAX = 1024, AHEAD = 16 };

struct probe {
    uint32_t hash;
    uint32_t shape;
    uint32_t ids[TG_TUPLE_MAX];
};

/* One pass over the keys of one row. */
struct walk {
    struct tg_matcher *matcher;
    const struct tg_view *view;
    uint64_t changed; /* Slots in which the rows differ; 0 with one row. */
    bool both;        /* There are two rows. */
    bool deleted;     /* The only row is the one before. */
    bool second;      /* The pass over the row before. */
    struct probe probes[PROBES];
    uint32_t probes_count;
    uint32_t count;
    uint32_t items[CANDIDATES + ITEMS_MAX];
    uint8_t how[CANDIDATES + ITEMS_MAX];
};

static bool asks(const struct walk *walk, const struct tg_entry *entry, uint32_t item,
                 uint32_t view)
{
    if ((item & TG_ITEM_DECIDED) != 0) {
        return true;
    }
    struct tg_matcher *matcher = walk->matcher;
    struct tg_asked asked = {&matcher->views[view], matcher->schema, &matcher->space};
    struct tg_entry_body body = tg_entry_body(entry);
    return tg_residual_run(body.code, body.code_count, &asked, body.filter);
}

static void candidate(struct walk *walk, uint32_t item, uint8_t how)
{
    struct tg_matcher *matcher = walk->matcher;
    uint32_t ref = item & TG_ITEM_REF;
    struct tg_entry *entry = tg_entry_at(matcher, ref);
    bool about = (item & TG_ITEM_ABOUT) != 0;
    bool multi = (item & TG_ITEM_MULTI) != 0;
    bool before;
    bool after;
    switch (how) {
    case ONCE: {
        bool holds = asks(walk, entry, item, 0);
        before = holds && walk->deleted && !about;
        after = holds && !before;
        break;
    }
    case BOTH:
        after = asks(walk, entry, item, 0);
        before =
            !about &&
            ((entry->slots & walk->changed) == 0 ? after : asks(walk, entry, item, 1));
        break;
    case AFTER:
        after = asks(walk, entry, item, 0);
        before = false;
        multi = true;
        break;
    default:
        after = false;
        before = !about && asks(walk, entry, item, 1);
        multi = true;
        break;
    }
    if (before || after) {
        tg_matches_add(&matcher->matches, entry, ref, before, after, multi);
    }
}

static void prefetch(const struct tg_matcher *matcher, uint32_t item)
{
    const uint8_t *entry = (const uint8_t *)tg_entry_at(matcher, item & TG_ITEM_REF);
    __builtin_prefetch(entry);
    if ((item & TG_ITEM_LONG) != 0) {
        __builtin_prefetch(entry + TG_ARENA_UNIT);
    }
}

static void candidates_flush(struct walk *walk)
{
    struct tg_matcher *matcher = walk->matcher;
    for (uint32_t i = 0; i < walk->count && i < AHEAD; i++) {
        prefetch(matcher, walk->items[i]);
    }
    for (uint32_t i = 0; i < walk->count; i++) {
        if (i + AHEAD < walk->count) {
            prefetch(matcher, walk->items[i + AHEAD]);
        }
        candidate(walk, walk->items[i], walk->how[i]);
    }
    matcher->counts.candidates += walk->count;
    walk->count = 0;
}

/* Those items of a chunk whose range has the number, without a branch. */
static uint32_t select_in_range(struct tg_chunk *chunk, int64_t number, uint32_t *items)
{
    const int64_t *lows = tg_chunk_lows(chunk);
    const int64_t *highs = tg_chunk_highs(chunk);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < chunk->count; i++) {
        items[kept] = chunk->items[i];
        kept += (uint32_t)((lows[i] <= number) & (number <= highs[i]));
    }
    return kept;
}

/* How the candidates of a chunk are asked, by the slots that led there; false: not in
 * this pass. */
static bool how_asked(const struct walk *walk, uint64_t slots, uint8_t *how)
{
    bool differs = (slots & walk->changed) != 0;
    *how = !walk->both ? ONCE : walk->second ? BEFORE : differs ? AFTER : BOTH;
    return !walk->second || differs;
}

static void visit_chunk(struct walk *walk, struct tg_chunk *chunk, uint64_t slots)
{
    uint8_t how;
    bool ranged = chunk->range_slot != TG_NO_SLOT;
    slots |= ranged ? tg_slot_bit(chunk->range_slot) : 0;
    if (!how_asked(walk, slots, &how)) {
        return;
    }
    uint32_t count = chunk->count;
    if (ranged) {
        if (walk->view->state[chunk->range_slot] != TG_CELL_HERE) {
            return;
        }
        count = select_in_range(chunk, walk->view->number[chunk->range_slot],
                                walk->items + walk->count);
    } else {
        memcpy(walk->items + walk->count, chunk->items, count * sizeof *chunk->items);
    }
    memset(walk->how + walk->count, how, count);
    walk->count += count;
    if (walk->count >= CANDIDATES) {
        candidates_flush(walk);
    }
}

static void visit(struct walk *walk, uint32_t ref, uint64_t slots)
{
    while (ref != 0) {
        struct tg_chunk *chunk = tg_arena_at(&walk->matcher->arena, ref);
        ref = chunk->next;
        if (ref != 0) {
            __builtin_prefetch(tg_arena_at(&walk->matcher->arena, ref));
        }
        visit_chunk(walk, chunk, slots);
    }
}

static void visit_grid(struct walk *walk, const struct tg_grid *grid, uint64_t slots)
{
    uint8_t how;
    if (how_asked(walk, slots | grid->mask, &how)) {
        uint32_t count = tg_grid_select(grid, &walk->matcher->arena, walk->view,
                                        walk->items + walk->count);
        memset(walk->how + walk->count, how, count);
        walk->count += count;
        if (walk->count >= CANDIDATES) {
            candidates_flush(walk);
        }
    }
}

/* The lines of a grid are asked for while those of others before it are looked at. */
static void visit_grids(struct walk *walk, uint32_t ref, uint64_t slots)
{
    const struct tg_arena *arena = &walk->matcher->arena;
    while (ref != 0) {
        const struct tg_grid *grid = tg_arena_at(arena, ref);
        const struct tg_chunk *chunk = tg_arena_at(arena, ref);
        ref = chunk->next;
        if (ref != 0) {
            tg_grid_prefetch(tg_arena_at(arena, ref), arena, walk->view);
        }
        visit_grid(walk, grid, slots);
    }
}

static void probes_flush(struct walk *walk)
{
    const struct tg_postings *postings = &walk->matcher->postings;
    for (uint32_t i = 0; i < walk->probes_count; i++) {
        uint32_t at = UINT32_MAX;
        uint32_t ref = tg_table_next(&postings->table, walk->probes[i].hash, &at);
        if (ref != 0) {
            __builtin_prefetch(tg_arena_at(postings->arena, ref));
        }
    }
    for (uint32_t i = 0; i < walk->probes_count; i++) {
        const struct probe *probe = &walk->probes[i];
        uint32_t ref = tg_posting_find(postings, probe->hash, probe->shape, probe->ids);
        if (ref != 0) {
            visit(walk, ref, postings->shapes[probe->shape].slots);
        }
    }
    walk->probes_count = 0;
}

static void probe_add(struct walk *walk, uint32_t shape, uint32_t a, uint32_t b,
                      uint32_t c)
{
    struct probe *probe = &walk->probes[walk->probes_count++];
    *probe = (struct probe){.shape = shape, .ids = {a, b, c}};
    probe->hash = tg_posting_hash(&walk->matcher->postings, shape, probe->ids);
    tg_table_prefetch(&walk->matcher->postings.table, probe->hash);
    if (walk->probes_count == PROBES) {
        probes_flush(walk);
    }
}

static void probe_prefix(struct walk *walk, uint32_t at, const struct tg_shape_key *key)
{
    uint16_t slot = key->slots[0];
    if (walk->view->state[slot] == TG_CELL_HERE) {
        struct tg_slice text = tg_row_cell(walk->view->row, slot)->text;
        uint32_t id = text.size < key->length
                          ? 0
                          : tg_intern_find_text(&walk->matcher->intern,
                                                tg_slice(text.data, key->length));
        if (id != 0) {
            probe_add(walk, at, id, 0, 0);
        }
    }
}

static void probe_items(struct walk *walk, uint32_t at, const struct tg_shape_key *key)
{
    const struct tg_intern *intern = &walk->matcher->intern;
    const struct tg_cell *cell = tg_row_cell(walk->view->row, key->slots[0]);
    if (cell->state != TG_CELL_HERE || cell->kind != TG_FIELD_LIST) {
        return;
    }
    for (uint32_t i = 0; i < cell->items_count; i++) {
        const struct tg_cell *item = &cell->items[i];
        bool is_text = item->kind == TG_FIELD_STRING || item->kind == TG_FIELD_UUID;
        uint32_t id = is_text ? tg_intern_find_text(intern, item->text)
                              : tg_intern_find_number(intern, item->number);
        if (id != 0) {
            probe_add(walk, at, id, 0, 0);
        }
    }
}

static void visit_shape(struct walk *walk, uint32_t at, const struct tg_shape *shape)
{
    const struct tg_view *view = walk->view;
    const uint16_t *slots = shape->key.slots;
    uint8_t state = view->state[slots[0]];
    bool meets;
    switch (shape->key.mode) {
    case TG_SHAPE_TUPLE: {
        uint32_t a = view->id[slots[0]];
        uint32_t b = shape->key.count > 1 ? view->id[slots[1]] : 0;
        uint32_t c = shape->key.count > 2 ? view->id[slots[2]] : 0;
        if (a != 0 && (b != 0 || shape->key.count < 2) &&
            (c != 0 || shape->key.count < 3)) {
            probe_add(walk, at, a, b, c);
        }
        return;
    }
    case TG_SHAPE_ITEM:
        probe_items(walk, at, &shape->key);
        return;
    case TG_SHAPE_PREFIX:
        probe_prefix(walk, at, &shape->key);
        return;
    case TG_SHAPE_HERE:
    case TG_SHAPE_RANGE:
        meets = state == TG_CELL_HERE;
        break;
    case TG_SHAPE_GRID:
        if (view->band[slots[0]] >= (shape->key.length & 255) &&
            view->band[slots[0]] <= shape->key.length >> 8) {
            visit_grids(walk, shape->root, shape->slots);
        }
        return;
    case TG_SHAPE_NULL:
        meets = state == TG_CELL_NULL;
        break;
    case TG_SHAPE_SAID:
        meets = state != TG_CELL_ABSENT;
        break;
    case TG_SHAPE_ABSENT:
        meets = state == TG_CELL_ABSENT;
        break;
    default:
        meets = true;
        break;
    }
    if (meets) {
        visit(walk, shape->root, shape->slots);
    }
}

static void pass(struct walk *walk)
{
    const struct tg_postings *postings = &walk->matcher->postings;
    for (uint32_t i = 0; i < postings->shapes_count; i++) {
        const struct tg_shape *shape = &postings->shapes[i];
        if (shape->postings == 0 ||
            (walk->second && shape->key.mode != TG_SHAPE_GRID &&
             ((shape->slots | shape->ranges) & walk->changed) == 0)) {
            continue;
        }
        visit_shape(walk, i, shape);
    }
    probes_flush(walk);
    candidates_flush(walk);
}

void tg_matcher_look(struct tg_matcher *matcher, const struct tg_rows *rows)
{
    struct tg_view *views = matcher->views;
    tg_view_fill(&views[0], rows->has_after ? &rows->after : &rows->before,
                 &matcher->uses, &matcher->intern, &matcher->postings.bands, NULL, 0);
    tg_stats_note(&matcher->stats, &views[0], &matcher->uses);
    if (rows->has_after && rows->has_before) {
        tg_view_fill(&views[1], &rows->before, &matcher->uses, &matcher->intern,
                     &matcher->postings.bands, &views[0], rows->changed);
    }
}

enum tg_err tg_matcher_match(struct tg_matcher *matcher, const struct tg_rows *rows,
                             const struct tg_match **matches, uint32_t *count)
{
    struct walk walk;
    walk.matcher = matcher;
    walk.both = rows->has_after && rows->has_before;
    walk.deleted = !rows->has_after;
    walk.changed = walk.both ? rows->changed : 0;
    walk.second = false;
    walk.count = 0;
    walk.probes_count = 0;
    walk.view = &matcher->views[0];
    tg_matches_begin(&matcher->matches);
    if (rows->has_after || rows->has_before) {
        tg_matcher_look(matcher, rows);
        pass(&walk);
    }
    if (walk.both && walk.changed != 0) {
        walk.second = true;
        walk.view = &matcher->views[1];
        pass(&walk);
    }
    if (matcher->matches.failed) {
        return TG_ENOMEM;
    }
    matcher->counts.matches += matcher->matches.count;
    *matches = matcher->matches.items;
    *count = matcher->matches.count;
    return TG_OK;
}
