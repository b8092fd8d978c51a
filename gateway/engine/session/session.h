/* One client's conversation with the gateway, as a pure state machine: which message may
 * come when, and how many bad ones are too many. It reads no clock and owns no socket.
 *
 *   AWAIT_CONNECT --connect--> OPEN
 *         |                      |
 *         +----too many bad,-----+--> OVER
 *              hasty, refused
 */
#ifndef TG_SESSION_SESSION_H
#define TG_SESSION_SESSION_H

#include "engine/proto/message.h"

enum tg_session_state { TG_SESSION_AWAIT_CONNECT, TG_SESSION_OPEN, TG_SESSION_OVER };

/* All zero is a session that awaits `connect`. */
struct tg_session {
    uint64_t client;       /* The client's id, once OPEN. */
    uint16_t bad_messages; /* These two: in a row. */
    uint16_t hasty_messages;
    uint16_t refused_connects;
    uint8_t state;
};

enum tg_verdict {
    TG_VERDICT_DO,     /* Carry the message out. */
    TG_VERDICT_REFUSE, /* Answer with the refusal. */
    TG_VERDICT_CLOSE,  /* Answer with the refusal, then close with TG_CLOSE_BAD_MESSAGES.
                        */
};

/* Judge the next message of the session. `bad_max`: this many in a row that could not be
 * understood are borne, the next one closes. */
enum tg_verdict tg_session_receive(struct tg_session *session,
                                   struct tg_message_reader *reader, struct tg_slice text,
                                   uint32_t bad_max, struct tg_message *message,
                                   struct tg_refusal *refusal);

/* The next message came too soon, is not carried out, and answered with the refusal. The
 * verdict is CLOSE (with TG_CLOSE_TRY_AGAIN_LATER) for the thousandth in a row, else
 * REFUSE. Of the message only its id is told. */
enum tg_verdict tg_session_receive_hasty(struct tg_session *session,
                                         struct tg_message_reader *reader,
                                         struct tg_slice text, uint32_t retry_after_ms,
                                         struct tg_message *message,
                                         struct tg_refusal *refusal);

/* What `connect` showed was not good: the client may try again (REFUSE), or was refused
 * `refused_max` times by now (CLOSE, with TG_CLOSE_TRY_AGAIN_LATER). */
enum tg_verdict tg_session_refuse(struct tg_session *session, uint32_t refused_max);

/* `connect` was carried out: this is client `client` from now on. */
void tg_session_open(struct tg_session *session, uint64_t client);

#endif
