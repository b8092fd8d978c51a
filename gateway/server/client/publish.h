/* Events to the bytes of a request, and answers to words. No input or output here. */
#ifndef TG_CLIENT_PUBLISH_H
#define TG_CLIENT_PUBLISH_H

#include "engine/base/buf.h"
#include "engine/json/json.h"
#include "server/client/options.h"

enum {
    TG_BATCH_EVENTS_MAX = 500, /* What one request carries, of lines from stdin. */
    TG_BATCH_BYTES_MAX = 1 << 20,
};

/* Events that go in one request. All zero is an empty one. */
struct tg_batch {
    struct tg_buf body; /* One event a line. */
    size_t count;
    uint64_t lines[TG_BATCH_EVENTS_MAX]; /* Where each came from; 0: the command line. */
};

void tg_batch_clear(struct tg_batch *batch);
void tg_batch_finish(struct tg_batch *batch);
bool tg_batch_is_full(const struct tg_batch *batch);
/* Make an event of `data` (the text of a JSON object) as `options` say, and put it into
 * the batch, which is not full. `line` is where it came from, 0: the command line.
 *
 * TG_EINVAL  It is no JSON object; `err` has a line that says so.
 * TG_ENOMEM  As it says. */
TG_MUST_USE enum tg_err tg_batch_add(struct tg_batch *batch,
                                     const struct tg_publish_options *options,
                                     struct tg_slice data, uint64_t line,
                                     struct tg_buf *err);

/* The request for the batch. The key was judged (tg_config_is_key). */
void tg_batch_request(const struct tg_batch *batch,
                      const struct tg_publish_options *options, const char *key,
                      struct tg_buf *request);

/* What the gateway answered, as lines for stdout (`out`) and stderr (`err`). True if all
 * events of the batch are events of the gateway now. */
bool tg_batch_answer(const struct tg_batch *batch,
                     const struct tg_publish_options *options, unsigned status,
                     struct tg_slice body, struct tg_buf *out, struct tg_buf *err);

#endif
