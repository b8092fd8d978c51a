#include "server/identity/shown.h"

#include "engine/base/base64url.h"

enum { TOKEN_BYTES = TG_SESSION_ID_BYTES + 4 + TG_MAC_BYTES };

#define PREFIX_SIZE (sizeof TG_SESSION_PREFIX - 1)
_Static_assert(PREFIX_SIZE + TG_BASE64URL_SIZE(TOKEN_BYTES) <= TG_SESSION_TOKEN_MAX,
               "a token fits");

/* --- Session tokens ---------------------------------------------------------------- */

static void token_mac(const struct tg_identities *identities,
                      const uint8_t id[TG_SESSION_ID_BYTES], uint32_t generation,
                      uint8_t bytes[TOKEN_BYTES])
{
    uint8_t text[1 + TG_SESSION_ID_BYTES + 4] = {'s'};
    memcpy(text + 1, id, TG_SESSION_ID_BYTES);
    for (unsigned i = 0; i < 4; i++) {
        text[1 + TG_SESSION_ID_BYTES + i] = (uint8_t)(generation >> (24 - 8 * i));
    }
    memcpy(bytes, text + 1, sizeof text - 1);
    tg_identities_mac(identities, tg_slice(text, sizeof text), bytes + sizeof text - 1);
}

void tg_shown_write_token(const struct tg_identities *identities,
                          const uint8_t id[TG_SESSION_ID_BYTES], uint32_t generation,
                          char token[TG_SESSION_TOKEN_MAX + 1])
{
    uint8_t bytes[TOKEN_BYTES];
    token_mac(identities, id, generation, bytes);
    memcpy(token, TG_SESSION_PREFIX, PREFIX_SIZE);
    size_t size = tg_base64url_write(tg_slice(bytes, sizeof bytes), token + PREFIX_SIZE);
    token[PREFIX_SIZE + size] = '\0';
    explicit_bzero(bytes, sizeof bytes);
}

static void read_session(const struct tg_identities *identities, struct tg_slice token,
                         struct tg_shown *shown)
{
    uint8_t given[TOKEN_BYTES] = {0}, ours[TOKEN_BYTES];
    struct tg_slice text = token;
    size_t size = 0;
    bool right = text.size == PREFIX_SIZE + TG_BASE64URL_SIZE(TOKEN_BYTES) &&
                 tg_slice_begins(text, TG_LIT(TG_SESSION_PREFIX));
    if (right) {
        text = tg_slice(text.data + PREFIX_SIZE, text.size - PREFIX_SIZE);
        right = tg_base64url_read(text, given, &size) && size == sizeof given;
    }
    const uint8_t *at = given + TG_SESSION_ID_BYTES;
    memcpy(shown->id, given, TG_SESSION_ID_BYTES);
    shown->generation = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
                        (uint32_t)at[2] << 8 | (uint32_t)at[3];
    token_mac(identities, shown->id, shown->generation, ours);
    shown->work.macs++;
    shown->session_is_ours = tg_same_secret(given, ours, sizeof ours) && right;
    explicit_bzero(given, sizeof given);
    explicit_bzero(ours, sizeof ours);
}

/* --- Tickets ----------------------------------------------------------------------- */

/* Whatever does not look like one of ours. */
static enum tg_err read_token(const struct tg_identities *identities,
                              struct tg_slice text, int64_t now_us,
                              struct tg_token *token, struct tg_shown *shown)
{
    int64_t passed_us = tg_identities_steady(identities) - identities->started_steady_us;
    struct tg_token_times times = {.now_us = now_us,
                                   .later_us = identities->started_us + passed_us,
                                   .started_us = identities->started_us};
    if (now_us > times.later_us) { /* The clock on the wall was set forward since. */
        times.later_us = now_us;
        times.started_us = now_us - passed_us;
    }
    shown->token = token;
    shown->work.macs++;
    return tg_token_read(&identities->config->tokens, text, &times, token);
}

enum tg_err tg_shown_read(const struct tg_identities *identities,
                          const struct tg_credentials *credentials, int64_t now_us,
                          struct tg_token *token, struct tg_shown *shown)
{
    enum tg_err err = TG_OK;
    *shown = (struct tg_shown){.origin = credentials->origin,
                               .has_ticket = credentials->ticket.size != 0,
                               .has_session = credentials->session.size != 0};
    if (tg_slice_begins(credentials->ticket, TG_LIT(TG_TICKET_PREFIX))) {
        tg_secrets_digest(credentials->ticket, shown->digest);
        shown->work.digests++;
    } else if (shown->has_ticket) {
        err = read_token(identities, credentials->ticket, now_us, token, shown);
    }
    if (shown->has_session) {
        read_session(identities, credentials->session, shown);
    }
    return err;
}
