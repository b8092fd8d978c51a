/* Who a client is (PROTOCOL.md 6): the application that vouches for it, its user, its
 * claims. Immutable and shared between threads by counting. An anonymous client has none
 * (NULL). */
#ifndef TG_IDENTITY_IDENTITY_H
#define TG_IDENTITY_IDENTITY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/base/err.h"
#include "engine/base/slice.h"

enum {
    TG_APP_BYTES_MAX = 64,
    TG_USER_BYTES_MAX = 128,
    TG_SESSION_NAME_BYTES_MAX = 64, /* Of the application's own session. */
    TG_IDENTITY_TYPES_MAX = 1000,
    TG_IDENTITY_CLAIMS_MAX = 4096,
};

/* What the connections of one client use together, whichever shard they are on: for the
 * limits of a client. Lives as long as anybody counts in it. */
struct tg_account {
    atomic_uint refs;
    atomic_uint connections;
    atomic_uint subscriptions;
};

/* With one reference; NULL without memory. */
struct tg_account *tg_account_create(void);
void tg_account_ref(struct tg_account *account);
/* NULL is fine. From any thread. */
void tg_account_unref(struct tg_account *account);
/* Count one more, unless there are `max` already (0: no limit): false, and nothing is
 * counted. What was counted is given back once. From any thread. */
bool tg_account_connect(struct tg_account *account, uint32_t max);
void tg_account_disconnect(struct tg_account *account);
bool tg_account_subscribe(struct tg_account *account, uint32_t max);
void tg_account_unsubscribe(struct tg_account *account);

/* What an identity says. */
struct tg_identity_facts {
    uint64_t client;              /* The id that all connections of the session have. */
    struct tg_slice app;          /* Empty: every application vouches (testing.claims). */
    struct tg_slice user;         /* As the application names it. */
    struct tg_slice session;      /* The application's own session; may be empty. */
    struct tg_slice claims;       /* A JSON object; empty: "{}". */
    const struct tg_slice *types; /* The `checked` types that it may have, any order. */
    uint32_t types_count;
};

struct tg_identity {
    atomic_uint refs;
    struct tg_identity_facts facts; /* All slices live as long as the identity. */
    struct tg_account *account;     /* Has a reference of it. */
};

/* With one reference, and one more of `account`; the facts are copied. NULL without
 * memory. */
struct tg_identity *tg_identity_create(const struct tg_identity_facts *facts,
                                       struct tg_account *account);
void tg_identity_ref(struct tg_identity *identity);
/* NULL is fine. From any thread. */
void tg_identity_unref(struct tg_identity *identity);

/* Does `app` vouch for it? */
bool tg_identity_is_of(const struct tg_identity *identity, struct tg_slice app);
/* Does its ticket name the checked type `name`? */
bool tg_identity_has_type(const struct tg_identity *identity, struct tg_slice name);
/* What it takes of memory, with its account, overhead included. */
size_t tg_identity_weight(const struct tg_identity *identity);

/* What a client shows in `connect`. */
struct tg_credentials {
    struct tg_slice ticket;  /* Empty: none. */
    struct tg_slice session; /* Empty: none. */
    struct tg_slice origin;  /* As its handshake had it; empty: none. */
};

enum { TG_SESSION_TOKEN_MAX = 128 };

/* What it gets for them. */
struct tg_admission {
    /* A reference, which is the receiver's, with a connection counted in its account. */
    struct tg_identity *identity;
    char token[TG_SESSION_TOKEN_MAX + 1]; /* To be shown the next time. Wipe it. */
    int64_t expires_in_ms;
};

/* Whose identities, clients, connections are meant (INGEST.md 7). */
struct tg_selection {
    struct tg_slice app;     /* Always one. */
    struct tg_slice user;    /* Empty: whoever. */
    struct tg_slice session; /* Empty: whichever. */
    uint64_t client;         /* 0: whichever. */
};

/* Is it meant? `identity` NULL and `client`: an anonymous one. */
bool tg_selection_has(const struct tg_selection *selection,
                      const struct tg_identity *identity, uint64_t client);

#endif
