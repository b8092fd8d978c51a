#include "engine/session/session.h"

#include <assert.h>

/* The only place where a session changes its state. */
static void session_enter(struct tg_session *session, enum tg_session_state next)
{
    assert(next > session->state);
    session->state = (uint8_t)next;
}

static bool not_understood(const struct tg_refusal *refusal)
{
    return refusal->code == TG_CODE_INVALID_JSON ||
           refusal->code == TG_CODE_INVALID_MESSAGE ||
           refusal->code == TG_CODE_UNKNOWN_KIND;
}

enum tg_verdict tg_session_receive(struct tg_session *session,
                                   struct tg_message_reader *reader, struct tg_slice text,
                                   uint32_t bad_max, struct tg_message *message,
                                   struct tg_refusal *refusal)
{
    enum tg_err err = tg_message_read(reader, text, message, refusal);
    session->hasty_messages = 0;
    if (err != TG_OK) {
        if (not_understood(refusal) && ++session->bad_messages > bad_max) {
            session_enter(session, TG_SESSION_OVER);
            return TG_VERDICT_CLOSE;
        }
        return TG_VERDICT_REFUSE;
    }
    session->bad_messages = 0;
    if (session->state == TG_SESSION_AWAIT_CONNECT &&
        message->kind != TG_MESSAGE_CONNECT) {
        tg_refusal_set(refusal, TG_CODE_NOT_CONNECTED, NULL,
                       "the first message must be \"connect\"");
        return TG_VERDICT_REFUSE;
    }
    if (session->state == TG_SESSION_OPEN && message->kind == TG_MESSAGE_CONNECT) {
        tg_refusal_set(refusal, TG_CODE_ALREADY_CONNECTED, NULL,
                       "this connection is connected already");
        return TG_VERDICT_REFUSE;
    }
    if (message->unsupported != NULL) {
        tg_refusal_set(refusal, TG_CODE_NOT_SUPPORTED, message->unsupported,
                       "this gateway does not support \"%s\" yet", message->unsupported);
        return TG_VERDICT_REFUSE;
    }
    return TG_VERDICT_DO;
}

enum tg_verdict tg_session_receive_hasty(struct tg_session *session,
                                         struct tg_message_reader *reader,
                                         struct tg_slice text, uint32_t retry_after_ms,
                                         struct tg_message *message,
                                         struct tg_refusal *refusal)
{
    enum { HASTY_MESSAGES_MAX = 1000 };
    /* What else is wrong with it, nobody is told. */
    enum tg_err err = tg_message_read(reader, text, message, refusal);
    (void)err;
    tg_refusal_set(refusal, TG_CODE_TOO_MANY_MESSAGES, NULL, "too many messages");
    refusal->retry_after_ms = retry_after_ms;
    if (++session->hasty_messages < HASTY_MESSAGES_MAX) {
        return TG_VERDICT_REFUSE;
    }
    session_enter(session, TG_SESSION_OVER);
    return TG_VERDICT_CLOSE;
}

enum tg_verdict tg_session_refuse(struct tg_session *session, uint32_t refused_max)
{
    if (++session->refused_connects < refused_max || refused_max == 0) {
        return TG_VERDICT_REFUSE;
    }
    session_enter(session, TG_SESSION_OVER);
    return TG_VERDICT_CLOSE;
}

void tg_session_open(struct tg_session *session, uint64_t client)
{
    session_enter(session, TG_SESSION_OPEN);
    session->client = client;
}
