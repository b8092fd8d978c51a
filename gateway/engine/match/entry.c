#include "engine/match/private.h"

#include <assert.h>

#include "engine/base/mem.h"

/* The body of an entry that would not fit into a block: this, then code and places. */
struct body {
    const struct tg_filter *filter;
    uint32_t code_count;
    uint32_t places_count;
    uint32_t places_max;
    uint32_t code[];
};

/* The pointer at the block's end. */
static void *pointer_of(const struct tg_entry *entry)
{
    void *pointer;
    memcpy(&pointer, (const uint8_t *)entry + entry->size - sizeof pointer,
           sizeof pointer);
    return pointer;
}

static void pointer_set(struct tg_entry *entry, void *pointer)
{
    memcpy((uint8_t *)entry + entry->size - sizeof pointer, &pointer, sizeof pointer);
}

static struct tg_slice packed_of(const struct tg_entry *entry)
{
    uint16_t at;
    memcpy(&at, (const uint8_t *)entry + entry->size - sizeof at, sizeof at);
    return tg_slice((const uint8_t *)entry + at, entry->size - sizeof at - at);
}

static struct tg_place *places_after(const uint32_t *code, uint32_t count)
{
    return (struct tg_place *)(uintptr_t)(code + count);
}

struct tg_entry_body tg_entry_body(const struct tg_entry *entry)
{
    if (entry->form == TG_ENTRY_OUTSIDE) {
        struct body *body = pointer_of(entry);
        return (struct tg_entry_body){body->code, body->code_count,
                                      places_after(body->code, body->code_count),
                                      body->places_count, body->filter};
    }
    return (struct tg_entry_body){(uint32_t *)(uintptr_t)entry->code, entry->code_count,
                                  places_after(entry->code, entry->code_count),
                                  entry->places_count,
                                  entry->form == TG_ENTRY_RAW ? pointer_of(entry) : NULL};
}

const struct tg_filter *tg_entry_filter(const struct tg_matcher *matcher,
                                        const struct tg_entry *entry)
{
    return entry->form == TG_ENTRY_PACKED
               ? tg_unpack(&matcher->forms->unpacked, packed_of(entry).data)
               : tg_entry_body(entry).filter;
}

bool tg_entry_is(const struct tg_matcher *matcher, const struct tg_entry *entry,
                 const struct tg_filter *filter)
{
    if (entry->form != TG_ENTRY_PACKED) {
        const struct tg_filter *own = tg_entry_body(entry).filter;
        return own->size == filter->size && memcmp(own, filter, own->size) == 0;
    }
    struct tg_buf *packed = &matcher->forms->packed;
    tg_buf_clear(packed);
    return tg_pack(packed, filter) &&
           tg_slice_equal(tg_buf_slice(packed), packed_of(entry));
}

/* ---- making ---- */

/* Can the filter be kept packed? Then it is in `forms->packed`. */
static bool pack(struct tg_forms *forms, const struct tg_filter *filter)
{
    tg_buf_clear(&forms->packed);
    if (!tg_pack(&forms->packed, filter)) {
        return false;
    }
    const struct tg_filter *back = tg_unpack(&forms->unpacked, forms->packed.data);
    return back != NULL && back->size == filter->size &&
           memcmp(back, filter, filter->size) == 0;
}

static size_t body_size(uint32_t code_count, uint32_t places)
{
    return sizeof(struct body) + code_count * sizeof(uint32_t) +
           places * sizeof(struct tg_place);
}

static struct body *body_create(const struct tg_draft *draft, uint32_t places,
                                const struct tg_filter *filter)
{
    struct body *body = tg_alloc(body_size(draft->code_count, places));
    if (body != NULL) {
        body->filter = filter;
        body->code_count = draft->code_count;
        body->places_count = 0;
        body->places_max = places;
        if (draft->code_count != 0) {
            memcpy(body->code, draft->code, draft->code_count * sizeof(uint32_t));
        }
    }
    return body;
}

/* What the block of an entry will be. */
struct plan {
    uint8_t form;
    size_t front; /* Up to after the places. */
    size_t size;
};

static struct plan plan_make(struct tg_matcher *matcher, const struct tg_filter *filter,
                             uint32_t places)
{
    const struct tg_draft *draft = &matcher->draft;
    size_t front = offsetof(struct tg_entry, code) +
                   draft->code_count * sizeof(uint32_t) +
                   places * sizeof(struct tg_place);
    struct plan plan = {TG_ENTRY_RAW, front, front + sizeof(void *)};
    if (!draft->exotic && pack(matcher->forms, filter)) {
        plan.form = TG_ENTRY_PACKED;
        plan.size = front + matcher->forms->packed.size + sizeof(uint16_t);
    }
    if (plan.size > TG_ARENA_SIZE_MAX) {
        plan.form = TG_ENTRY_OUTSIDE;
        plan.size = sizeof(struct tg_entry) + sizeof(void *);
    }
    plan.size = plan.size < sizeof(struct tg_entry) ? sizeof(struct tg_entry) : plan.size;
    return plan;
}

static void *copy_of(const struct tg_filter *filter)
{
    void *copy = tg_alloc(filter->size);
    if (copy != NULL) {
        memcpy(copy, filter, filter->size);
    }
    return copy;
}

static void entry_fill(struct tg_matcher *matcher, struct tg_entry *entry,
                       const struct plan *plan, void *pointer)
{
    const struct tg_draft *draft = &matcher->draft;
    if (plan->form != TG_ENTRY_OUTSIDE && draft->code_count != 0) {
        memcpy(entry->code, draft->code, draft->code_count * sizeof(uint32_t));
    }
    if (plan->form == TG_ENTRY_PACKED) {
        const struct tg_buf *packed = &matcher->forms->packed;
        uint16_t at = (uint16_t)(plan->size - sizeof at - packed->size);
        memcpy((uint8_t *)entry + at, packed->data, packed->size);
        memcpy((uint8_t *)entry + plan->size - sizeof at, &at, sizeof at);
    } else {
        pointer_set(entry, pointer);
    }
}

uint32_t tg_entry_create(struct tg_matcher *matcher, const struct tg_filter *filter,
                         void *owner, uint32_t places)
{
    const struct tg_draft *draft = &matcher->draft;
    struct plan plan = plan_make(matcher, filter, places);
    struct tg_filter *copy = NULL;
    struct body *body = NULL;
    if (plan.form != TG_ENTRY_PACKED) {
        copy = copy_of(filter);
        if (copy == NULL) {
            return 0;
        }
    }
    if (plan.form == TG_ENTRY_OUTSIDE) {
        body = body_create(draft, places, copy);
        if (body == NULL) {
            goto fail_after_copy;
        }
    }
    uint32_t ref = tg_arena_take(&matcher->arena, plan.size);
    if (ref == 0) {
        goto fail_after_body;
    }
    struct tg_entry *entry = tg_entry_at(matcher, ref);
    bool outside = plan.form == TG_ENTRY_OUTSIDE;
    *entry = (struct tg_entry){
        .owner = owner,
        .slots = filter->slots,
        .code_count = outside ? 0 : (uint16_t)draft->code_count,
        .size = (uint16_t)plan.size,
        .about_event = filter->about_event,
        .form = plan.form,
    };
    entry_fill(matcher, entry, &plan, outside ? (void *)body : copy);
    matcher->outside += copy == NULL ? 0 : copy->size;
    matcher->outside += outside ? body_size(body->code_count, places) : 0;
    return ref;

fail_after_body:
    tg_free(body);
fail_after_copy:
    tg_free(copy);
    return 0;
}

void tg_entry_destroy(struct tg_matcher *matcher, uint32_t ref)
{
    struct tg_entry *entry = tg_entry_at(matcher, ref);
    const struct tg_filter *filter = tg_entry_body(entry).filter;
    if (filter != NULL) {
        matcher->outside -= filter->size;
        tg_free((void *)(uintptr_t)filter);
    }
    if (entry->form == TG_ENTRY_OUTSIDE) {
        struct body *body = pointer_of(entry);
        matcher->outside -= body_size(body->code_count, body->places_max);
        tg_free(body);
    }
    tg_arena_give(&matcher->arena, ref, entry->size);
}

void tg_entry_push(struct tg_entry *entry, struct tg_place place)
{
    struct tg_entry_body body = tg_entry_body(entry);
    body.places[body.places_count] = place;
    if (entry->form == TG_ENTRY_OUTSIDE) {
        ((struct body *)pointer_of(entry))->places_count++;
    } else {
        entry->places_count++;
    }
}

struct tg_place tg_entry_pop(struct tg_entry *entry)
{
    struct tg_entry_body body = tg_entry_body(entry);
    assert(body.places_count > 0);
    if (entry->form == TG_ENTRY_OUTSIDE) {
        ((struct body *)pointer_of(entry))->places_count--;
    } else {
        entry->places_count--;
    }
    return body.places[body.places_count - 1];
}
