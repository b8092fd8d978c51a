/* Why something was refused, as the answer to whoever asked: a code of
 * protocol/codes.json, a sentence, the member that is wrong, and names that may have
 * been meant. Of fixed size: refusing takes no memory. */
#ifndef TG_JSON_REFUSAL_H
#define TG_JSON_REFUSAL_H

#include "engine/base/buf.h"
#include "engine/base/codes.h"
#include "engine/base/nearest.h"
#include "engine/base/slice.h"

enum {
    TG_REFUSAL_MESSAGE_MAX = 256,
    TG_REFUSAL_NAME_MAX = TG_NEAREST_NAME_MAX,
    TG_REFUSAL_NEAREST_MAX = TG_NEAREST_MAX,
};

struct tg_refusal {
    enum tg_code code;
    uint32_t nearest_count;
    uint32_t line;   /* In the text that was judged, both from 1; 0: it is no text */
    uint32_t column; /* of lines. Columns count characters (code points). */
    uint32_t retry_after_ms; /* When it may go well; 0: nobody knows. */
    char message[TG_REFUSAL_MESSAGE_MAX + 1];
    char member[TG_REFUSAL_NAME_MAX + 1]; /* A path, `data.total`; empty: of no member. */
    char nearest[TG_REFUSAL_NEAREST_MAX][TG_REFUSAL_NAME_MAX + 1];
};

/* Fill `refusal`, with no nearest names. `member` may be NULL. What is too long is cut,
 * between characters. */
void tg_refusal_set(struct tg_refusal *refusal, enum tg_code code, const char *member,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Add one more name that may have been meant; beyond the third they are left out. */
void tg_refusal_suggest(struct tg_refusal *refusal, struct tg_slice name);
/* The same for all that `nearest` found. */
void tg_refusal_suggest_all(struct tg_refusal *refusal, const struct tg_nearest *nearest);
/* `"code":…,"message":…` and `member`, `line` with `column`, `nearest`, `retry_after_ms`
 * where there are such: members of an object that the caller opened, without a comma
 * before or after. */
void tg_refusal_write(const struct tg_refusal *refusal, struct tg_buf *buf);

/* For messages: how much of a peer's bytes to quote, as `"%.*s"` of TG_FMT. At most 64
 * bytes, cut between characters, nothing from the first control character on. */
struct tg_slice tg_refusal_quote(struct tg_slice bytes);

#endif
