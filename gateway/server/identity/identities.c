#include "server/identity/identities.h"

#include <stdio.h>
#include <time.h>

#include "engine/base/base64url.h"
#include "engine/base/mem.h"
#include "server/identity/private.h"
#include "server/identity/request.h"
#include "server/log/log.h"

enum { TICKET_BYTES = 32 };

int64_t tg_identities_steady(const struct tg_identities *identities)
{
    struct timespec now;
    if (identities->hooks.steady_us != NULL) {
        return identities->hooks.steady_us();
    }
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t tg_identities_told(struct tg_identities *identities, int64_t now_us)
{
    int64_t steady_us = tg_identities_steady(identities);
    identities->ahead_us = now_us - steady_us;
    return steady_us;
}

void tg_identities_mac(const struct tg_identities *identities, struct tg_slice bytes,
                       uint8_t mac[TG_MAC_BYTES])
{
    tg_secrets_mac(tg_slice_of(identities->key), bytes, mac);
}

enum tg_err tg_identities_no_memory(struct tg_refusal *refusal)
{
    tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
    refusal->retry_after_ms = 1000;
    return TG_ENOMEM;
}

enum tg_err tg_identities_full(struct tg_refusal *refusal, int64_t retry_us,
                               const char *what)
{
    tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "%s", what);
    refusal->retry_after_ms = (uint32_t)((retry_us + 999) / 1000);
    return TG_ELIMIT;
}

void tg_identities_expire(struct tg_identities *identities, int64_t now_us)
{
    enum { AT_ONCE = 4 };
    tg_tickets_expire(&identities->tickets, now_us, AT_ONCE);
    tg_sessions_expire(&identities->sessions, now_us, AT_ONCE);
}

static bool open_tables(struct tg_identities *identities)
{
    const struct tg_config *config = identities->config;
    return tg_tickets_init(&identities->tickets, config->tickets.waiting_max) == TG_OK &&
           tg_sessions_init(&identities->sessions, config->sessions.sessions_max,
                            config->sessions.user_max,
                            (int64_t)config->sessions.grace_ms * 1000) == TG_OK &&
           tg_ended_init(&identities->ended, TG_ENDED_MAX) == TG_OK &&
           tg_spent_init(&identities->spent, config->tokens.signed_max) == TG_OK;
}

/* For as long as this process runs. */
static void make_key(char key[TG_RUNTIME_KEY_SIZE])
{
    uint8_t random[TG_MAC_BYTES];
    tg_secrets_random(random, sizeof random);
    key[tg_base64url_write(tg_slice(random, sizeof random), key)] = '\0';
    explicit_bzero(random, sizeof random);
}

/* The key, and the file if sessions are kept. */
static bool open_kept(struct tg_identities *identities, int64_t now_us, char *why,
                      size_t why_size)
{
    const struct tg_config *config = identities->config;
    if (!config->sessions.keep) {
        make_key(identities->key);
        return true;
    }
    if (tg_runtime_session_key(config->runtime_dir, config->clients.port, identities->key,
                               why, why_size) != TG_OK) {
        return false;
    }
    identities->writer = tg_writer_open(identities, now_us, why, why_size);
    return identities->writer != NULL;
}

struct tg_identities *tg_identities_open(const struct tg_config *config,
                                         const struct tg_identities_hooks *hooks,
                                         int64_t now_us, char *why, size_t why_size)
{
    struct tg_identities *identities = tg_zalloc(1, sizeof *identities);
    if (identities == NULL) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    identities->config = config;
    identities->hooks = *hooks;
    identities->started_us = now_us;
    identities->started_steady_us = tg_identities_told(identities, now_us);
    pthread_mutex_init(&identities->lock, NULL);
    if (!open_tables(identities)) {
        snprintf(why, why_size, "out of memory");
        tg_identities_close(identities);
        return NULL;
    }
    if (!open_kept(identities, now_us, why, why_size)) {
        tg_identities_close(identities);
        return NULL;
    }
    return identities;
}

void tg_identities_close(struct tg_identities *identities)
{
    if (identities == NULL) {
        return;
    }
    tg_writer_close(identities->writer);
    tg_tickets_finish(&identities->tickets);
    tg_sessions_finish(&identities->sessions);
    tg_ended_finish(&identities->ended);
    tg_spent_finish(&identities->spent);
    pthread_mutex_destroy(&identities->lock);
    explicit_bzero(identities->key, sizeof identities->key);
    tg_free(identities);
}

/* --- Making tickets ---------------------------------------------------------------- */

static struct tg_ticket *create_ticket(struct tg_slice app, struct tg_slice text,
                                       const struct tg_request *request)
{
    struct tg_identity *identity = tg_request_identity(request, app);
    struct tg_ticket *ticket =
        identity == NULL ? NULL : tg_ticket_create(identity, request->origin);
    if (ticket != NULL) {
        ticket->session_life_us = tg_request_session_life_us(request);
        tg_secrets_digest(text, ticket->digest);
    }
    return ticket;
}

static enum tg_err add_ticket(struct tg_identities *identities, struct tg_ticket *ticket,
                              int64_t life_ms, int64_t wall_us,
                              struct tg_refusal *refusal)
{
    int64_t retry_us = 0;
    pthread_mutex_lock(&identities->lock);
    int64_t now_us = tg_identities_told(identities, wall_us);
    ticket->turn = tg_ended_turn(&identities->ended);
    enum tg_err err = tg_tickets_add(&identities->tickets, ticket,
                                     now_us + life_ms * 1000, now_us, &retry_us);
    identities->counts.tickets_made += err == TG_OK ? 1 : 0;
    pthread_mutex_unlock(&identities->lock);
    if (err == TG_ELIMIT) {
        return tg_identities_full(refusal, retry_us,
                                  "as many tickets as there may be are not spent yet");
    }
    return err == TG_OK ? TG_OK : tg_identities_no_memory(refusal);
}

enum tg_err tg_identities_ticket(struct tg_identities *identities, struct tg_slice app,
                                 struct tg_slice request_text, int64_t now_us,
                                 struct tg_buf *answer, struct tg_refusal *refusal)
{
    struct tg_request request;
    uint8_t random[TICKET_BYTES];
    char text[sizeof TG_TICKET_PREFIX + TG_BASE64URL_SIZE(TICKET_BYTES)] =
        TG_TICKET_PREFIX;
    enum tg_err err = tg_request_read(request_text, &request, refusal);
    if (err != TG_OK) {
        tg_request_finish(&request);
        return err;
    }
    tg_secrets_random(random, sizeof random);
    size_t prefix = strlen(TG_TICKET_PREFIX);
    size_t size =
        prefix + tg_base64url_write(tg_slice(random, sizeof random), text + prefix);
    int64_t life_ms = identities->config->tickets.life_ms;
    life_ms = request.life_ms != 0 && request.life_ms < life_ms ? request.life_ms
                                                                : life_ms;
    struct tg_ticket *ticket = create_ticket(app, tg_slice(text, size), &request);
    tg_request_finish(&request);
    err = ticket == NULL ? tg_identities_no_memory(refusal)
                         : add_ticket(identities, ticket, life_ms, now_us, refusal);
    if (err != TG_OK) {
        tg_ticket_destroy(ticket);
    } else {
        tg_buf_printf(answer, "\"ticket\":\"%.*s\",\"expires_in_ms\":%lld", (int)size,
                      text, (long long)life_ms);
    }
    explicit_bzero(random, sizeof random);
    explicit_bzero(text, sizeof text);
    return err;
}

/* --- The end of identities --------------------------------------------------------- */

/* Until when a ticket that was made before now could be good. */
static int64_t forget_us(const struct tg_config *config, int64_t now_us)
{
    int64_t signed_ms =
        (int64_t)config->tokens.life_max_ms + 3 * (int64_t)config->tokens.skew_ms;
    int64_t life_ms = config->tickets.life_ms;
    return now_us + (signed_ms > life_ms ? signed_ms : life_ms) * 1000;
}

void tg_identities_settle(struct tg_identities *identities)
{
    if (identities->writer != NULL) {
        tg_writer_wake(identities->writer);
        return;
    }
    /* Nothing is kept: what ended is only to be freed. */
    while (!tg_list_empty(&identities->sessions.ended)) {
        struct tg_link *link = identities->sessions.ended.next;
        tg_list_remove(link);
        tg_sessions_free(TG_ENTRY(link, struct tg_sessions_entry, news));
    }
}

/* The clients of those of the last `count` that ended whose connections may know their
 * application's session by another name. */
static void note_renamed(const struct tg_sessions *sessions, uint32_t count,
                         struct tg_buf *clients)
{
    const struct tg_link *link = sessions->ended.prev;
    for (; count > 0; count--, link = link->prev) {
        const struct tg_sessions_entry *entry =
            TG_ENTRY(link, const struct tg_sessions_entry, news);
        if (entry->renamed) {
            uint64_t client = tg_session_client(entry->id);
            tg_buf_add(clients, &client, sizeof client);
        }
    }
}

static void tell_renamed(const struct tg_identities *identities, struct tg_slice app,
                         struct tg_buf *clients)
{
    if (clients->failed) {
        tg_error("session.not_closed", TG_F("reason", "out of memory"));
    }
    for (size_t at = 0; at < clients->size; at += sizeof(uint64_t)) {
        struct tg_selection selection = {.app = app};
        memcpy(&selection.client, clients->data + at, sizeof selection.client);
        if (identities->hooks.session_ended != NULL) {
            identities->hooks.session_ended(identities->hooks.context, &selection);
        }
    }
    tg_buf_finish(clients);
}

void tg_identities_end(struct tg_identities *identities,
                       const struct tg_selection *selection, int64_t now_us,
                       tg_identities_done *done, void *context)
{
    pthread_mutex_lock(&identities->lock);
    int64_t steady_us = tg_identities_told(identities, now_us);
    if (selection->user.size != 0 || selection->session.size != 0) {
        tg_ended_add(&identities->ended, selection, steady_us,
                     forget_us(identities->config, steady_us));
    }
    uint32_t sessions = tg_sessions_end_all(&identities->sessions, selection);
    struct tg_buf renamed = {0};
    if (selection->session.size != 0) {
        note_renamed(&identities->sessions, sessions, &renamed);
    }
    enum tg_err err = TG_OK;
    bool later = done != NULL && identities->writer != NULL;
    if (later) {
        err = tg_writer_wait(identities->writer, done, context, sessions);
    }
    tg_identities_settle(identities);
    pthread_mutex_unlock(&identities->lock);
    tell_renamed(identities, selection->app, &renamed);
    if (done != NULL && (!later || err != TG_OK)) {
        done(context, err, sessions);
    }
}

struct tg_identities_counts tg_identities_counts(struct tg_identities *identities)
{
    pthread_mutex_lock(&identities->lock);
    int64_t now_us = tg_identities_steady(identities);
    tg_identities_expire(identities, now_us);
    tg_identities_settle(identities);
    struct tg_identities_counts counts = identities->counts;
    counts.tickets = identities->tickets.index.count;
    counts.sessions = identities->sessions.deadlines.count;
    pthread_mutex_unlock(&identities->lock);
    return counts;
}
