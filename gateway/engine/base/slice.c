#include "engine/base/slice.h"

bool tg_slice_contains(struct tg_slice text, struct tg_slice part)
{
    return part.size == 0 || (text.size >= part.size &&
                              memmem(text.data, text.size, part.data, part.size) != NULL);
}
