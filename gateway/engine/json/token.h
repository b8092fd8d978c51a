/* What json.c knows of a text: private to this folder (look.h has the inline ones).
 *
 * Tokens stand in the order of the text. A container is followed by all that is in it;
 * a member is two tokens, its name (a STRING) and right after it its value. */
#ifndef TG_JSON_TOKEN_H
#define TG_JSON_TOKEN_H

#include <stdint.h>

enum {
    TG_JSON_ESCAPED = 1, /* A string or name with at least one escape. */
    TG_JSON_MEMBER = 2,  /* The value of a member: its name is the token before. */
    TG_JSON_LAST = 4,    /* Nothing follows in its container. */
};

struct tg_json_token {
    uint32_t start; /* Raw text: from here */
    uint32_t end;   /* to before here. */
    union {
        struct {
            /* The token after the container; while it is open: its parent. */
            uint32_t next;
            uint32_t
                size; /* Members or items; until it is closed: when one opened in it. */
        };
        int64_t integer;
        double real;
        uint64_t key; /* Of a name: equal for equal names, mostly different for others. */
    };
    uint8_t kind;
    uint8_t flags;
};

#endif
