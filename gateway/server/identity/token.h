/* Signed tickets (PROTOCOL.md 6.4): a JWT in compact form, judged as far as it can be
 * without knowing which were used. */
#ifndef TG_IDENTITY_TOKEN_H
#define TG_IDENTITY_TOKEN_H

#include "server/config/config.h"
#include "server/identity/request.h"

enum { TG_SIGNED_BYTES_MAX = 8192, TG_JTI_BYTES_MAX = 64 };

/* When it is shown. */
struct tg_token_times {
    int64_t now_us;     /* The clock on the wall. */
    int64_t later_us;   /* The same, unless it was set back since the gateway started. */
    int64_t started_us; /* When that was, by the later of the two. */
};

struct tg_token {
    const char *fault;         /* For the log: why it is no good; NULL: it is. */
    struct tg_slice app;       /* Of the key; empty without a fault that comes first. */
    struct tg_request request; /* What it says of the client. */
    int64_t made_us;           /* iat */
    int64_t expires_us;        /* exp, and what clocks may differ. */
    uint32_t jti_size;
    uint8_t jti[TG_JTI_BYTES_MAX];
    uint8_t text[TG_SIGNED_BYTES_MAX]; /* What is between the dots. */
};

/* Read and judge `text`. The work does not depend on what is wrong. Finish `token`
 * whatever comes back.
 *
 * TG_ENOMEM  It could not be judged. */
TG_MUST_USE enum tg_err tg_token_read(const struct tg_config_tokens *config,
                                      struct tg_slice text,
                                      const struct tg_token_times *times,
                                      struct tg_token *token);
void tg_token_finish(struct tg_token *token);

#endif
