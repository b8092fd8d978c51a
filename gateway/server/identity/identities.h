/* Tickets, sessions and signed tickets of the whole gateway (PROTOCOL.md 6): the one
 * place where it is decided who a client is.
 *
 * All shards and the main thread use it, under one lock, at `connect` and never on the
 * way of an event. Secrets come in as text and leave as text, and nothing but their
 * digests stays: a ticket's SHA-256; a session's generation, from which the gateway's own
 * key makes the token. Sessions outlive the process in an SQLite file, written behind by
 * a thread of its own; tickets do not.
 */
#ifndef TG_IDENTITY_IDENTITIES_H
#define TG_IDENTITY_IDENTITIES_H

#include "engine/base/buf.h"
#include "engine/identity/identity.h"
#include "engine/json/refusal.h"
#include "server/config/config.h"

struct tg_identities;

/* What they take of memory, overhead included, with a user, a session, an Origin, two
 * types and few claims: no more than this. */
enum { TG_TICKET_BYTES_USUAL = 400, TG_SESSION_BYTES_USUAL = 450 };

struct tg_identities_hooks {
    /* A session ended by itself (an old token of it was shown, or a ticket of somebody
     * else beside its token), or by the name that its application gave it last, which
     * connections from before do not know: close the connections of this client with
     * 4401. From any thread, without the lock. */
    void (*session_ended)(void *context, const struct tg_selection *selection);
    void *context;
    /* Microseconds that never go back, for lives and waiting times, so that a clock that
     * is set makes no ticket good again. NULL: CLOCK_BOOTTIME. */
    int64_t (*steady_us)(void);
};

/* Open the session file and load what is not expired. `config` is borrowed. NULL with
 * `why`: a file that cannot be used is refused, never replaced. */
struct tg_identities *tg_identities_open(const struct tg_config *config,
                                         const struct tg_identities_hooks *hooks,
                                         int64_t now_us, char *why, size_t why_size);
/* Write out what is left, and end the thread; each `done` that is still owed is called.
 * All shards must have ended. NULL is fine. */
void tg_identities_close(struct tg_identities *identities);

/* Make a ticket for `app` from a ticket request (INGEST.md 6). The members of a `ticket`
 * answer, without braces and `kind`, are added to `answer`: wipe it when it is sent.
 *
 * TG_EINVAL  `invalid_json`, `invalid_message`, `unknown_member`.
 * TG_ELIMIT  `overloaded`: as many tickets as there may be are not spent.
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_identities_ticket(struct tg_identities *identities,
                                             struct tg_slice app, struct tg_slice request,
                                             int64_t now_us, struct tg_buf *answer,
                                             struct tg_refusal *refusal);

/* Who shows these credentials? The ticket is spent by it, the session's token rotated,
 * and a connection counted in the client's account: the receiver gives that back
 * (tg_account_disconnect).
 *
 * TG_EINVAL  `unauthenticated`, in the same words and after the same work whatever was
 *            wrong.
 * TG_ELIMIT  `too_many_connections`: the client has client_connections_max of them.
 *            `overloaded`: no more signed tickets can be remembered. Nothing was spent or
 *            rotated, so that it can come again.
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_identities_admit(struct tg_identities *identities,
                                            const struct tg_credentials *credentials,
                                            int64_t now_us,
                                            struct tg_admission *admission,
                                            struct tg_refusal *refusal);

/* Called when an end is on the disk: at once, on the thread that asked, or later, on
 * another. It must not call tg_identities_* itself.
 *
 * TG_EIO, TG_ENOMEM  It holds as long as this gateway runs, but may not outlive it: to be
 *                    asked for again. */
typedef void tg_identities_done(void *context, enum tg_err err, uint32_t sessions);

/* From now on no ticket, session or signed ticket of these is good that was made before.
 * The selection names a user, a session or a client. `done` (may be NULL) is told how
 * many sessions there were. The connections that stand are not touched: hand an errand to
 * the shards after this. */
void tg_identities_end(struct tg_identities *identities,
                       const struct tg_selection *selection, int64_t now_us,
                       tg_identities_done *done, void *context);

struct tg_identities_counts {
    uint64_t tickets_made;
    uint64_t admitted; /* By ticket, signed ticket, session. */
    uint64_t refused;
    uint64_t reused;  /* Sessions that ended because of a copy. */
    uint32_t tickets; /* Not spent. */
    uint32_t sessions;
};

struct tg_identities_counts tg_identities_counts(struct tg_identities *identities);

#endif
