/* Events against one catalogue that has every kind of field: each is taken or refused
 * with a reason, and what was taken can be put into a message as it is. */
#include "engine/catalogue/event.h"

#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
    "{\"app\":\"board\",\"types\":[{\"name\":\"a.Row\","
    "\"operations\":[\"create\",\"update\",\"delete\"],\"key\":[\"id\",\"u\"],"
    "\"fields\":["
    "{\"name\":\"id\",\"type\":\"int\"},{\"name\":\"u\",\"type\":\"uuid\"},"
    "{\"name\":\"x\",\"type\":\"double\",\"nullable\":true},"
    "{\"name\":\"d\",\"type\":\"decimal\",\"nullable\":true},"
    "{\"name\":\"s\",\"type\":\"string\",\"nullable\":true},"
    "{\"name\":\"b\",\"type\":\"bool\",\"nullable\":true},"
    "{\"name\":\"at\",\"type\":\"timestamp\",\"nullable\":true},"
    "{\"name\":\"on\",\"type\":\"date\",\"nullable\":true},"
    "{\"name\":\"took\",\"type\":\"duration\",\"nullable\":true},"
    "{\"name\":\"j\",\"type\":\"json\",\"nullable\":true},"
    "{\"name\":\"ints\",\"type\":\"list\",\"items\":\"int\",\"nullable\":true},"
    "{\"name\":\"days\",\"type\":\"list\",\"items\":\"date\",\"nullable\":true},"
    "{\"name\":\"any\",\"type\":\"list\",\"items\":\"json\",\"nullable\":true},"
    "{\"name\":\"needed\",\"type\":\"bool\"}]},"
    "{\"name\":\"a.Tick\",\"operations\":[\"event\"],\"fields\":["
    "{\"name\":\"n\",\"type\":\"int\"}]}]}";

static struct tg_catalogue *catalogue_once(void)
{
    static struct tg_catalogue *catalogue;
    if (catalogue == NULL) {
        struct tg_catalogue *empty = tg_catalogue_create();
        struct tg_refusal refusal;
        bool changed;
        MUST(empty != NULL);
        MUST(tg_catalogue_replace(empty, TG_LIT("board"), TG_LIT(document), NULL,
                                  &catalogue, &refusal, &changed) == TG_OK);
        tg_catalogue_unref(empty);
    }
    return catalogue;
}

static struct tg_json_doc doc;
static struct tg_json_doc check;
static struct tg_buf buf;

static struct tg_json parsed(void)
{
    MUST(!buf.failed && tg_json_parse(&check, tg_buf_slice(&buf), NULL, NULL) == TG_OK);
    return tg_json_root(&check);
}

static void check_refusal(const struct tg_refusal *refusal)
{
    tg_buf_clear(&buf);
    tg_buf_add_byte(&buf, '{');
    tg_refusal_write(refusal, &buf);
    tg_buf_add_byte(&buf, '}');
    parsed();
    MUST(refusal->message[0] != '\0');
    MUST(refusal->code == TG_CODE_INVALID_EVENT ||
         refusal->code == TG_CODE_UNKNOWN_MEMBER ||
         refusal->code == TG_CODE_UNKNOWN_TYPE);
}

/* As the gateway does: the parts stand in a message between quotes, or as they came. */
static void check_fields(const struct tg_event_fields *fields)
{
    struct tg_slice string;
    tg_buf_clear(&buf);
    tg_buf_printf(&buf,
                  "{\"id\":\"%.*s\",\"time\":\"%.*s\",\"data\":", TG_FMT(fields->id),
                  TG_FMT(fields->time));
    tg_buf_add_slice(&buf, fields->data);
    if (fields->old.size != 0) {
        tg_buf_add_text(&buf, ",\"old\":");
        tg_buf_add_slice(&buf, fields->old);
    }
    if (fields->changed.size != 0) {
        tg_buf_add_text(&buf, ",\"changed\":");
        tg_buf_add_slice(&buf, fields->changed);
    }
    tg_buf_add_byte(&buf, '}');
    struct tg_json message = parsed();
    MUST(tg_json_string(tg_json_get(message, "id"), NULL, &string));
    MUST(tg_slice_equal(string, fields->id) && string.size <= TG_EVENT_ID_MAX);
    MUST(tg_json_string(tg_json_get(message, "time"), NULL, &string));
    MUST(tg_slice_equal(string, fields->time) && string.size <= TG_EVENT_TIME_MAX);

    struct tg_json data = tg_json_get(message, "data");
    MUST(tg_type_has_op(fields->type, fields->op));
    for (uint32_t i = 0; i < fields->type->keys_count; i++) {
        struct tg_slice name = fields->type->schema.fields[fields->type->keys[i]].name;
        bool has = false;
        for (struct tg_json value = tg_json_first(data);
             tg_json_kind(value) != TG_JSON_NONE; value = tg_json_next(value)) {
            has |= tg_json_name_is(value, name) && tg_json_kind(value) != TG_JSON_NULL;
        }
        MUST(has);
    }
    MUST(tg_json_size(data) <= fields->type->schema.fields_count);
    MUST(fields->changed.size == 0 || fields->op == TG_OP_UPDATE);
    MUST(fields->old.size == 0 || fields->op == TG_OP_UPDATE ||
         fields->op == TG_OP_DELETE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_event_fields fields;
    struct tg_refusal refusal = {0};
    if (tg_json_parse(&doc, tg_slice(data, size), NULL, NULL) != TG_OK) {
        return 0;
    }
    enum tg_err err =
        tg_event_read(catalogue_once(), TG_LIT("board"), NULL, &doc, &fields, &refusal);
    if (err != TG_OK) {
        MUST(err == TG_EINVAL);
        check_refusal(&refusal);
    } else {
        check_fields(&fields);
    }
    return 0;
}
