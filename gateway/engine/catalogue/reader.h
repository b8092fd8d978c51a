/* Reading a catalogue document: what its parts share. Private to this folder.
 *
 * document.c reads the document and its types, definition.c the members of a type, and
 * fields.c its fields. All of them give TG_EINVAL after they filled the refusal. */
#ifndef TG_CATALOGUE_READER_H
#define TG_CATALOGUE_READER_H

#include "engine/base/mem.h"
#include "engine/catalogue/catalogue.h"
#include "engine/json/json.h"
#include "engine/json/members.h"
#include "engine/query/filter.h"

enum tg_reader_level { TG_AT_DOCUMENT, TG_AT_TYPE, TG_AT_FIELD };

struct tg_reader {
    struct tg_slice app;
    struct tg_catalogue_limits limits;
    uint64_t version;
    struct tg_refusal *refusal;
    struct tg_json_doc doc;
    struct tg_buf scratch;
    struct tg_map names;          /* Of the types so far. */
    struct tg_compiler *compiler; /* Of rules; NULL before the first. */

    /* Where we are: for paths. */
    enum tg_reader_level level;
    uint32_t type_at;
    uint32_t field_at;

    /* The type in the making: behind its arrays it has room for its strings. */
    struct tg_type *type;
    struct tg_field *fields;
    uint32_t *keys;
    uint8_t *room;
    uint8_t *room_end;
    struct tg_json choices[TG_TYPE_FIELDS_MAX];
};

/* Refuse what stands at `place` ("name", "operations[1]"; "": the object itself). */
enum tg_err tg_reader_refuse(struct tg_reader *r, enum tg_code code, const char *place,
                             const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#define tg_reader_invalid(r, place, ...) \
    tg_reader_refuse(r, TG_CODE_INVALID_CATALOGUE, place, __VA_ARGS__)
/* The same because it is not of the kind `wanted`, or missing. */
enum tg_err tg_reader_refuse_kind(struct tg_reader *r, const char *place,
                                  const char *wanted, struct tg_json value);
enum tg_err tg_reader_out_of_memory(struct tg_reader *r);

/* An object with (at most) the members `names`: their values. */
TG_MUST_USE enum tg_err tg_reader_members(struct tg_reader *r, struct tg_json object,
                                          const char *place, const struct tg_slice *names,
                                          uint32_t count, struct tg_json *values);
/* A string as it says; borrowed until the next one is read. */
TG_MUST_USE enum tg_err tg_reader_string(struct tg_reader *r, struct tg_json value,
                                         const char *place, const char *wanted,
                                         struct tg_slice *string);
/* One of a few words: its place among them. */
TG_MUST_USE enum tg_err tg_reader_word(struct tg_reader *r, struct tg_json value,
                                       const char *place, const struct tg_slice *words,
                                       uint32_t count, uint32_t *found);
/* A name for people; `name` stays as it is if there is none. */
TG_MUST_USE enum tg_err tg_reader_verbose_name(struct tg_reader *r, struct tg_json value,
                                               const char *place, struct tg_slice *name);
/* Keep a copy of `string` in the type. There is room: no string of the document gets
 * longer by being read. */
struct tg_slice tg_reader_keep(struct tg_reader *r, struct tg_slice string);

/* How many parts `[A-Za-z_][A-Za-z0-9_]*` joined by dots `name` has; 0: it is none. */
uint32_t tg_reader_name_parts(struct tg_slice name);

/* fields.c: the list of fields, into `r->type`. */
TG_MUST_USE enum tg_err tg_reader_fields(struct tg_reader *r, struct tg_json list);

/* definition.c: the other members of a type, into `r->type`. Fields before the key. */
TG_MUST_USE enum tg_err tg_reader_names(struct tg_reader *r, struct tg_json name,
                                        struct tg_json verbose_name,
                                        struct tg_json verbose_name_plural);
TG_MUST_USE enum tg_err tg_reader_operations(struct tg_reader *r, struct tg_json list);
TG_MUST_USE enum tg_err tg_reader_key(struct tg_reader *r, struct tg_json list);
TG_MUST_USE enum tg_err tg_reader_access(struct tg_reader *r, struct tg_json value);
/* After the access. */
TG_MUST_USE enum tg_err tg_reader_checked(struct tg_reader *r, struct tg_json value);
TG_MUST_USE enum tg_err tg_reader_delivery(struct tg_reader *r, struct tg_json value);
TG_MUST_USE enum tg_err tg_reader_ttl(struct tg_reader *r, struct tg_json value);

#endif
