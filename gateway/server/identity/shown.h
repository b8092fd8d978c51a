/* What a client shows, as far as it can be judged without the tables: all of it before
 * the lock is taken, and all of it whatever is wrong. */
#ifndef TG_IDENTITY_SHOWN_H
#define TG_IDENTITY_SHOWN_H

#include "server/identity/private.h"
#include "server/identity/token.h"

struct tg_shown {
    struct tg_slice origin;
    bool has_ticket;
    uint8_t digest[TG_DIGEST_BYTES];
    struct tg_token *token; /* Of a signed ticket; NULL: it is another. */
    const char *fault;      /* Why the other was refused; NULL: it was not. */
    bool has_session;
    bool session_is_ours; /* Its MAC says so: the next two are what we made. */
    uint8_t id[TG_SESSION_ID_BYTES];
    uint32_t generation;
    struct tg_work work;
};

/* `token` is used if a signed ticket is shown, and then to be finished, whatever comes
 * back.
 *
 * TG_ENOMEM  It could not be judged. */
TG_MUST_USE enum tg_err tg_shown_read(const struct tg_identities *identities,
                                      const struct tg_credentials *credentials,
                                      int64_t now_us, struct tg_token *token,
                                      struct tg_shown *shown);

/* A session's token, by which tg_shown_read knows it again. */
void tg_shown_write_token(const struct tg_identities *identities,
                          const uint8_t id[TG_SESSION_ID_BYTES], uint32_t generation,
                          char token[TG_SESSION_TOKEN_MAX + 1]);

#endif
