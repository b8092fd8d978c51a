/* `telegraphy query`: queries without a gateway. */
#ifndef TG_MAIN_QUERY_H
#define TG_MAIN_QUERY_H

extern const char tg_query_usage[];

/* What the shell gets: 0 done, 1 refused or failed, 2 misused. */
int tg_query_main(int count, char **arguments);

#endif
