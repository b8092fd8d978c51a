/* Management (INGEST.md 7): who is connected, and ending that.
 *
 * What is asked here is answered later, when every shard has said its part, and the end
 * of identities is on the disk. One thread, that of `net`'s loop. */
#ifndef TG_SEQUENCER_MANAGE_H
#define TG_SEQUENCER_MANAGE_H

#include "engine/catalogue/catalogue.h"
#include "server/identity/identities.h"
#include "server/sequencer/errands.h"

struct tg_management;

/* An answer: an object of `kind`, with these members (without braces), or refused. */
struct tg_manage_answer {
    const char *kind;
    struct tg_slice members;
    const struct tg_refusal *refusal; /* NULL: it was done. */
};

/* Who asks. */
struct tg_manage_asker {
    void (*answered)(void *context, const struct tg_manage_answer *answer);
    void *context;
};

/* `shards` and `identities` are borrowed; `identities` is NULL where nobody has an
 * identity: in tests. NULL without memory. */
struct tg_management *tg_management_create(struct tg_net *net, struct tg_shard **shards,
                                           uint32_t shard_count,
                                           struct tg_identities *identities);
/* All shards have ended, and the identities are closed: answer what is left, and leave
 * the loop. NULL is fine. */
void tg_management_close(struct tg_management *management);
/* After the loop. NULL is fine. */
void tg_management_destroy(struct tg_management *management);

/* Do what `document` asks for, on behalf of `app`: LIST is `clients`, CLOSE is
 * `disconnect`. After TG_OK `asker` is answered, once, and never within this call.
 *
 * TG_EINVAL  `invalid_json`, `invalid_message`, `unknown_member`, `unknown_type`.
 * TG_ELIMIT  `overloaded`: as much as there may be is under way.
 * TG_ENOMEM  `overloaded`. */
TG_MUST_USE enum tg_err tg_manage(struct tg_management *management,
                                  const struct tg_catalogue *catalogue,
                                  enum tg_errand_kind kind, struct tg_slice app,
                                  struct tg_slice document,
                                  const struct tg_manage_asker *asker,
                                  struct tg_refusal *refusal);

/* Close the connections of these with 4401: their session has ended. From any thread. */
void tg_manage_session_ended(struct tg_management *management,
                             const struct tg_selection *selection);

#endif
