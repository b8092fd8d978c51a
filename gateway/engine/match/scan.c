#include "engine/base/mem.h"
#include "engine/match/private.h"

/* Each filter in one run: its entry, the words of its code, the code; then the next. It
 * is written when it is needed after a change: nobody but tests and benchmarks scans. */

enum { HEAD = 2, EXOTIC = 1 << 30 };

static enum tg_err scan_room(struct tg_scan *scan, size_t more)
{
    if (scan->count + more > scan->capacity) {
        size_t capacity = (scan->count + more) * 2;
        uint32_t *words = tg_resize(scan->words, capacity * sizeof *words);
        if (words == NULL) {
            return TG_ENOMEM;
        }
        scan->words = words;
        scan->capacity = capacity;
    }
    return TG_OK;
}

static enum tg_err scan_write(struct tg_matcher *matcher, uint32_t ref)
{
    struct tg_draft *draft = &matcher->draft;
    const struct tg_filter *filter = tg_entry_filter(matcher, tg_entry_at(matcher, ref));
    struct tg_cover_context context = {&matcher->intern, &matcher->stats,
                                       &matcher->postings, matcher->counts.filters};
    if (filter->terms[0].kind == TG_TERM_FALSE) {
        return TG_OK;
    }
    if (tg_draft_begin(draft, filter) != TG_OK ||
        tg_cover_look_up(draft, &matcher->intern) != TG_OK) {
        return TG_ENOMEM;
    }
    tg_cover_weigh(draft, &context);
    if (tg_residual_compile(draft) != TG_OK ||
        scan_room(&matcher->scan, HEAD + draft->code_count) != TG_OK) {
        return TG_ENOMEM;
    }
    uint32_t *words = matcher->scan.words + matcher->scan.count;
    words[0] = ref;
    words[1] = draft->code_count | (draft->exotic ? EXOTIC : 0);
    if (draft->code_count != 0) {
        memcpy(words + HEAD, draft->code, draft->code_count * sizeof *words);
    }
    matcher->scan.count += HEAD + draft->code_count;
    return TG_OK;
}

static enum tg_err scan_prepare(struct tg_matcher *matcher)
{
    if (!matcher->scan.stale) {
        return TG_OK;
    }
    matcher->scan.count = 0;
    size_t at = 0;
    uint32_t ref;
    while ((ref = tg_table_each(&matcher->filters, &at)) != 0) {
        enum tg_err err = scan_write(matcher, ref);
        if (err != TG_OK) {
            return err;
        }
    }
    matcher->scan.stale = false;
    return TG_OK;
}

static void scan_one(struct tg_matcher *matcher, const uint32_t *words, bool both,
                     bool deleted, uint64_t changed)
{
    struct tg_asked asked = {&matcher->views[0], matcher->schema, &matcher->space};
    uint32_t count = words[1] & ~(uint32_t)EXOTIC;
    struct tg_entry *entry = NULL;
    const struct tg_filter *filter = NULL;
    if ((words[1] & EXOTIC) != 0) {
        filter = tg_entry_filter(matcher, tg_entry_at(matcher, words[0]));
    }
    bool holds = tg_residual_run(words + HEAD, count, &asked, filter);
    bool held = holds;
    if (both && changed != 0) {
        asked.view = &matcher->views[1];
        held = tg_residual_run(words + HEAD, count, &asked, filter);
    }
    if (holds || (both && held)) {
        entry = tg_entry_at(matcher, words[0]);
        bool before = entry->about_event ? false : both ? held : deleted;
        bool after = deleted ? entry->about_event : holds;
        if (before || after) {
            tg_matches_add(&matcher->matches, entry, words[0], before, after, false);
        }
    }
}

enum tg_err tg_matcher_scan(struct tg_matcher *matcher, const struct tg_rows *rows,
                            const struct tg_match **matches, uint32_t *count)
{
    enum tg_err err = scan_prepare(matcher);
    if (err != TG_OK) {
        return err;
    }
    bool both = rows->has_after && rows->has_before;
    tg_matches_begin(&matcher->matches);
    if (rows->has_after || rows->has_before) {
        tg_matcher_look(matcher, rows);
        const struct tg_scan *scan = &matcher->scan;
        for (size_t at = 0; at < scan->count;
             at += HEAD + (scan->words[at + 1] & ~(uint32_t)EXOTIC)) {
            scan_one(matcher, scan->words + at, both, !rows->has_after, rows->changed);
        }
    }
    if (matcher->matches.failed) {
        return TG_ENOMEM;
    }
    *matches = matcher->matches.items;
    *count = matcher->matches.count;
    return TG_OK;
}
