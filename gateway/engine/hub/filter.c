#include "engine/base/mem.h"
#include "engine/hub/private.h"

/* What the matcher keeps of a filter beside its copy of it, of each literal (or item of a
 * list), and of each key that several sets make together, in access structures: as
 * measured, and rounded up. */
enum { ENTRY_OVERHEAD = 64, LITERAL_OVERHEAD = 224, KEY_OVERHEAD = 96 };

static enum tg_err read_claims(struct tg_hub *hub, const struct tg_peer *peer,
                               struct tg_json *claims)
{
    struct tg_json_error error;
    *claims = (struct tg_json){0};
    if (peer->identity == NULL) {
        return TG_OK;
    }
    if (tg_json_parse(&hub->claims, peer->identity->facts.claims, NULL, &error) !=
        TG_OK) {
        return TG_ENOMEM; /* They were read once, when they were taken. */
    }
    *claims = tg_json_root(&hub->claims);
    return TG_OK;
}

enum tg_err hub_compile(struct tg_hub *hub, const struct tg_peer *peer,
                        const struct tg_type *type, struct tg_slice where,
                        struct tg_filter **filter, struct tg_refusal *refusal)
{
    struct tg_filter_request request = {
        .schema = &type->schema,
        .access = type->rule,
        .where = where,
        .limits = &hub->config.queries,
    };
    *filter = NULL;
    if (where.size == 0 && type->rule.size == 0) {
        return TG_OK;
    }
    if (read_claims(hub, peer, &request.claims) != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return TG_ENOMEM;
    }
    enum tg_err err = tg_filter_compile(hub->compiler, &request, filter, refusal);
    if (err == TG_OK && (*filter)->terms[0].kind == TG_TERM_TRUE) {
        tg_free(*filter);
        *filter = NULL;
    }
    if (err != TG_OK && err != TG_ENOMEM) {
        memcpy(refusal->member, "where", sizeof "where");
    }
    return err;
}

static uint32_t literals_of(const struct tg_term *term)
{
    switch (term->kind) {
    case TG_TERM_AND:
    case TG_TERM_OR:
        return 0;
    case TG_TERM_NUMBER_ONE:
    case TG_TERM_TEXT_ONE:
        return term->count;
    default:
        return 1;
    }
}

/* By how many keys the group may be reached beside those of its sets alone. */
static uint32_t joint_keys_of(const struct tg_filter *filter, uint32_t group)
{
    const struct tg_term *terms = filter->terms;
    uint32_t sets = 0;
    uint32_t keys = 1;
    for (uint32_t i = group + 1;
         terms[group].kind == TG_TERM_AND && i < group + terms[group].skip;
         i += terms[i].skip) {
        if (terms[i].kind == TG_TERM_NUMBER_ONE || terms[i].kind == TG_TERM_TEXT_ONE) {
            sets++;
            keys = keys > TG_MATCH_KEYS_MAX ? keys : keys * terms[i].count;
        }
    }
    keys = keys > TG_MATCH_KEYS_MAX ? TG_MATCH_KEYS_MAX : keys;
    return sets > 1 ? keys : 0;
}

uint32_t filter_weight(const struct tg_filter *filter)
{
    uint32_t literals = 0;
    uint32_t keys = 0;
    for (uint32_t i = 0; i < filter->terms_count; i++) {
        literals += literals_of(&filter->terms[i]);
        keys += joint_keys_of(filter, i);
    }
    return (uint32_t)sizeof(struct tg_hub_cohort) + filter->size + ENTRY_OVERHEAD +
           literals * LITERAL_OVERHEAD + keys * KEY_OVERHEAD;
}

bool cohort_has_filter(const struct tg_hub_cohort *cohort, const struct tg_filter *filter)
{
    if (!cohort->filtered || filter == NULL) {
        return !cohort->filtered && filter == NULL;
    }
    const struct tg_filter *own =
        tg_matcher_filter(cohort->stream->live->matcher, cohort->entry);
    return own->size == filter->size && memcmp(own, filter, own->size) == 0;
}

/* The filtered cohorts of a stream. */

static void live_count(struct tg_hub *hub, struct tg_hub_live *live, uint32_t opaque)
{
    hub->counts.opaque += opaque - live->opaque;
    live->opaque = opaque;
}

static struct tg_hub_live *live_create(const struct tg_type *type)
{
    struct tg_hub_live *live = tg_zalloc(1, sizeof *live);
    if (live == NULL) {
        return NULL;
    }
    live->matcher = tg_matcher_create(&type->schema);
    if (live->matcher == NULL) {
        tg_free(live);
        return NULL;
    }
    tg_list_init(&live->cohorts);
    return live;
}

static void live_prune(struct tg_hub *hub, struct tg_hub_stream *stream)
{
    struct tg_hub_live *live = stream->live;
    if (tg_list_empty(&live->cohorts)) {
        live_count(hub, live, 0);
        tg_matcher_destroy(live->matcher);
        tg_free(live);
        stream->live = NULL;
    }
}

enum tg_err live_enter(struct tg_hub *hub, struct tg_hub_stream *stream,
                       const struct tg_filter *filter, struct tg_hub_cohort *cohort)
{
    if (stream->live == NULL) {
        stream->live = live_create(stream->type);
    }
    struct tg_hub_live *live = stream->live;
    if (live == NULL) {
        return TG_ENOMEM;
    }
    if (tg_matcher_add(live->matcher, filter, cohort, &cohort->entry) != TG_OK) {
        live_prune(hub, stream);
        return TG_ENOMEM;
    }
    cohort->filtered = true;
    cohort->about_event = filter->about_event;
    cohort->cost = filter->cost;
    cohort->bytes = filter_weight(filter);
    tg_list_append(&live->cohorts, &cohort->link);
    hub->counts.filters++;
    live_count(hub, live, tg_matcher_counts(live->matcher).opaque);
    return TG_OK;
}

void live_leave(struct tg_hub *hub, struct tg_hub_cohort *cohort)
{
    struct tg_hub_live *live = cohort->stream->live;
    tg_matcher_remove(live->matcher, cohort->entry);
    tg_list_remove(&cohort->link);
    hub->counts.filters--;
    live_count(hub, live, tg_matcher_counts(live->matcher).opaque);
    live_prune(hub, cohort->stream);
}
