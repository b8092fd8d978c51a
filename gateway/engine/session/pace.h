/* How fast messages may come: a bucket of tokens, of which each message takes one. It
 * reads no clock: the caller brings the time. */
#ifndef TG_SESSION_PACE_H
#define TG_SESSION_PACE_H

#include <stdint.h>

struct tg_pace_limits {
    uint32_t per_second; /* So many tokens come back; 0: no limit. */
    uint32_t burst;      /* So many there are at most; 0: one. */
};

/* All zero is a full bucket. */
struct tg_pace {
    uint64_t due_us; /* When the bucket is full again. */
};

/* Take a token: 0. If there is none, in how many milliseconds there is one. `now_us`
 * never goes back. */
uint32_t tg_pace_take(struct tg_pace *pace, const struct tg_pace_limits *limits,
                      uint64_t now_us);

#endif
