#include "engine/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/mem.h"

void tg_buf_init(struct tg_buf *buf)
{
    *buf = (struct tg_buf){0};
}

void tg_buf_finish(struct tg_buf *buf)
{
    tg_free(buf->data);
    size_t limit = buf->limit;
    *buf = (struct tg_buf){.limit = limit};
}

void tg_buf_clear(struct tg_buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}

uint8_t *tg_buf_room(struct tg_buf *buf, size_t more)
{
    if (buf->failed) {
        return NULL;
    }
    size_t limit = buf->limit != 0 ? buf->limit : SIZE_MAX / 4;
    if (more > limit || buf->size > limit - more) {
        buf->failed = true;
        return NULL;
    }
    size_t need = buf->size + more;
    if (need > buf->capacity) {
        size_t capacity = buf->capacity < 64 ? 64 : buf->capacity;
        while (capacity < need) {
            capacity += capacity / 2 + 8;
        }
        if (capacity > limit) {
            capacity = limit;
        }
        uint8_t *data = tg_resize(buf->data, capacity);
        if (data == NULL) {
            buf->failed = true;
            return NULL;
        }
        buf->data = data;
        buf->capacity = capacity;
    }
    return buf->data + buf->size;
}

void tg_buf_printf(struct tg_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    /* One more for the NUL that vsnprintf writes: neither we nor the limit count it. */
    size_t limit = buf->limit;
    buf->limit += limit != 0;
    uint8_t *room = size < 0 ? NULL : tg_buf_room(buf, (size_t)size + 1);
    buf->limit = limit;
    if (room != NULL) {
        vsnprintf((char *)room, (size_t)size + 1, format, again);
        buf->size += (size_t)size;
        if (limit != 0 && buf->capacity > limit) {
            buf->capacity = limit;
        }
    } else {
        buf->failed = true;
    }
    va_end(again);
}

static unsigned digits_of(uint64_t value)
{
    unsigned count = 1;
    for (; value >= 10000; value /= 10000) {
        count += 4;
    }
    return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

size_t tg_u64_write(uint64_t value, char digits[TG_U64_DIGITS])
{
    /* Two digits for each division. */
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    unsigned size = digits_of(value);
    unsigned at = size;
    for (; at >= 2; value /= 100) {
        at -= 2;
        memcpy(digits + at, pairs + value % 100 * 2, 2);
    }
    if (at == 1) {
        digits[0] = (char)('0' + value);
    }
    return size;
}

void tg_buf_add_u64(struct tg_buf *buf, uint64_t value)
{
    char digits[TG_U64_DIGITS];
    tg_buf_add(buf, digits, tg_u64_write(value, digits));
}

void tg_buf_drop(struct tg_buf *buf, size_t size)
{
    assert(size <= buf->size);
    buf->size -= size;
    if (buf->size != 0 && size != 0) {
        memmove(buf->data, buf->data + size, buf->size);
    }
}
