#include "engine/stream/batch.h"

#include "engine/base/mem.h"

struct tg_batch *tg_batch_create(struct tg_catalogue *catalogue, uint32_t capacity)
{
    struct tg_batch *batch =
        tg_alloc(sizeof *batch + (size_t)capacity * sizeof(struct tg_event));
    if (batch == NULL) {
        return NULL;
    }
    *batch = (struct tg_batch){.capacity = capacity};
    atomic_init(&batch->refs, 1);
    tg_catalogue_ref(catalogue);
    batch->catalogue = catalogue;
    return batch;
}

void tg_batch_ref(struct tg_batch *batch)
{
    atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
}

void tg_batch_unref(struct tg_batch *batch)
{
    if (batch == NULL ||
        atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (batch->released != NULL) {
        batch->released(batch->context, batch->weight);
    }
    tg_buf_finish(&batch->bytes);
    tg_roster_unref(batch->roster);
    tg_catalogue_unref(batch->catalogue);
    tg_free(batch);
}

struct tg_batch *tg_batch_of_roster(struct tg_roster *roster)
{
    struct tg_batch *batch = tg_batch_create(roster->catalogue, 0);
    if (batch != NULL) {
        batch->roster = roster;
        batch->weight = sizeof *batch;
    }
    return batch;
}

struct tg_roster *tg_roster_create(struct tg_catalogue *catalogue, uint32_t count)
{
    struct tg_roster *roster =
        tg_zalloc(1, sizeof *roster + (size_t)count * sizeof(struct tg_stream_entry));
    if (roster == NULL) {
        return NULL;
    }
    atomic_init(&roster->refs, 1);
    tg_catalogue_ref(catalogue);
    roster->catalogue = catalogue;
    return roster;
}

void tg_roster_ref(struct tg_roster *roster)
{
    atomic_fetch_add_explicit(&roster->refs, 1, memory_order_relaxed);
}

void tg_roster_unref(struct tg_roster *roster)
{
    if (roster != NULL &&
        atomic_fetch_sub_explicit(&roster->refs, 1, memory_order_acq_rel) == 1) {
        tg_catalogue_unref(roster->catalogue);
        tg_free(roster);
    }
}

uint32_t tg_roster_stream(const struct tg_roster *roster, const struct tg_type *type)
{
    struct tg_slice name = tg_type_name(type);
    uint32_t low = 0;
    uint32_t high = roster->count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        struct tg_slice other = tg_type_name(roster->entries[middle].type);
        size_t shorter = name.size < other.size ? name.size : other.size;
        int order = memcmp(other.data, name.data, shorter);
        if (order < 0 || (order == 0 && other.size <= name.size)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return roster->entries[low].stream;
}
