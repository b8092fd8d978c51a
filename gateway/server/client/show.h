/* What the gateway said, for a terminal: on one line, and unable to drive it. */
#ifndef TG_CLIENT_SHOW_H
#define TG_CLIENT_SHOW_H

#include <stdio.h>

#include "engine/base/buf.h"
#include "engine/json/json.h"

/* JSON text as one line: white space between values is left out; characters in strings
 * that a terminal would obey (C1 controls, DEL) or that change the order of reading are
 * escaped. It means the same as before. */
void tg_show_json(struct tg_buf *buf, struct tg_slice json);
/* A text that stands outside of JSON: the same characters, and C0 controls and quotes
 * too, are escaped; nothing is put around it. */
void tg_show_text(struct tg_buf *buf, struct tg_slice text);

/* One event message as a line without its end:
 *   2026-11-23T02:16:34.120331Z change board.Order 42 {"id":7,"status":"paid"}
 * False if it is no event as the protocol has it. */
bool tg_show_event(struct tg_buf *buf, struct tg_json event);

/* An `error` or `refused` object (or an item of `refused`) as a phrase:
 *   unknown_type: there is no event type "board.Ordr"; did you mean board.Order?
 * with `member` where it helps. */
void tg_show_refusal(struct tg_buf *buf, struct tg_json refusal);

/* The line `number` of `source` with ^^^ below what stands at `column`, both from 1, as
 * two lines: some 70 characters around it. Nothing, if there is no such place. */
void tg_show_place(struct tg_buf *buf, struct tg_slice source, uint64_t number,
                   uint64_t column);

/* Write what `buf` holds to `to`, and forget it. */
void tg_show_out(struct tg_buf *buf, FILE *to);

#endif
