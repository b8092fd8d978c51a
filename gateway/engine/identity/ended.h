/* Whose tickets are no good any more: what was ended when (INGEST.md 7), kept as long as
 * a ticket that was made before can live.
 *
 * Tickets of the gateway's own are made in turns of a counter, so that no two of them
 * and no end are at once; signed ones say their time. Times are the caller's, of a clock
 * that never goes back. */
#ifndef TG_IDENTITY_ENDED_H
#define TG_IDENTITY_ENDED_H

#include "engine/base/list.h"
#include "engine/identity/identity.h"
#include "engine/identity/index.h"

struct tg_ended {
    struct tg_index index;
    struct tg_link oldest; /* In the order in which they were ended. */
    uint64_t turn;
    uint32_t ends_max;
    /* Beyond `ends_max`, or without memory, everything has ended once. */
    uint64_t all_turn;
    int64_t all_time_us;
};

enum { TG_ENDED_MAX = 100000 };

/* TG_ENOMEM  As it says; it may be finished. */
TG_MUST_USE enum tg_err tg_ended_init(struct tg_ended *ended, uint32_t ends_max);
/* All zero is fine. */
void tg_ended_finish(struct tg_ended *ended);

/* The next turn: for a ticket that is made now. */
uint64_t tg_ended_turn(struct tg_ended *ended);
/* The user and the session of the selection end now. At `forget_us` no ticket from before
 * can live any more. */
void tg_ended_add(struct tg_ended *ended, const struct tg_selection *selection,
                  int64_t now_us, int64_t forget_us);
/* Was it ended after `turn`, or (signed tickets, whose turn is UINT64_MAX) at or after
 * `time_us`? The work is the same whatever the answer. */
bool tg_ended_has(const struct tg_ended *ended, const struct tg_identity_facts *facts,
                  uint64_t turn, int64_t time_us);

#endif
