/* The validator against a plain table of what UTF-8 is (RFC 3629 4), whole and in parts.
 */
#include "engine/base/utf8.h"

#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every form of a character: the ranges of its first two bytes, and its size. All bytes
 * beyond the second lie in 80..BF. */
static const struct {
    uint8_t first[2];
    uint8_t second[2];
    size_t size;
} forms[] = {
    {{0x00, 0x7f}, {0, 0}, 1},       {{0xc2, 0xdf}, {0x80, 0xbf}, 2},
    {{0xe0, 0xe0}, {0xa0, 0xbf}, 3}, {{0xe1, 0xec}, {0x80, 0xbf}, 3},
    {{0xed, 0xed}, {0x80, 0x9f}, 3}, {{0xee, 0xef}, {0x80, 0xbf}, 3},
    {{0xf0, 0xf0}, {0x90, 0xbf}, 4}, {{0xf1, 0xf3}, {0x80, 0xbf}, 4},
    {{0xf4, 0xf4}, {0x80, 0x8f}, 4},
};

static bool in(uint8_t byte, const uint8_t range[2])
{
    return byte >= range[0] && byte <= range[1];
}

/* How many of the bytes may come; `*complete` says whether a text may end there. */
static size_t good_bytes(const uint8_t *data, size_t size, bool *complete)
{
    static const uint8_t others[2] = {0x80, 0xbf};
    size_t at = 0;
    *complete = true;
    while (at < size) {
        size_t form = 0;
        while (form < sizeof forms / sizeof *forms && !in(data[at], forms[form].first)) {
            form++;
        }
        if (form == sizeof forms / sizeof *forms) {
            *complete = false;
            return at;
        }
        for (size_t i = 1; i < forms[form].size; i++) {
            if (at + i == size) {
                *complete = false;
                return size;
            }
            if (!in(data[at + i], i == 1 ? forms[form].second : others)) {
                *complete = false;
                return at + i;
            }
        }
        at += forms[form].size;
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct parts parts = parts_from(data[0]);
    data++;
    size--;
    bool complete;
    size_t good = good_bytes(data, size, &complete);
    MUST(tg_utf8_valid(tg_slice(data, size)) == (good == size && complete));

    struct tg_utf8 single = {0};
    size_t taken = 0;
    while (taken < size && tg_utf8_feed(&single, tg_slice(data + taken, 1))) {
        taken++;
    }
    MUST(taken == good);
    MUST(taken < size || tg_utf8_complete(&single) == complete);

    struct tg_utf8 cut = {0};
    for (size_t at = 0; at < size;) {
        size_t part = parts_next(&parts, size - at);
        bool fine = tg_utf8_feed(&cut, tg_slice(data + at, part));
        MUST(fine == (good >= at + part));
        if (!fine) {
            return 0;
        }
        at += part;
    }
    MUST(tg_utf8_complete(&cut) == complete);
    return 0;
}
