/* Bytes that someone else owns. A slice never ends with a NUL that counts. */
#ifndef TG_BASE_SLICE_H
#define TG_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct tg_slice {
    const uint8_t *data; /* May be NULL if size is 0. */
    size_t size;
};

/* A slice of a string literal: TG_LIT("GET"). */
#define TG_LIT(text) ((struct tg_slice){(const uint8_t *)(text), sizeof(text) - 1})
/* The same in the initializer of what is static. */
#define TG_LIT_INIT(text)                         \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }

/* For printf: printf("%.*s", TG_FMT(slice)). */
#define TG_FMT(slice) (int)(slice).size, (const char *)(slice).data

static inline struct tg_slice tg_slice(const void *data, size_t size)
{
    return (struct tg_slice){(const uint8_t *)data, size};
}

static inline struct tg_slice tg_slice_of(const char *text)
{
    return tg_slice(text, strlen(text));
}

static inline bool tg_slice_equal(struct tg_slice a, struct tg_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool tg_slice_is(struct tg_slice a, const char *text)
{
    return tg_slice_equal(a, tg_slice_of(text));
}

/* Order by bytes, a text before those that it begins: of UTF-8 this is the order of code
 * points. -1, 0 or 1. */
static inline int tg_slice_compare(struct tg_slice a, struct tg_slice b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    return order != 0 ? (order > 0) - (order < 0) : (a.size > b.size) - (a.size < b.size);
}

static inline bool tg_slice_begins(struct tg_slice text, struct tg_slice part)
{
    return part.size == 0 ||
           (text.size >= part.size && memcmp(text.data, part.data, part.size) == 0);
}

static inline bool tg_slice_ends(struct tg_slice text, struct tg_slice part)
{
    return part.size == 0 ||
           (text.size >= part.size &&
            memcmp(text.data + text.size - part.size, part.data, part.size) == 0);
}

bool tg_slice_contains(struct tg_slice text, struct tg_slice part);

#endif
