#include "engine/proto/message.h"

#include <stdio.h>

enum {
    NAME_MAX_BYTES = 128,
    DURABLE_MAX_BYTES = 64,
    EPOCH_MAX_BYTES = 32,
    TICKET_MAX_BYTES = 8192,
    TOKEN_MAX_BYTES = 256,
};

static const int64_t offset_max = (INT64_C(1) << 53) - 1;

/* Nothing stays of a secret that had to be read into memory of its own. */
static void wipe(struct tg_buf *buf)
{
    if (buf->size != 0) {
        explicit_bzero(buf->data, buf->size);
        tg_buf_clear(buf);
    }
}

void tg_message_reader_finish(struct tg_message_reader *reader)
{
    wipe(&reader->ticket);
    wipe(&reader->session);
    tg_json_finish(&reader->doc);
    tg_buf_finish(&reader->type);
    tg_buf_finish(&reader->where);
    tg_buf_finish(&reader->client);
    tg_buf_finish(&reader->ticket);
    tg_buf_finish(&reader->session);
    tg_buf_finish(&reader->epoch);
    tg_buf_finish(&reader->other);
}

static enum tg_err refuse(struct tg_refusal *refusal, const char *member,
                          const char *want, struct tg_json value)
{
    if (tg_json_kind(value) == TG_JSON_NONE) {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, member, "\"%s\" is missing: %s",
                       member, want);
    } else {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, member, "\"%s\" must be %s",
                       member, want);
    }
    return TG_EINVAL;
}

enum tg_err tg_message_id_read(struct tg_json value, struct tg_buf *scratch,
                               struct tg_buf *text, struct tg_message_id *id)
{
    int64_t number = 0;
    struct tg_slice string = {0};
    tg_buf_clear(text);
    if (tg_json_int(value, &number)) {
        if (number < 0 || number > offset_max) {
            return TG_EINVAL;
        }
        tg_buf_add_u64(text, (uint64_t)number);
    } else if (!tg_json_string(value, scratch, &string)) {
        return tg_json_kind(value) == TG_JSON_STRING ? TG_ENOMEM : TG_EINVAL;
    } else if (string.size < 1 || string.size > TG_MESSAGE_ID_BYTES_MAX) {
        return TG_EINVAL;
    } else {
        tg_json_write_string(text, string);
    }
    if (text->failed || text->size > sizeof id->text) {
        return TG_ENOMEM;
    }
    memcpy(id->text, text->data, text->size);
    id->size = (uint16_t)text->size;
    return TG_OK;
}

/* A request id or a reference to one. */
static enum tg_err read_id(struct tg_message_reader *reader, struct tg_json value,
                           const char *member, struct tg_message_id *id,
                           struct tg_refusal *refusal)
{
    enum tg_err err = tg_message_id_read(value, &reader->epoch, &reader->other, id);
    if (err == TG_EINVAL) {
        return refuse(refusal, member, TG_MESSAGE_ID_WANTED, value);
    }
    if (err != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
    }
    return err;
}

/* A string member of at least `min` and at most `max` bytes. */
static enum tg_err read_string(struct tg_json object, const char *member, size_t min,
                               size_t max, const char *want, struct tg_buf *scratch,
                               struct tg_slice *out, struct tg_refusal *refusal)
{
    struct tg_json value = tg_json_get(object, member);
    struct tg_slice string;
    bool is = tg_json_string(value, scratch, &string);
    if (!is && tg_json_kind(value) == TG_JSON_STRING) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return TG_ENOMEM;
    }
    if (!is || string.size < min || string.size > max) {
        return refuse(refusal, member, want, value);
    }
    *out = string;
    return TG_OK;
}

static bool has(struct tg_json object, const char *member)
{
    return tg_json_kind(tg_json_get(object, member)) != TG_JSON_NONE;
}

/* A member that must be well-formed if it is there, and is not supported yet. */
static enum tg_err read_unsupported(struct tg_message_reader *reader,
                                    struct tg_json object, const char *member, size_t max,
                                    const char *want, struct tg_message *message,
                                    struct tg_refusal *refusal)
{
    struct tg_slice ignored;
    if (!has(object, member)) {
        return TG_OK;
    }
    enum tg_err err =
        read_string(object, member, 1, max, want, &reader->other, &ignored, refusal);
    if (err == TG_OK && message->unsupported == NULL) {
        message->unsupported = member;
    }
    return err;
}

/* `member` is "since" or "position"; what is wrong within it is named by its path. */
static enum tg_err read_position(struct tg_message_reader *reader, struct tg_json object,
                                 const char *member, struct tg_message *message,
                                 struct tg_refusal *refusal)
{
    struct tg_json value = tg_json_get(object, member);
    struct tg_json epoch = tg_json_get(value, "epoch");
    struct tg_json number = tg_json_get(value, "offset");
    char path[32];
    int64_t offset;
    if (tg_json_kind(value) != TG_JSON_OBJECT) {
        return refuse(refusal, member, "a position: {\"epoch\": …, \"offset\": …}",
                      value);
    }
    if (!tg_json_string(epoch, &reader->epoch, &message->position.epoch) ||
        message->position.epoch.size < 1 ||
        message->position.epoch.size > EPOCH_MAX_BYTES) {
        snprintf(path, sizeof path, "%s.epoch", member);
        return refuse(refusal, path, "a string of 1 to 32 characters", epoch);
    }
    if (!tg_json_int(number, &offset) || offset < 0 || offset > offset_max) {
        snprintf(path, sizeof path, "%s.offset", member);
        return refuse(refusal, path, "an integer from 0 to 9007199254740991", number);
    }
    message->position.offset = (uint64_t)offset;
    return TG_OK;
}

static enum tg_err read_fields(struct tg_message_reader *reader, struct tg_json object,
                               struct tg_message *message, struct tg_refusal *refusal)
{
    struct tg_json list = tg_json_get(object, "fields");
    if (tg_json_kind(list) == TG_JSON_NONE) {
        return TG_OK;
    }
    if (tg_json_kind(list) != TG_JSON_ARRAY || tg_json_size(list) == 0) {
        return refuse(refusal, "fields", "a non-empty list of field names", list);
    }
    uint32_t index = 0;
    for (struct tg_json item = tg_json_first(list); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item)) {
        struct tg_slice name;
        char path[32];
        snprintf(path, sizeof path, "fields[%u]", index++);
        if (!tg_json_string(item, &reader->other, &name)) {
            return refuse(refusal, path, "the name of a field", item);
        }
    }
    if (message->unsupported == NULL) {
        message->unsupported = "fields";
    }
    return TG_OK;
}

static enum tg_err read_claims(struct tg_message_reader *reader, struct tg_json object,
                               struct tg_message *message, struct tg_refusal *refusal)
{
    struct tg_json value = tg_json_get(object, "claims");
    if (tg_json_kind(value) == TG_JSON_NONE) {
        return TG_OK;
    }
    if (message->ticket.size != 0 || message->session.size != 0) {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, "claims",
                       "\"claims\" are not for a client that shows a ticket or session");
        return TG_EINVAL;
    }
    struct tg_slice raw = tg_json_raw(value);
    if (tg_json_kind(value) != TG_JSON_OBJECT || raw.size > TG_CLAIMS_BYTES_MAX) {
        return refuse(refusal, "claims", "an object of at most 4096 bytes", value);
    }
    if (reader->claims_believed) {
        message->claims = raw;
    } else if (message->unsupported == NULL) {
        message->unsupported = "claims";
    }
    return TG_OK;
}

static enum tg_err read_connect(struct tg_message_reader *reader, struct tg_json object,
                                struct tg_message *message, struct tg_refusal *refusal)
{
    enum tg_err err = TG_OK;
    if (has(object, "client")) {
        err = read_string(object, "client", 0, NAME_MAX_BYTES,
                          "a string of at most 128 bytes", &reader->client,
                          &message->client, refusal);
    }
    if (err == TG_OK && has(object, "ticket")) {
        err = read_string(object, "ticket", 1, TICKET_MAX_BYTES,
                          "a string of 1 to 8192 bytes", &reader->ticket,
                          &message->ticket, refusal);
    }
    if (err == TG_OK && has(object, "session")) {
        err = read_string(object, "session", 1, TOKEN_MAX_BYTES,
                          "a string of 1 to 256 bytes", &reader->session,
                          &message->session, refusal);
    }
    if (err == TG_OK) {
        err = read_claims(reader, object, message, refusal);
    }
    return err;
}

static enum tg_err read_subscribe(struct tg_message_reader *reader, struct tg_json object,
                                  struct tg_message *message, struct tg_refusal *refusal)
{
    enum tg_err err = read_string(object, "type", 1, NAME_MAX_BYTES,
                                  "the name of an event type", &reader->type,
                                  &message->type, refusal);
    /* How long a query may be is judged where it is compiled. */
    if (err == TG_OK && has(object, "where")) {
        err = read_string(object, "where", 1, SIZE_MAX,
                          "a query: a string that is not empty", &reader->where,
                          &message->where, refusal);
    }
    if (err == TG_OK) {
        err = read_fields(reader, object, message, refusal);
    }
    if (err == TG_OK) {
        err = read_unsupported(reader, object, "durable", DURABLE_MAX_BYTES,
                               "a name: a string of 1 to 64 bytes", message, refusal);
    }
    if (err == TG_OK && has(object, "since")) {
        message->has_since = true;
        err = read_position(reader, object, "since", message, refusal);
    }
    return err;
}

static enum tg_message_kind kind_of(struct tg_slice kind)
{
    static const struct {
        const char *text;
        enum tg_message_kind kind;
    } kinds[] = {
        {"connect", TG_MESSAGE_CONNECT},
        {"subscribe", TG_MESSAGE_SUBSCRIBE},
        {"unsubscribe", TG_MESSAGE_UNSUBSCRIBE},
        {"ack", TG_MESSAGE_ACK},
        {"types", TG_MESSAGE_TYPES},
        {"ping", TG_MESSAGE_PING},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (tg_slice_is(kind, kinds[i].text)) {
            return kinds[i].kind;
        }
    }
    return TG_MESSAGE_NONE;
}

static enum tg_err read_members(struct tg_message_reader *reader, struct tg_json object,
                                struct tg_message *message, struct tg_refusal *refusal)
{
    enum tg_err err = TG_OK;
    switch (message->kind) {
    case TG_MESSAGE_CONNECT:
        return read_connect(reader, object, message, refusal);
    case TG_MESSAGE_SUBSCRIBE:
        return read_subscribe(reader, object, message, refusal);
    case TG_MESSAGE_UNSUBSCRIBE:
    case TG_MESSAGE_ACK:
        err = read_id(reader, tg_json_get(object, "subscription"), "subscription",
                      &message->subscription, refusal);
        if (err == TG_OK && message->kind == TG_MESSAGE_ACK) {
            err = read_position(reader, object, "position", message, refusal);
        }
        return err;
    case TG_MESSAGE_TYPES:
    case TG_MESSAGE_PING:
    case TG_MESSAGE_NONE:
        break;
    }
    return TG_OK;
}

enum tg_err tg_message_read(struct tg_message_reader *reader, struct tg_slice text,
                            struct tg_message *message, struct tg_refusal *refusal)
{
    *message = (struct tg_message){.kind = TG_MESSAGE_NONE};
    wipe(&reader->ticket);
    wipe(&reader->session);
    struct tg_json_error error;
    enum tg_err err = tg_json_parse(&reader->doc, text, NULL, &error);
    if (err == TG_ENOMEM) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return TG_ENOMEM;
    }
    if (err != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_INVALID_JSON, NULL, "byte %zu: %s", error.offset,
                       error.message);
        return TG_EINVAL;
    }
    struct tg_json object = tg_json_root(&reader->doc);
    if (tg_json_kind(object) != TG_JSON_OBJECT) {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, NULL,
                       "a message must be an object, this is %s",
                       tg_json_kind_text(tg_json_kind(object)));
        return TG_EINVAL;
    }
    err = read_id(reader, tg_json_get(object, "id"), "id", &message->id, refusal);
    if (err != TG_OK) {
        return err;
    }
    struct tg_slice kind;
    err = read_string(object, "kind", 1, 64, "the kind of message, a string",
                      &reader->other, &kind, refusal);
    if (err != TG_OK) {
        return err;
    }
    message->kind = kind_of(kind);
    if (message->kind == TG_MESSAGE_NONE) {
        struct tg_slice quoted = tg_refusal_quote(kind);
        tg_refusal_set(refusal, TG_CODE_UNKNOWN_KIND, "kind",
                       "there is no message kind \"%.*s\"; there are connect, subscribe, "
                       "unsubscribe, ack, types, ping",
                       TG_FMT(quoted));
        return TG_EINVAL;
    }
    return read_members(reader, object, message, refusal);
}
