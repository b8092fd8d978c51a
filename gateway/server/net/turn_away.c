#include "server/net/turn_away.h"

#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/codec/answer.h"
#include "server/log/log.h"

struct guest {
    struct tg_conn conn; /* First: the net frees it. */
    struct tg_outbox outbox;
    struct tg_turn_away *away;
};

void tg_turn_away_finish(struct tg_turn_away *away)
{
    tg_buf_finish(&away->text);
}

void tg_turn_away_log(unsigned status, const struct tg_address *address,
                      const struct tg_wait *wait)
{
    char text[TG_ADDRESS_TEXT_MAX];
    tg_address_write(address, text);
    tg_log_limited(TG_LOG_WARN, "client.turned_away", TG_F("status", status),
                   TG_F("reason", wait->why), TG_F("address", text));
}

void tg_turn_away_write(struct tg_buf *text, unsigned status, const struct tg_wait *wait)
{
    char seconds[16];
    char body[256];
    int seconds_size = snprintf(seconds, sizeof seconds, "%u",
                                wait->retry_after_ms / 1000 +
                                    (wait->retry_after_ms % 1000 != 0 ? 1 : 0));
    int body_size = snprintf(body, sizeof body, "%s\n", wait->why);
    const struct tg_http_header retry = {TG_LIT("Retry-After"),
                                         tg_slice(seconds, (size_t)seconds_size)};
    tg_buf_clear(text);
    tg_http_answer_write(text, &(struct tg_http_answer){
                                   .status = status,
                                   .content_type = "text/plain; charset=utf-8",
                                   .body = tg_slice(body, (size_t)body_size),
                                   .headers = &retry,
                                   .header_count = 1,
                               });
}

static void on_received(struct tg_conn *conn, uint8_t *data, size_t size)
{
    (void)conn;
    (void)data;
    (void)size;
}

static void on_timeout(struct tg_conn *conn)
{
    tg_conn_kill(conn);
}

static struct tg_outbox *on_outbox(struct tg_conn *conn)
{
    return &((struct guest *)conn)->outbox;
}

static void on_sent(struct tg_conn *conn, size_t size)
{
    (void)conn;
    (void)size;
}

static void on_over(struct tg_conn *conn)
{
    ((struct guest *)conn)->away->lingering--;
}

static const struct tg_conn_ops guest_ops = {
    .received = on_received,
    .timeout = on_timeout,
    .outbox = on_outbox,
    .sent = on_sent,
    .over = on_over,
};

/* Bytes that were never read would make the kernel answer with a reset, which may
 * overtake the answer. */
static bool linger(struct tg_turn_away *away, struct tg_net *net, int fd)
{
    struct guest *guest =
        away->lingering < TG_TURN_AWAY_LINGERING_MAX ? tg_zalloc(1, sizeof *guest) : NULL;
    if (guest == NULL || tg_conn_open(net, &guest->conn, fd, &guest_ops) != TG_OK) {
        tg_free(guest);
        return false;
    }
    guest->away = away;
    away->lingering++;
    tg_conn_end(&guest->conn);
    return true;
}

void tg_turn_away(struct tg_turn_away *away, struct tg_net *net, int fd, unsigned status,
                  const struct tg_wait *wait)
{
    tg_turn_away_write(&away->text, status, wait);
    if (!away->text.failed) {
        /* A socket that is new takes so little at once, or is gone. */
        (void)!send(fd, away->text.data, away->text.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (!linger(away, net, fd)) {
        close(fd);
    }
}
