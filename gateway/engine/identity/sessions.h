/* Sessions (PROTOCOL.md 6.2): who comes back as whom, and with which of the tokens that a
 * session had. Tokens themselves are made and judged above: here they are a session's id
 * and a generation.
 *
 * Times are the caller's, of a clock that never goes back. What a file would have to know
 * gathers in two lists: sessions that changed, and those that ended, which the caller
 * takes and frees. A call ends at most a few that expired: none pays for all. */
#ifndef TG_IDENTITY_SESSIONS_H
#define TG_IDENTITY_SESSIONS_H

#include "engine/base/list.h"
#include "engine/identity/deadlines.h"
#include "engine/identity/identity.h"
#include "engine/identity/index.h"

enum { TG_SESSION_ID_BYTES = 16 };

/* One session. Only its identity may be shared. */
struct tg_sessions_entry {
    struct tg_index_link by_client;
    struct tg_index_link by_user;
    struct tg_index_link by_name; /* Of the application's own session, if it has one. */
    struct tg_link news;          /* In `changed` or `ended`, or in none. */
    struct tg_deadline deadline;
    int64_t rotated_us;           /* When `generation` became the newest. */
    struct tg_identity *identity; /* Of those who come back. */
    bool renamed;        /* Its application calls its session another name than before. */
    uint32_t generation; /* Of the newest token. */
    uint32_t origin_size;
    uint8_t id[TG_SESSION_ID_BYTES]; /* Begins with the client's id. */
    char origin[];                   /* Where it began, and alone is good. */
};

struct tg_sessions {
    struct tg_index by_client;
    struct tg_index by_user;
    struct tg_index by_name;
    struct tg_deadlines deadlines;
    struct tg_link changed; /* The oldest change first. */
    struct tg_link ended;   /* The last one last. */
    uint32_t sessions_max;
    uint32_t user_max; /* Of one user of one application. */
    int64_t grace_us;
};

/* TG_ENOMEM  As it says; it may be finished. */
TG_MUST_USE enum tg_err tg_sessions_init(struct tg_sessions *sessions,
                                         uint32_t sessions_max, uint32_t user_max,
                                         int64_t grace_us);
/* All zero is fine. */
void tg_sessions_finish(struct tg_sessions *sessions);

/* The client's id that begins `id`. */
uint64_t tg_session_client(const uint8_t id[TG_SESSION_ID_BYTES]);

/* Begin a session of generation 1, or (from a file) of `generation`. At a limit, the
 * user's or that of all, the one of these that would expire first ends. `id` is random,
 * and its client's id of no other session; the identity, a reference of which it takes on
 * success, has that id.
 *
 * TG_ENOMEM  As it says. */
TG_MUST_USE enum tg_err tg_sessions_begin(
    struct tg_sessions *sessions, const uint8_t id[TG_SESSION_ID_BYTES],
    uint32_t generation, struct tg_identity *identity, struct tg_slice origin,
    int64_t expires_us, int64_t now_us, struct tg_sessions_entry **entry);
/* The session of this id, expired or not; NULL. */
struct tg_sessions_entry *tg_sessions_find(const struct tg_sessions *sessions,
                                           const uint8_t id[TG_SESSION_ID_BYTES]);
/* Is there one of this client? */
bool tg_sessions_has_client(const struct tg_sessions *sessions, uint64_t client);

enum tg_session_verdict {
    TG_SESSION_GOOD,
    TG_SESSION_REFUSED, /* Expired, or of another Origin. */
    TG_SESSION_REUSED,  /* A token that a newer one replaced: there is a copy. */
};

/* What does it mean that the token of this generation is shown now? Nothing changes. */
enum tg_session_verdict tg_sessions_judge(const struct tg_sessions *sessions,
                                          const struct tg_sessions_entry *entry,
                                          uint32_t generation, struct tg_slice origin,
                                          int64_t now_us);
/* After TG_SESSION_GOOD: the newest token is another one now, unless the one shown was
 * only just replaced. A generation that is newer than the newest is one that a file did
 * not get to know before its gateway was killed. */
void tg_sessions_rotate(struct tg_sessions *sessions, struct tg_sessions_entry *entry,
                        uint32_t generation, int64_t now_us);
/* It goes on as what another ticket said; takes a reference of the identity. */
void tg_sessions_renew(struct tg_sessions *sessions, struct tg_sessions_entry *entry,
                       struct tg_identity *identity, int64_t expires_us);
void tg_sessions_end(struct tg_sessions *sessions, struct tg_sessions_entry *entry);
/* End all that are selected, by user, session or client; how many. */
uint32_t tg_sessions_end_all(struct tg_sessions *sessions,
                             const struct tg_selection *selection);
/* End at most `most` of those that are expired. */
void tg_sessions_expire(struct tg_sessions *sessions, int64_t now_us, uint32_t most);
/* Free one that has ended. */
void tg_sessions_free(struct tg_sessions_entry *entry);

#endif
