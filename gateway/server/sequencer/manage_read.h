/* What applications ask of the management, as errands (INGEST.md 7). */
#ifndef TG_SEQUENCER_MANAGE_READ_H
#define TG_SEQUENCER_MANAGE_READ_H

#include "engine/hub/errand.h"
#include "engine/json/refusal.h"

/* Reads documents one after the other with the same memory. All zero is a fresh one. */
struct tg_manage_reader {
    struct tg_json_doc doc;
    struct tg_buf texts[4]; /* Texts that had escapes. */
    struct tg_buf scratch;
};

void tg_manage_reader_finish(struct tg_manage_reader *reader);

/* The errand of `kind` that `document` asks for, on behalf of `app`. Its slices are
 * borrowed: from `app`, and until the reader reads the next, from the document.
 *
 * TG_EINVAL  `invalid_json`, `invalid_message`, `unknown_member`.
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_manage_read(struct tg_manage_reader *reader,
                                       enum tg_errand_kind kind, struct tg_slice app,
                                       struct tg_slice document, struct tg_errand *errand,
                                       struct tg_refusal *refusal);

#endif
