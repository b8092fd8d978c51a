#include "engine/base/timers.h"

#include <assert.h>

void tg_timer_init(struct tg_timer *timer)
{
    tg_list_init(&timer->link);
    timer->due_ms = 0;
}

void tg_timers_init(struct tg_timers *timers, uint64_t now_ms, uint64_t tick_ms)
{
    assert(tick_ms > 0);
    for (int i = 0; i < TG_TIMERS_SLOTS; i++) {
        tg_list_init(&timers->slots[i]);
    }
    timers->tick_ms = tick_ms;
    timers->now_tick = now_ms / tick_ms;
}

void tg_timer_set(struct tg_timers *timers, struct tg_timer *timer, uint64_t due_ms)
{
    tg_list_remove(&timer->link);
    timer->due_ms = due_ms;
    /* Rounded up, so that it is never early; the present slot has been swept already. */
    uint64_t tick = (due_ms + timers->tick_ms - 1) / timers->tick_ms;
    if (tick <= timers->now_tick) {
        tick = timers->now_tick + 1;
    }
    tg_list_append(&timers->slots[tick % TG_TIMERS_SLOTS], &timer->link);
}

void tg_timer_cancel(struct tg_timer *timer)
{
    tg_list_remove(&timer->link);
}

void tg_timers_advance(struct tg_timers *timers, uint64_t now_ms, struct tg_link *fired)
{
    uint64_t now_tick = now_ms / timers->tick_ms;
    if (now_tick <= timers->now_tick) {
        return;
    }
    uint64_t sweep = now_tick - timers->now_tick;
    if (sweep > TG_TIMERS_SLOTS) {
        sweep = TG_TIMERS_SLOTS;
    }
    for (uint64_t tick = now_tick - sweep + 1; tick <= now_tick; tick++) {
        struct tg_link *slot = &timers->slots[tick % TG_TIMERS_SLOTS];
        for (struct tg_link *link = slot->next; link != slot;) {
            struct tg_timer *timer = TG_ENTRY(link, struct tg_timer, link);
            link = link->next;
            if (timer->due_ms <= now_ms) {
                tg_list_remove(&timer->link);
                tg_list_append(fired, &timer->link);
            }
        }
    }
    timers->now_tick = now_tick;
}
