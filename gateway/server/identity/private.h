/* What the sources of this folder share. */
#ifndef TG_IDENTITY_PRIVATE_H
#define TG_IDENTITY_PRIVATE_H

#include <pthread.h>

#include "engine/identity/ended.h"
#include "engine/identity/sessions.h"
#include "engine/identity/spent.h"
#include "engine/identity/tickets.h"
#include "server/identity/identities.h"
#include "server/identity/secrets.h"
#include "server/identity/writer.h"

/* How often each of the steps was taken that would tell one refusal from another by the
 * time that they take. A test holds refusals to having taken the same ones. */
struct tg_work {
    uint64_t digests;
    uint64_t macs;
    uint64_t lookups;
};

struct tg_identities {
    const struct tg_config *config;
    struct tg_identities_hooks hooks;
    char key[TG_RUNTIME_KEY_SIZE]; /* The gateway's own. */
    int64_t started_us;            /* By the clock on the wall, and the other one. */
    int64_t started_steady_us;
    pthread_mutex_t lock; /* Of all below. */
    struct tg_tickets tickets;
    struct tg_sessions sessions;
    struct tg_ended ended;
    struct tg_spent spent;
    struct tg_identities_counts counts;
    struct tg_work work;
    int64_t ahead_us; /* The clock on the wall, of the other one, when last told. */
    struct tg_writer *writer; /* NULL: nothing is kept. */
};

/* By the clock that never goes back. */
int64_t tg_identities_steady(const struct tg_identities *identities);
/* The same under the lock, being told what the one on the wall says. */
int64_t tg_identities_told(struct tg_identities *identities, int64_t now_us);
/* Under the lock: drop a few of those tickets and sessions that are expired, so that no
 * call pays for all of them. */
void tg_identities_expire(struct tg_identities *identities, int64_t now_us);
/* HMAC under the gateway's own key. The first byte keeps apart what is signed by it. */
void tg_identities_mac(const struct tg_identities *identities, struct tg_slice bytes,
                       uint8_t mac[TG_MAC_BYTES]);
/* Under the lock, after the tables changed: see that what has to be written is. */
void tg_identities_settle(struct tg_identities *identities);
/* Say that there is no memory. */
enum tg_err tg_identities_no_memory(struct tg_refusal *refusal);
/* Say that there are too many of something, and that there is room after `retry_us`. */
enum tg_err tg_identities_full(struct tg_refusal *refusal, int64_t retry_us,
                               const char *what);

/* The texts that tell what they are. */
#define TG_TICKET_PREFIX  "tgt_"
#define TG_SESSION_PREFIX "tgs_"

#endif
