/* A growing run of bytes.
 *
 * Failure is sticky: once an append finds no memory (or crosses `limit`) the buffer
 * is `failed`, later appends do nothing, and the writer asks once, at the end. So
 * code that builds a message reads straight down. */
#ifndef TG_BASE_BUF_H
#define TG_BASE_BUF_H

#include "engine/base/err.h"
#include "engine/base/slice.h"

struct tg_buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit; /* Most bytes it may hold; 0: no limit of its own. */
    bool failed;
};

/* All zero is an empty buffer too. */
void tg_buf_init(struct tg_buf *buf);
/* Free the bytes; the buffer is empty and may be used again. */
void tg_buf_finish(struct tg_buf *buf);
/* Forget the bytes and a failure, keep the memory. */
void tg_buf_clear(struct tg_buf *buf);
/* Room for `more` bytes after those held: where to write them, or NULL (and failed).
 * Add what was written to `size` yourself. */
uint8_t *tg_buf_room(struct tg_buf *buf, size_t more);
/* Most appends find room: those are here, to be inlined. */
static inline void tg_buf_add(struct tg_buf *buf, const void *data, size_t size)
{
    if (size == 0) {
        return;
    }
    uint8_t *room = !buf->failed && buf->capacity - buf->size >= size
                        ? buf->data + buf->size
                        : tg_buf_room(buf, size);
    if (room != NULL) {
        memcpy(room, data, size);
        buf->size += size;
    }
}

static inline void tg_buf_add_slice(struct tg_buf *buf, struct tg_slice slice)
{
    tg_buf_add(buf, slice.data, slice.size);
}

static inline void tg_buf_add_text(struct tg_buf *buf, const char *text)
{
    tg_buf_add(buf, text, strlen(text));
}

static inline void tg_buf_add_byte(struct tg_buf *buf, uint8_t byte)
{
    tg_buf_add(buf, &byte, 1);
}

/* As printf; for what is rare: logs, errors, answers. */
void tg_buf_printf(struct tg_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum { TG_U64_DIGITS = 20 };

/* The decimal digits of `value`, without a NUL; how many. */
size_t tg_u64_write(uint64_t value, char digits[TG_U64_DIGITS]);
/* The same, appended: for what is frequent. */
void tg_buf_add_u64(struct tg_buf *buf, uint64_t value);
/* Drop the first `size` bytes, of at most those held. */
void tg_buf_drop(struct tg_buf *buf, size_t size);

static inline struct tg_slice tg_buf_slice(const struct tg_buf *buf)
{
    return tg_slice(buf->data, buf->size);
}

#endif
