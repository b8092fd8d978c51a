/* A session as bytes in the file: what it was at one moment, signed with the gateway's
 * key, so that a file which was changed, by anybody or by a disk, makes nobody somebody
 * else. */
#ifndef TG_IDENTITY_RECORD_H
#define TG_IDENTITY_RECORD_H

#include "engine/base/buf.h"
#include "engine/identity/sessions.h"
#include "server/identity/secrets.h"

/* The clock that never goes back, and the one on the wall, which files know. */
struct tg_clocks {
    int64_t steady_us;
    int64_t wall_us;
};

/* Append the session, with room for its signature. */
void tg_record_write(const struct tg_sessions_entry *entry,
                     const struct tg_clocks *clocks, struct tg_buf *buf);
/* Sign what that wrote. */
void tg_record_sign(struct tg_slice key, uint8_t *record, size_t size);

/* What a record says; slices are of it. */
struct tg_record {
    uint8_t id[TG_SESSION_ID_BYTES];
    uint32_t generation;
    int64_t rotated_us; /* By the clock that never goes back. */
    int64_t expires_us;
    struct tg_slice origin;
    struct tg_identity_facts facts;
    struct tg_slice types[TG_IDENTITY_TYPES_MAX];
};

/* False if it is not as tg_record_sign left it. */
bool tg_record_read(struct tg_slice bytes, struct tg_slice key,
                    const struct tg_clocks *clocks, struct tg_record *record);

#endif
