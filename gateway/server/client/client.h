/* The gateway's clients for the terminal: `telegraphy publish`, `tail`, `clients` and
 * `disconnect`. */
#ifndef TG_CLIENT_CLIENT_H
#define TG_CLIENT_CLIENT_H

extern const char tg_publish_usage[];
extern const char tg_tail_usage[];
extern const char tg_clients_usage[];
extern const char tg_disconnect_usage[];

/* `arguments` are those after the command. Returns the status for the shell: 0 if all
 * went well, 1 if the gateway refused or something failed, 2 if the arguments are
 * wrong. */
int tg_publish_main(int count, char **arguments);
int tg_tail_main(int count, char **arguments);
int tg_clients_main(int count, char **arguments);
int tg_disconnect_main(int count, char **arguments);

#endif
