#include "server/net/net.h"

#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/log/log.h"
#include "server/net/socket.h"
#include "server/tls/tls.h"

enum {
    TICK_MS = 250,
    LINGER_MS = 2000,
    SLICES_PER_WRITE = 64,
    READS_PER_TURN = 4,
};

/* The loop. */

static void reap(struct tg_net *net);

static void turn_end(struct tg_net *net)
{
    if (net->turn != NULL) {
        net->turn(net->context);
    }
    net->handshake_ns = 0;
    reap(net);
}

static void on_prepare(uv_prepare_t *prepare)
{
    turn_end(prepare->data);
}

static void on_check(uv_check_t *check)
{
    turn_end(check->data);
}

/* A peer that does not read would not read a close frame either: it is just over. */
static bool stalled(const struct tg_conn *conn, uint64_t now)
{
    uint32_t write_ms = conn->net->write_ms;
    return write_ms != 0 && conn->stalled_ms != 0 && now - conn->stalled_ms >= write_ms;
}

/* The earlier of what the owner waits for and the end of our patience. */
static void conn_arm(struct tg_conn *conn)
{
    uint64_t due_ms = conn->due_ms;
    if (conn->stalled_ms != 0 && conn->net->write_ms != 0) {
        uint64_t patience_ms = conn->stalled_ms + conn->net->write_ms;
        due_ms = due_ms == 0 || patience_ms < due_ms ? patience_ms : due_ms;
    }
    if (due_ms == 0) {
        tg_timer_cancel(&conn->timer);
    } else {
        tg_timer_set(&conn->net->timers, &conn->timer, due_ms);
    }
}

static void conn_due(struct tg_conn *conn, uint64_t now)
{
    if (conn->state == TG_CONN_LINGER || stalled(conn, now)) {
        tg_debug(
            "net.conn_dropped",
            TG_F("reason", conn->state == TG_CONN_LINGER ? "lingered" : "slow_reader"));
        tg_conn_kill(conn);
        return;
    }
    if (conn->due_ms != 0 && now >= conn->due_ms) {
        conn->due_ms = 0;
        if (conn->state == TG_CONN_OPEN) {
            conn->ops->timeout(conn);
        }
    }
    if (conn->state != TG_CONN_DEAD) {
        conn_arm(conn);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct tg_net *net = timer->data;
    struct tg_link fired;
    tg_list_init(&fired);
    tg_timers_advance(&net->timers, uv_now(&net->loop), &fired);
    while (!tg_list_empty(&fired)) {
        struct tg_timer *due = TG_ENTRY(fired.next, struct tg_timer, link);
        tg_timer_cancel(due);
        conn_due(TG_ENTRY(due, struct tg_conn, timer), uv_now(&net->loop));
    }
}

enum tg_err tg_net_init(struct tg_net *net, void (*turn)(void *context), void *context)
{
    if (uv_loop_init(&net->loop) != 0) {
        return TG_EIO;
    }
    net->turn = turn;
    net->context = context;
    net->conn_count = 0;
    net->handshake_ns = 0;
    net->write_ms = 0;
    tg_list_init(&net->conns);
    tg_list_init(&net->dying);
    tg_timers_init(&net->timers, uv_now(&net->loop), TICK_MS);
    net->prepare.data = net;
    net->check.data = net;
    net->tick.data = net;
    uv_prepare_init(&net->loop, &net->prepare);
    uv_check_init(&net->loop, &net->check);
    uv_timer_init(&net->loop, &net->tick);
    uv_prepare_start(&net->prepare, on_prepare);
    uv_check_start(&net->check, on_check);
    uv_timer_start(&net->tick, on_tick, TICK_MS, TICK_MS);
    return TG_OK;
}

void tg_net_run(struct tg_net *net)
{
    uv_run(&net->loop, UV_RUN_DEFAULT);
}

void tg_net_stop(struct tg_net *net)
{
    uv_stop(&net->loop);
}

void tg_net_finish(struct tg_net *net)
{
    reap(net);
    uv_close((uv_handle_t *)&net->prepare, NULL);
    uv_close((uv_handle_t *)&net->check, NULL);
    uv_close((uv_handle_t *)&net->tick, NULL);
    uv_run(&net->loop, UV_RUN_DEFAULT);
    uv_loop_close(&net->loop);
}

uint64_t tg_net_now(const struct tg_net *net)
{
    return uv_now(&net->loop);
}

/* Connections. */

static void on_closed(uv_handle_t *handle)
{
    tg_free(handle->data);
}

/* The one place where connections die. */
static void reap(struct tg_net *net)
{
    while (!tg_list_empty(&net->dying)) {
        struct tg_conn *conn = TG_ENTRY(net->dying.next, struct tg_conn, link);
        tg_list_remove(&conn->link);
        tg_timer_cancel(&conn->timer);
        conn->ops->over(conn);
        net->conn_count--;
        /* Not after the descriptor: its number may be another thread's by then. */
        uv_close((uv_handle_t *)&conn->poll, on_closed);
        tg_tls_conn_close(conn->tls);
        close(conn->fd);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct tg_conn *conn, int events)
{
    if (conn->watched != events) {
        conn->watched = (uint8_t)events;
        uv_poll_start(&conn->poll, events, on_poll);
    }
}

enum tg_err tg_conn_open(struct tg_net *net, struct tg_conn *conn, int fd,
                         const struct tg_conn_ops *ops)
{
    if (uv_poll_init(&net->loop, &conn->poll, fd) != 0) {
        return TG_EIO;
    }
    conn->poll.data = conn;
    conn->net = net;
    conn->ops = ops;
    conn->tls = NULL;
    conn->fd = fd;
    conn->state = TG_CONN_OPEN;
    conn->watched = 0;
    conn->paused = false;
    conn->held = false;
    conn->peer_done = false;
    conn->read_waits = false;
    conn->write_waits = false;
    conn->stalled_ms = 0;
    conn->due_ms = 0;
    tg_timer_init(&conn->timer);
    tg_list_init(&conn->link);
    tg_list_append(&net->conns, &conn->link);
    net->conn_count++;
    watch(conn, UV_READABLE);
    return TG_OK;
}

enum tg_err tg_conn_secure(struct tg_conn *conn, struct tg_tls *tls)
{
    conn->tls = tg_tls_accept(tls, conn->fd);
    return conn->tls == NULL ? TG_ENOMEM : TG_OK;
}

void tg_conn_set_timer(struct tg_conn *conn, uint64_t due_ms)
{
    conn->due_ms = due_ms;
    conn_arm(conn);
}

void tg_conn_cancel_timer(struct tg_conn *conn)
{
    conn->due_ms = 0;
    conn_arm(conn);
}

void tg_conn_kill(struct tg_conn *conn)
{
    if (conn->state == TG_CONN_DEAD) {
        return;
    }
    conn->state = TG_CONN_DEAD;
    tg_list_remove(&conn->link);
    tg_list_append(&conn->net->dying, &conn->link);
}

static void conn_shut(struct tg_conn *conn)
{
    conn->state = TG_CONN_LINGER;
    conn->read_waits = false; /* Nothing is written any more: see it writable no more. */
    if (conn->tls != NULL) {
        tg_tls_shutdown(conn->tls);
    }
    shutdown(conn->fd, SHUT_WR);
    watch(conn, UV_READABLE);
    tg_conn_set_timer(conn, tg_net_now(conn->net) + LINGER_MS);
}

/* The peer said all it had to say, and so did we. */
static void conn_part(struct tg_conn *conn)
{
    if (conn->tls != NULL) {
        tg_tls_shutdown(conn->tls);
    }
    tg_conn_kill(conn);
}

/* The peer has shut its side, and may still read: what is queued goes out. */
static void conn_peer_done(struct tg_conn *conn)
{
    bool waits = (conn->state == TG_CONN_OPEN || conn->state == TG_CONN_ENDING) &&
                 !tg_outbox_empty(conn->ops->outbox(conn));
    conn->peer_done = true;
    if (!waits) {
        conn_part(conn);
    } else if (conn->state == TG_CONN_OPEN) {
        tg_conn_end(conn);
    } else {
        tg_conn_flush(
            conn); /* And watch for its end no more: it would be seen for ever. */
    }
}

/* Nothing can be read any more. Who failed to shake hands is given the time to read why.
 */
static void conn_broken(struct tg_conn *conn)
{
    if (conn->tls != NULL && conn->state == TG_CONN_OPEN && !tg_tls_ready(conn->tls)) {
        conn_shut(conn);
    } else {
        tg_conn_kill(conn);
    }
}

/* Read what came: to its owner, or nowhere once our side is done. */
static void conn_read(struct tg_conn *conn)
{
    struct tg_net *net = conn->net;
    for (int i = 0; i < READS_PER_TURN && conn->state != TG_CONN_DEAD && !conn->paused &&
                    !conn->held;
         i++) {
        ptrdiff_t size = tg_socket_read(conn);
        if (size == 0) {
            conn_peer_done(conn);
            return;
        }
        if (size < 0) {
            if (size == TG_SOCKET_OVER) {
                conn_broken(conn);
            }
            return;
        }
        if (conn->state == TG_CONN_OPEN) {
            conn->ops->received(conn, net->read_buffer, (size_t)size);
        }
        if ((size_t)size < sizeof net->read_buffer) {
            return;
        }
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct tg_conn *conn = poll->data;
    if (conn->state == TG_CONN_DEAD) {
        return;
    }
    if (status < 0) {
        tg_conn_kill(conn);
        return;
    }
    if ((events & UV_READABLE) != 0 || conn->read_waits) {
        conn_read(conn);
    }
    if (((events & UV_WRITABLE) != 0 || conn->read_waits || conn->write_waits) &&
        conn->state != TG_CONN_DEAD) {
        tg_conn_flush(conn);
    }
}

/* One write of all that fits in one call. False if the kernel takes no more, or all is
 * over. */
static bool conn_write(struct tg_conn *conn, const struct tg_slice *slices, int count)
{
    ptrdiff_t sent = tg_socket_write(conn, slices, count);
    if (sent < 0) {
        if (sent == TG_SOCKET_OVER) {
            tg_conn_kill(conn);
        }
        return false;
    }
    conn->stalled_ms = 0;
    conn->ops->sent(conn, (size_t)sent);
    return true;
}

void tg_conn_flush(struct tg_conn *conn)
{
    struct tg_slice slices[SLICES_PER_WRITE];
    struct tg_outbox *outbox = conn->ops->outbox(conn);
    while (conn->state == TG_CONN_OPEN || conn->state == TG_CONN_ENDING) {
        int count = tg_outbox_peek(outbox, slices, SLICES_PER_WRITE);
        if (count == 0) {
            break;
        }
        if (!conn_write(conn, slices, count)) {
            break;
        }
    }
    if (conn->state == TG_CONN_DEAD || conn->state == TG_CONN_LINGER) {
        return;
    }
    bool waits = !tg_outbox_empty(outbox);
    if (waits && conn->stalled_ms == 0) {
        conn->stalled_ms = tg_net_now(conn->net);
        conn_arm(conn);
    }
    conn->paused = conn->paused && waits;
    if (!waits && conn->peer_done) {
        conn_part(conn);
        return;
    }
    if (!waits && conn->state == TG_CONN_ENDING) {
        conn_shut(conn);
    }
    watch(conn,
          (conn->paused || conn->held || conn->peer_done ? 0 : UV_READABLE) |
              ((waits && !conn->write_waits) || conn->read_waits ? UV_WRITABLE : 0));
}

void tg_conn_pause(struct tg_conn *conn)
{
    conn->paused = true;
    tg_conn_flush(conn);
}

void tg_conn_hold(struct tg_conn *conn)
{
    conn->held = true;
    tg_conn_flush(conn);
}

void tg_conn_release(struct tg_conn *conn)
{
    conn->held = false;
    tg_conn_flush(conn);
}

void tg_conn_end(struct tg_conn *conn)
{
    if (conn->state != TG_CONN_OPEN) {
        return;
    }
    if (conn->tls != NULL && !tg_tls_ready(conn->tls)) {
        tg_conn_kill(conn);
        return;
    }
    conn->state = TG_CONN_ENDING;
    tg_conn_flush(conn);
}
