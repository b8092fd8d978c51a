#include "engine/cel/values.h"

struct tg_value_list *tg_list_take(struct tg_space *space, uint32_t count)
{
    struct tg_value_list *list =
        tg_space_take(space, sizeof *list + (size_t)count * sizeof(struct tg_value));
    if (list != NULL) {
        list->count = count;
    }
    return list;
}

struct tg_value_map *tg_map_take(struct tg_space *space, uint32_t count)
{
    struct tg_value_map *map =
        tg_space_take(space, sizeof *map + (size_t)count * 2 * sizeof(struct tg_value));
    if (map != NULL) {
        map->count = count;
    }
    return map;
}

/* Of unescaped text: a copy in the space, unless it borrows from the document. */
static struct tg_value string_of(struct tg_slice text, struct tg_space *space)
{
    if (text.size == 0 || text.data != space->scratch.data) {
        return tg_value_string(text);
    }
    uint8_t *copy = tg_space_take(space, text.size);
    if (copy == NULL) {
        return tg_value_error(tg_no_memory);
    }
    memcpy(copy, text.data, text.size);
    return tg_value_string(tg_slice(copy, text.size));
}

struct tg_value tg_value_of_json(struct tg_json json, struct tg_space *space)
{
    struct tg_value value = tg_value_error("no such attribute");
    struct tg_slice text;
    switch (tg_json_kind(json)) {
    case TG_JSON_NONE:
        break;
    case TG_JSON_NULL:
        return tg_value_null();
    case TG_JSON_BOOL:
        value.kind = TG_VALUE_BOOL;
        tg_json_bool(json, &value.boolean);
        break;
    case TG_JSON_INT:
        value.kind = TG_VALUE_INT;
        tg_json_int(json, &value.integer);
        break;
    case TG_JSON_DOUBLE:
        value.kind = TG_VALUE_DOUBLE;
        tg_json_double(json, &value.real);
        break;
    case TG_JSON_STRING:
        return tg_json_string(json, &space->scratch, &text)
                   ? string_of(text, space)
                   : tg_value_error(tg_no_memory);
    case TG_JSON_ARRAY:
        return (struct tg_value){.kind = TG_VALUE_LIST, .is_json = true, .json = json};
    case TG_JSON_OBJECT:
        return (struct tg_value){.kind = TG_VALUE_MAP, .is_json = true, .json = json};
    }
    return value;
}

uint32_t tg_value_count(struct tg_value container)
{
    if (container.is_json) {
        return tg_json_size(container.json);
    }
    return container.kind == TG_VALUE_LIST ? container.list->count : container.map->count;
}

struct tg_iter tg_iter_on(struct tg_value container)
{
    struct tg_iter iter = {.of = container};
    if (container.is_json) {
        iter.json = tg_json_first(container.json);
    }
    return iter;
}

static bool next_of_json(struct tg_iter *iter, struct tg_space *space,
                         struct tg_value *item, struct tg_value *value)
{
    struct tg_json json = iter->json;
    if (tg_json_kind(json) == TG_JSON_NONE) {
        return false;
    }
    iter->json = tg_json_next(json);
    *value = tg_value_of_json(json, space);
    if (iter->of.kind == TG_VALUE_LIST) {
        *item = *value;
        return true;
    }
    tg_buf_clear(&space->scratch); /* Of a failure, too. */
    struct tg_slice name = tg_json_name(json, &space->scratch);
    *item = space->scratch.failed ? tg_value_error(tg_no_memory) : string_of(name, space);
    return true;
}

bool tg_iter_next(struct tg_iter *iter, struct tg_space *space, struct tg_value *item,
                  struct tg_value *value)
{
    if (iter->of.is_json) {
        return next_of_json(iter, space, item, value);
    }
    uint32_t at = iter->at++;
    if (at >= tg_value_count(iter->of)) {
        return false;
    }
    if (iter->of.kind == TG_VALUE_LIST) {
        *item = *value = iter->of.list->items[at];
    } else {
        *item = iter->of.map->entries[at * 2];
        *value = iter->of.map->entries[at * 2 + 1];
    }
    return true;
}

bool tg_value_is_key(struct tg_value value)
{
    return value.kind == TG_VALUE_BOOL || value.kind == TG_VALUE_INT ||
           value.kind == TG_VALUE_UINT || value.kind == TG_VALUE_STRING;
}

static struct tg_value find_in_json(struct tg_work *work, struct tg_json object,
                                    struct tg_value key)
{
    if (key.kind != TG_VALUE_STRING) {
        return tg_value_error(tg_no_key);
    }
    struct tg_json member = tg_json_first(object);
    while (tg_json_kind(member) != TG_JSON_NONE && !tg_json_name_is(member, key.text)) {
        member = tg_json_next(member);
    }
    return tg_json_kind(member) == TG_JSON_NONE ? tg_value_error(tg_no_key)
                                                : tg_value_of_json(member, work->space);
}

struct tg_value tg_map_find(struct tg_work *work, struct tg_value map,
                            struct tg_value key)
{
    if (!tg_value_is_key(key) && !tg_value_is_number(key)) {
        return tg_value_error("unsupported key type");
    }
    if (!tg_spend(work, tg_value_count(map) / 4)) {
        return tg_value_error(tg_no_steps);
    }
    if (map.is_json) {
        return find_in_json(work, map.json, key);
    }
    for (uint32_t i = 0; i < map.map->count; i++) {
        if (tg_value_order(map.map->entries[i * 2], key) == TG_ORDER_EQUAL) {
            return map.map->entries[i * 2 + 1];
        }
    }
    return tg_value_error(tg_no_key);
}

static struct tg_value index_json(struct tg_work *work, struct tg_json array, uint64_t at)
{
    struct tg_json item = tg_json_first(array);
    if (!tg_spend(work, at / 4)) {
        return tg_value_error(tg_no_steps);
    }
    for (; at > 0; at--) {
        item = tg_json_next(item);
    }
    return tg_value_of_json(item, work->space);
}

/* The place that a number means in a list: a whole one, from 0. */
static bool place_of(struct tg_value index, uint64_t *place)
{
    switch (index.kind) {
    case TG_VALUE_INT:
        *place = (uint64_t)index.integer;
        return index.integer >= 0;
    case TG_VALUE_UINT:
        *place = index.unsigned_integer;
        return true;
    case TG_VALUE_DOUBLE:
        if (!(index.real >= 0 && index.real <= UINT32_MAX)) {
            return false;
        }
        *place = (uint64_t)index.real;
        return (double)*place == index.real;
    default:
        return false;
    }
}

struct tg_value tg_op_index(struct tg_work *work, struct tg_value of,
                            struct tg_value index)
{
    uint64_t place;
    if (of.kind == TG_VALUE_ERROR || index.kind == TG_VALUE_ERROR) {
        return of.kind == TG_VALUE_ERROR ? of : index;
    }
    if (of.kind == TG_VALUE_MAP) {
        return tg_map_find(work, of, index);
    }
    if (of.kind != TG_VALUE_LIST || !tg_value_is_number(index)) {
        return tg_value_error(tg_no_overload);
    }
    if (!place_of(index, &place) || place >= tg_value_count(of)) {
        return tg_value_error("index out of range");
    }
    return of.is_json ? index_json(work, of.json, place) : of.list->items[place];
}

struct tg_value tg_op_select(struct tg_work *work, struct tg_value of,
                             struct tg_slice name)
{
    if (of.kind == TG_VALUE_ERROR) {
        return of;
    }
    if (of.kind != TG_VALUE_MAP) {
        return tg_value_error(tg_no_overload);
    }
    return tg_map_find(work, of, tg_value_string(name));
}

struct tg_value tg_op_has(struct tg_work *work, struct tg_value of, struct tg_slice name)
{
    struct tg_value found = tg_op_select(work, of, name);
    if (of.kind == TG_VALUE_ERROR) {
        return of;
    }
    if (found.kind != TG_VALUE_ERROR) {
        return tg_value_bool(true);
    }
    return found.error == tg_no_key ? tg_value_bool(false) : found;
}

struct tg_value tg_op_in(struct tg_work *work, struct tg_value item, struct tg_value of)
{
    if (item.kind == TG_VALUE_ERROR || of.kind == TG_VALUE_ERROR) {
        return item.kind == TG_VALUE_ERROR ? item : of;
    }
    if (of.kind == TG_VALUE_MAP) {
        struct tg_value found = tg_map_find(work, of, item);
        bool absent = found.kind == TG_VALUE_ERROR && found.error == tg_no_key;
        return found.kind == TG_VALUE_ERROR && !absent ? found : tg_value_bool(!absent);
    }
    if (of.kind != TG_VALUE_LIST) {
        return tg_value_error(tg_no_overload);
    }
    struct tg_iter iter = tg_iter_on(of);
    struct tg_value other;
    struct tg_value unused;
    while (tg_iter_next(&iter, work->space, &other, &unused)) {
        struct tg_value same = tg_spend(work, 1) ? tg_value_same(work, item, other)
                                                 : tg_value_error(tg_no_steps);
        if (same.kind == TG_VALUE_ERROR || same.boolean) {
            return same;
        }
    }
    return tg_value_bool(false);
}
