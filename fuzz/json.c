/* Our JSON reader against jansson: both must read the same texts, as the same values.
 * What was read is written, read again, and must still be the same.
 *
 * The differences that are meant, all of them on jansson's side: it refuses integers that
 * do not fit 64 bits (which are doubles here) and an escaped NUL in member names, takes a
 * NUL byte for the end of the text, and has no limit of 32 levels. */
#include "engine/json/json.h"

#include <stdlib.h>

#include <jansson.h>

#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tg_buf scratch;

static bool is_within(struct tg_slice inner, struct tg_slice outer)
{
    return inner.data >= outer.data && inner.data + inner.size <= outer.data + outer.size;
}

static void compare(struct tg_json ours, const json_t *theirs);

static void compare_object(struct tg_json ours, const json_t *theirs)
{
    size_t members = 0;
    MUST(json_is_object(theirs));
    MUST(tg_json_size(ours) == json_object_size(theirs));
    for (struct tg_json value = tg_json_first(ours); tg_json_kind(value) != TG_JSON_NONE;
         value = tg_json_next(value)) {
        struct tg_slice name = tg_json_name(value, &scratch);
        MUST(tg_json_name_is(value, name));
        json_t *their_value =
            json_object_getn(theirs, (const char *)name.data, name.size);
        MUST(their_value != NULL);
        /* Without NUL in it (jansson refused those) the name is a C string too. */
        char *text = strndup((const char *)name.data, name.size);
        struct tg_json found = tg_json_get(ours, text);
        free(text);
        MUST(found.token == value.token);
        compare(value, their_value);
        members++;
    }
    MUST(members == tg_json_size(ours));
}

static void compare_array(struct tg_json ours, const json_t *theirs)
{
    size_t at = 0;
    MUST(json_is_array(theirs));
    MUST(tg_json_size(ours) == json_array_size(theirs));
    for (struct tg_json item = tg_json_first(ours); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item)) {
        compare(item, json_array_get(theirs, at++));
    }
    MUST(at == tg_json_size(ours));
}

static void compare(struct tg_json ours, const json_t *theirs)
{
    struct tg_slice string;
    int64_t integer;
    double real;
    double their_real;
    bool truth;
    MUST(is_within(tg_json_raw(ours), ours.doc->text));
    switch (tg_json_kind(ours)) {
    case TG_JSON_NULL:
        MUST(json_is_null(theirs));
        break;
    case TG_JSON_BOOL:
        MUST(tg_json_bool(ours, &truth) && json_is_boolean(theirs));
        MUST(truth == json_boolean_value(theirs));
        break;
    case TG_JSON_INT:
        MUST(tg_json_int(ours, &integer) && json_is_integer(theirs));
        MUST(integer == json_integer_value(theirs));
        break;
    case TG_JSON_DOUBLE:
        MUST(tg_json_double(ours, &real) && json_is_real(theirs));
        their_real = json_real_value(theirs);
        MUST(memcmp(&real, &their_real, sizeof real) == 0);
        break;
    case TG_JSON_STRING:
        MUST(tg_json_string(ours, &scratch, &string) && json_is_string(theirs));
        MUST(tg_slice_equal(
            string, tg_slice(json_string_value(theirs), json_string_length(theirs))));
        break;
    case TG_JSON_ARRAY:
        compare_array(ours, theirs);
        break;
    case TG_JSON_OBJECT:
        compare_object(ours, theirs);
        break;
    case TG_JSON_NONE:
        MUST(false);
    }
}

static void write_value(struct tg_buf *buf, struct tg_json value)
{
    struct tg_slice string;
    int64_t integer;
    enum tg_json_kind kind = tg_json_kind(value);
    if (kind == TG_JSON_STRING) {
        MUST(tg_json_string(value, &scratch, &string));
        tg_json_write_string(buf, string);
    } else if (kind == TG_JSON_INT) {
        MUST(tg_json_int(value, &integer));
        tg_json_write_int(buf, integer);
    } else if (kind == TG_JSON_ARRAY || kind == TG_JSON_OBJECT) {
        tg_buf_add_byte(buf, kind == TG_JSON_OBJECT ? '{' : '[');
        for (struct tg_json item = tg_json_first(value);
             tg_json_kind(item) != TG_JSON_NONE; item = tg_json_next(item)) {
            tg_json_write_comma(buf);
            if (kind == TG_JSON_OBJECT) {
                tg_json_write_string(buf, tg_json_name(item, &scratch));
                tg_buf_add_byte(buf, ':');
            }
            write_value(buf, item);
        }
        tg_buf_add_byte(buf, kind == TG_JSON_OBJECT ? '}' : ']');
    } else {
        tg_buf_add_slice(buf, tg_json_raw(value));
    }
}

/* Any bytes can be written as a string, and are read again if they were UTF-8. */
static void check_writing(struct tg_slice bytes)
{
    static struct tg_json_doc doc;
    static struct tg_buf buf;
    struct tg_slice string;
    tg_buf_clear(&buf);
    tg_json_write_string(&buf, bytes);
    MUST(tg_json_parse(&doc, tg_buf_slice(&buf), NULL, NULL) == TG_OK);
    MUST(tg_json_string(tg_json_root(&doc), &scratch, &string));
    size_t replaced = 0;
    for (size_t i = 0; i + 2 < string.size; i++) {
        replaced += memcmp(string.data + i, "\xef\xbf\xbd", 3) == 0;
    }
    MUST(replaced != 0 || tg_slice_equal(string, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tg_json_doc doc;
    struct tg_slice text = tg_slice(data, size);
    struct tg_json_error error = {0};
    json_error_t their_error;
    check_writing(text);
    enum tg_err err = tg_json_parse(&doc, text, NULL, &error);
    if (err == TG_ELIMIT) {
        return 0;
    }
    if (size != 0 && memchr(data, 0, size) != NULL) {
        MUST(err == TG_EINVAL);
        return 0;
    }
    json_t *theirs = json_loadb((const char *)data, size,
                                JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
                                &their_error);
    if (err != TG_OK) {
        MUST(err == TG_EINVAL && error.message != NULL && error.offset <= size);
        MUST(tg_json_kind(tg_json_root(&doc)) == TG_JSON_NONE);
        MUST(theirs == NULL);
        return 0;
    }
    if (theirs == NULL) {
        enum json_error_code code = json_error_code(&their_error);
        MUST(code == json_error_null_byte_in_key || code == json_error_numeric_overflow);
        return 0;
    }
    compare(tg_json_root(&doc), theirs);

    static struct tg_json_doc again;
    static struct tg_buf buf;
    tg_buf_clear(&buf);
    write_value(&buf, tg_json_root(&doc));
    MUST(tg_json_parse(&again, tg_buf_slice(&buf), NULL, NULL) == TG_OK);
    compare(tg_json_root(&again), theirs);
    json_decref(theirs);
    return 0;
}
