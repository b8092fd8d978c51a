/* `telegraphy keys`. */
#ifndef TG_MAIN_KEYS_H
#define TG_MAIN_KEYS_H

extern const char tg_keys_usage[];

int tg_keys_main(int count, char **arguments);

#endif
