#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/net/net.h"

enum {
    ACCEPTS_PER_TURN = 64,
    PAUSE_MS = 100,
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* The address of `host` and `port`; its size, or 0 if `host` is no address. */
static socklen_t address_of(const char *host, uint32_t port, union address *address)
{
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons((uint16_t)port);
        return sizeof address->v4;
    }
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        return sizeof address->v6;
    }
    return 0;
}

/* A socket that is bound, or -1 with errno set. */
static int bound(const char *host, uint32_t port, bool share)
{
    union address address;
    socklen_t size = address_of(host, port, &address);
    if (size == 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if ((share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
        bind(fd, &address.any, size) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

bool tg_listen_is_free(const char *host, uint32_t port)
{
    int fd = bound(host, port, false);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

int tg_listen(const char *host, uint32_t port, uint32_t backlog, bool share)
{
    int fd = bound(host, port, share);
    if (fd >= 0 && listen(fd, (int)backlog) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct tg_listener *listener = timer->data;
    uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
}

/* Out of descriptors: those who wait stay in the kernel's queue until some are free
 * again. */
static void pause_accepting(struct tg_listener *listener, int error)
{
    tg_log_limited(TG_LOG_WARN, "net.accept_paused", TG_F("reason", strerror(error)));
    uv_poll_stop(&listener->poll);
    uv_timer_start(&listener->pause, on_pause_over, PAUSE_MS, 0);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct tg_listener *listener = poll->data;
    (void)events;
    for (int i = 0; status == 0 && i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                errno == ENOMEM) {
                pause_accepting(listener, errno);
                return;
            }
            if (errno == EAGAIN) {
                return;
            }
            continue; /* That connection went away before it was accepted. */
        }
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        listener->accepted(listener->context, fd);
    }
}

enum tg_err tg_listener_open(struct tg_listener *listener, struct tg_net *net, int fd,
                             void (*accepted)(void *context, int fd), void *context)
{
    if (uv_poll_init(&net->loop, &listener->poll, fd) != 0) {
        return TG_EIO;
    }
    uv_timer_init(&net->loop, &listener->pause);
    listener->poll.data = listener;
    listener->pause.data = listener;
    listener->net = net;
    listener->fd = fd;
    listener->open = true;
    listener->accepted = accepted;
    listener->context = context;
    uv_poll_start(&listener->poll, UV_READABLE, on_acceptable);
    return TG_OK;
}

void tg_listener_close(struct tg_listener *listener)
{
    if (listener->open) {
        listener->open = false;
        uv_close((uv_handle_t *)&listener->poll, NULL);
        uv_close((uv_handle_t *)&listener->pause, NULL);
        close(listener->fd);
    }
}
