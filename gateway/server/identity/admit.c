/* Who shows these credentials? What takes time is done before the lock is taken, and all
 * of it whatever is shown: no refusal comes sooner than another. */
#include <stdio.h>

#include "engine/base/base64url.h"
#include "server/identity/private.h"
#include "server/log/log.h"

enum { TOKEN_BYTES = TG_SESSION_ID_BYTES + 4 + TG_MAC_BYTES };

#define PREFIX_SIZE (sizeof TG_SESSION_PREFIX - 1)
_Static_assert(PREFIX_SIZE + TG_BASE64URL_SIZE(TOKEN_BYTES) <= TG_SESSION_TOKEN_MAX,
               "a token fits");

/* What is shown, as far as it can be judged without the tables. */
struct shown {
    struct tg_slice origin;
    bool has_ticket;
    uint8_t digest[TG_DIGEST_BYTES];
    bool has_session;
    bool session_is_ours; /* Its MAC says so: the next two are what we made. */
    uint8_t id[TG_SESSION_ID_BYTES];
    uint32_t generation;
    struct tg_work work;
};

/* How it ended for a session that was not the client's to go on with. */
struct ending {
    struct tg_identity *identity; /* A reference; NULL: none ended. */
    bool reused;
};

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

static void write_token(const struct tg_identities *identities,
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
                         struct shown *shown)
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

static void read_shown(const struct tg_identities *identities,
                       const struct tg_credentials *credentials, struct shown *shown)
{
    *shown = (struct shown){.origin = credentials->origin,
                            .has_ticket = credentials->ticket.size != 0,
                            .has_session = credentials->session.size != 0};
    if (shown->has_ticket) {
        tg_secrets_digest(credentials->ticket, shown->digest);
        shown->work.digests++;
    }
    if (shown->has_session) {
        read_session(identities, credentials->session, shown);
    }
}

/* --- Under the lock ---------------------------------------------------------------- */

static enum tg_err refuse(struct tg_refusal *refusal)
{
    tg_refusal_set(refusal, TG_CODE_UNAUTHENTICATED, NULL,
                   "this ticket or session token is not good, or not any more");
    return TG_EINVAL;
}

static enum tg_err refuse_connection(const struct tg_identities *identities,
                                     struct tg_refusal *refusal)
{
    tg_refusal_set(refusal, TG_CODE_TOO_MANY_CONNECTIONS, NULL,
                   "this client has %u connections, which is all that it may have",
                   identities->config->limits.client_connections_max);
    return TG_ELIMIT;
}

static bool count_connection(const struct tg_identities *identities,
                             struct tg_account *account)
{
    return tg_account_connect(account, identities->config->limits.client_connections_max);
}

static void end_session(struct tg_identities *identities, struct tg_sessions_entry *entry,
                        bool reused, struct ending *ending)
{
    ending->identity = entry->identity;
    ending->reused = reused;
    tg_identity_ref(entry->identity);
    identities->counts.reused += reused ? 1 : 0;
    tg_sessions_end(&identities->sessions, entry);
}

/* The session that is shown, if it may go on. One whose token is a copy ends. */
static struct tg_sessions_entry *judge_session(struct tg_identities *identities,
                                               struct shown *shown, int64_t now_us,
                                               struct ending *ending)
{
    struct tg_sessions_entry *entry = NULL;
    if (shown->has_session) {
        entry = tg_sessions_find(&identities->sessions, shown->id);
        shown->work.lookups++;
    }
    if (entry == NULL || !shown->session_is_ours) {
        return NULL;
    }
    switch (tg_sessions_judge(&identities->sessions, entry, shown->generation,
                              shown->origin, now_us)) {
    case TG_SHOWN_GOOD:
        return entry;
    case TG_SHOWN_REUSED:
        end_session(identities, entry, true, ending);
        return NULL;
    case TG_SHOWN_REFUSED:
        break;
    }
    return NULL;
}

/* The ticket that is shown, if it is good. One that is not is spent too: who shows it
 * from another page has stolen it. */
static struct tg_ticket *judge_ticket(struct tg_identities *identities,
                                      struct shown *shown, int64_t now_us)
{
    static struct tg_ticket nobodys;
    static const struct tg_identity_facts nobody = {.app = TG_LIT_INIT("nobody"),
                                                    .user = TG_LIT_INIT("nobody")};
    struct tg_ticket *found = tg_tickets_find(&identities->tickets, shown->digest);
    const struct tg_ticket *ticket = found != NULL ? found : &nobodys;
    const struct tg_identity_facts *facts = found != NULL ? &found->identity->facts
                                                          : &nobody;
    bool ended = tg_ended_has(&identities->ended, facts, ticket->turn, INT64_MAX);
    bool late = ticket->deadline.due_us <= now_us;
    bool elsewhere =
        ticket->origin_size != 0 &&
        !tg_slice_equal(shown->origin, tg_slice(ticket->origin, ticket->origin_size));
    shown->work.lookups += 2;
    bool good = (found != NULL) & !ended & !late & !elsewhere;
    if (found != NULL && !good) {
        tg_ticket_destroy(tg_tickets_take(&identities->tickets, found));
    }
    return good ? found : NULL;
}

static bool same_user(const struct tg_identity *a, const struct tg_identity *b)
{
    return tg_slice_equal(a->facts.app, b->facts.app) &&
           tg_slice_equal(a->facts.user, b->facts.user);
}

/* `entry` goes on as what the ticket says. */
static enum tg_err go_on(struct tg_identities *identities,
                         struct tg_sessions_entry *entry, uint32_t generation,
                         struct tg_identity *identity, int64_t expires_us, int64_t now_us,
                         struct tg_refusal *refusal)
{
    struct tg_account *account = entry->identity->account;
    if (!count_connection(identities, account)) {
        return refuse_connection(identities, refusal);
    }
    /* Nobody else has this identity yet. */
    tg_account_ref(account);
    tg_account_unref(identity->account);
    identity->account = account;
    identity->facts.client = entry->identity->facts.client;
    tg_identity_ref(identity);
    tg_sessions_renew(&identities->sessions, entry, identity, expires_us);
    tg_sessions_rotate(&identities->sessions, entry, generation, now_us);
    return TG_OK;
}

static enum tg_err begin(struct tg_identities *identities, struct tg_identity *identity,
                         struct tg_slice origin, int64_t expires_us, int64_t now_us,
                         struct tg_sessions_entry **entry, struct tg_refusal *refusal)
{
    uint8_t id[TG_SESSION_ID_BYTES];
    do {
        tg_secrets_random(id, sizeof id);
        identity->facts.client = tg_session_client(id);
    } while (identity->facts.client == 0 ||
             tg_sessions_has_client(&identities->sessions, identity->facts.client));
    if (tg_sessions_begin(&identities->sessions, id, 1, identity, origin, expires_us,
                          now_us, entry) != TG_OK) {
        return tg_identities_no_memory(refusal);
    }
    tg_identity_ref(identity);
    /* It is the first: there is no limit below that. */
    count_connection(identities, identity->account);
    return TG_OK;
}

/* What is true once the lock is gone. */
struct outcome {
    uint8_t id[TG_SESSION_ID_BYTES];
    uint32_t generation;
    int64_t expires_us;
    struct tg_identity *identity; /* The receiver's reference. */
};

static enum tg_err admit_by_ticket(struct tg_identities *identities, struct shown *shown,
                                   int64_t now_us, int64_t wall_us,
                                   struct tg_sessions_entry **entry,
                                   struct ending *ending, struct tg_refusal *refusal)
{
    struct tg_ticket *ticket = judge_ticket(identities, shown, now_us);
    struct tg_sessions_entry *old = *entry;
    if (ticket == NULL) {
        return refuse(refusal);
    }
    int64_t life_us = (int64_t)identities->config->sessions.life_ms * 1000;
    if (ticket->session_life_us != 0 && ticket->session_life_us < life_us) {
        life_us = ticket->session_life_us;
    }
    ticket->identity->facts.expires_us = wall_us + life_us;
    bool goes_on = old != NULL && same_user(old->identity, ticket->identity);
    enum tg_err err = goes_on ? go_on(identities, old, shown->generation,
                                      ticket->identity, now_us + life_us, now_us, refusal)
                              : begin(identities, ticket->identity, shown->origin,
                                      now_us + life_us, now_us, entry, refusal);
    if (err != TG_OK) {
        return err;
    }
    if (old != NULL && !goes_on) {
        end_session(identities, old, false, ending);
    }
    tg_ticket_destroy(tg_tickets_take(&identities->tickets, ticket));
    return TG_OK;
}

static enum tg_err admit_by_session(struct tg_identities *identities,
                                    const struct shown *shown, int64_t now_us,
                                    struct tg_sessions_entry *entry,
                                    struct tg_refusal *refusal)
{
    if (entry == NULL) {
        return refuse(refusal);
    }
    if (!count_connection(identities, entry->identity->account)) {
        return refuse_connection(identities, refusal);
    }
    tg_sessions_rotate(&identities->sessions, entry, shown->generation, now_us);
    return TG_OK;
}

static enum tg_err admit_shown(struct tg_identities *identities, struct shown *shown,
                               int64_t now_us, int64_t wall_us, struct outcome *outcome,
                               struct ending *ending, struct tg_refusal *refusal)
{
    tg_identities_expire(identities, now_us);
    struct tg_sessions_entry *entry = judge_session(identities, shown, now_us, ending);
    enum tg_err err =
        shown->has_ticket
            ? admit_by_ticket(identities, shown, now_us, wall_us, &entry, ending, refusal)
            : admit_by_session(identities, shown, now_us, entry, refusal);
    if (err == TG_OK) {
        memcpy(outcome->id, entry->id, TG_SESSION_ID_BYTES);
        outcome->generation = entry->generation;
        outcome->expires_us = entry->deadline.due_us;
        outcome->identity = entry->identity;
        tg_identity_ref(entry->identity);
    }
    identities->counts.admitted += err == TG_OK ? 1 : 0;
    identities->counts.refused += err == TG_EINVAL ? 1 : 0;
    identities->work.digests += shown->work.digests;
    identities->work.macs += shown->work.macs;
    identities->work.lookups += shown->work.lookups;
    return err;
}

/* --- Without it again -------------------------------------------------------------- */

static void tell_ending(const struct tg_identities *identities, struct ending *ending)
{
    if (ending->identity == NULL) {
        return;
    }
    const struct tg_identity_facts *facts = &ending->identity->facts;
    if (ending->reused) {
        char client[24];
        snprintf(client, sizeof client, "c-%016llx", (unsigned long long)facts->client);
        tg_log_limited(TG_LOG_WARN, "session.reused", TG_F("app", facts->app),
                       TG_F("user", facts->user), TG_F("client", client),
                       TG_F("reason", "a token was shown that a newer one replaced"));
    }
    if (identities->hooks.session_ended != NULL) {
        identities->hooks.session_ended(
            identities->hooks.context,
            &(struct tg_selection){.app = facts->app, .client = facts->client});
    }
    tg_identity_unref(ending->identity);
}

enum tg_err tg_identities_admit(struct tg_identities *identities,
                                const struct tg_credentials *credentials, int64_t now_us,
                                struct tg_admission *admission,
                                struct tg_refusal *refusal)
{
    struct shown shown;
    struct outcome outcome = {0};
    struct ending ending = {0};
    read_shown(identities, credentials, &shown);
    pthread_mutex_lock(&identities->lock);
    int64_t steady_us = tg_identities_told(identities, now_us);
    enum tg_err err =
        admit_shown(identities, &shown, steady_us, now_us, &outcome, &ending, refusal);
    tg_identities_settle(identities);
    pthread_mutex_unlock(&identities->lock);
    tell_ending(identities, &ending);
    if (err == TG_OK) {
        admission->identity = outcome.identity;
        admission->expires_in_ms = (outcome.expires_us - steady_us) / 1000;
        write_token(identities, outcome.id, outcome.generation, admission->token);
    }
    return err;
}
