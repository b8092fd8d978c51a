/* The members of an object that has a fixed set of them: documents of publishers, in
 * which an unknown one is a mistake. */
#ifndef TG_JSON_MEMBERS_H
#define TG_JSON_MEMBERS_H

#include "engine/json/json.h"
#include "engine/json/refusal.h"

/* Put the values of `object`'s members into `values`, in the order of `names`; NONE where
 * there is no such member. False if it has another member: `*unknown` is its value. Quick
 * if the members stand in the order of the names. */
bool tg_members_find(struct tg_json object, const struct tg_slice *names, uint32_t count,
                     struct tg_json *values, struct tg_json *unknown);

/* Find one of `names` by its text: its place, or -1. */
int tg_names_find(const struct tg_slice *names, uint32_t count, struct tg_slice name);

/* Suggest those of `names` that are near `wanted`. */
void tg_names_suggest(const struct tg_slice *names, uint32_t count,
                      struct tg_slice wanted, struct tg_refusal *refusal);

#endif
