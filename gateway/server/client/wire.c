#include "server/client/wire.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/tls/tls.h"

static volatile sig_atomic_t stopped;
static bool caught;
static sigset_t waiting_mask; /* Where caught: the signals blocked while we wait. */

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

/* They are blocked but during waits, so that none comes between a look and the wait. */
void tg_wire_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigprocmask(SIG_BLOCK, &ours, &waiting_mask);
    sigdelset(&waiting_mask, SIGINT);
    sigdelset(&waiting_mask, SIGTERM);
    caught = true;
}

bool tg_wire_stopped(void)
{
    return stopped != 0;
}

void tg_wire_forget_signal(void)
{
    stopped = 0;
}

uint64_t tg_wire_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Wait for `events` on `fd` (-1: for time alone). */
static enum tg_wire_result await(int fd, short events, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now = tg_wire_now_ms();
        uint64_t left = deadline_ms > now ? deadline_ms - now : 0;
        struct timespec wait = {(time_t)(left / 1000), (long)(left % 1000) * 1000000};
        struct pollfd poll_fd = {.fd = fd, .events = events};
        int ready = ppoll(&poll_fd, 1, &wait, caught ? &waiting_mask : NULL);
        if (stopped) {
            return TG_WIRE_STOPPED;
        }
        if (ready > 0) {
            return TG_WIRE_OK;
        }
        if (ready < 0 && errno != EINTR) {
            return TG_WIRE_FAILED;
        }
        if (ready == 0 && left == 0) {
            return TG_WIRE_LATE;
        }
    }
}

void tg_wire_sleep(uint64_t ms)
{
    (void)await(-1, 0, tg_wire_now_ms() + ms);
}

/* Connect to one address; the descriptor is in `wire` on OK. */
static enum tg_wire_result open_one(struct tg_wire *wire, const struct addrinfo *address,
                                    uint64_t deadline_ms)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return TG_WIRE_FAILED;
    }
    enum tg_wire_result result = TG_WIRE_OK;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        result = errno == EINPROGRESS ? await(fd, POLLOUT, deadline_ms) : TG_WIRE_FAILED;
        int error = 0;
        socklen_t size = sizeof error;
        if (result == TG_WIRE_OK &&
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0) {
            errno = error;
            result = TG_WIRE_FAILED;
        }
    }
    if (result != TG_WIRE_OK) {
        int saved_errno = errno;
        close(fd);
        errno = saved_errno;
        return result;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    wire->fd = fd;
    return TG_WIRE_OK;
}

bool tg_wire_init(struct tg_wire *wire, const struct tg_url *url, const char *ca_file,
                  char *why, size_t why_size)
{
    char fault[TG_TLS_WHY_MAX];
    *wire = (struct tg_wire){.fd = -1};
    if (!url->secure) {
        return true;
    }
    wire->trust = tg_tls_open_client(ca_file, fault);
    if (wire->trust == NULL) {
        snprintf(why, why_size, "%s", fault);
    }
    return wire->trust != NULL;
}

void tg_wire_finish(struct tg_wire *wire)
{
    tg_wire_close(wire);
    tg_tls_close(wire->trust);
    wire->trust = NULL;
}

/* What to wait for after `outcome` of TLS, which is negative. */
static enum tg_wire_result await_tls(struct tg_wire *wire, ptrdiff_t outcome,
                                     uint64_t deadline_ms)
{
    if (outcome == TG_TLS_OVER) {
        errno = EPROTO;
        return tg_tls_why(wire->tls)[0] == '\0' ? TG_WIRE_ENDED : TG_WIRE_FAILED;
    }
    return await(wire->fd, outcome == TG_TLS_AGAIN_WRITE ? POLLOUT : POLLIN, deadline_ms);
}

static enum tg_wire_result shake_hands(struct tg_wire *wire, const struct tg_url *url,
                                       uint64_t deadline_ms, char *why, size_t why_size)
{
    enum tg_wire_result result = TG_WIRE_OK;
    ptrdiff_t outcome = TG_TLS_AGAIN_READ;
    wire->tls = tg_tls_connect(wire->trust, wire->fd, url->host);
    if (wire->tls == NULL) {
        errno = ENOMEM;
        result = TG_WIRE_FAILED;
    }
    while (result == TG_WIRE_OK && (outcome = tg_tls_shake_hands(wire->tls)) != 0) {
        result = await_tls(wire, outcome, deadline_ms);
    }
    snprintf(why, why_size, "%s", tg_wire_text(result));
    if (outcome == TG_TLS_OVER && result == TG_WIRE_FAILED) {
        snprintf(why, why_size, "%s", tg_tls_why(wire->tls));
        result = TG_WIRE_UNTRUSTED;
    }
    if (result != TG_WIRE_OK) {
        tg_wire_close(wire);
    }
    return result;
}

enum tg_wire_result tg_wire_open(struct tg_wire *wire, const struct tg_url *url,
                                 uint64_t deadline_ms, char *why, size_t why_size)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    char port[8];
    snprintf(port, sizeof port, "%u", url->port);
    int error = getaddrinfo(url->host, port, &hints, &addresses);
    if (error != 0) {
        snprintf(why, why_size, "%s", gai_strerror(error));
        return TG_WIRE_FAILED;
    }
    enum tg_wire_result result = TG_WIRE_FAILED;
    for (struct addrinfo *at = addresses; at != NULL; at = at->ai_next) {
        result = open_one(wire, at, deadline_ms);
        if (result == TG_WIRE_OK || result == TG_WIRE_STOPPED) {
            break;
        }
    }
    snprintf(why, why_size, "%s", tg_wire_text(result));
    freeaddrinfo(addresses);
    return result == TG_WIRE_OK && wire->trust != NULL
               ? shake_hands(wire, url, deadline_ms, why, why_size)
               : result;
}

enum tg_wire_result tg_wire_send(struct tg_wire *wire, struct tg_slice bytes,
                                 uint64_t deadline_ms)
{
    while (bytes.size != 0 && wire->tls != NULL) {
        ptrdiff_t sent = tg_tls_write(wire->tls, bytes.data, bytes.size);
        enum tg_wire_result result = sent >= 0 ? TG_WIRE_OK
                                               : await_tls(wire, sent, deadline_ms);
        if (result != TG_WIRE_OK) {
            return result;
        }
        if (sent >= 0) {
            bytes = tg_slice(bytes.data + sent, bytes.size - (size_t)sent);
        }
    }
    while (bytes.size != 0) {
        ssize_t sent = send(wire->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes = tg_slice(bytes.data + sent, bytes.size - (size_t)sent);
        } else if (errno == EAGAIN) {
            enum tg_wire_result result = await(wire->fd, POLLOUT, deadline_ms);
            if (result != TG_WIRE_OK) {
                return result;
            }
        } else if (errno != EINTR) {
            return TG_WIRE_FAILED;
        }
    }
    return TG_WIRE_OK;
}

static enum tg_wire_result receive_tls(struct tg_wire *wire, uint8_t *data, size_t size,
                                       size_t *received, uint64_t deadline_ms)
{
    for (;;) {
        ptrdiff_t got = tg_tls_read(wire->tls, data, size);
        if (got > 0) {
            *received = (size_t)got;
            return TG_WIRE_OK;
        }
        enum tg_wire_result result = got == 0 ? TG_WIRE_ENDED
                                              : await_tls(wire, got, deadline_ms);
        if (result != TG_WIRE_OK) {
            return result;
        }
    }
}

enum tg_wire_result tg_wire_receive(struct tg_wire *wire, uint8_t *data, size_t size,
                                    size_t *received, uint64_t deadline_ms)
{
    if (wire->tls != NULL) {
        return receive_tls(wire, data, size, received, deadline_ms);
    }
    for (;;) {
        enum tg_wire_result result = await(wire->fd, POLLIN, deadline_ms);
        if (result != TG_WIRE_OK) {
            return result;
        }
        ssize_t got = recv(wire->fd, data, size, 0);
        if (got > 0) {
            *received = (size_t)got;
            return TG_WIRE_OK;
        }
        if (got == 0) {
            return TG_WIRE_ENDED;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return TG_WIRE_FAILED;
        }
    }
}

void tg_wire_close(struct tg_wire *wire)
{
    if (wire->tls != NULL) {
        tg_tls_shutdown(wire->tls);
        tg_tls_conn_close(wire->tls);
        wire->tls = NULL;
    }
    if (wire->fd >= 0) {
        close(wire->fd);
    }
    wire->fd = -1;
}

const char *tg_wire_text(enum tg_wire_result result)
{
    switch (result) {
    case TG_WIRE_OK:
        return "ok";
    case TG_WIRE_LATE:
        return "it took too long";
    case TG_WIRE_ENDED:
        return "the other side closed it";
    case TG_WIRE_UNTRUSTED:
        return "TLS could not be agreed on";
    case TG_WIRE_STOPPED:
        return "stopped";
    case TG_WIRE_FAILED:
        break;
    }
    return strerror(errno);
}
