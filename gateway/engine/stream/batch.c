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
    if (catalogue != NULL) {
        tg_catalogue_ref(catalogue);
    }
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

/* Between the time and the data. */
static const struct tg_slice data_opening = TG_LIT_INIT("\",\"data\":");

struct tg_event_parts tg_event_parts(const struct tg_batch *batch,
                                     const struct tg_event *event)
{
    size_t time_at = event->shown.at - data_opening.size - event->time_size;
    return (struct tg_event_parts){
        .op = (enum tg_op)event->op,
        .data = tg_batch_slice(batch, event->data),
        .old = tg_batch_slice(batch, event->old),
        .changed = tg_batch_slice(batch, event->changed),
        .time = tg_slice(batch->bytes.data + time_at, event->time_size),
    };
}

struct tg_slice tg_delivered_op(enum tg_op op)
{
    switch (op) {
    case TG_OP_CREATE:
        return TG_LIT("add");
    case TG_OP_UPDATE:
        return TG_LIT("change");
    case TG_OP_DELETE:
        return TG_LIT("remove");
    case TG_OP_EVENT:
        break;
    }
    return TG_LIT("event");
}

void tg_event_write_as(const struct tg_batch *batch, const struct tg_event *event,
                       struct tg_slice type, enum tg_op op, struct tg_slice data,
                       struct tg_buf *buf)
{
    /* From behind the operation to before the data it is the same. */
    size_t opening = TG_LIT("\"type\":\"\",\"op\":\"").size + type.size;
    size_t same_at = event->tail.at + opening + tg_delivered_op(event->op).size;
    tg_buf_add(buf, batch->bytes.data + event->tail.at, opening);
    tg_buf_add_slice(buf, tg_delivered_op(op));
    tg_buf_add(buf, batch->bytes.data + same_at, event->shown.at - same_at);
    tg_buf_add_slice(buf, data);
    tg_buf_add_byte(buf, '}');
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

struct tg_batch *tg_batch_of_errand(void *errand)
{
    struct tg_batch *batch = tg_batch_create(NULL, 0);
    if (batch != NULL) {
        batch->errand = errand;
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
        if (tg_slice_compare(other, name) <= 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return roster->entries[low].stream;
}
