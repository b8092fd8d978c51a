#include "server/net/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/tls/tls.h"

enum {
    SLICES_MAX = 64,
    /* A handshake takes half a millisecond or, with a large RSA key, five: a storm of
     * them must not keep those waiting who are connected. */
    HANDSHAKE_NS_PER_TURN = 5 * 1000 * 1000,
};

static ptrdiff_t outcome_of_errno(void)
{
    return errno == EAGAIN || errno == EINTR ? TG_SOCKET_AGAIN : TG_SOCKET_OVER;
}

/* In the clear. */

static ptrdiff_t plain_read(struct tg_conn *conn)
{
    struct tg_net *net = conn->net;
    ssize_t size;
    do {
        size = read(conn->fd, net->read_buffer, sizeof net->read_buffer);
    } while (size < 0 && errno == EINTR);
    return size >= 0 ? size : outcome_of_errno();
}

static ptrdiff_t plain_write(struct tg_conn *conn, const struct tg_slice *slices,
                             int count)
{
    ssize_t sent;
    do {
        if (count == 1) {
            sent = send(conn->fd, slices[0].data, slices[0].size,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
            continue;
        }
        struct iovec iov[SLICES_MAX];
        for (int i = 0; i < count; i++) {
            iov[i].iov_base = (void *)(uintptr_t)slices[i].data;
            iov[i].iov_len = slices[i].size;
        }
        struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)count};
        sent = sendmsg(conn->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0 ? sent : outcome_of_errno();
}

/* Through TLS. */

static ptrdiff_t outcome_of_tls(struct tg_conn *conn, ptrdiff_t outcome)
{
    if (outcome >= 0) {
        return outcome;
    }
    if (outcome != TG_TLS_OVER) {
        return TG_SOCKET_AGAIN;
    }
    const char *why = tg_tls_why(conn->tls);
    if (why[0] == '\0') {
        tg_debug("client.tls_ended");
    } else {
        tg_log_limited(TG_LOG_WARN, "client.tls_failed", TG_F("reason", why));
    }
    return TG_SOCKET_OVER;
}

static ptrdiff_t tls_read(struct tg_conn *conn)
{
    struct tg_net *net = conn->net;
    bool ready = tg_tls_ready(conn->tls);
    if (!ready && net->handshake_ns >= HANDSHAKE_NS_PER_TURN) {
        return TG_SOCKET_AGAIN; /* The socket says again next turn that it is readable. */
    }
    uint64_t began_ns = ready ? 0 : uv_hrtime();
    ptrdiff_t outcome = tg_tls_read(conn->tls, net->read_buffer, sizeof net->read_buffer);
    if (!ready) {
        net->handshake_ns += uv_hrtime() - began_ns;
    }
    conn->read_waits = outcome == TG_TLS_AGAIN_WRITE;
    return outcome_of_tls(conn, outcome);
}

/* The front of what waits, as one piece for one record. */
static struct tg_slice gather(struct tg_net *net, const struct tg_slice *slices,
                              int count)
{
    size_t size = 0;
    if (count == 1 || slices[0].size >= sizeof net->record) {
        return slices[0];
    }
    for (int i = 0; i < count && size < sizeof net->record; i++) {
        size_t room = sizeof net->record - size;
        size_t part = slices[i].size < room ? slices[i].size : room;
        memcpy(net->record + size, slices[i].data, part);
        size += part;
    }
    return tg_slice(net->record, size);
}

/* A record is out when all of it is; a peer that takes a part of it makes progress. */
static ptrdiff_t tls_write(struct tg_conn *conn, const struct tg_slice *slices, int count)
{
    conn->write_waits = !tg_tls_ready(conn->tls);
    if (conn->write_waits) {
        return TG_SOCKET_AGAIN;
    }
    struct tg_slice piece = gather(conn->net, slices, count);
    uint64_t before = tg_tls_written(conn->tls);
    ptrdiff_t outcome = tg_tls_write(conn->tls, piece.data, piece.size);
    if (tg_tls_written(conn->tls) != before) {
        conn->stalled_ms = 0;
    }
    conn->write_waits = outcome == TG_TLS_AGAIN_READ;
    return outcome_of_tls(conn, outcome);
}

ptrdiff_t tg_socket_read(struct tg_conn *conn)
{
    /* What comes after our end is thrown away: no need to decrypt it. */
    return conn->tls == NULL || conn->state == TG_CONN_LINGER ? plain_read(conn)
                                                              : tls_read(conn);
}

ptrdiff_t tg_socket_write(struct tg_conn *conn, const struct tg_slice *slices, int count)
{
    return conn->tls == NULL ? plain_write(conn, slices, count)
                             : tls_write(conn, slices, count);
}
