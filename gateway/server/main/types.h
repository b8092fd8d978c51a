/* `telegraphy types`: what clients are told of the event types of catalogue documents. */
#ifndef TG_MAIN_TYPES_H
#define TG_MAIN_TYPES_H

extern const char tg_types_usage[];

/* `arguments` are those after the command. Returns the status for the shell: 0 if all
 * went well, 1 if a document is wrong or stdout is gone, 2 if the arguments are wrong. */
int tg_types_main(int count, char **arguments);

#endif
