/* Errands of the management to all shards (engine/hub/errand.h), and their results
 * brought together.
 *
 * An errand takes the way of the batches, so that it has its place in their order. One
 * thread sends, that of `net`'s loop; there, later, and never within a call from here,
 * each errand that was sent is answered, once. */
#ifndef TG_SEQUENCER_ERRANDS_H
#define TG_SEQUENCER_ERRANDS_H

#include "engine/hub/errand.h"
#include "server/net/shard.h"

struct tg_errands;
struct tg_trip;

enum {
    TG_ERRANDS_MAX = 64,                /* Under way at a time. */
    TG_ERRAND_LIST_BYTES = 1024 * 1024, /* And the last item of each shard. */
};

/* What all shards say together. */
struct tg_errand_sum {
    uint32_t count;     /* As in struct tg_errand_result. */
    struct tg_buf list; /* The items of all, by ascending number, with commas between. */
    uint64_t last;      /* The number of its last; 0: it is empty. */
    bool more;
    bool failed;
    const struct tg_errand *errand; /* That it is of. */
};

/* `shards` are borrowed. NULL without memory. */
struct tg_errands *tg_errands_create(struct tg_net *net, struct tg_shard **shards,
                                     uint32_t shard_count);
/* All shards have ended: answer what they brought, and leave the loop. NULL is fine. */
void tg_errands_close(struct tg_errands *errands);
/* After the loop. NULL is fine. */
void tg_errands_destroy(struct tg_errands *errands);

/* Get a trip ready for the errand, which is copied with what its slices hold; its
 * `text_max` is seen to here. It is answered when all shards have carried it out and
 * `tg_trip_arrived` was called `others` times: then `answered` is called.
 *
 * TG_ELIMIT  As many as there may be are under way.
 * TG_ENOMEM  As it says. */
TG_MUST_USE enum tg_err tg_errands_prepare(
    struct tg_errands *errands, const struct tg_errand *errand, uint32_t others,
    void (*answered)(void *context, const struct tg_errand_sum *sum), void *context,
    struct tg_trip **trip);
/* Hand it to the shards: nothing is left that could go wrong. */
void tg_trip_send(struct tg_trip *trip);
/* One of the others is done. From any thread. */
void tg_trip_arrived(struct tg_trip *trip);

#endif
