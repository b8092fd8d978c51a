/* Catalogues for tests. JSON is written with ' for ", to be read by people. */
#ifndef TG_TESTING_CATALOGUES_H
#define TG_TESTING_CATALOGUES_H

#include "testing/cmocka.h"

#include <stdlib.h>

#include "engine/catalogue/catalogue.h"

/* `text` with " for '; good until the eighth call from here. */
static inline struct tg_slice json_of(const char *text)
{
    static char *texts[8];
    static size_t at;
    at = (at + 1) % 8;
    texts[at] = realloc(texts[at], strlen(text) + 1);
    assert_non_null(texts[at]);
    strcpy(texts[at], text);
    for (char *c = texts[at]; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    return tg_slice_of(texts[at]);
}

/* The refusal as one line: `code member: message [nearest, nearest]`. */
static inline const char *refusal_text(const struct tg_refusal *refusal)
{
    static struct tg_buf text;
    tg_buf_clear(&text);
    tg_buf_printf(&text, "%s %s: %s", tg_code_text(refusal->code), refusal->member,
                  refusal->message);
    for (uint32_t i = 0; i < refusal->nearest_count; i++) {
        tg_buf_printf(&text, "%s%s", i == 0 ? " [" : ", ", refusal->nearest[i]);
    }
    tg_buf_add_text(&text, refusal->nearest_count == 0 ? "" : "]");
    tg_buf_add_byte(&text, '\0');
    return (const char *)text.data;
}

/* `catalogue` with `app`'s types replaced, which must go well; takes the reference. */
static inline struct tg_catalogue *replaced(struct tg_catalogue *catalogue,
                                            const char *app, const char *document)
{
    struct tg_catalogue *next = NULL;
    struct tg_refusal refusal = {0};
    bool changed = false;
    enum tg_err err = tg_catalogue_replace(catalogue, tg_slice_of(app), json_of(document),
                                           NULL, &next, &refusal, &changed);
    if (err != TG_OK) {
        fail_msg("%s", refusal_text(&refusal));
    }
    tg_catalogue_unref(catalogue);
    return next;
}

#endif
