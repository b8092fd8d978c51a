#include "server/sequencer/manage_read.h"

#include <stdio.h>

#include "engine/json/members.h"

enum {
    LIMIT_DEFAULT = 100,
    TYPE_BYTES_MAX = 128,
    CLIENT_DIGITS = 16,
    RETRY_AFTER_MS = 500,
};

static const int64_t number_max = (INT64_C(1) << 53) - 1;

void tg_manage_reader_finish(struct tg_manage_reader *reader)
{
    tg_json_finish(&reader->doc);
    for (size_t i = 0; i < sizeof reader->texts / sizeof *reader->texts; i++) {
        tg_buf_finish(&reader->texts[i]);
    }
    tg_buf_finish(&reader->scratch);
}

static bool refuse(struct tg_refusal *refusal, const char *member, const char *want,
                   struct tg_json value)
{
    enum tg_json_kind kind = tg_json_kind(value);
    if (kind == TG_JSON_NONE) {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, member, "\"%s\" is missing: %s",
                       member, want);
    } else {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, member, "\"%s\" must be %s",
                       member, want);
    }
    return false;
}

/* Nothing is wrong with the document: it may be asked for again. */
static bool refuse_for_memory(struct tg_refusal *refusal)
{
    tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
    refusal->retry_after_ms = RETRY_AFTER_MS;
    return false;
}

/* The members of the document, which is an object with no others than `names`. */
static bool read_members(struct tg_manage_reader *reader, struct tg_slice document,
                         const struct tg_slice *names, uint32_t count,
                         struct tg_json *values, struct tg_refusal *refusal)
{
    struct tg_json_error error;
    enum tg_err err = tg_json_parse(&reader->doc, document, NULL, &error);
    if (err == TG_ENOMEM) {
        return refuse_for_memory(refusal);
    }
    if (err != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_INVALID_JSON, NULL, "byte %zu: %s", error.offset,
                       error.message);
        return false;
    }
    struct tg_json root = tg_json_root(&reader->doc);
    if (tg_json_kind(root) != TG_JSON_OBJECT) {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, NULL,
                       "the request must be an object; this is %s",
                       tg_json_kind_text(tg_json_kind(root)));
        return false;
    }
    struct tg_json unknown;
    if (!tg_members_find(root, names, count, values, &unknown)) {
        struct tg_slice name = tg_json_name(unknown, &reader->scratch);
        if (reader->scratch.failed) {
            return refuse_for_memory(refusal);
        }
        struct tg_slice quoted = tg_refusal_quote(name);
        char member[TG_REFUSAL_NAME_MAX + 1];
        snprintf(member, sizeof member, "%.*s", TG_FMT(quoted));
        tg_refusal_set(refusal, TG_CODE_UNKNOWN_MEMBER, member,
                       "there is no member \"%s\" here", member);
        tg_names_suggest(names, count, name, refusal);
        return false;
    }
    return true;
}

/* A text, or nothing where there is no such member. */
static bool read_text(struct tg_json value, const char *member, size_t max,
                      const char *want, struct tg_buf *scratch, struct tg_slice *text,
                      struct tg_refusal *refusal)
{
    *text = (struct tg_slice){0};
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return true;
    }
    if (tg_json_string(value, scratch, text)) {
        return (text->size >= 1 && text->size <= max) ||
               refuse(refusal, member, want, value);
    }
    return tg_json_kind(value) == TG_JSON_STRING ? refuse_for_memory(refusal)
                                                 : refuse(refusal, member, want, value);
}

static bool read_user(struct tg_manage_reader *reader, struct tg_json value,
                      struct tg_slice *user, struct tg_refusal *refusal)
{
    return read_text(value, "user", TG_USER_BYTES_MAX, "a string of 1 to 128 bytes",
                     &reader->texts[0], user, refusal);
}

/* The id of a client, as `connected` and `clients` write it; 0: there is none. */
static bool read_client(struct tg_manage_reader *reader, struct tg_json value,
                        uint64_t *client, struct tg_refusal *refusal)
{
    static const char want[] = "the id of a client, such as \"c-7f31c0de9b2a44d1\"";
    struct tg_slice text;
    *client = 0;
    if (!read_text(value, "client", 2 + CLIENT_DIGITS, want, &reader->texts[1], &text,
                   refusal)) {
        return false;
    }
    if (text.size == 0) {
        return true;
    }
    bool right = text.size == 2 + CLIENT_DIGITS && tg_slice_begins(text, TG_LIT("c-"));
    for (size_t i = 2; i < text.size && right; i++) {
        uint8_t digit = text.data[i];
        right = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
        *client = *client << 4 | (digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return (right && *client != 0) || refuse(refusal, "client", want, value);
}

static bool read_number(struct tg_json value, const char *member, int64_t least,
                        int64_t most, const char *want, uint64_t *number,
                        struct tg_refusal *refusal)
{
    int64_t given;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return true;
    }
    if (!tg_json_int(value, &given) || given < least || given > most) {
        return refuse(refusal, member, want, value);
    }
    *number = (uint64_t)given;
    return true;
}

static bool read_list(struct tg_manage_reader *reader, struct tg_slice document,
                      struct tg_errand *errand, struct tg_refusal *refusal)
{
    enum { USER, CLIENT, TYPE, LIMIT, AFTER, COUNT };
    static const struct tg_slice names[] = {
        TG_LIT_INIT("user"),  TG_LIT_INIT("client"), TG_LIT_INIT("type"),
        TG_LIT_INIT("limit"), TG_LIT_INIT("after"),
    };
    struct tg_json values[COUNT];
    uint64_t limit = LIMIT_DEFAULT;
    if (!read_members(reader, document, names, COUNT, values, refusal) ||
        !read_user(reader, values[USER], &errand->selection.user, refusal) ||
        !read_client(reader, values[CLIENT], &errand->selection.client, refusal) ||
        !read_text(values[TYPE], "type", TYPE_BYTES_MAX,
                   "the name of an event type, such as \"shop.Order\"", &reader->texts[2],
                   &errand->type, refusal) ||
        !read_number(values[LIMIT], "limit", 1, TG_ERRAND_CLIENTS_MAX,
                     "a whole number from 1 to 1000", &limit, refusal) ||
        !read_number(values[AFTER], "after", 0, number_max,
                     "`next` of the answer before, a whole number", &errand->after,
                     refusal)) {
        return false;
    }
    errand->limit = (uint32_t)limit;
    return true;
}

static bool read_reason(struct tg_json value, uint16_t *close_code,
                        struct tg_refusal *refusal)
{
    struct tg_slice text;
    static const char want[] = "\"ended\" or \"changed\"";
    *close_code = TG_CLOSE_UNAUTHENTICATED;
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return true;
    }
    if (!tg_json_string(value, NULL, &text)) {
        return refuse(refusal, "reason", want, value);
    }
    if (tg_slice_is(text, "changed")) {
        *close_code = TG_CLOSE_IDENTITY_CHANGED;
        return true;
    }
    return tg_slice_is(text, "ended") || refuse(refusal, "reason", want, value);
}

static bool read_close(struct tg_manage_reader *reader, struct tg_slice document,
                       struct tg_errand *errand, struct tg_refusal *refusal)
{
    enum { USER, SESSION, CLIENT, REASON, COUNT };
    static const struct tg_slice names[] = {
        TG_LIT_INIT("user"),
        TG_LIT_INIT("session"),
        TG_LIT_INIT("client"),
        TG_LIT_INIT("reason"),
    };
    struct tg_json values[COUNT];
    struct tg_selection *selection = &errand->selection;
    if (!read_members(reader, document, names, COUNT, values, refusal) ||
        !read_user(reader, values[USER], &selection->user, refusal) ||
        !read_text(values[SESSION], "session", TG_SESSION_NAME_BYTES_MAX,
                   "a string of 1 to 64 bytes", &reader->texts[3], &selection->session,
                   refusal) ||
        !read_client(reader, values[CLIENT], &selection->client, refusal) ||
        !read_reason(values[REASON], &errand->close_code, refusal)) {
        return false;
    }
    bool named = selection->user.size != 0 || selection->session.size != 0;
    if (named == (selection->client != 0)) {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, NULL,
                       named ? "\"client\" stands alone, without \"user\" and \"session\""
                             : "who is meant? Give \"user\", \"session\", both of them, "
                               "or \"client\"");
        return false;
    }
    return true;
}

static bool read_unsubscribe(struct tg_manage_reader *reader, struct tg_slice document,
                             struct tg_errand *errand, struct tg_refusal *refusal)
{
    enum { CONNECTION, SUBSCRIPTION, COUNT };
    static const struct tg_slice names[] = {
        TG_LIT_INIT("connection"),
        TG_LIT_INIT("subscription"),
    };
    static const char want[] = "the number of a connection, as `clients` has it";
    struct tg_json values[COUNT];
    if (!read_members(reader, document, names, COUNT, values, refusal) ||
        !read_number(values[CONNECTION], "connection", 1, number_max, want,
                     &errand->connection, refusal)) {
        return false;
    }
    if (errand->connection == 0) {
        return refuse(refusal, "connection", want, values[CONNECTION]);
    }
    enum tg_err err = tg_message_id_read(values[SUBSCRIPTION], &reader->texts[0],
                                         &reader->scratch, &errand->subscription);
    return err == TG_OK ||
           (err == TG_ENOMEM ? refuse_for_memory(refusal)
                             : refuse(refusal, "subscription", TG_MESSAGE_ID_WANTED,
                                      values[SUBSCRIPTION]));
}

enum tg_err tg_manage_read(struct tg_manage_reader *reader, enum tg_errand_kind kind,
                           struct tg_slice app, struct tg_slice document,
                           struct tg_errand *errand, struct tg_refusal *refusal)
{
    *errand = (struct tg_errand){.kind = kind, .selection.app = app};
    bool read = kind == TG_ERRAND_LIST ? read_list(reader, document, errand, refusal)
                : kind == TG_ERRAND_CLOSE
                    ? read_close(reader, document, errand, refusal)
                    : read_unsubscribe(reader, document, errand, refusal);
    return read ? TG_OK : refusal->code == TG_CODE_OVERLOADED ? TG_ENOMEM : TG_EINVAL;
}
