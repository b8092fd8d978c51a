/* Signed tickets that were used (PROTOCOL.md 6.4): their `jti`, as long as the ticket
 * could be shown again. */
#ifndef TG_IDENTITY_SPENT_H
#define TG_IDENTITY_SPENT_H

#include "engine/base/slice.h"
#include "engine/identity/deadlines.h"
#include "engine/identity/index.h"

struct tg_spent {
    struct tg_index index;
    struct tg_deadlines deadlines;
    uint32_t spent_max;
};

/* TG_ENOMEM  As it says; it may be finished. */
TG_MUST_USE enum tg_err tg_spent_init(struct tg_spent *spent, uint32_t spent_max);
/* All zero is fine. */
void tg_spent_finish(struct tg_spent *spent);

bool tg_spent_has(const struct tg_spent *spent, struct tg_slice app, struct tg_slice jti);
/* Remember it until `forget_us`.
 *
 * TG_EEXIST  It is spent already.
 * TG_ELIMIT  There are as many as there may be; `*retry_us`: when the first is forgotten.
 * TG_ENOMEM  As it says; nothing changed in each case. */
TG_MUST_USE enum tg_err tg_spent_add(struct tg_spent *spent, struct tg_slice app,
                                     struct tg_slice jti, int64_t forget_us,
                                     int64_t now_us, int64_t *retry_us);
/* It was not used after all. */
void tg_spent_remove(struct tg_spent *spent, struct tg_slice app, struct tg_slice jti);

#endif
