/* cmocka with the headers that it wants before it. */
#ifndef TG_TESTING_CMOCKA_H
#define TG_TESTING_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/slice.h"

/* `actual` is the text `expected`. */
#define assert_slice(actual, expected)                           \
    do {                                                         \
        __typeof__(actual) slice_ = (actual);                    \
        assert_int_equal(slice_.size, strlen(expected));         \
        assert_memory_equal(slice_.data, expected, slice_.size); \
    } while (0)

#endif
