#define ZLIB_CONST
#include "server/deflate/deflate.h"

#include <assert.h>
#include <zlib.h>

#include "engine/base/mem.h"

enum {
    STEP_MIN = 512,
    STEP_MAX = 16 * 1024,
    FLUSH_ROOM = 64, /* More than a flush leaves behind: the tail and a few bits. */
};

struct tg_zlib {
    z_stream stream;
    size_t pinned;
};

/* What every compressed message ends with, and what is never sent (RFC 7692 7.2.1). */
static const uint8_t tail[4] = {0x00, 0x00, 0xff, 0xff};

static void *zlib_alloc(void *context, unsigned items, unsigned size)
{
    struct tg_zlib *zlib = context;
    void *memory = tg_zalloc(items, size);
    if (memory != NULL) {
        zlib->pinned += (size_t)items * size + TG_HEAP_OVERHEAD;
    }
    return memory;
}

/* zlib frees nothing before its end. */
static void zlib_free(void *context, void *memory)
{
    (void)context;
    tg_free(memory);
}

static struct tg_zlib *zlib_create(void)
{
    struct tg_zlib *zlib = tg_zalloc(1, sizeof *zlib);
    if (zlib != NULL) {
        zlib->pinned = sizeof *zlib + TG_HEAP_OVERHEAD;
        zlib->stream.zalloc = zlib_alloc;
        zlib->stream.zfree = zlib_free;
        zlib->stream.opaque = zlib;
    }
    return zlib;
}

static size_t zlib_pinned(const struct tg_zlib *zlib)
{
    return zlib == NULL ? 0 : zlib->pinned;
}

void tg_inflater_init(struct tg_inflater *inflater, unsigned window_bits,
                      bool context_takeover)
{
    assert(window_bits >= 8 && window_bits <= 15);
    *inflater = (struct tg_inflater){
        .window_bits = (uint8_t)window_bits,
        .context_takeover = context_takeover,
    };
}

void tg_inflater_finish(struct tg_inflater *inflater)
{
    if (inflater->zlib != NULL) {
        inflateEnd(&inflater->zlib->stream);
        tg_free(inflater->zlib);
        inflater->zlib = NULL;
    }
}

size_t tg_inflater_pinned(const struct tg_inflater *inflater)
{
    return zlib_pinned(inflater->zlib);
}

static enum tg_err inflater_begin(struct tg_inflater *inflater)
{
    if (inflater->zlib != NULL) {
        if (!inflater->context_takeover) {
            inflateReset(&inflater->zlib->stream);
        }
        return TG_OK;
    }
    struct tg_zlib *zlib = zlib_create();
    if (zlib == NULL) {
        return TG_ENOMEM;
    }
    if (inflateInit2(&zlib->stream, -(int)inflater->window_bits) != Z_OK) {
        tg_free(zlib);
        return TG_ENOMEM;
    }
    inflater->zlib = zlib;
    return TG_OK;
}

/* A block was the last of its DEFLATE stream, which a peer may send (RFC 7692 7.2.3.4):
 * go on with another stream that still knows the window. */
static enum tg_err inflater_next_stream(z_stream *stream)
{
    unsigned size = 0;
    uint8_t *window = tg_alloc(1 << 15);
    if (window == NULL) {
        return TG_ENOMEM;
    }
    inflateGetDictionary(stream, window, &size);
    inflateReset(stream);
    inflateSetDictionary(stream, window, size);
    tg_free(window);
    return TG_OK;
}

static bool over_limit(const struct tg_inflate_limits *limits, size_t in, size_t out)
{
    if (out > limits->message_max) {
        return true;
    }
    return limits->ratio_max != 0 && out > TG_INFLATE_RATIO_FREE &&
           out / limits->ratio_max >= in && out > in * limits->ratio_max;
}

/* What one message is on its way out. */
struct inflation {
    z_stream *stream;
    const struct tg_inflate_limits *limits;
    struct tg_buf *out;
    size_t in;    /* Bytes of the whole message, compressed. */
    size_t begin; /* Where in `out` it begins. */
    size_t step;
    bool ended; /* The last bytes ended a DEFLATE stream. */
};

/* Inflate `bytes` to their end, a step at a time. */
static enum tg_err inflate_bytes(struct inflation *work, const uint8_t *bytes,
                                 size_t size)
{
    z_stream *stream = work->stream;
    stream->next_in = bytes;
    stream->avail_in = (unsigned)size;
    for (;;) {
        /* One byte more than may come, to see that it does. */
        size_t left = work->limits->message_max - (work->out->size - work->begin);
        size_t room = left < work->step ? left + 1 : work->step;
        stream->next_out = tg_buf_room(work->out, room);
        if (stream->next_out == NULL) {
            return TG_ENOMEM;
        }
        stream->avail_out = (unsigned)room;
        int result = inflate(stream, Z_SYNC_FLUSH);
        work->out->size += room - stream->avail_out;
        work->step = STEP_MAX;
        if (over_limit(work->limits, work->in, work->out->size - work->begin)) {
            return TG_ELIMIT;
        }
        if (result == Z_MEM_ERROR) {
            return TG_ENOMEM;
        }
        if (result == Z_STREAM_END) {
            enum tg_err err = inflater_next_stream(stream);
            work->ended = stream->avail_in == 0;
            if (err != TG_OK || work->ended) {
                return err;
            }
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            return TG_EPROTO;
        } else if (stream->avail_in == 0 && stream->avail_out != 0) {
            return TG_OK;
        }
    }
}

/* zlib says by this bit that the last block is complete. */
static bool between_blocks(const z_stream *stream)
{
    return (stream->data_type & 128) != 0;
}

static enum tg_err inflate_message(struct tg_inflater *inflater, struct tg_slice bytes,
                                   const struct tg_inflate_limits *limits,
                                   struct tg_buf *out)
{
    enum tg_err err = inflater_begin(inflater);
    if (err != TG_OK) {
        return err;
    }
    size_t guess = bytes.size * 4;
    struct inflation work = {
        .stream = &inflater->zlib->stream,
        .limits = limits,
        .out = out,
        .in = bytes.size,
        .begin = out->size,
        .step = guess < STEP_MIN   ? STEP_MIN
                : guess > STEP_MAX ? STEP_MAX
                                   : guess,
    };
    err = inflate_bytes(&work, bytes.data, bytes.size);
    if (err != TG_OK || work.ended) {
        return err;
    }
    err = inflate_bytes(&work, tail, sizeof tail);
    if (err == TG_OK && !between_blocks(work.stream)) {
        return TG_EPROTO;
    }
    return err;
}

enum tg_err tg_inflate(struct tg_inflater *inflater, struct tg_slice bytes,
                       const struct tg_inflate_limits *limits, struct tg_buf *out)
{
    assert(bytes.size <= UINT32_MAX && !out->failed);
    size_t before = out->size;
    enum tg_err err = inflate_message(inflater, bytes, limits, out);
    if (err != TG_OK) {
        tg_inflater_finish(inflater);
        out->size = before;
        out->failed = false;
    }
    return err;
}

void tg_deflater_init(struct tg_deflater *deflater, unsigned window_bits,
                      bool context_takeover, unsigned level)
{
    assert(window_bits >= 8 && window_bits <= 15 && level >= 1 && level <= 9);
    *deflater = (struct tg_deflater){
        .window_bits = (uint8_t)window_bits,
        .level = (uint8_t)level,
        .context_takeover = context_takeover,
    };
}

void tg_deflater_finish(struct tg_deflater *deflater)
{
    if (deflater->zlib != NULL) {
        deflateEnd(&deflater->zlib->stream);
        tg_free(deflater->zlib);
        deflater->zlib = NULL;
    }
}

size_t tg_deflater_pinned(const struct tg_deflater *deflater)
{
    return zlib_pinned(deflater->zlib);
}

/* zlib has no deflater of 8 bits, but that of 9 looks back no further than 2^9 - 262 =
 * 250 bytes, so its output fits a window of 256. The memory for matches follows the
 * window. */
static enum tg_err deflater_begin(struct tg_deflater *deflater)
{
    if (deflater->zlib != NULL) {
        if (!deflater->context_takeover) {
            deflateReset(&deflater->zlib->stream);
        }
        return TG_OK;
    }
    struct tg_zlib *zlib = zlib_create();
    if (zlib == NULL) {
        return TG_ENOMEM;
    }
    int bits = deflater->window_bits == 8 ? 9 : deflater->window_bits;
    if (deflateInit2(&zlib->stream, deflater->level, Z_DEFLATED, -bits, bits - 7,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        tg_free(zlib);
        return TG_ENOMEM;
    }
    deflater->zlib = zlib;
    return TG_OK;
}

static enum tg_err deflate_message(struct tg_deflater *deflater, struct tg_slice message,
                                   struct tg_buf *out)
{
    enum tg_err err = deflater_begin(deflater);
    if (err != TG_OK) {
        return err;
    }
    z_stream *stream = &deflater->zlib->stream;
    stream->next_in = message.data;
    stream->avail_in = (unsigned)message.size;
    size_t room = deflateBound(stream, message.size) + FLUSH_ROOM;
    do {
        stream->next_out = tg_buf_room(out, room);
        if (stream->next_out == NULL) {
            return TG_ENOMEM;
        }
        stream->avail_out = (unsigned)room;
        deflate(stream, Z_SYNC_FLUSH);
        out->size += room - stream->avail_out;
        room = FLUSH_ROOM;
    } while (stream->avail_out == 0);
    out->size -= sizeof tail;
    assert(memcmp(out->data + out->size, tail, sizeof tail) == 0);
    return TG_OK;
}

enum tg_err tg_deflate(struct tg_deflater *deflater, struct tg_slice message,
                       struct tg_buf *out)
{
    assert(message.size <= UINT32_MAX && !out->failed);
    size_t before = out->size;
    enum tg_err err = TG_OK;
    if (message.size == 0) {
        tg_buf_add_byte(out, 0x00); /* RFC 7692 7.2.3.6: an empty block. */
        err = out->failed ? TG_ENOMEM : TG_OK;
    } else {
        err = deflate_message(deflater, message, out);
    }
    if (err != TG_OK) {
        tg_deflater_finish(deflater);
        out->size = before;
        out->failed = false;
    }
    return err;
}
