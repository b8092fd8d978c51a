/* One thread's meeting with the kernel: its loop, its clock, its timers, its connections.
 *
 * Callbacks record, the turn acts: what one turn of the loop reads leads to writes only
 * at its end, and a connection dies only there, never inside a callback.
 *
 * Sockets are watched with uv_poll and read and written here: a write queue, a request, a
 * buffer of its own would each cost an idle connection more than all it needs. */
#ifndef TG_NET_NET_H
#define TG_NET_NET_H

#include <uv.h>

#include "engine/base/list.h"
#include "engine/base/outbox.h"
#include "engine/base/timers.h"

struct tg_tls;
struct tg_tls_conn;

enum { TG_NET_READ_BYTES = 64 * 1024, TG_NET_RECORD_BYTES = 16 * 1024 };

struct tg_net {
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t tick;
    struct tg_timers timers;
    struct tg_link conns;
    struct tg_link dying;
    uint32_t conn_count;
    uint32_t
        write_ms; /* A connection that takes no byte for so long is over; 0: never. */
    /* The owner's end of turn: write out what the turn has left to write. May be NULL. */
    void (*turn)(void *context);
    void *context;
    uint64_t handshake_ns; /* Spent on TLS handshakes in this turn. */
    uint8_t read_buffer[TG_NET_READ_BYTES];
    uint8_t record[TG_NET_RECORD_BYTES]; /* What one record of TLS is made of. */
};

/* TG_EIO  The loop could not be made. */
TG_MUST_USE enum tg_err tg_net_init(struct tg_net *net, void (*turn)(void *context),
                                    void *context);
/* Run until `tg_net_stop`. */
void tg_net_run(struct tg_net *net);
void tg_net_stop(struct tg_net *net);
/* All connections and the owner's handles must be closed; runs the loop until their
 * callbacks are done. */
void tg_net_finish(struct tg_net *net);
/* Milliseconds that never go back; the same for the whole turn. */
uint64_t tg_net_now(const struct tg_net *net);

struct tg_conn;

/* What kind of connection it is. */
struct tg_conn_ops {
    /* `size` bytes came; they may be changed in place, and are gone after the call. */
    void (*received)(struct tg_conn *conn, uint8_t *data, size_t size);
    /* Its timer fired. */
    void (*timeout)(struct tg_conn *conn);
    /* What waits to be written; and that `size` bytes of it are on their way. */
    struct tg_outbox *(*outbox)(struct tg_conn *conn);
    void (*sent)(struct tg_conn *conn, size_t size);
    /* It is over: leave every list. Called once, at the end of a turn. */
    void (*over)(struct tg_conn *conn);
};

enum tg_conn_state {
    TG_CONN_OPEN,
    TG_CONN_ENDING, /* What is queued goes out, then our side is shut. */
    TG_CONN_LINGER, /* Our side is shut; what still comes is thrown away until theirs is.
                     */
    TG_CONN_DEAD,   /* On the list of the dying. */
};

/* Embed it first in the owner's structure, which the heap gave: it is freed at the end.
 */
struct tg_conn {
    uv_poll_t poll;
    struct tg_net *net;
    const struct tg_conn_ops *ops;
    struct tg_tls_conn *tls; /* NULL: it speaks in the clear. */
    struct tg_timer timer;
    struct tg_link link;
    uint64_t due_ms;     /* When its owner wants to be called; 0: not at all. */
    uint64_t stalled_ms; /* Since when no byte could be written; 0: nothing waits. */
    int fd;
    uint8_t state;
    uint8_t watched;
    bool paused;      /* Read no more until what is queued is out. */
    bool held;        /* Read no more until it is released. */
    bool peer_done;   /* The peer has shut its side. */
    bool read_waits;  /* TLS must write before it can read on. */
    bool write_waits; /* TLS must read before it can write on. */
};

/* Take over `fd` (non-blocking). `conn` is heap memory of tg_alloc that becomes the
 * net's.
 *
 * TG_EIO  The connection was not made; `fd` and `conn` are still the caller's. */
TG_MUST_USE enum tg_err tg_conn_open(struct tg_net *net, struct tg_conn *conn, int fd,
                                     const struct tg_conn_ops *ops);
/* Let it speak TLS, before its first byte: as the server, whose handshake is then done by
 * reading. Nothing is written before that is done: a connection that ends earlier is
 * over without a word.
 *
 * TG_ENOMEM  Nothing changed. */
TG_MUST_USE enum tg_err tg_conn_secure(struct tg_conn *conn, struct tg_tls *tls);
/* Write out what is queued, as far as the kernel takes it. */
void tg_conn_flush(struct tg_conn *conn);
/* Something is queued: read no more before all of it is out. For who answers what is
 * read, so that a peer that asks and does not listen has to wait. */
void tg_conn_pause(struct tg_conn *conn);
/* Read no more before it is released. For who needs time to answer what was read. */
void tg_conn_hold(struct tg_conn *conn);
void tg_conn_release(struct tg_conn *conn);
/* Send what is queued, then shut our side and wait a little for theirs. */
void tg_conn_end(struct tg_conn *conn);
/* Over at once, at the end of this turn. */
void tg_conn_kill(struct tg_conn *conn);
/* Call `timeout` at `due_ms`, instead of whenever it was to be called before. */
void tg_conn_set_timer(struct tg_conn *conn, uint64_t due_ms);
void tg_conn_cancel_timer(struct tg_conn *conn);

/* A socket that listens, and the connections it accepts. */
struct tg_listener {
    uv_poll_t poll;
    uv_timer_t pause; /* While the process has no descriptor left. */
    struct tg_net *net;
    int fd;
    bool open;
    /* A connection was accepted: take `fd` over, or close it. */
    void (*accepted)(void *context, int fd);
    void *context;
};

/* Bind and listen on `host` (an address) and `port`; with `share`, beside other listeners
 * of this process (SO_REUSEPORT). A socket, or -1 with errno set. */
int tg_listen(const char *host, uint32_t port, uint32_t backlog, bool share);
/* Is nobody else listening there? Sharing would let a second gateway in unnoticed. False
 * with errno set. */
bool tg_listen_is_free(const char *host, uint32_t port);
/* Accept on `fd`, which becomes the listener's.
 *
 * TG_EIO  Nothing was made; `fd` is still the caller's. */
TG_MUST_USE enum tg_err tg_listener_open(struct tg_listener *listener, struct tg_net *net,
                                         int fd, void (*accepted)(void *context, int fd),
                                         void *context);
/* Harmless if it is not open. */
void tg_listener_close(struct tg_listener *listener);

#endif
