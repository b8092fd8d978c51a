#include "server/ingest_http/ingest_http.h"

#include <unistd.h>

#include "engine/base/mem.h"
#include "server/ingest_http/private.h"
#include "server/log/log.h"

enum {
    IDLE_MS = 60000,
    IDLE_KEYLESS_MS = 5000, /* Of who never showed a right key. */
    CONNECTIONS_MAX = 1024,
    /* Beyond these: who is just told that there is no place. */
    REFUSED_MAX = 64,
};

static struct request_conn *conn_of(struct tg_conn *conn)
{
    return (struct request_conn *)conn;
}

/* Reading. */

/* Take the bytes, up to a request that is answered later; how many. */
static size_t take(struct request_conn *conn, struct tg_slice bytes)
{
    struct tg_ingest_http *ingest = conn->ingest;
    enum tg_exchange_step step = TG_EXCHANGE_HEAD;
    size_t at = 0;
    while (conn->conn.state == TG_CONN_OPEN && conn->later == NULL &&
           step != TG_EXCHANGE_MORE) {
        size_t used = 0;
        struct tg_slice body;
        bool was_partial = tg_exchange_partial(&conn->exchange);
        step = tg_exchange_feed(&conn->exchange,
                                tg_slice(bytes.data + at, bytes.size - at), &used,
                                ingest->request, &body);
        at += used;
        if (step == TG_EXCHANGE_HEAD) {
            request_head(conn);
        } else if (step == TG_EXCHANGE_BODY) {
            request_body(conn, body);
        } else if (step == TG_EXCHANGE_REFUSED) {
            request_refuse(conn, TG_CODE_INVALID_REQUEST, conn->exchange.parser.status,
                           conn->exchange.parser.message);
        } else if (!was_partial && tg_exchange_partial(&conn->exchange)) {
            /* A request has begun: it must be whole in time, however slowly it drips. */
            tg_conn_set_timer(&conn->conn,
                              tg_net_now(conn->conn.net) +
                                  ingest->common->config->timeouts.header_ms);
        }
    }
    return at;
}

static void wait_for_next(struct request_conn *conn)
{
    if (!tg_exchange_partial(&conn->exchange) && conn->conn.state == TG_CONN_OPEN) {
        tg_conn_set_timer(&conn->conn, tg_net_now(conn->conn.net) +
                                           (conn->trusted ? IDLE_MS : IDLE_KEYLESS_MS));
    }
}

/* What came behind a request that is answered later waits here: at most what one read
 * brought, for the connection is held. */
static void keep_unread(struct request_conn *conn, struct tg_slice bytes)
{
    tg_buf_add_slice(&conn->unread, bytes);
    if (conn->unread.failed) {
        tg_conn_kill(&conn->conn);
    }
}

static void on_received(struct tg_conn *base, uint8_t *data, size_t size)
{
    struct request_conn *conn = conn_of(base);
    size_t taken = take(conn, tg_slice(data, size));
    if (conn->later != NULL) {
        keep_unread(conn, tg_slice(data + taken, size - taken));
    }
    wait_for_next(conn);
}

void request_resume(struct request_conn *conn)
{
    struct tg_buf unread = conn->unread;
    conn->unread = (struct tg_buf){0};
    tg_conn_release(&conn->conn);
    size_t taken = take(conn, tg_buf_slice(&unread));
    if (conn->later != NULL) {
        keep_unread(conn, tg_slice(unread.data + taken, unread.size - taken));
    }
    tg_buf_finish(&unread);
    wait_for_next(conn);
}

/* Life. */

static void on_timeout(struct tg_conn *base)
{
    struct request_conn *conn = conn_of(base);
    if (tg_exchange_partial(&conn->exchange)) {
        request_refuse(conn, TG_CODE_INVALID_REQUEST, 408,
                       "the request was not complete in time");
    } else {
        tg_conn_kill(base);
    }
}

static struct tg_outbox *on_outbox(struct tg_conn *base)
{
    return &conn_of(base)->outbox;
}

static void on_sent(struct tg_conn *base, size_t size)
{
    tg_outbox_sent(&conn_of(base)->outbox, &conn_of(base)->ingest->pool, size);
}

static void leave_place(struct request_conn *conn)
{
    conn->ingest->places -= conn->placed ? 1 : 0;
    conn->placed = false;
}

static void on_over(struct tg_conn *base)
{
    struct request_conn *conn = conn_of(base);
    leave_place(conn);
    request_body_over(conn);
    if (conn->later != NULL) {
        conn->later->conn = NULL;
    }
    tg_buf_finish(&conn->unread);
    tg_outbox_clear(&conn->outbox, &conn->ingest->pool);
    tg_exchange_finish(&conn->exchange);
}

static const struct tg_conn_ops request_ops = {
    .received = on_received,
    .timeout = on_timeout,
    .outbox = on_outbox,
    .sent = on_sent,
    .over = on_over,
};

/* A place for who comes, if need be that of the oldest who never showed a right key: who
 * has none must not keep out who has. */
static bool find_place(struct tg_ingest_http *ingest)
{
    struct tg_link *conns = &ingest->net->conns;
    for (struct tg_link *link = conns->next;
         ingest->places >= CONNECTIONS_MAX && link != conns;) {
        struct request_conn *conn = conn_of(TG_ENTRY(link, struct tg_conn, link));
        link = link->next;
        if (conn->placed && !conn->trusted) {
            leave_place(conn);
            tg_conn_kill(&conn->conn);
        }
    }
    return ingest->places < CONNECTIONS_MAX;
}

static struct request_conn *request_open(struct tg_ingest_http *ingest, int fd)
{
    struct request_conn *conn = tg_zalloc(1, sizeof *conn);
    if (conn == NULL ||
        tg_conn_open(ingest->net, &conn->conn, fd, &request_ops) != TG_OK) {
        tg_free(conn);
        return NULL;
    }
    conn->ingest = ingest;
    tg_exchange_init(&conn->exchange, NULL);
    return conn;
}

static void on_accepted(void *context, int fd)
{
    struct tg_ingest_http *ingest = context;
    bool placed = find_place(ingest);
    struct request_conn *conn = NULL;
    if (placed || ingest->net->conn_count < CONNECTIONS_MAX + REFUSED_MAX) {
        conn = request_open(ingest, fd);
    }
    if (conn == NULL || !placed) {
        tg_log_limited(TG_LOG_WARN, "ingest.not_accepted",
                       TG_F("connections", ingest->net->conn_count));
    }
    if (conn == NULL) {
        close(fd);
        return;
    }
    tg_conn_set_timer(&conn->conn, tg_net_now(ingest->net) +
                                       ingest->common->config->timeouts.header_ms);
    conn->placed = placed;
    ingest->places += placed ? 1 : 0;
    if (!placed) {
        request_refuse(conn, TG_CODE_OVERLOADED, 503,
                       "the gateway is at its limit of ingest connections; try again");
    }
}

enum tg_err tg_ingest_http_open(struct tg_ingest_http *ingest, struct tg_net *net, int fd,
                                struct tg_desk *desk, struct tg_shard_common *common)
{
    *ingest = (struct tg_ingest_http){.net = net, .desk = desk, .common = common};
    ingest->request = tg_alloc(sizeof *ingest->request);
    if (ingest->request == NULL) {
        return TG_ENOMEM;
    }
    enum tg_err err = tg_listener_open(&ingest->listener, net, fd, on_accepted, ingest);
    if (err != TG_OK) {
        tg_free(ingest->request);
    }
    return err;
}

void tg_ingest_http_close(struct tg_ingest_http *ingest)
{
    tg_listener_close(&ingest->listener);
    struct tg_net *net = ingest->net;
    for (struct tg_link *link = net->conns.next; link != &net->conns;) {
        struct tg_conn *conn = TG_ENTRY(link, struct tg_conn, link);
        link = link->next;
        if (tg_outbox_empty(&conn_of(conn)->outbox)) {
            tg_conn_kill(conn);
        } else {
            tg_conn_end(conn);
        }
    }
}

void tg_ingest_http_finish(struct tg_ingest_http *ingest)
{
    tg_outbox_pool_finish(&ingest->pool);
    tg_buf_finish(&ingest->members);
    tg_buf_finish(&ingest->text);
    tg_free(ingest->request);
}
