/* What the process gives up before it serves, so that whoever takes it over gains little.
 */
#ifndef TG_PROCESS_PROCESS_H
#define TG_PROCESS_PROCESS_H

#include <stdbool.h>

/* Files for our user alone (umask 077), no core dumps, no new privileges: before
 * anything is opened, for every command. */
void tg_process_close_up(void);
/* Is this a build with a sanitizer or for a debugger, which look into the process from
 * outside? Such a build may be dumped, and is better not confined. */
bool tg_process_is_looked_into(void);
/* After the start: from now on no thread can make a process, execute a program, trace or
 * look into another process, mount, load modules, change its user; each such call fails
 * with EPERM. False, logged, where the kernel does not offer it. */
bool tg_process_confine(void);
/* A line of the log if this is root, for whom files and ports of all others are open. */
void tg_process_warn_of_root(void);

#endif
