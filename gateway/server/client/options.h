/* The arguments of `publish`, `tail`, `clients`, `disconnect` and `query`. */
#ifndef TG_CLIENT_OPTIONS_H
#define TG_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/client/url.h"

enum { TG_EPOCH_MAX = 32 };

struct tg_publish_options {
    const char *type;
    const char *data; /* JSON, or "-": one object a line from stdin. */
    const char *op;   /* NULL: left to the gateway. */
    const char *id;   /* NULL: made by the gateway. */
    const char *key_file;
    const char *ca; /* A file; NULL: whom the system trusts. */
    struct tg_url url;
};

struct tg_tail_options {
    const char *type;
    const char *where;  /* NULL: all of it. */
    const char *claims; /* A file; NULL: none are made. */
    const char *ticket; /* Likewise. */
    bool json;
    bool has_since;
    char since_epoch[TG_EPOCH_MAX + 1];
    int64_t since_offset;
    uint64_t count; /* 0: without end. */
    const char *ca; /* A file; NULL: whom the system trusts. */
    struct tg_url url;
};

/* Of `clients` and `disconnect`: NULL where nothing is said. */
struct tg_manage_options {
    const char *user;
    const char *client;
    const char *type; /* Of clients. */
    bool json;        /* Likewise. */
    bool changed;     /* Of disconnect. */
    const char *key_file;
    const char *ca; /* A file; NULL: whom the system trusts. */
    struct tg_url url;
};

/* Files: NULL where none is given. */
struct tg_query_options {
    const char *what; /* check, explain or eval. */
    const char *text;
    const char *type; /* NULL: the only one of the schema. */
    const char *schema;
    const char *event; /* Of eval, which wants it with a schema. */
    const char *claims;
    const char *rule; /* In the stead of the schema's. */
};

enum { TG_OPTIONS_WHY_MAX = 400 };

/* False: `why` says what is wrong with the arguments, as a phrase. */
bool tg_publish_options_read(struct tg_publish_options *options, int count,
                             char **arguments, char why[TG_OPTIONS_WHY_MAX]);
bool tg_tail_options_read(struct tg_tail_options *options, int count, char **arguments,
                          char why[TG_OPTIONS_WHY_MAX]);
bool tg_clients_options_read(struct tg_manage_options *options, int count,
                             char **arguments, char why[TG_OPTIONS_WHY_MAX]);
bool tg_disconnect_options_read(struct tg_manage_options *options, int count,
                                char **arguments, char why[TG_OPTIONS_WHY_MAX]);
bool tg_query_options_read(struct tg_query_options *options, int count, char **arguments,
                           char why[TG_OPTIONS_WHY_MAX]);

#endif
