/* From a catalogue document to types: private to this folder. */
#ifndef TG_CATALOGUE_DOCUMENT_H
#define TG_CATALOGUE_DOCUMENT_H

#include "engine/catalogue/catalogue.h"
#include "engine/json/json.h"

struct tg_document {
    struct tg_type **types; /* In the order of the document, one reference each. */
    uint32_t count;
};

/* Read `text` (INGEST.md 5) of the application `app`; the types get `version`. Errors as
 * of `tg_catalogue_replace`, and `document` is then empty. */
TG_MUST_USE enum tg_err tg_document_read(struct tg_document *document,
                                         struct tg_slice app, struct tg_slice text,
                                         const struct tg_catalogue_limits *limits,
                                         uint64_t version, struct tg_refusal *refusal);
void tg_document_finish(struct tg_document *document);

/* Write `type->metadata` from its other members; `choices` has a list (or nothing) for
 * each field. False without memory. */
bool tg_type_describe(struct tg_type *type, const struct tg_json *choices,
                      struct tg_buf *scratch);

#endif
