/* What the process gives up before it serves: threat 20 of the security design. */
#ifndef TG_PROCESS_PROCESS_H
#define TG_PROCESS_PROCESS_H

#include <stdbool.h>

/* umask 077, no core dumps, no new privileges: before anything is opened. */
void tg_process_close_up(void);
/* After the start: no program can be executed, no other process traced or looked into.
 * False, logged, where the kernel does not offer it. Not in builds with a sanitizer,
 * whose leak check needs what this forbids. */
bool tg_process_confine(void);

#endif
