#include "engine/match/match.h"

#include <assert.h>

#include "engine/base/map.h"
#include "engine/base/mem.h"
#include "engine/match/private.h"

/* An item was put elsewhere: its entry finds it there from now on. */
static void entry_follow(void *context, uint32_t item, struct tg_place from,
                         struct tg_place to)
{
    struct tg_matcher *matcher = context;
    struct tg_entry_body body = tg_entry_body(tg_entry_at(matcher, item & TG_ITEM_REF));
    for (uint32_t i = 0; i < body.places_count; i++) {
        if (body.places[i].chunk == from.chunk && body.places[i].index == from.index) {
            body.places[i] = to;
            return;
        }
    }
    assert(false);
}

struct tg_matcher *tg_matcher_create(const struct tg_schema *schema)
{
    struct tg_matcher *matcher = tg_zalloc(1, sizeof *matcher);
    struct tg_forms *forms = tg_zalloc(1, sizeof *forms);
    if (matcher == NULL || forms == NULL) {
        tg_free(matcher);
        tg_free(forms);
        matcher = NULL;
    } else {
        matcher->forms = forms;
        matcher->schema = schema;
        matcher->intern.arena = &matcher->arena;
        matcher->intern.table.arena = &matcher->arena;
        matcher->filters.arena = &matcher->arena;
        tg_postings_init(&matcher->postings, &matcher->arena);
        matcher->postings.on_move = entry_follow;
        matcher->postings.context = matcher;
        matcher->scan.stale = true;
    }
    return matcher;
}

static void free_entries(struct tg_matcher *matcher)
{
    size_t at = 0;
    uint32_t ref;
    while ((ref = tg_table_each(&matcher->filters, &at)) != 0) {
        tg_entry_destroy(matcher, ref);
    }
}

void tg_matcher_destroy(struct tg_matcher *matcher)
{
    if (matcher == NULL) {
        return;
    }
    free_entries(matcher);
    tg_table_finish(&matcher->filters);
    tg_intern_finish(&matcher->intern);
    tg_postings_finish(&matcher->postings);
    tg_stats_finish(&matcher->stats);
    tg_draft_finish(&matcher->draft);
    tg_cover_finish(&matcher->cover);
    tg_free(matcher->scan.words);
    tg_matches_finish(&matcher->matches);
    tg_space_finish(&matcher->space);
    tg_buf_finish(&matcher->forms->packed);
    tg_buf_finish(&matcher->forms->unpacked);
    tg_free(matcher->forms);
    tg_arena_finish(&matcher->arena);
    tg_free(matcher);
}

/* What is known of slots from before is a guess, as ever. */
void tg_matcher_redefine(struct tg_matcher *matcher, const struct tg_schema *schema)
{
    matcher->schema = schema;
}

static uint32_t hash_of(const struct tg_filter *filter)
{
    uint64_t hash = tg_hash(tg_slice(filter, filter->size));
    return (uint32_t)(hash >> 32) ^ (uint32_t)hash;
}

static uint32_t find(const struct tg_matcher *matcher, const struct tg_filter *filter)
{
    uint32_t at = UINT32_MAX;
    uint32_t hash = hash_of(filter);
    uint32_t ref;
    while ((ref = tg_table_next(&matcher->filters, hash, &at)) != 0) {
        if (tg_entry_is(matcher, tg_entry_at(matcher, ref), filter)) {
            break;
        }
    }
    return ref;
}

void *tg_matcher_find(const struct tg_matcher *matcher, const struct tg_filter *filter)
{
    uint32_t ref = find(matcher, filter);
    return ref == 0 ? NULL : tg_entry_at(matcher, ref)->owner;
}

const struct tg_filter *tg_matcher_filter(const struct tg_matcher *matcher,
                                          uint32_t entry)
{
    return tg_entry_filter(matcher, tg_entry_at(matcher, entry));
}

static bool is_opaque(const struct tg_cover *cover)
{
    for (uint32_t i = 0; i < cover->count; i++) {
        if (cover->accesses[i].shape.mode == TG_SHAPE_ALL) {
            return true;
        }
    }
    return false;
}

static void literals_count(struct tg_matcher *matcher, bool more)
{
    const struct tg_draft *draft = &matcher->draft;
    for (uint32_t i = 0; i < draft->filter->terms_count; i++) {
        const struct tg_term *term = &draft->filter->terms[i];
        if (term->kind <= TG_TERM_OR || term->kind == TG_TERM_PROGRAM) {
            continue;
        }
        bool equal = tg_cover_equal(draft, i);
        if (more) {
            tg_uses_add(&matcher->uses, term->slot, equal);
        } else {
            tg_uses_remove(&matcher->uses, term->slot, equal);
        }
    }
}

/* Where many filters ask for ranges of a slot, its numbers are cut into bands. */
static void range_note(struct tg_matcher *matcher, const struct tg_term *term)
{
    struct tg_stats *stats = &matcher->stats;
    tg_stats_ends(stats, term->slot, term->low, term->high);
    const struct tg_stats_slot *noted = stats->slots[term->slot];
    if (noted != NULL && noted->ends_count >= 2 * TG_STATS_RING &&
        matcher->postings.bands.cuts[term->slot] == NULL) {
        tg_postings_cut(&matcher->postings, term->slot, noted->ends, TG_STATS_RING);
    }
}

static void literals_note(struct tg_matcher *matcher)
{
    const struct tg_draft *draft = &matcher->draft;
    for (uint32_t i = 0; i < draft->filter->terms_count; i++) {
        struct tg_constants constants = draft->constants[i];
        if (draft->filter->terms[i].kind == TG_TERM_NUMBER_RANGE) {
            range_note(matcher, &draft->filter->terms[i]);
        }
        for (uint32_t n = 0; n < constants.count; n++) {
            tg_stats_literal(&matcher->stats, draft->filter->terms[i].slot,
                             draft->ids[constants.first + n]);
        }
    }
}

static void take_items_out(struct tg_matcher *matcher, struct tg_entry *entry)
{
    while (tg_entry_body(entry).places_count > 0) {
        tg_postings_remove(&matcher->postings, tg_entry_pop(entry));
    }
}

static bool entry_is_long(const struct tg_entry *entry)
{
    return offsetof(struct tg_entry, code) + entry->code_count * sizeof(uint32_t) >
           TG_ARENA_UNIT;
}

static enum tg_err put_items_in(struct tg_matcher *matcher, uint32_t ref)
{
    const struct tg_cover *cover = &matcher->cover;
    struct tg_entry *entry = tg_entry_at(matcher, ref);
    uint32_t item = ref | (matcher->draft.code_count == 0 ? TG_ITEM_DECIDED : 0) |
                    (entry_is_long(entry) ? TG_ITEM_LONG : 0) |
                    (cover->multi ? TG_ITEM_MULTI : 0) |
                    (entry->about_event ? TG_ITEM_ABOUT : 0);
    for (uint32_t i = 0; i < cover->count; i++) {
        struct tg_place place;
        enum tg_err err = tg_postings_add(&matcher->postings, &cover->accesses[i],
                                          cover->bands, item, &place);
        if (err != TG_OK) {
            take_items_out(matcher, entry);
            return err;
        }
        tg_entry_push(entry, place);
    }
    return TG_OK;
}

/* With the constants interned. */
static enum tg_err enter(struct tg_matcher *matcher, const struct tg_filter *filter,
                         void *owner, uint32_t *entry)
{
    struct tg_cover_context context = {&matcher->intern, &matcher->stats,
                                       &matcher->postings, matcher->counts.filters};
    literals_note(matcher);
    enum tg_err err = tg_cover_choose(&matcher->cover, &matcher->draft, &context);
    if (err != TG_OK) {
        return err;
    }
    err = tg_residual_compile(&matcher->draft);
    if (err != TG_OK) {
        return err;
    }
    uint32_t ref = tg_entry_create(matcher, filter, owner, matcher->cover.count);
    if (ref == 0) {
        return TG_ENOMEM;
    }
    err = tg_table_put(&matcher->filters, hash_of(filter), ref);
    if (err != TG_OK) {
        goto fail;
    }
    err = put_items_in(matcher, ref);
    if (err != TG_OK) {
        goto fail_after_put;
    }
    *entry = ref;
    return TG_OK;

fail_after_put:
    tg_table_remove(&matcher->filters, hash_of(filter), ref);
fail:
    tg_entry_destroy(matcher, ref);
    return err;
}

enum tg_err tg_matcher_add(struct tg_matcher *matcher, const struct tg_filter *filter,
                           void *owner, uint32_t *entry)
{
    enum tg_err err = tg_draft_begin(&matcher->draft, filter);
    if (err != TG_OK) {
        return err;
    }
    err = tg_cover_intern(&matcher->draft, &matcher->intern);
    if (err != TG_OK) {
        return err;
    }
    err = enter(matcher, filter, owner, entry);
    if (err != TG_OK) {
        tg_cover_release(&matcher->draft, &matcher->intern);
        return err;
    }
    literals_count(matcher, true);
    matcher->counts.filters++;
    matcher->counts.opaque += is_opaque(&matcher->cover);
    matcher->scan.stale = true;
    return TG_OK;
}

/* Is one of its items behind no key? */
static bool entry_is_opaque(const struct tg_matcher *matcher,
                            const struct tg_entry_body *body)
{
    for (uint32_t i = 0; i < body->places_count; i++) {
        const struct tg_chunk *chunk =
            tg_arena_at(&matcher->arena, body->places[i].chunk);
        if (matcher->postings.shapes[chunk->shape].key.mode == TG_SHAPE_ALL) {
            return true;
        }
    }
    return false;
}

void tg_matcher_remove(struct tg_matcher *matcher, uint32_t entry)
{
    struct tg_entry *gone = tg_entry_at(matcher, entry);
    struct tg_entry_body body = tg_entry_body(gone);
    const struct tg_filter *filter = tg_entry_filter(matcher, gone);
    matcher->counts.filters--;
    matcher->counts.opaque -= entry_is_opaque(matcher, &body);
    matcher->scan.stale = true;
    take_items_out(matcher, gone);
    tg_table_remove(&matcher->filters, hash_of(filter), entry);
    /* The draft had room for this filter when it was entered: nothing fails here. */
    if (tg_draft_begin(&matcher->draft, filter) != TG_OK ||
        tg_cover_look_up(&matcher->draft, &matcher->intern) != TG_OK) {
        assert(false);
    }
    literals_count(matcher, false);
    tg_cover_release(&matcher->draft, &matcher->intern);
    tg_entry_destroy(matcher, entry);
}

struct tg_matcher_counts tg_matcher_counts(const struct tg_matcher *matcher)
{
    struct tg_matcher_counts counts = matcher->counts;
    counts.bytes = sizeof *matcher + matcher->arena.bytes + matcher->outside +
                   tg_postings_bytes(&matcher->postings) +
                   tg_stats_bytes(&matcher->stats) +
                   matcher->matches.capacity * (sizeof(struct tg_match) + 4);
    return counts;
}
