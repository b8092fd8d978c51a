#include "server/identity/request.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/base/mem.h"
#include "engine/json/members.h"
#include "server/config/values.h"

enum { USER, CLAIMS, TYPES, ORIGIN, SESSION, SESSION_LIFE, LIFE, COUNT };
static const struct tg_slice names[COUNT] = {
    TG_LIT_INIT("user"),    TG_LIT_INIT("claims"),  TG_LIT_INIT("types"),
    TG_LIT_INIT("origin"),  TG_LIT_INIT("session"), TG_LIT_INIT("session_life_ms"),
    TG_LIT_INIT("life_ms"),
};

enum { TYPE_NAME_MAX = 128 };

struct reader {
    struct tg_request *request;
    struct tg_refusal *refusal;
    struct tg_buf scratch;
    uint8_t *room; /* For strings, which get no longer by being unescaped. */
};

__attribute__((format(printf, 3, 4))) static enum tg_err refuse(struct reader *r,
                                                                const char *member,
                                                                const char *format, ...)
{
    char message[TG_REFUSAL_MESSAGE_MAX + 8];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    tg_refusal_set(r->refusal, TG_CODE_INVALID_MESSAGE, member, "%s", message);
    return TG_EINVAL;
}

static enum tg_err out_of_memory(struct tg_refusal *refusal)
{
    tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
    return TG_ENOMEM;
}

static enum tg_err refuse_kind(struct reader *r, const char *member, const char *wanted,
                               struct tg_json value)
{
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return refuse(r, member, "\"%s\" is missing: it must be %s", member, wanted);
    }
    return refuse(r, member, "\"%s\" must be %s; this is %s", member, wanted,
                  tg_json_kind_text(tg_json_kind(value)));
}

/* A string of 1 to `size_max` bytes. */
static enum tg_err read_string(struct reader *r, struct tg_json value, const char *member,
                               const char *wanted, size_t size_max,
                               struct tg_slice *string)
{
    struct tg_slice text;
    if (tg_json_kind(value) != TG_JSON_STRING) {
        return refuse_kind(r, member, wanted, value);
    }
    if (!tg_json_string(value, &r->scratch, &text)) {
        return out_of_memory(r->refusal);
    }
    if (text.size < 1 || text.size > size_max) {
        return refuse(r, member, "\"%s\" must be %s; this one has %zu", member, wanted,
                      text.size);
    }
    memcpy(r->room, text.data, text.size);
    *string = tg_slice(r->room, text.size);
    r->room += text.size;
    return TG_OK;
}

static enum tg_err read_claims(struct reader *r, struct tg_json value)
{
    struct tg_slice raw = tg_json_raw(value);
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return TG_OK;
    }
    if (tg_json_kind(value) != TG_JSON_OBJECT) {
        return refuse_kind(r, "claims", "an object", value);
    }
    if (raw.size > TG_IDENTITY_CLAIMS_MAX) {
        return refuse(r, "claims", "\"claims\" may have at most %d bytes; these are %zu",
                      TG_IDENTITY_CLAIMS_MAX, raw.size);
    }
    r->request->claims = raw;
    return TG_OK;
}

static enum tg_err read_types(struct reader *r, struct tg_json value)
{
    struct tg_request *request = r->request;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return TG_OK;
    }
    if (tg_json_kind(value) != TG_JSON_ARRAY) {
        return refuse_kind(r, "types", "a list of names of event types", value);
    }
    if (tg_json_size(value) > TG_IDENTITY_TYPES_MAX) {
        return refuse(r, "types", "\"types\" may name at most %d types; these are %u",
                      TG_IDENTITY_TYPES_MAX, tg_json_size(value));
    }
    for (struct tg_json item = tg_json_first(value); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item)) {
        char member[32];
        snprintf(member, sizeof member, "types[%u]", request->types_count);
        enum tg_err err =
            read_string(r, item, member, "the name of an event type, of 1 to 128 bytes",
                        TYPE_NAME_MAX, &request->types[request->types_count]);
        if (err != TG_OK) {
            return err;
        }
        request->types_count++;
    }
    return TG_OK;
}

/* What would never be equal to what a browser sends is better refused now. */
static enum tg_err check_origin(struct reader *r, struct tg_slice origin)
{
    char text[TG_ORIGIN_BYTES_MAX + 1];
    memcpy(text, origin.data, origin.size);
    text[origin.size] = '\0';
    const char *fault = NULL;
    for (size_t i = 0; i < origin.size && fault == NULL; i++) {
        fault = text[i] <= ' ' || text[i] > '~'
                    ? "an origin has printable ASCII characters alone"
                    : NULL;
    }
    bool is_web = strncmp(text, "http", 4) == 0;
    bool has_scheme = strstr(text, "://") != NULL || strcmp(text, "null") == 0;
    if (fault == NULL && (is_web || !has_scheme)) {
        fault = tg_config_origin_fault(text);
    }
    return fault == NULL ? TG_OK
                         : refuse(r, "origin", "\"origin\": %s; got \"%.*s\"", fault,
                                  TG_FMT(tg_refusal_quote(origin)));
}

static enum tg_err read_origin(struct reader *r, struct tg_json value)
{
    enum tg_json_kind kind = tg_json_kind(value);
    if (kind == TG_JSON_NONE || kind == TG_JSON_NULL) {
        return TG_OK;
    }
    enum tg_err err = read_string(r, value, "origin", "an Origin of 1 to 256 bytes",
                                  TG_ORIGIN_BYTES_MAX, &r->request->origin);
    return err == TG_OK ? check_origin(r, r->request->origin) : err;
}

static enum tg_err read_life(struct reader *r, struct tg_json value, const char *member,
                             int64_t *life_ms)
{
    int64_t number = 0;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return TG_OK;
    }
    if (!tg_json_int(value, &number)) {
        return refuse_kind(r, member, "a whole number of milliseconds", value);
    }
    if (number < 1) {
        return refuse(r, member, "\"%s\" must be above 0; it is %lld", member,
                      (long long)number);
    }
    *life_ms = number;
    return TG_OK;
}

static enum tg_err read_values(struct tg_request *request, const struct tg_json *values,
                               const char *user, size_t text_size,
                               struct tg_refusal *refusal)
{
    struct reader r = {.request = request, .refusal = refusal};
    uint32_t types = tg_json_size(values[TYPES]);
    types = types <= TG_IDENTITY_TYPES_MAX ? types : 0;
    request->room = tg_alloc(types * sizeof *request->types + text_size);
    if (request->room == NULL) {
        return out_of_memory(refusal);
    }
    request->types = request->room;
    r.room = (uint8_t *)(request->types + types);
    enum tg_err err = read_string(&r, values[USER], user, "a string of 1 to 128 bytes",
                                  TG_USER_BYTES_MAX, &request->user);
    if (err == TG_OK) {
        err = read_claims(&r, values[CLAIMS]);
    }
    if (err == TG_OK) {
        err = read_types(&r, values[TYPES]);
    }
    if (err == TG_OK) {
        err = read_origin(&r, values[ORIGIN]);
    }
    if (err == TG_OK && tg_json_kind(values[SESSION]) != TG_JSON_NONE) {
        err = read_string(&r, values[SESSION], "session", "a string of 1 to 64 bytes",
                          TG_SESSION_NAME_BYTES_MAX, &request->session);
    }
    if (err == TG_OK) {
        err = read_life(&r, values[SESSION_LIFE], "session_life_ms",
                        &request->session_life_ms);
    }
    if (err == TG_OK) {
        err = read_life(&r, values[LIFE], "life_ms", &request->life_ms);
    }
    tg_buf_finish(&r.scratch);
    return err;
}

static enum tg_err refuse_unknown(struct tg_json unknown, struct tg_refusal *refusal)
{
    struct tg_buf scratch = {0};
    struct tg_slice name = tg_json_name(unknown, &scratch);
    struct tg_slice quoted = tg_refusal_quote(name);
    enum tg_err err = TG_EINVAL;
    if (scratch.failed) {
        err = out_of_memory(refusal);
    } else {
        char member[TG_REFUSAL_NAME_MAX];
        snprintf(member, sizeof member, "%.*s", TG_FMT(quoted));
        tg_refusal_set(refusal, TG_CODE_UNKNOWN_MEMBER, member,
                       "a ticket request has no member \"%.*s\"", TG_FMT(quoted));
        tg_names_suggest(names, COUNT, name, refusal);
    }
    tg_buf_finish(&scratch);
    return err;
}

static enum tg_err read_document(struct tg_json_doc *doc, struct tg_slice text,
                                 struct tg_request *request, struct tg_refusal *refusal)
{
    struct tg_json_error error;
    enum tg_err err = tg_json_parse(doc, text, NULL, &error);
    if (err == TG_ENOMEM) {
        return out_of_memory(refusal);
    }
    if (err != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_INVALID_JSON, NULL,
                       "the ticket request, byte %zu: %s", error.offset, error.message);
        return TG_EINVAL;
    }
    struct tg_json values[COUNT], unknown;
    struct tg_json root = tg_json_root(doc);
    if (tg_json_kind(root) != TG_JSON_OBJECT) {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, NULL,
                       "a ticket request must be an object; this is %s",
                       tg_json_kind_text(tg_json_kind(root)));
        return TG_EINVAL;
    }
    if (!tg_members_find(root, names, COUNT, values, &unknown)) {
        return refuse_unknown(unknown, refusal);
    }
    return read_values(request, values, "user", text.size, refusal);
}

enum tg_err tg_request_read(struct tg_slice text, struct tg_request *request,
                            struct tg_refusal *refusal)
{
    struct tg_json_doc doc = {0};
    *request = (struct tg_request){0};
    enum tg_err err = read_document(&doc, text, request, refusal);
    tg_json_finish(&doc);
    return err;
}

enum tg_err tg_request_read_claims(struct tg_json object, struct tg_request *request,
                                   struct tg_refusal *refusal)
{
    struct tg_json values[COUNT] = {
        [USER] = tg_json_get(object, "sub"),
        [CLAIMS] = tg_json_get(object, "claims"),
        [TYPES] = tg_json_get(object, "types"),
        [ORIGIN] = tg_json_get(object, "origin"),
        [SESSION] = tg_json_get(object, "session"),
        [SESSION_LIFE] = tg_json_get(object, "session_life_ms"),
    };
    *request = (struct tg_request){0};
    return read_values(request, values, "sub", tg_json_raw(object).size, refusal);
}

struct tg_identity *tg_request_identity(const struct tg_request *request,
                                        struct tg_slice app)
{
    struct tg_account *account = tg_account_create();
    if (account == NULL) {
        return NULL;
    }
    struct tg_identity *identity = tg_identity_create(
        &(struct tg_identity_facts){.app = app,
                                    .user = request->user,
                                    .session = request->session,
                                    .claims = request->claims,
                                    .types = request->types,
                                    .types_count = request->types_count},
        account);
    tg_account_unref(account);
    return identity;
}

int64_t tg_request_session_life_us(const struct tg_request *request)
{
    return request->session_life_ms > INT64_MAX / 1000 ? INT64_MAX
                                                       : request->session_life_ms * 1000;
}

void tg_request_finish(struct tg_request *request)
{
    tg_free(request->room);
    *request = (struct tg_request){0};
}
