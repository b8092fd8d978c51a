/* A timer wheel: deadlines that are mostly pushed back or cancelled, in O(1).
 *
 * 512 slots of one tick each; a deadline further away than one round waits in its slot
 * until its round comes. Precision is one tick: a timer never fires early, and at most
 * one tick after its deadline, if `advance` is called each tick. The wheel reads no
 * clock: the caller says what time it is, in milliseconds that never go back. */
#ifndef TG_BASE_TIMERS_H
#define TG_BASE_TIMERS_H

#include <stdint.h>

#include "engine/base/list.h"

enum { TG_TIMERS_SLOTS = 512 };

/* Embed one in what has a deadline; init before use. */
struct tg_timer {
    struct tg_link link;
    uint64_t due_ms;
};

struct tg_timers {
    struct tg_link slots[TG_TIMERS_SLOTS];
    uint64_t tick_ms;
    uint64_t now_tick;
};

void tg_timer_init(struct tg_timer *timer);
void tg_timers_init(struct tg_timers *timers, uint64_t now_ms, uint64_t tick_ms);
/* Fire at `due_ms` (at the next advance, if that is past); replaces an earlier deadline.
 */
void tg_timer_set(struct tg_timers *timers, struct tg_timer *timer, uint64_t due_ms);
/* Harmless if it is not set. */
void tg_timer_cancel(struct tg_timer *timer);
/* Move to `now_ms` and put every timer that is due on `fired` (a list head), in no
 * particular order within one tick. They are no longer set. */
void tg_timers_advance(struct tg_timers *timers, uint64_t now_ms, struct tg_link *fired);

#endif
