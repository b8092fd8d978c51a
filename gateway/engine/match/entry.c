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

static size_t padded(size_t size)
{
    return (size + 7) / 8 * 8;
}

/* The cold part begins at the block's end: the filter. */
static const struct tg_filter **filter_place(const struct tg_entry *entry)
{
    return (const struct tg_filter **)(void *)((uint8_t *)(uintptr_t)entry + entry->size -
                                               sizeof(void *));
}

static struct body *body_of(const struct tg_entry *entry)
{
    struct body *body;
    memcpy(&body, filter_place(entry), sizeof body);
    return body;
}

struct tg_entry_body tg_entry_body(const struct tg_entry *entry)
{
    if (entry->outside) {
        struct body *body = body_of(entry);
        return (struct tg_entry_body){
            body->code, body->code_count,
            (struct tg_place *)(void *)(body->code + body->code_count),
            body->places_count, body->filter};
    }
    uint32_t *code = (uint32_t *)(uintptr_t)entry->code;
    return (struct tg_entry_body){
        code, entry->code_count, (struct tg_place *)(void *)(code + entry->code_count),
        entry->places_count, *filter_place(entry)};
}

static struct body *body_create(const struct tg_draft *draft, uint32_t places)
{
    struct body *body = tg_alloc(sizeof *body + draft->code_count * sizeof(uint32_t) +
                                 places * sizeof(struct tg_place));
    if (body != NULL) {
        body->code_count = draft->code_count;
        body->places_count = 0;
        body->places_max = places;
        if (draft->code_count != 0) {
            memcpy(body->code, draft->code, draft->code_count * sizeof(uint32_t));
        }
    }
    return body;
}

static size_t body_size(const struct body *body)
{
    return sizeof *body + body->code_count * sizeof(uint32_t) +
           body->places_max * sizeof(struct tg_place);
}

uint32_t tg_entry_create(struct tg_matcher *matcher, const struct tg_filter *filter,
                         void *owner, uint32_t places)
{
    const struct tg_draft *draft = &matcher->draft;
    size_t code_size = draft->code_count * sizeof(uint32_t);
    size_t size = padded(sizeof(struct tg_entry) + code_size +
                         places * sizeof(struct tg_place)) +
                  sizeof(void *);
    bool outside = size > TG_ARENA_SIZE_MAX;
    size = outside ? padded(sizeof(struct tg_entry)) + sizeof(void *) : size;
    struct tg_filter *copy = tg_alloc(filter->size);
    struct body *body = outside ? body_create(draft, places) : NULL;
    uint32_t ref = tg_arena_take(&matcher->arena, size);
    if (copy == NULL || ref == 0 || (outside && body == NULL)) {
        if (ref != 0) {
            tg_arena_give(&matcher->arena, ref, size);
        }
        tg_free(body);
        tg_free(copy);
        return 0;
    }
    memcpy(copy, filter, filter->size);
    struct tg_entry *entry = tg_entry_at(matcher, ref);
    *entry = (struct tg_entry){
        .owner = owner,
        .slots = filter->slots,
        .code_count = outside ? 0 : (uint16_t)draft->code_count,
        .size = (uint16_t)size,
        .about_event = filter->about_event,
        .outside = outside,
    };
    if (outside) {
        body->filter = copy;
        memcpy(filter_place(entry), &body, sizeof body);
        matcher->outside += body_size(body);
    } else {
        if (code_size != 0) {
            memcpy(entry->code, draft->code, code_size);
        }
        *filter_place(entry) = copy;
    }
    matcher->outside += copy->size;
    return ref;
}

void tg_entry_destroy(struct tg_matcher *matcher, uint32_t ref)
{
    struct tg_entry *entry = tg_entry_at(matcher, ref);
    struct tg_entry_body body = tg_entry_body(entry);
    matcher->outside -= body.filter->size;
    tg_free((void *)(uintptr_t)body.filter);
    if (entry->outside) {
        matcher->outside -= body_size(body_of(entry));
        tg_free(body_of(entry));
    }
    tg_arena_give(&matcher->arena, ref, entry->size);
}

void tg_entry_push(struct tg_entry *entry, struct tg_place place)
{
    struct tg_entry_body body = tg_entry_body(entry);
    body.places[body.places_count] = place;
    if (entry->outside) {
        body_of(entry)->places_count++;
    } else {
        entry->places_count++;
    }
}

struct tg_place tg_entry_pop(struct tg_entry *entry)
{
    struct tg_entry_body body = tg_entry_body(entry);
    assert(body.places_count > 0);
    if (entry->outside) {
        body_of(entry)->places_count--;
    } else {
        entry->places_count--;
    }
    return body.places[body.places_count - 1];
}
