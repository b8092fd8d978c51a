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

#endif
