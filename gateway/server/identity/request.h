/* What a ticket says of its client: read from a ticket request (INGEST.md 6), or from the
 * claims of a signed ticket (PROTOCOL.md 6.4), which may have the same members. */
#ifndef TG_IDENTITY_REQUEST_H
#define TG_IDENTITY_REQUEST_H

#include "engine/identity/identity.h"
#include "engine/json/json.h"
#include "engine/json/refusal.h"

enum { TG_ORIGIN_BYTES_MAX = 256 };

struct tg_request {
    struct tg_slice user;
    struct tg_slice session; /* Empty: none. */
    struct tg_slice origin;  /* Empty: from any. */
    struct tg_slice claims;  /* Empty: none. Borrowed from the text. */
    struct tg_slice *types;
    uint32_t types_count;
    int64_t session_life_ms; /* 0: as configured. */
    int64_t life_ms;         /* The same. */
    void *room;              /* Where the strings are, and the list. */
};

/* Read a ticket request. Finish `request` whatever comes back; `text` must stay so long.
 *
 * TG_EINVAL  `invalid_json`, `invalid_message`, `unknown_member`.
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_request_read(struct tg_slice text, struct tg_request *request,
                                        struct tg_refusal *refusal);
/* The same from the claims of a signed ticket: `sub` is the user, and others than ours
 * are ignored. */
TG_MUST_USE enum tg_err tg_request_read_claims(struct tg_json object,
                                               struct tg_request *request,
                                               struct tg_refusal *refusal);
/* The identity that it describes: of no client yet, with an account of its own, and of
 * nobody but the caller. NULL without memory. */
struct tg_identity *tg_request_identity(const struct tg_request *request,
                                        struct tg_slice app);
/* 0: as configured. */
int64_t tg_request_session_life_us(const struct tg_request *request);
/* All zero is fine. */
void tg_request_finish(struct tg_request *request);

#endif
