/* Lines as queries, in one matcher together; events of the type of testing/queries.h are
 * rolled from what is left of the input's hash. The index, the scan and each filter by
 * itself must say the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/map.h"
#include "engine/match/match.h"
#include "testing/random_queries.h"

enum { FILTERS = 64, EVENTS = 3 };

struct owned {
    struct tg_filter *filter;
    uint8_t seen;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth) {
        abort();
    }
}

static struct tg_json claims_once(void)
{
    static struct tg_json_doc doc;
    if (doc.tokens == NULL) {
        must(tg_json_parse(&doc, tg_slice_of(random_claims), NULL, NULL) == TG_OK);
    }
    return tg_json_root(&doc);
}

static void enter(struct tg_matcher *matcher, struct tg_compiler *compiler,
                  struct tg_slice line, struct owned *owned)
{
    struct tg_refusal refusal;
    struct tg_filter_request request = {
        .schema = &orders_schema,
        .where = line,
        .claims = claims_once(),
        .limits = &tg_query_limits_default,
    };
    uint32_t entry;
    if (tg_filter_compile(compiler, &request, &owned->filter, &refusal) != TG_OK) {
        owned->filter = NULL;
    } else if (tg_matcher_find(matcher, owned->filter) != NULL) {
        tg_free(owned->filter);
        owned->filter = NULL;
    } else {
        must(tg_matcher_add(matcher, owned->filter, owned, &entry) == TG_OK);
    }
}

static int plainly(const struct tg_filter *filter, const struct tg_rows *rows,
                   struct tg_space *space)
{
    bool after = rows->has_after &&
                 tg_filter_is_true(filter, &orders_schema, &rows->after, space);
    bool before = rows->has_before &&
                  tg_filter_is_true(filter, &orders_schema, &rows->before, space);
    if (filter->about_event) {
        after = rows->has_after ? after : before;
        before = false;
    }
    return before || after ? 4 | after << 1 | before : 0;
}

static void ask(struct tg_matcher *matcher, struct owned *all, const struct tg_rows *rows,
                struct tg_space *space)
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
            must(all[i].filter == NULL ||
                 all[i].seen == plainly(all[i].filter, rows, space));
            all[i].seen = 0;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct owned all[FILTERS] = {0};
    struct tg_compiler *compiler = tg_compiler_create();
    struct tg_matcher *matcher = tg_matcher_create(&orders_schema);
    struct event event = {0};
    struct tg_space space = {0};
    must(compiler != NULL && matcher != NULL);
    random_state = tg_hash(tg_slice(data, size));
    uint32_t count = 0;
    for (size_t at = 0; at < size && count < FILTERS;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - data) - at;
        enter(matcher, compiler, tg_slice(data + at, length), &all[count++]);
        at += length + 1;
    }
    for (uint32_t i = 0; i < EVENTS; i++) {
        make_event(&event);
        ask(matcher, all, &event.rows, &space);
    }
    for (uint32_t i = 0; i < count; i++) {
        tg_free(all[i].filter);
    }
    finish_event(&event);
    tg_space_finish(&space);
    tg_matcher_destroy(matcher);
    tg_compiler_destroy(compiler);
    (void)random_expression;
    return 0;
}
