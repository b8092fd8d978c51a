#include "server/sequencer/errands.h"

#include <stdlib.h>

#include "engine/base/mem.h"
#include "server/log/log.h"

/* One errand to all shards. */
struct tg_trip {
    struct tg_errands *errands;
    struct tg_trip *next; /* Of those that came home. */
    atomic_uint awaited;  /* The batch, which all shards give back, and the others. */
    struct tg_batch *batch;
    struct tg_shard_errand carried;
    void (*answered)(void *context, const struct tg_errand_sum *sum);
    void *context;
    struct tg_buf texts; /* What the errand's slices hold. */
    struct tg_errand_result results[];
};

struct tg_errands {
    struct tg_shard **shards;
    uint32_t shard_count;
    uint32_t under_way;
    uv_async_t home;
    _Atomic(struct tg_trip *)
        came; /* Those that came home: any thread puts them there. */
};

/* Bringing results together. */

/* Items beyond this number may have unlisted ones before them, in a shard that stopped
 * earlier. */
static uint64_t complete_to(const struct tg_trip *trip)
{
    uint64_t to = UINT64_MAX;
    for (uint32_t i = 0; i < trip->errands->shard_count; i++) {
        const struct tg_errand_result *result = &trip->results[i];
        if (result->more && result->items_count != 0 &&
            result->items[result->items_count - 1].connection < to) {
            to = result->items[result->items_count - 1].connection;
        }
    }
    return to;
}

/* The next item by number, of those from `next` on; NULL: there is none. */
static const struct tg_errand_item *next_item(const struct tg_trip *trip, uint32_t *next,
                                              struct tg_slice *text)
{
    const struct tg_errand_item *least = NULL;
    uint32_t shard = 0;
    for (uint32_t i = 0; i < trip->errands->shard_count; i++) {
        const struct tg_errand_result *result = &trip->results[i];
        if (next[i] < result->items_count &&
            (least == NULL || result->items[next[i]].connection < least->connection)) {
            least = &result->items[next[i]];
            shard = i;
        }
    }
    if (least != NULL) {
        next[shard]++;
        *text = tg_slice(trip->results[shard].text.data + least->at, least->size);
    }
    return least;
}

static void sum_list(const struct tg_trip *trip, struct tg_errand_sum *sum)
{
    uint32_t *next = tg_zalloc(trip->errands->shard_count, sizeof *next);
    if (next == NULL) {
        sum->failed = true;
        return;
    }
    uint64_t to = complete_to(trip);
    struct tg_slice text;
    const struct tg_errand_item *item;
    uint32_t listed = 0;
    while ((item = next_item(trip, next, &text)) != NULL) {
        if (listed == trip->carried.errand.limit || item->connection > to) {
            sum->more = true;
            break;
        }
        if (listed++ != 0) {
            tg_buf_add_byte(&sum->list, ',');
        }
        tg_buf_add_slice(&sum->list, text);
        sum->last = item->connection;
    }
    tg_free(next);
    sum->failed |= sum->list.failed;
}

static void trip_destroy(struct tg_trip *trip)
{
    for (uint32_t i = 0; i < trip->errands->shard_count; i++) {
        tg_errand_result_finish(&trip->results[i]);
    }
    tg_buf_finish(&trip->texts);
    tg_free(trip);
}

static void trip_answer(struct tg_trip *trip)
{
    struct tg_errand_sum sum = {.errand = &trip->carried.errand};
    for (uint32_t i = 0; i < trip->errands->shard_count; i++) {
        const struct tg_errand_result *result = &trip->results[i];
        sum.count += result->count;
        sum.more |= result->more;
        sum.failed |= result->failed;
    }
    if (trip->carried.errand.kind == TG_ERRAND_LIST && !sum.failed) {
        sum_list(trip, &sum);
    }
    trip->errands->under_way--;
    trip->answered(trip->context, &sum);
    tg_buf_finish(&sum.list);
    trip_destroy(trip);
}

/* Those that came home, in the order in which they did. */
static struct tg_trip *take_home(struct tg_errands *errands)
{
    struct tg_trip *last_first = atomic_exchange(&errands->came, NULL);
    struct tg_trip *trips = NULL;
    while (last_first != NULL) {
        struct tg_trip *trip = last_first;
        last_first = trip->next;
        trip->next = trips;
        trips = trip;
    }
    return trips;
}

static void answer_all(struct tg_errands *errands)
{
    for (struct tg_trip *trip = take_home(errands); trip != NULL;) {
        struct tg_trip *next = trip->next;
        trip_answer(trip);
        trip = next;
    }
}

static void on_home(uv_async_t *async)
{
    answer_all(async->data);
}

/* The way. */

void tg_trip_arrived(struct tg_trip *trip)
{
    if (atomic_fetch_sub(&trip->awaited, 1) != 1) {
        return;
    }
    struct tg_errands *errands = trip->errands;
    trip->next = atomic_load(&errands->came);
    while (!atomic_compare_exchange_weak(&errands->came, &trip->next, trip)) {}
    uv_async_send(&errands->home);
}

/* On a shard's thread, the last one to give the batch back. */
static void on_released(void *context, size_t weight)
{
    (void)weight;
    tg_trip_arrived(context);
}

static struct tg_slice keep(struct tg_buf *texts, struct tg_slice text)
{
    struct tg_slice kept = tg_slice(texts->data + texts->size, text.size);
    tg_buf_add_slice(texts, text);
    return kept;
}

/* A copy of what the errand's slices hold, in one piece that does not move. */
static bool keep_texts(struct tg_trip *trip)
{
    struct tg_errand *errand = &trip->carried.errand;
    struct tg_selection *selection = &errand->selection;
    if (tg_buf_room(&trip->texts, selection->app.size + selection->user.size +
                                      selection->session.size + errand->type.size + 1) ==
        NULL) {
        return false;
    }
    selection->app = keep(&trip->texts, selection->app);
    selection->user = keep(&trip->texts, selection->user);
    selection->session = keep(&trip->texts, selection->session);
    errand->type = keep(&trip->texts, errand->type);
    return true;
}

enum tg_err tg_errands_prepare(struct tg_errands *errands, const struct tg_errand *errand,
                               uint32_t others,
                               void (*answered)(void *context,
                                                const struct tg_errand_sum *sum),
                               void *context, struct tg_trip **trip)
{
    if (errands->under_way >= TG_ERRANDS_MAX) {
        return TG_ELIMIT;
    }
    struct tg_trip *made = tg_zalloc(
        1, sizeof *made + errands->shard_count * sizeof(struct tg_errand_result));
    if (made == NULL) {
        return TG_ENOMEM;
    }
    made->errands = errands;
    made->answered = answered;
    made->context = context;
    made->carried = (struct tg_shard_errand){*errand, made->results};
    made->carried.errand.text_max = TG_ERRAND_LIST_BYTES / errands->shard_count;
    made->batch = keep_texts(made) ? tg_batch_of_errand(&made->carried) : NULL;
    if (made->batch == NULL) {
        trip_destroy(made);
        return TG_ENOMEM;
    }
    atomic_init(&made->awaited, 1 + others);
    made->batch->released = on_released;
    made->batch->context = made;
    errands->under_way++;
    *trip = made;
    return TG_OK;
}

void tg_trip_send(struct tg_trip *trip)
{
    struct tg_errands *errands = trip->errands;
    struct tg_batch *batch = trip->batch;
    for (uint32_t i = 0; i < errands->shard_count; i++) {
        tg_batch_ref(batch);
        if (tg_shard_hand(errands->shards[i], batch) != TG_OK) {
            /* The desk leaves half of the ring to errands: this is our own bug. */
            tg_error("desk.ring_full", TG_F("shard", i));
            abort();
        }
        tg_shard_wake(errands->shards[i]);
    }
    tg_batch_unref(batch);
}

/* Life. */

struct tg_errands *tg_errands_create(struct tg_net *net, struct tg_shard **shards,
                                     uint32_t shard_count)
{
    struct tg_errands *errands = tg_zalloc(1, sizeof *errands);
    if (errands == NULL) {
        return NULL;
    }
    errands->shards = shards;
    errands->shard_count = shard_count;
    atomic_init(&errands->came, NULL);
    if (uv_async_init(&net->loop, &errands->home, on_home) != 0) {
        tg_free(errands);
        return NULL;
    }
    errands->home.data = errands;
    return errands;
}

void tg_errands_close(struct tg_errands *errands)
{
    if (errands != NULL) {
        answer_all(errands);
        uv_close((uv_handle_t *)&errands->home, NULL);
    }
}

void tg_errands_destroy(struct tg_errands *errands)
{
    if (errands != NULL) {
        answer_all(errands);
        tg_free(errands);
    }
}
