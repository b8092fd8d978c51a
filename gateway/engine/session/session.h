/* One client's conversation with the gateway, as a pure state machine: which message may
 * come when, and how many bad ones are too many. It reads no clock and owns no socket.
 *
 *   AWAIT_CONNECT --connect--> OPEN
 *         |                      |
 *         +----too many bad------+--> OVER
 */
#ifndef TG_SESSION_SESSION_H
#define TG_SESSION_SESSION_H

#include "engine/proto/message.h"

enum tg_session_state { TG_SESSION_AWAIT_CONNECT, TG_SESSION_OPEN, TG_SESSION_OVER };

/* All zero is a session that awaits `connect`. */
struct tg_session {
    uint64_t client; /* The client's id, once OPEN. */
    uint16_t bad_messages;
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

/* `connect` was carried out: this is client `client` from now on. */
void tg_session_open(struct tg_session *session, uint64_t client);

#endif
