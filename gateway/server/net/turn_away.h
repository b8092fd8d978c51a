/* Who may not come in now is told so, at little cost: a connection that is answered when
 * it is accepted, before anything of it was read and with nothing made for it but what
 * lets the answer arrive. */
#ifndef TG_NET_TURN_AWAY_H
#define TG_NET_TURN_AWAY_H

#include "engine/base/buf.h"
#include "server/net/addresses.h"
#include "server/net/net.h"

/* Of one thread, which needs a descriptor for each. */
enum { TG_TURN_AWAY_LINGERING_MAX = 128 };

/* Those of one thread. All zero is none. */
struct tg_turn_away {
    struct tg_buf text;
    uint32_t lingering; /* Their answer may be under way: at most so many wait for it. */
};

void tg_turn_away_finish(struct tg_turn_away *away);

/* A line of the log: not more than some a second. */
void tg_turn_away_log(unsigned status, const struct tg_address *address,
                      const struct tg_wait *wait);
/* The answer, into `text`, which is cleared before: `status` is 429 or 503. */
void tg_turn_away_write(struct tg_buf *text, unsigned status, const struct tg_wait *wait);
/* Answer on `fd`, and close it: when the other side has, or after a while; or at once
 * where too many others wait for that, and it may see no more than a reset. */
void tg_turn_away(struct tg_turn_away *away, struct tg_net *net, int fd, unsigned status,
                  const struct tg_wait *wait);

#endif
