#include "server/ingest_http/ingest_http.h"

#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/json/json.h"
#include "server/log/log.h"
#include "server/net/exchange.h"

enum {
    IDLE_MS = 60000,
    IDLE_KEYLESS_MS = 5000, /* Of who never showed a right key. */
    BODY_MS = 30000,
    /* Answers that wait for who does not read them: over the first, no further request is
     * read; over the second, which only many requests in one read reach, it is over. */
    ANSWERS_PAUSE = 64 * 1024,
    ANSWERS_MAX = 256 * 1024,
    /* Announced by all the requests whose bodies are under way; one may always be. */
    BODIES_MAX = 64 * 1024 * 1024,
    CONNECTIONS_MAX = 1024,
    /* Beyond these: who is just told that there is no place. */
    REFUSED_MAX = 64,
};

enum route { ROUTE_NONE, ROUTE_EVENT, ROUTE_EVENTS, ROUTE_CATALOGUE };

struct request_conn {
    struct tg_conn conn; /* First: the net frees it. */
    struct tg_ingest_http *ingest;
    struct tg_outbox outbox;
    struct tg_exchange exchange;
    struct tg_slice
        app;           /* Of the request whose body is awaited; borrowed from the keys. */
    const char *allow; /* After a 405: what the path takes. */
    uint64_t announced; /* Bytes of the body that is under way. */
    uint8_t route;
    bool keep_alive;
    bool head;
    bool trusted; /* It has shown a right key. */
    bool placed;  /* It has one of the places. */
};

static struct request_conn *conn_of(struct tg_conn *conn)
{
    return (struct request_conn *)conn;
}

/* Answering. */

static void send_text(struct request_conn *conn, unsigned status,
                      const char *content_type, struct tg_slice body)
{
    struct tg_ingest_http *ingest = conn->ingest;
    if (conn->outbox.size > ANSWERS_MAX) {
        tg_log_limited(TG_LOG_WARN, "ingest.answers_unread",
                       TG_F("bytes", conn->outbox.size));
        tg_conn_kill(&conn->conn);
        return;
    }
    const struct tg_http_header allow[] = {
        {TG_LIT("Allow"), tg_slice_of(conn->allow == NULL ? "" : conn->allow)}};
    tg_buf_clear(&ingest->text);
    tg_http_answer_write(&ingest->text, &(struct tg_http_answer){
                                            .status = status,
                                            .content_type = content_type,
                                            .body = body,
                                            .headers = allow,
                                            .header_count = conn->allow == NULL ? 0 : 1,
                                            .keep_alive = conn->keep_alive,
                                            .head = conn->head,
                                        });
    struct tg_frame *frame =
        ingest->text.failed ? NULL : tg_frame_of(tg_buf_slice(&ingest->text));
    if (frame == NULL || tg_outbox_add(&conn->outbox, &ingest->pool, frame) != TG_OK) {
        tg_conn_kill(&conn->conn);
    }
    tg_frame_unref(frame);
    if (!conn->keep_alive) {
        tg_conn_end(&conn->conn);
        return;
    }
    tg_conn_flush(&conn->conn);
    if (conn->outbox.size > ANSWERS_PAUSE) {
        tg_conn_pause(&conn->conn);
    }
}

static void send_answer(struct request_conn *conn, unsigned status, struct tg_slice body)
{
    send_text(conn, status, "application/json", body);
}

/* An object of `kind` with what stands in `ingest->members`. */
static void answer(struct request_conn *conn, unsigned status, const char *kind)
{
    struct tg_buf body = {0};
    struct tg_ingest_http *ingest = conn->ingest;
    tg_buf_add_text(&body, "{\"kind\":\"");
    tg_buf_add_text(&body, kind);
    tg_buf_add_text(&body, "\",");
    tg_buf_add_slice(&body, tg_buf_slice(&ingest->members));
    tg_buf_add_text(&body, "}\n");
    if (body.failed || ingest->members.failed) {
        tg_conn_kill(&conn->conn);
    } else {
        send_answer(conn, status, tg_buf_slice(&body));
    }
    tg_buf_finish(&body);
}

static void answer_refusal(struct request_conn *conn, const struct tg_refusal *refusal)
{
    tg_buf_clear(&conn->ingest->members);
    tg_refusal_write(refusal, &conn->ingest->members);
    answer(conn, (unsigned)tg_code_http(refusal->code), "refused");
}

/* Refuse a request whose body was not read: the connection cannot go on. */
static void refuse(struct request_conn *conn, enum tg_code code, unsigned status,
                   const char *message)
{
    struct tg_refusal refusal;
    conn->keep_alive = false;
    tg_refusal_set(&refusal, code, NULL, "%s", message);
    tg_buf_clear(&conn->ingest->members);
    tg_refusal_write(&refusal, &conn->ingest->members);
    answer(conn, status, "refused");
}

static void refuse_method(struct request_conn *conn, const char *allow)
{
    char message[64];
    conn->allow = allow;
    snprintf(message, sizeof message, "this path takes %s", allow);
    refuse(conn, TG_CODE_METHOD_NOT_ALLOWED, 405, message);
}

static void answer_health(struct request_conn *conn)
{
    struct tg_buf *members = &conn->ingest->members;
    struct tg_shard_common *common = conn->ingest->common;
    struct tg_desk_counts counts = tg_desk_counts(conn->ingest->desk);
    tg_buf_clear(members);
    tg_buf_printf(members,
                  "{\"status\":\"ok\",\"version\":\"" TG_VERSION "\",\"catalogue\":%llu,"
                  "\"connections\":%u,\"events\":{\"accepted\":%llu,\"refused\":%llu},"
                  "\"deliveries\":{\"sent\":%llu,\"lost\":%llu,\"expired\":%llu},"
                  "\"queries\":{\"subscriptions\":%u,\"filters\":%u,\"opaque\":%u}}\n",
                  (unsigned long long)counts.catalogue, atomic_load(&common->connections),
                  (unsigned long long)counts.accepted, (unsigned long long)counts.refused,
                  atomic_load(&common->deliveries), atomic_load(&common->dropped),
                  atomic_load(&common->expired), atomic_load(&common->queries),
                  atomic_load(&common->filters), atomic_load(&common->opaque));
    send_answer(conn, 200, tg_buf_slice(members));
}

static void answer_types(struct request_conn *conn)
{
    struct tg_buf *members = &conn->ingest->members;
    struct tg_slice query = conn->ingest->request->query;
    bool typescript = tg_slice_is(query, "as=typescript");
    if (!typescript && query.size != 0) {
        refuse(conn, TG_CODE_INVALID_REQUEST, 400,
               "this path takes no query but as=typescript");
        return;
    }
    tg_buf_clear(members);
    if (typescript) {
        tg_desk_typescript(conn->ingest->desk, members);
    } else {
        tg_buf_add_byte(members, '{');
        tg_desk_types(conn->ingest->desk, members);
        tg_buf_add_text(members, "}\n");
    }
    if (members->failed) {
        tg_conn_kill(&conn->conn);
        return;
    }
    send_text(conn, 200, typescript ? "text/plain; charset=utf-8" : "application/json",
              tg_buf_slice(members));
}

/* Heads. */

/* The key of `Authorization: Bearer KEY`; empty if there is none. */
static struct tg_slice bearer(const struct tg_http_request *request)
{
    static const char scheme[] = "Bearer ";
    const struct tg_http_header *header =
        tg_http_header(&request->headers, "Authorization");
    size_t size = sizeof scheme - 1;
    if (header == NULL || header->value.size <= size ||
        tg_http_header_count(&request->headers, "Authorization") != 1 ||
        !tg_http_same_text(tg_slice(header->value.data, size), tg_slice_of(scheme))) {
        return (struct tg_slice){0};
    }
    return tg_http_trim(tg_slice(header->value.data + size, header->value.size - size));
}

/* Does the Content-Type say `type`, with or without parameters? */
static bool content_is(const struct tg_http_request *request, const char *type)
{
    const struct tg_http_header *header =
        tg_http_header(&request->headers, "Content-Type");
    if (header == NULL) {
        return false;
    }
    const uint8_t *end = memchr(header->value.data, ';', header->value.size);
    size_t size = end == NULL ? header->value.size : (size_t)(end - header->value.data);
    return tg_http_same_text(tg_http_trim(tg_slice(header->value.data, size)),
                             tg_slice_of(type));
}

/* The route of a request with a body, or NONE after an answer. */
static enum route body_route(struct request_conn *conn,
                             const struct tg_http_request *request, bool events)
{
    if (!tg_slice_is(request->method, events ? "POST" : "PUT")) {
        refuse_method(conn, events ? "POST" : "PUT");
        return ROUTE_NONE;
    }
    if (events && content_is(request, "application/x-ndjson")) {
        return ROUTE_EVENTS;
    }
    if (content_is(request, "application/json")) {
        return events ? ROUTE_EVENT : ROUTE_CATALOGUE;
    }
    refuse(conn, TG_CODE_INVALID_REQUEST, 415,
           events ? "Content-Type must be application/json or application/x-ndjson"
                  : "Content-Type must be application/json");
    return ROUTE_NONE;
}

/* What the body under way, if there is one, had announced is free again. */
static void body_over(struct request_conn *conn)
{
    conn->ingest->body_bytes -= conn->announced;
    conn->announced = 0;
}

static bool bodies_full(const struct tg_ingest_http *ingest, uint64_t more)
{
    return ingest->body_bytes != 0 && ingest->body_bytes + more > BODIES_MAX;
}

static void expect_body(struct request_conn *conn, const struct tg_http_request *request)
{
    const struct tg_config_ingest *config = &conn->ingest->common->config->ingest;
    if (!request->has_content_length) {
        refuse(conn, TG_CODE_INVALID_REQUEST, 411, "Content-Length is needed");
    } else if (request->content_length > config->request_bytes_max) {
        char message[96];
        snprintf(message, sizeof message, "the body is over the limit of %u bytes",
                 config->request_bytes_max);
        refuse(conn, TG_CODE_TOO_LARGE, 413, message);
    } else if (tg_desk_full(conn->ingest->desk) ||
               bodies_full(conn->ingest, request->content_length)) {
        refuse(conn, TG_CODE_OVERLOADED, 503,
               "the gateway has too much under way; try again");
    } else {
        if (request->expect_continue) {
            struct tg_frame *frame = tg_frame_of(tg_slice_of(TG_HTTP_CONTINUE));
            if (frame == NULL ||
                tg_outbox_add(&conn->outbox, &conn->ingest->pool, frame) != TG_OK) {
                tg_conn_kill(&conn->conn);
            }
            tg_frame_unref(frame);
            tg_conn_flush(&conn->conn);
        }
        conn->announced = request->content_length;
        conn->ingest->body_bytes += conn->announced;
        tg_exchange_expect(&conn->exchange, request->content_length);
        tg_conn_set_timer(&conn->conn, tg_net_now(conn->conn.net) + BODY_MS);
    }
}

static void on_get(struct request_conn *conn, const struct tg_http_request *request,
                   void (*get)(struct request_conn *conn))
{
    if (!tg_slice_is(request->method, "GET") && !conn->head) {
        refuse_method(conn, "GET, HEAD");
    } else if (request->content_length != 0) {
        refuse(conn, TG_CODE_TOO_LARGE, 413, "this request takes no body");
    } else {
        get(conn);
    }
}

static void on_head(struct request_conn *conn, const struct tg_http_request *request)
{
    struct tg_refusal refusal;
    conn->keep_alive = request->keep_alive;
    conn->head = tg_slice_is(request->method, "HEAD");
    if (tg_slice_is(request->path, "/healthz")) {
        on_get(conn, request, answer_health);
        return;
    }
    bool events = tg_slice_is(request->path, "/api/v1/events");
    bool types = tg_slice_is(request->path, "/api/v1/types");
    if (!events && !types && !tg_slice_is(request->path, "/api/v1/catalogue")) {
        refuse(conn, TG_CODE_NOT_FOUND, 404,
               "there is /api/v1/events, /api/v1/catalogue, /api/v1/types and /healthz "
               "here");
        return;
    }
    struct tg_slice key = bearer(request);
    bool admitted = tg_desk_admit(conn->ingest->desk, key, &conn->app, &refusal);
    if (key.size != 0) { /* It lies in a buffer of ours, and is needed no more. */
        explicit_bzero((void *)(uintptr_t)key.data, key.size);
    }
    conn->trusted |= admitted;
    if (!admitted) {
        conn->keep_alive = false;
        answer_refusal(conn, &refusal);
        return;
    }
    if (types) {
        on_get(conn, request, answer_types);
        return;
    }
    conn->route = body_route(conn, request, events);
    if (conn->route != ROUTE_NONE) {
        expect_body(conn, request);
    }
}

/* Bodies. */

static void on_events(struct request_conn *conn, struct tg_slice body)
{
    struct tg_publish_summary summary;
    struct tg_refusal refusal;
    tg_buf_clear(&conn->ingest->members);
    if (tg_desk_publish(conn->ingest->desk, conn->app, body, conn->route == ROUTE_EVENTS,
                        &conn->ingest->members, &summary, &refusal) != TG_OK) {
        answer_refusal(conn, &refusal);
        return;
    }
    unsigned status = summary.refused == 0 ? 200 : summary.accepted == 0 ? 400 : 207;
    answer(conn, status, "published");
}

static void on_catalogue(struct request_conn *conn, struct tg_slice body)
{
    struct tg_refusal refusal;
    tg_buf_clear(&conn->ingest->members);
    if (tg_desk_replace(conn->ingest->desk, conn->app, body, &conn->ingest->members,
                        &refusal) != TG_OK) {
        answer_refusal(conn, &refusal);
    } else {
        answer(conn, 200, "catalogue_accepted");
    }
}

static void on_received(struct tg_conn *base, uint8_t *data, size_t size)
{
    struct request_conn *conn = conn_of(base);
    struct tg_ingest_http *ingest = conn->ingest;
    enum tg_exchange_step step = TG_EXCHANGE_HEAD;
    size_t at = 0;
    while (conn->conn.state == TG_CONN_OPEN && step != TG_EXCHANGE_MORE) {
        size_t used = 0;
        struct tg_slice body;
        bool was_partial = tg_exchange_partial(&conn->exchange);
        step = tg_exchange_feed(&conn->exchange, tg_slice(data + at, size - at), &used,
                                ingest->request, &body);
        at += used;
        if (step == TG_EXCHANGE_HEAD) {
            on_head(conn, ingest->request);
        } else if (step == TG_EXCHANGE_BODY) {
            if (conn->route == ROUTE_CATALOGUE) {
                on_catalogue(conn, body);
            } else {
                on_events(conn, body);
            }
            body_over(conn);
        } else if (step == TG_EXCHANGE_REFUSED) {
            refuse(conn, TG_CODE_INVALID_REQUEST, conn->exchange.parser.status,
                   conn->exchange.parser.message);
        } else if (!was_partial && tg_exchange_partial(&conn->exchange)) {
            /* A request has begun: it must be whole in time, however slowly it drips. */
            tg_conn_set_timer(base, tg_net_now(base->net) +
                                        ingest->common->config->timeouts.header_ms);
        }
    }
    if (!tg_exchange_partial(&conn->exchange) && base->state == TG_CONN_OPEN) {
        tg_conn_set_timer(base, tg_net_now(base->net) +
                                    (conn->trusted ? IDLE_MS : IDLE_KEYLESS_MS));
    }
}

/* Life. */

static void on_timeout(struct tg_conn *base)
{
    struct request_conn *conn = conn_of(base);
    if (tg_exchange_partial(&conn->exchange)) {
        refuse(conn, TG_CODE_INVALID_REQUEST, 408,
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
    body_over(conn);
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
        refuse(conn, TG_CODE_OVERLOADED, 503,
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
