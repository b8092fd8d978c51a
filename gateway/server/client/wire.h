/* A blocking TCP connection, or one of TLS over it. Every wait has an end: a deadline, or
 * the user's signal. */
#ifndef TG_CLIENT_WIRE_H
#define TG_CLIENT_WIRE_H

#include "engine/base/err.h"
#include "engine/base/slice.h"
#include "server/client/url.h"

struct tg_tls;
struct tg_tls_conn;

struct tg_wire {
    int fd;               /* -1: not open. */
    struct tg_tls *trust; /* Whom TLS trusts; NULL: there is no TLS. */
    struct tg_tls_conn *tls;
};

enum tg_wire_result {
    TG_WIRE_OK,
    TG_WIRE_LATE,      /* The deadline passed. */
    TG_WIRE_ENDED,     /* The other side closed. */
    TG_WIRE_FAILED,    /* errno says why. */
    TG_WIRE_UNTRUSTED, /* TLS could not be agreed on; it would not be next time. */
    TG_WIRE_STOPPED,   /* SIGINT or SIGTERM came; see tg_wire_catch_signals. */
};

/* From now on SIGINT and SIGTERM end waits, and are remembered. */
void tg_wire_catch_signals(void);
bool tg_wire_stopped(void);
/* It was heeded: from now on only the next one ends waits. */
void tg_wire_forget_signal(void);

/* A clock that never goes back. */
uint64_t tg_wire_now_ms(void);
/* Wait, but for a signal. */
void tg_wire_sleep(uint64_t ms);

/* Before the first connection to `url`: if that wants TLS, trust the authorities of
 * `ca_file`, or with NULL those of the system. False with `why`. */
bool tg_wire_init(struct tg_wire *wire, const struct tg_url *url, const char *ca_file,
                  char *why, size_t why_size);
/* Close it, and trust nobody. */
void tg_wire_finish(struct tg_wire *wire);
/* Connect to one of the addresses of `url`'s host before `deadline_ms` (of
 * tg_wire_now_ms). On FAILED and UNTRUSTED `why` (of `why_size`) says what is wrong. */
enum tg_wire_result tg_wire_open(struct tg_wire *wire, const struct tg_url *url,
                                 uint64_t deadline_ms, char *why, size_t why_size);
enum tg_wire_result tg_wire_send(struct tg_wire *wire, struct tg_slice bytes,
                                 uint64_t deadline_ms);
/* At least one byte into `data`, on OK. */
enum tg_wire_result tg_wire_receive(struct tg_wire *wire, uint8_t *data, size_t size,
                                    size_t *received, uint64_t deadline_ms);
/* Harmless if it is not open. */
void tg_wire_close(struct tg_wire *wire);

/* A result as a phrase: "it took too long". Of FAILED, that of errno. */
const char *tg_wire_text(enum tg_wire_result result);

#endif
