/* How each server under test is spoken with: what a subscriber says once its WebSocket is
 * open, and which answer means that it is subscribed. Everything else is the same for
 * all. */
#ifndef BENCH_LOAD_DIALECT_H
#define BENCH_LOAD_DIALECT_H

#include <stdbool.h>
#include <stddef.h>

enum verdict {
    VERDICT_NOTHING, /* not of interest, or the reply is all there is to do */
    VERDICT_READY,   /* subscribed: from here on each event must arrive */
    VERDICT_EVENT,
    VERDICT_LOSS, /* the server says that it dropped events */
    VERDICT_FAIL, /* the server refused */
};

struct dialect {
    const char *name;
    const char *path;
    const char *subprotocol; /* or NULL */
    const char
        *greeting; /* said once the WebSocket is open; NULL: then it is READY at once */
    /* Judges one text message. `*reply` may be set to a text to send back. */
    enum verdict (*judge)(const char *message, size_t length, const char **reply);
};

/* NULL if there is none of this name. */
const struct dialect *dialect_get(const char *name);

/* The names, for the help text: "telegraphy floor …". */
extern const char dialect_names[];

#endif
