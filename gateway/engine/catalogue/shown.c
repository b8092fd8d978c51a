#include "engine/catalogue/event.h"

/* The object without its hidden fields; nothing if none is left and it may be left out.
 * Field names need no escapes. */
static void show_object(const struct tg_type *type, struct tg_json object,
                        struct tg_buf *scratch, struct tg_buf *room)
{
    tg_buf_add_byte(room, '{');
    for (struct tg_json value = tg_json_first(object);
         tg_json_kind(value) != TG_JSON_NONE; value = tg_json_next(value)) {
        struct tg_slice name = tg_json_name(value, scratch);
        const struct tg_field *field = tg_type_field(type, name);
        room->failed |= scratch->failed;
        if (field != NULL && !field->hidden) {
            tg_json_write_comma(room);
            tg_buf_add_byte(room, '"');
            tg_buf_add_slice(room, field->name);
            tg_buf_add(room, "\":", 2);
            tg_buf_add_slice(room, tg_json_raw(value));
        }
    }
    tg_buf_add_byte(room, '}');
}

static void show_names(const struct tg_type *type, struct tg_json list,
                       struct tg_buf *scratch, struct tg_buf *room)
{
    tg_buf_add_byte(room, '[');
    for (struct tg_json item = tg_json_first(list); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item)) {
        struct tg_slice name = {0};
        room->failed |= !tg_json_string(item, scratch, &name);
        const struct tg_field *field = tg_type_field(type, name);
        if (field != NULL && !field->hidden) {
            tg_json_write_comma(room);
            tg_json_write_string(room, field->name);
        }
    }
    tg_buf_add_byte(room, ']');
}

/* What was written from `from` on, unless it is just the brackets. */
static struct tg_slice shown_part(const struct tg_buf *room, size_t from)
{
    size_t size = room->size - from;
    return size <= 2 ? tg_slice(NULL, 0) : tg_slice(room->data + from, size);
}

enum tg_err tg_event_show(const struct tg_event_fields *fields, struct tg_json_doc *doc,
                          struct tg_buf *room, struct tg_event_shown *shown)
{
    const struct tg_type *type = fields->type;
    *shown = (struct tg_event_shown){fields->data, fields->old, fields->changed, false};
    if (type->hidden_count == 0) {
        return TG_OK;
    }
    struct tg_json root = tg_json_root(doc);
    struct tg_json changed = tg_json_get(root, "changed");
    /* Written anew, no part is longer than it came: the room never moves once it is. */
    tg_buf_clear(room);
    if (tg_buf_room(room, fields->data.size + fields->old.size + fields->changed.size +
                              8) == NULL) {
        return TG_ENOMEM;
    }
    show_object(type, tg_json_get(root, "data"), &doc->scratch, room);
    shown->data = tg_buf_slice(room);
    size_t old_at = room->size;
    if (fields->old.size != 0) {
        show_object(type, tg_json_get(root, "old"), &doc->scratch, room);
    }
    shown->old = shown_part(room, old_at);
    size_t changed_at = room->size;
    if (fields->changed.size != 0) {
        show_names(type, changed, &doc->scratch, room);
    }
    shown->changed = shown_part(room, changed_at);
    shown->silent = tg_json_size(changed) != 0 && shown->changed.size == 0;
    tg_buf_clear(&doc->scratch);
    return room->failed ? TG_ENOMEM : TG_OK;
}
