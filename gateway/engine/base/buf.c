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

void tg_buf_add(struct tg_buf *buf, const void *data, size_t size)
{
    if (size == 0) {
        return;
    }
    uint8_t *room = tg_buf_room(buf, size);
    if (room != NULL) {
        memcpy(room, data, size);
        buf->size += size;
    }
}

void tg_buf_add_slice(struct tg_buf *buf, struct tg_slice slice)
{
    tg_buf_add(buf, slice.data, slice.size);
}

void tg_buf_add_text(struct tg_buf *buf, const char *text)
{
    tg_buf_add(buf, text, strlen(text));
}

void tg_buf_add_byte(struct tg_buf *buf, uint8_t byte)
{
    tg_buf_add(buf, &byte, 1);
}

void tg_buf_printf(struct tg_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    /* One more for the NUL that vsnprintf writes and we do not count, the limit neither. */
    size_t limit = buf->limit;
    buf->limit += limit != 0;
    uint8_t *room = size < 0 ? NULL : tg_buf_room(buf, (size_t)size + 1);
    buf->limit = limit;
    if (room != NULL) {
        vsnprintf((char *)room, (size_t)size + 1, format, again);
        buf->size += (size_t)size;
    } else {
        buf->failed = true;
    }
    va_end(again);
}

void tg_buf_add_u64(struct tg_buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    tg_buf_add(buf, digits + at, sizeof digits - at);
}

void tg_buf_drop(struct tg_buf *buf, size_t size)
{
    assert(size <= buf->size);
    buf->size -= size;
    if (buf->size != 0 && size != 0) {
        memmove(buf->data, buf->data + size, buf->size);
    }
}
