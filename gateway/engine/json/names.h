/* Member names, and those that repeat: private to this folder. */
#ifndef TG_JSON_NAMES_H
#define TG_JSON_NAMES_H

#include "engine/json/json.h"

/* Fill in the key of a name's token, its text being read. False without memory. */
bool tg_json_name_key(struct tg_json_doc *doc, struct tg_json_token *name);

/* Look for two members of one name in the object at `object`, which is closed.
 * `*repeated` is the name token of the second one, or 0. False without memory. */
bool tg_json_name_repeats(struct tg_json_doc *doc, uint32_t object, uint32_t *repeated);

#endif
