/* What the load tool is told to do, one line at a time on stdin or as arguments, each
 * answered by one line of JSON on stdout:
 *
 *   open N           open N subscribers; done when each is subscribed or has failed
 *   publish N        N events, the next when the last has reached everyone (or 20 s went
 *                    by; given up after the third such), so that the server can never
 *                    put two into one write
 *   rate HZ SECONDS  events at a fixed rate, whether or not the last has arrived
 *   hold SECONDS     stay connected, publish nothing
 *   memory           the server's memory and CPU time so far
 *   quit
 */
#ifndef BENCH_LOAD_COMMANDS_H
#define BENCH_LOAD_COMMANDS_H

#include <stdbool.h>
#include <uv.h>

#include "common/counters.h"
#include "load/publisher.h"
#include "load/swarm.h"

struct commands_options {
    struct swarm_options swarm;         /* the callbacks are filled in */
    struct publisher_options publisher; /* target NULL: this run publishes nothing */
    struct server_pids pids; /* may be empty: then there are no figures of the server */
};

struct commands;

/* NULL if the publisher can't be opened. */
struct commands *commands_create(uv_loop_t *loop, const struct commands_options *options);

/* Begin to do `line`. False if it isn't a command (said on stderr). `on_done` is called
 * when its answer is printed, which may be before this returns. */
bool commands_do(struct commands *c, const char *line, void (*on_done)(void *context),
                 void *context);

#endif
