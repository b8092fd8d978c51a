/* Who shows these credentials? All that is decided under the lock, in the same steps
 * whatever is wrong: no refusal comes sooner than another. */
#include <stdio.h>

#include "server/identity/shown.h"
#include "server/log/log.h"

/* How it ended for a session that was not the client's to go on with. */
struct ending {
    struct tg_identity *identity; /* A reference; NULL: none ended. */
    bool reused;
};

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
                                               struct tg_shown *shown, int64_t now_us,
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
    case TG_SESSION_GOOD:
        return entry;
    case TG_SESSION_REUSED:
        end_session(identities, entry, true, ending);
        return NULL;
    case TG_SESSION_REFUSED:
        break;
    }
    return NULL;
}

/* Which client a good ticket describes. */
struct claim {
    struct tg_identity *identity; /* Nobody else's yet. */
    int64_t session_life_us;      /* 0: as configured. */
    struct tg_ticket *ticket;     /* In its table. */
    struct tg_token *token;       /* Or this, which is spent already. */
};

static bool is_elsewhere(const struct tg_shown *shown, struct tg_slice origin)
{
    return origin.size != 0 && !tg_slice_equal(shown->origin, origin);
}

static const struct tg_identity_facts nobody = {.app = TG_LIT_INIT("nobody"),
                                                .user = TG_LIT_INIT("nobody")};

/* One that is not good is spent too: who shows it from another page has stolen it. */
static enum tg_err judge_ticket(struct tg_identities *identities, struct tg_shown *shown,
                                int64_t now_us, struct claim *claim,
                                struct tg_refusal *refusal)
{
    static struct tg_ticket nobodys;
    struct tg_ticket *found = tg_tickets_find(&identities->tickets, shown->digest);
    const struct tg_ticket *ticket = found != NULL ? found : &nobodys;
    const struct tg_identity_facts *facts = found != NULL ? &found->identity->facts
                                                          : &nobody;
    bool ended = tg_ended_has(&identities->ended, facts, ticket->turn, INT64_MAX);
    bool late = ticket->deadline.due_us <= now_us;
    bool elsewhere = is_elsewhere(shown, tg_slice(ticket->origin, ticket->origin_size));
    shown->work.lookups += 2;
    shown->fault = found == NULL ? "is not known here: never made, used, or expired"
                   : ended       ? "is of somebody who was ended since it was made"
                   : late        ? "has expired"
                   : elsewhere   ? "is for another Origin"
                                 : NULL;
    if (shown->fault != NULL) {
        tg_ticket_destroy(found == NULL ? NULL
                                        : tg_tickets_take(&identities->tickets, found));
        return refuse(refusal);
    }
    *claim = (struct claim){.identity = found->identity,
                            .session_life_us = found->session_life_us,
                            .ticket = found};
    return TG_OK;
}

static enum tg_err judge_token(struct tg_identities *identities, struct tg_shown *shown,
                               int64_t now_us, int64_t wall_us, struct claim *claim,
                               struct tg_refusal *refusal)
{
    struct tg_token *token = shown->token;
    const struct tg_request *request = &token->request;
    struct tg_slice jti = tg_slice(token->jti, token->jti_size);
    struct tg_identity_facts facts = nobody;
    if (token->fault == NULL) {
        facts.app = token->app;
        facts.user = request->user;
        facts.session = request->session;
    }
    /* Clocks differ: by ours it may have been made that much earlier than it says. By the
     * one that never goes back: the one on the wall may have been set since an end. */
    int64_t skew_us = (int64_t)identities->config->tokens.skew_ms * 1000;
    int64_t made_us = token->made_us - skew_us - (wall_us - now_us);
    bool ended = tg_ended_has(&identities->ended, &facts, UINT64_MAX, made_us);
    bool used = tg_spent_has(&identities->spent, facts.app, jti);
    bool elsewhere = is_elsewhere(shown, request->origin);
    shown->work.lookups += 2;
    if (token->fault == NULL) {
        token->fault = ended       ? "is of somebody who was ended since it was made"
                       : used      ? "was used before"
                       : elsewhere ? "is for another Origin"
                                   : NULL;
    }
    if (token->fault != NULL) {
        return refuse(refusal);
    }
    int64_t retry_us = 0;
    enum tg_err err = tg_spent_add(&identities->spent, facts.app, jti,
                                   now_us + token->expires_us - wall_us, now_us,
                                   &retry_us);
    if (err == TG_ELIMIT) {
        token->fault = "would be one more than can be remembered";
        return tg_identities_full(refusal, retry_us,
                                  "as many signed tickets as there may be are in use");
    }
    struct tg_identity *identity = err == TG_OK ? tg_request_identity(request, token->app)
                                                : NULL;
    if (identity == NULL) {
        tg_spent_remove(&identities->spent, facts.app, jti);
        return tg_identities_no_memory(refusal);
    }
    *claim = (struct claim){
        .identity = identity,
        .session_life_us = tg_request_session_life_us(request),
        .token = token,
    };
    return TG_OK;
}

/* It was good, and now is spent, unless nothing came of it. */
static void settle_claim(struct tg_identities *identities, struct claim *claim, bool used)
{
    if (claim->ticket != NULL && used) {
        tg_ticket_destroy(tg_tickets_take(&identities->tickets, claim->ticket));
    } else if (claim->token != NULL) {
        if (!used) {
            tg_spent_remove(&identities->spent, claim->token->app,
                            tg_slice(claim->token->jti, claim->token->jti_size));
        }
        tg_identity_unref(claim->identity);
    }
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

/* When its session ends. */
static int64_t expiry_of(const struct tg_identities *identities,
                         const struct claim *claim, int64_t now_us)
{
    int64_t life_us = (int64_t)identities->config->sessions.life_ms * 1000;
    if (claim->session_life_us != 0 && claim->session_life_us < life_us) {
        life_us = claim->session_life_us;
    }
    return now_us + life_us;
}

static enum tg_err admit_by_ticket(struct tg_identities *identities,
                                   struct tg_shown *shown, int64_t now_us,
                                   int64_t wall_us, struct tg_sessions_entry **entry,
                                   struct ending *ending, struct tg_refusal *refusal)
{
    struct claim claim = {0};
    struct tg_sessions_entry *old = *entry;
    enum tg_err err =
        shown->token != NULL
            ? judge_token(identities, shown, now_us, wall_us, &claim, refusal)
            : judge_ticket(identities, shown, now_us, &claim, refusal);
    if (err != TG_OK) {
        return err;
    }
    int64_t expires_us = expiry_of(identities, &claim, now_us);
    bool goes_on = old != NULL && same_user(old->identity, claim.identity);
    err = goes_on ? go_on(identities, old, shown->generation, claim.identity, expires_us,
                          now_us, refusal)
                  : begin(identities, claim.identity, shown->origin, expires_us, now_us,
                          entry, refusal);
    if (err == TG_OK && old != NULL && !goes_on) {
        end_session(identities, old, false, ending);
    }
    settle_claim(identities, &claim, err == TG_OK);
    return err;
}

static enum tg_err admit_by_session(struct tg_identities *identities,
                                    const struct tg_shown *shown, int64_t now_us,
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

static enum tg_err admit_shown(struct tg_identities *identities, struct tg_shown *shown,
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

/* Why a ticket was refused, for whoever makes them: the client is not told. */
static void finish_shown(const struct tg_shown *shown)
{
    struct tg_token *token = shown->token;
    if (shown->fault != NULL) {
        tg_log_limited(TG_LOG_DEBUG, "ticket.refused", TG_F("origin", shown->origin),
                       TG_F("reason", shown->fault));
    }
    if (token == NULL) {
        return;
    }
    if (token->fault != NULL) {
        tg_log_limited(TG_LOG_DEBUG, "signed_ticket.refused", TG_F("app", token->app),
                       TG_F("reason", token->fault));
    }
    tg_token_finish(token);
}

enum tg_err tg_identities_admit(struct tg_identities *identities,
                                const struct tg_credentials *credentials, int64_t now_us,
                                struct tg_admission *admission,
                                struct tg_refusal *refusal)
{
    struct tg_shown shown;
    struct tg_token token; /* Large, and set only if there is one. */
    struct outcome outcome = {0};
    struct ending ending = {0};
    int64_t steady_us = 0;
    enum tg_err err = tg_shown_read(identities, credentials, now_us, &token, &shown);
    if (err != TG_OK) {
        tg_identities_no_memory(refusal);
    } else {
        pthread_mutex_lock(&identities->lock);
        steady_us = tg_identities_told(identities, now_us);
        err = admit_shown(identities, &shown, steady_us, now_us, &outcome, &ending,
                          refusal);
        tg_identities_settle(identities);
        pthread_mutex_unlock(&identities->lock);
    }
    tell_ending(identities, &ending);
    finish_shown(&shown);
    if (err == TG_OK) {
        admission->identity = outcome.identity;
        admission->expires_in_ms = (outcome.expires_us - steady_us) / 1000;
        tg_shown_write_token(identities, outcome.id, outcome.generation,
                             admission->token);
    }
    return err;
}
