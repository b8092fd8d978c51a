#include "engine/catalogue/reader.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum tg_err tg_reader_out_of_memory(struct tg_reader *r)
{
    tg_refusal_set(r->refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
    return TG_ENOMEM;
}

/* Refuse what stands at `place` ("name", "operations[1]"; "": the object itself). */
__attribute__((format(printf, 4, 5))) enum tg_err tg_reader_refuse(
    struct tg_reader *r, enum tg_code code, const char *place, const char *format, ...)
{
    char message[TG_REFUSAL_MESSAGE_MAX + 8];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);

    char path[TG_REFUSAL_NAME_MAX + 8];
    const char *dot = place[0] != '\0' && r->level != TG_AT_DOCUMENT ? "." : "";
    if (r->level == TG_AT_DOCUMENT) {
        snprintf(path, sizeof path, "%s", place);
    } else if (r->level == TG_AT_TYPE) {
        snprintf(path, sizeof path, "types[%u]%s%s", r->type_at, dot, place);
    } else {
        snprintf(path, sizeof path, "types[%u].fields[%u]%s%s", r->type_at, r->field_at,
                 dot, place);
    }
    tg_refusal_set(r->refusal, code, path, "%s", message);
    return TG_EINVAL;
}

enum tg_err tg_reader_refuse_kind(struct tg_reader *r, const char *place,
                                  const char *wanted, struct tg_json value)
{
    enum tg_json_kind kind = tg_json_kind(value);
    if (kind == TG_JSON_NONE) {
        return tg_reader_invalid(r, place, "%s is missing: it should be %s", place,
                                 wanted);
    }
    return tg_reader_invalid(r, place, "%s should be %s, not %s",
                             place[0] == '\0' ? "this" : place, wanted,
                             tg_json_kind_text(kind));
}

enum tg_err tg_reader_members(struct tg_reader *r, struct tg_json object,
                              const char *place, const struct tg_slice *names,
                              uint32_t count, struct tg_json *values)
{
    struct tg_json unknown;
    if (tg_json_kind(object) != TG_JSON_OBJECT) {
        return tg_reader_refuse_kind(r, place, "an object", object);
    }
    if (tg_members_find(object, names, count, values, &unknown)) {
        return TG_OK;
    }
    struct tg_slice name = tg_json_name(unknown, &r->scratch);
    if (r->scratch.failed) {
        return tg_reader_out_of_memory(r);
    }
    struct tg_slice quoted = tg_refusal_quote(name);
    char path[TG_REFUSAL_NAME_MAX];
    snprintf(path, sizeof path, "%s%s%.*s", place, place[0] == '\0' ? "" : ".",
             TG_FMT(quoted));
    tg_reader_invalid(r, path, "there is no member \"%.*s\" here", TG_FMT(quoted));
    tg_names_suggest(names, count, name, r->refusal);
    return TG_EINVAL;
}

enum tg_err tg_reader_string(struct tg_reader *r, struct tg_json value, const char *place,
                             const char *wanted, struct tg_slice *string)
{
    if (tg_json_kind(value) != TG_JSON_STRING) {
        return tg_reader_refuse_kind(r, place, wanted, value);
    }
    return tg_json_string(value, &r->scratch, string) ? TG_OK
                                                      : tg_reader_out_of_memory(r);
}

enum tg_err tg_reader_word(struct tg_reader *r, struct tg_json value, const char *place,
                           const struct tg_slice *words, uint32_t count, uint32_t *found)
{
    char list[160] = "one of";
    size_t size = strlen(list);
    for (uint32_t i = 0; i < count; i++) {
        size += (size_t)snprintf(list + size, sizeof list - size, "%s %.*s",
                                 i == 0 ? "" : ",", TG_FMT(words[i]));
    }
    struct tg_slice word;
    enum tg_err err = tg_reader_string(r, value, place, list, &word);
    if (err != TG_OK) {
        return err;
    }
    int at = tg_names_find(words, count, word);
    if (at < 0) {
        struct tg_slice quoted = tg_refusal_quote(word);
        tg_reader_invalid(r, place, "\"%.*s\" is not known here: it should be %s",
                          TG_FMT(quoted), list);
        tg_names_suggest(words, count, word, r->refusal);
        return TG_EINVAL;
    }
    *found = (uint32_t)at;
    return TG_OK;
}

struct tg_slice tg_reader_keep(struct tg_reader *r, struct tg_slice string)
{
    assert(string.size <= (size_t)(r->room_end - r->room));
    struct tg_slice kept = tg_slice(r->room, string.size);
    if (string.size != 0) {
        memcpy(r->room, string.data, string.size);
    }
    r->room += string.size;
    return kept;
}

enum tg_err tg_reader_verbose_name(struct tg_reader *r, struct tg_json value,
                                   const char *place, struct tg_slice *name)
{
    struct tg_slice string;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return TG_OK;
    }
    enum tg_err err = tg_reader_string(r, value, place, "a string", &string);
    if (err != TG_OK) {
        return err;
    }
    if (string.size > TG_VERBOSE_NAME_MAX) {
        return tg_reader_invalid(r, place, "%s is longer than %d bytes", place,
                                 TG_VERBOSE_NAME_MAX);
    }
    *name = tg_reader_keep(r, string);
    return TG_OK;
}

static bool is_word_byte(uint8_t byte, bool first)
{
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                  byte == '_';
    return letter || (!first && byte >= '0' && byte <= '9');
}

uint32_t tg_reader_name_parts(struct tg_slice name)
{
    uint32_t parts = 0;
    bool first = true;
    for (size_t i = 0; i < name.size; i++) {
        if (!first && name.data[i] == '.') {
            first = true;
        } else if (is_word_byte(name.data[i], first)) {
            parts += first ? 1 : 0;
            first = false;
        } else {
            return 0;
        }
    }
    return first ? 0 : parts;
}
