/* Judge one event of a publisher against the catalogue (INGEST.md 4). This runs for every
 * event, and takes no memory, unless a text has escapes that must be read first. */
#ifndef TG_CATALOGUE_EVENT_H
#define TG_CATALOGUE_EVENT_H

#include "engine/catalogue/catalogue.h"
#include "engine/json/json.h"

enum {
    TG_EVENT_ID_MAX = 64,
    TG_EVENT_TIME_MAX = 64, /* Of a timestamp's text. */
};

/* The event's parts; what it did not have is empty. Borrowed from the document's text (or
 * from `unescaped`, so do not copy this struct about), the type from the catalogue. */
struct tg_event_fields {
    struct tg_type *type;
    enum tg_op op;
    struct tg_slice id;   /* Without quotes; needs none of its bytes escaped. */
    struct tg_slice time; /* Likewise. */
    struct tg_slice data; /* Raw JSON, as it came; so the next two. */
    struct tg_slice old;
    struct tg_slice changed;
    /* Room for id and time, if they had escapes. */
    char unescaped[TG_EVENT_ID_MAX + TG_EVENT_TIME_MAX];
};

/* Read the event that was parsed into `doc`, of the application `app`. `likely` is a type
 * of the catalogue that the event may well have, since the one before had it, or NULL.
 *
 * TG_EINVAL  Refused: `refusal` says why (`invalid_event`, `unknown_type`,
 *            `unknown_member`); `fields` is undefined.
 * TG_ENOMEM  Likewise, with `overloaded`. */
TG_MUST_USE enum tg_err tg_event_read(const struct tg_catalogue *catalogue,
                                      struct tg_slice app, struct tg_type *likely,
                                      struct tg_json_doc *doc,
                                      struct tg_event_fields *fields,
                                      struct tg_refusal *refusal);

/* What subscribers get of an event: data, old, changed. */
struct tg_event_shown {
    struct tg_slice data;
    struct tg_slice old; /* Empty: there is none. */
    struct tg_slice changed;
    bool silent; /* An update of hidden fields alone: nothing that shows has changed. */
};

/* Leave out the hidden fields of an event that was read from `doc`. `shown` borrows from
 * the document's text, or, if the type has hidden fields, from `room`, which is cleared.
 *
 * TG_ENOMEM  `shown` is undefined. */
TG_MUST_USE enum tg_err tg_event_show(const struct tg_event_fields *fields,
                                      struct tg_json_doc *doc, struct tg_buf *room,
                                      struct tg_event_shown *shown);

#endif
