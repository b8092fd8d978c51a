/* Bytes as a sequence of filters entered and forgotten, and of events: the index, the
 * scan and the plain meaning of each filter must say the same. */
#include <stddef.h>
#include <stdint.h>

#include "testing/match_model.h"

enum { FILTERS = 48 };

struct owned {
    struct tg_filter *filter;
    uint32_t entry;
    uint8_t seen;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth) {
        abort();
    }
}

static void forget(struct tg_matcher *matcher, struct owned *owned)
{
    if (owned->filter != NULL) {
        must(tg_matcher_find(matcher, owned->filter) == owned);
        tg_matcher_remove(matcher, owned->entry);
        tg_free(owned->filter);
        owned->filter = NULL;
    }
}

static void enter(struct tg_matcher *matcher, struct owned *owned,
                  struct tg_filter *filter)
{
    must(filter != NULL);
    if (owned->filter != NULL || tg_matcher_find(matcher, filter) != NULL) {
        tg_free(filter);
        return;
    }
    must(tg_matcher_add(matcher, filter, owned, &owned->entry) == TG_OK);
    owned->filter = filter;
}

static void ask(struct tg_matcher *matcher, struct owned *all, const struct tg_rows *rows)
{
    for (int scan = 0; scan < 2; scan++) {
        const struct tg_match *matches;
        uint32_t count;
        must((scan ? tg_matcher_scan : tg_matcher_match)(matcher, rows, &matches,
                                                         &count) == TG_OK);
        for (uint32_t i = 0; i < count; i++) {
            struct owned *owned = matches[i].owner;
            must(owned->filter != NULL && owned->seen == 0);
            owned->seen = (uint8_t)(4 | matches[i].after << 1 | matches[i].before);
        }
        for (uint32_t i = 0; i < FILTERS; i++) {
            if (all[i].filter != NULL) {
                bool before;
                bool after;
                model_concerns(all[i].filter, rows, &before, &after);
                must(all[i].seen == (before || after ? 4 | after << 1 | before : 0));
            }
            all[i].seen = 0;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model_dice dice = {.bytes = data, .left = size};
    struct owned all[FILTERS] = {0};
    struct tg_builder *builder = tg_builder_create();
    struct tg_matcher *matcher = tg_matcher_create(model_schema());
    must(builder != NULL && matcher != NULL);
    while (dice.left > 0) {
        struct owned *owned = &all[model_roll(&dice, FILTERS)];
        uint32_t what = model_roll(&dice, 8);
        if (what < 4) {
            enter(matcher, owned, model_filter(builder, &dice));
        } else if (what < 5) {
            forget(matcher, owned);
        } else {
            struct model_event event;
            model_event_roll(&dice, &event);
            ask(matcher, all, &event.rows);
        }
    }
    for (uint32_t i = 0; i < FILTERS; i++) {
        forget(matcher, &all[i]);
    }
    must(tg_matcher_counts(matcher).filters == 0);
    tg_matcher_destroy(matcher);
    tg_builder_destroy(builder);
    return 0;
}
