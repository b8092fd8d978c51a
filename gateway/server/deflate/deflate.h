/* The messages of permessage-deflate (RFC 7692) through zlib.
 *
 * zlib's stream (7 to 270 KB) is made when the first message needs it. Without context
 * takeover one inflater and one deflater of a window of 15 serve every connection of a
 * thread: such a message depends on no other. */
#ifndef TG_DEFLATE_DEFLATE_H
#define TG_DEFLATE_DEFLATE_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/slice.h"

struct tg_zlib; /* zlib's stream and what it holds. */

/* Output of up to this size is never refused because of its ratio. */
enum { TG_INFLATE_RATIO_FREE = 4096 };

struct tg_inflate_limits {
    size_t message_max; /* Bytes that come out. */
    size_t ratio_max;   /* Bytes that come out per byte that goes in; 0: any. */
};

struct tg_inflater {
    struct tg_zlib *zlib; /* NULL until it is needed. */
    uint8_t window_bits;
    bool context_takeover;
};

struct tg_deflater {
    struct tg_zlib *zlib;
    uint8_t window_bits;
    uint8_t level;
    bool context_takeover;
};

/* `window_bits` 8 to 15: what the peer may use (the client's, for a server). */
void tg_inflater_init(struct tg_inflater *inflater, unsigned window_bits,
                      bool context_takeover);
void tg_inflater_finish(struct tg_inflater *inflater);
/* Append the message that `bytes` (whole, without the tail 00 00 ff ff) are to `out`.
 * Nothing is inflated beyond a limit by more than one step of 16 KiB.
 *
 * TG_EPROTO  Not DEFLATE, or it ends too early: close with 1007.
 * TG_ELIMIT  Over a limit: close with 1009.
 * TG_ENOMEM  Close with 1011.
 * After each of them the inflater begins anew, and `out` is as it was. */
TG_MUST_USE enum tg_err tg_inflate(struct tg_inflater *inflater, struct tg_slice bytes,
                                   const struct tg_inflate_limits *limits,
                                   struct tg_buf *out);
/* Bytes of the heap that it pins. */
size_t tg_inflater_pinned(const struct tg_inflater *inflater);

/* `window_bits` 8 to 15: what the peer was told. `level` 1 to 9, as zlib's. */
void tg_deflater_init(struct tg_deflater *deflater, unsigned window_bits,
                      bool context_takeover, unsigned level);
void tg_deflater_finish(struct tg_deflater *deflater);
/* Append the message, compressed and without the tail, to `out`.
 *
 * TG_ENOMEM  `out` is as it was; the deflater begins anew, which the peer's inflater of a
 *            connection with context takeover does not mind. */
TG_MUST_USE enum tg_err tg_deflate(struct tg_deflater *deflater, struct tg_slice message,
                                   struct tg_buf *out);
size_t tg_deflater_pinned(const struct tg_deflater *deflater);

#endif
