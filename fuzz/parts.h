/* Cutting an input into the parts in which it arrives. */
#ifndef FUZZ_PARTS_H
#define FUZZ_PARTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What must hold for every input. Unlike assert it is there in every build. */
#define MUST(condition)                                                     \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)

/* The sizes of the parts follow from one byte of the input: 0 means single bytes. */
struct parts {
    uint32_t random;
    uint32_t most;
};

static inline struct parts parts_from(uint8_t seed)
{
    return (struct parts){.random = seed, .most = seed == 0 ? 1 : 1u << (1 + seed % 7)};
}

/* A tg_test_cut. */
static inline size_t parts_next(void *context, size_t left)
{
    struct parts *parts = context;
    parts->random = parts->random * 1664525 + 1013904223;
    size_t size = 1 + (parts->random >> 16) % parts->most;
    return size < left ? size : left;
}

#endif
