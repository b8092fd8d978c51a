#include "engine/json/members.h"

#include "engine/base/nearest.h"

bool tg_members_find(struct tg_json object, const struct tg_slice *names, uint32_t count,
                     struct tg_json *values, struct tg_json *unknown)
{
    for (uint32_t i = 0; i < count; i++) {
        values[i] = (struct tg_json){0};
    }
    uint32_t at = 0;
    for (struct tg_json value = tg_json_first(object);
         tg_json_kind(value) != TG_JSON_NONE; value = tg_json_next(value)) {
        uint32_t tried = 0;
        while (tried < count && !tg_json_name_is(value, names[at])) {
            at = at + 1 == count ? 0 : at + 1;
            tried++;
        }
        if (tried == count) {
            *unknown = value;
            return false;
        }
        values[at] = value;
        at = at + 1 == count ? 0 : at + 1;
    }
    return true;
}

int tg_names_find(const struct tg_slice *names, uint32_t count, struct tg_slice name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tg_slice_equal(names[i], name)) {
            return (int)i;
        }
    }
    return -1;
}

void tg_names_suggest(const struct tg_slice *names, uint32_t count,
                      struct tg_slice wanted, struct tg_refusal *refusal)
{
    struct tg_nearest nearest;
    tg_nearest_init(&nearest, wanted);
    for (uint32_t i = 0; i < count; i++) {
        tg_nearest_offer(&nearest, names[i]);
    }
    tg_refusal_suggest_all(refusal, &nearest);
}
