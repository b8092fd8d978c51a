/* What a client may say, as structs (PROTOCOL.md 2.1). */
#ifndef TG_PROTO_MESSAGE_H
#define TG_PROTO_MESSAGE_H

#include "engine/base/codes.h"
#include "engine/json/json.h"
#include "engine/json/refusal.h"

enum tg_message_kind {
    TG_MESSAGE_NONE, /* It could not be told. */
    TG_MESSAGE_CONNECT,
    TG_MESSAGE_SUBSCRIBE,
    TG_MESSAGE_UNSUBSCRIBE,
    TG_MESSAGE_ACK,
    TG_MESSAGE_TYPES,
    TG_MESSAGE_PING,
};

enum {
    TG_MESSAGE_ID_BYTES_MAX = 64, /* Of a string, before escaping. */
    TG_MESSAGE_ID_TEXT_MAX = 2 + 6 * TG_MESSAGE_ID_BYTES_MAX,
    TG_CLAIMS_BYTES_MAX = 4096, /* Of their JSON text. */
};

/* A request's id as JSON text in one canonical form: two ids are the same if and only if
 * their texts are. Size 0: there is none. */
struct tg_message_id {
    uint16_t size;
    char text[TG_MESSAGE_ID_TEXT_MAX];
};

#define TG_MESSAGE_ID_WANTED \
    "an integer from 0 to 9007199254740991 or a string of 1 to 64 bytes"

/* The id that `value` is; `scratch` and `text` are used for it.
 *
 * TG_EINVAL  It is none: not TG_MESSAGE_ID_WANTED.
 * TG_ENOMEM  As it says. */
TG_MUST_USE enum tg_err tg_message_id_read(struct tg_json value, struct tg_buf *scratch,
                                           struct tg_buf *text, struct tg_message_id *id);

struct tg_message_position {
    struct tg_slice epoch; /* 1 to 32 bytes. */
    uint64_t offset;
};

/* One message. Slices borrow from the reader, until it reads the next. */
struct tg_message {
    enum tg_message_kind kind;
    struct tg_message_id id;
    struct tg_message_id subscription;   /* unsubscribe, ack */
    struct tg_slice type;                /* subscribe */
    struct tg_slice where;               /* subscribe; empty: none */
    struct tg_slice client;              /* connect; may be empty */
    struct tg_slice ticket;              /* connect: a secret; empty: none */
    struct tg_slice session;             /* connect: likewise, a session's token */
    struct tg_slice claims;              /* connect: an object's JSON; empty: none */
    bool has_since;                      /* subscribe */
    struct tg_message_position position; /* subscribe with since, ack */
    /* A member whose meaning this gateway does not know yet, or NULL: for
     * `not_supported`. */
    const char *unsupported;
};

/* Reads messages one after the other with the same memory. All zero is a fresh one. */
struct tg_message_reader {
    bool claims_believed; /* Else `claims` is a member that is not supported. */
    struct tg_json_doc doc;
    struct tg_buf type;
    struct tg_buf where;
    struct tg_buf client;
    struct tg_buf ticket; /* Wiped before the next message is read, as is `session`. */
    struct tg_buf session;
    struct tg_buf epoch;
    struct tg_buf other;
};

void tg_message_reader_finish(struct tg_message_reader *reader);

/* Read one message. Whatever comes back, `message->kind` and `message->id` hold what
 * could be told of them, so that a refusal can repeat the id.
 *
 * TG_EINVAL  `refusal` has `invalid_json`, `invalid_message` or `unknown_kind`.
 * TG_ENOMEM  `refusal` has `overloaded`. */
TG_MUST_USE enum tg_err tg_message_read(struct tg_message_reader *reader,
                                        struct tg_slice text, struct tg_message *message,
                                        struct tg_refusal *refusal);

#endif
