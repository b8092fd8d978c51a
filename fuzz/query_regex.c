/* Regular expressions on anything: the pattern up to the first byte 0xff, the text after
 * it. What compiles is searched for within its promise of steps, and found or not in the
 * same way if it is asked for with all that is around it. */
#include "engine/base/buf.h"
#include "engine/base/mem.h"
#include "engine/cel/regex.h"
#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int search(const struct tg_regex *regex, struct tg_slice text)
{
    const uint64_t most = UINT64_MAX;
    uint64_t left = most;
    /* Of just its size, so that a sanitizer sees every step beyond. */
    void *memory = malloc(tg_regex_memory(regex));
    int found = tg_regex_run(regex, text, memory, &left);
    free(memory);
    MUST(found == 0 || found == 1);
    MUST(most - left <= (uint64_t)2 * tg_regex_cost(regex) * (text.size + 1));
    return found;
}

/* The pattern P as \A(?s:.*)(?:P)(?s:.*)\z. */
static void check_around(struct tg_slice pattern, struct tg_slice text, int found)
{
    static struct tg_buf around;
    struct tg_regex *regex = NULL;
    const char *why;
    uint32_t at;
    tg_buf_clear(&around);
    tg_buf_add_text(&around, "\\A(?s:.*)(?:");
    tg_buf_add_slice(&around, pattern);
    tg_buf_add_text(&around, ")(?s:.*)\\z");
    enum tg_err err = tg_regex_compile(tg_buf_slice(&around), &regex, &why, &at);
    if (err == TG_ELIMIT) {
        return;
    }
    MUST(err == TG_OK);
    MUST(search(regex, text) == found);
    tg_free(regex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, 0xff, size);
    size_t pattern_size = end == NULL ? size : (size_t)(end - data);
    struct tg_slice pattern = tg_slice(data, pattern_size);
    struct tg_slice text = end == NULL ? tg_slice(NULL, 0)
                                       : tg_slice(end + 1, size - pattern_size - 1);
    struct tg_regex *regex = NULL;
    const char *why = NULL;
    uint32_t at = 0;
    enum tg_err err = tg_regex_compile(pattern, &regex, &why, &at);
    if (err != TG_OK) {
        MUST(regex == NULL && why != NULL && at <= pattern.size);
        return 0;
    }
    int found = search(regex, text);
    tg_free(regex);
    /* A \Q may go on to the end. */
    bool is_open = false;
    for (size_t i = 0; i + 1 < pattern.size; i++) {
        is_open |= pattern.data[i] == '\\' && pattern.data[i + 1] == 'Q';
    }
    if (!is_open) {
        check_around(pattern, text, found);
    }
    return 0;
}
