#include "engine/base/mem.h"
#include "server/ingest_http/private.h"

enum {
    BODY_MS = 30000,
    /* Announced by all the requests whose bodies are under way; one may always be. */
    BODIES_MAX = 64 * 1024 * 1024,
};

static struct tg_buf *fresh_members(struct request_conn *conn)
{
    tg_buf_clear(&conn->ingest->members);
    return &conn->ingest->members;
}

/* What stands in `ingest->members`, with `kind`. */
static void answer_members(struct request_conn *conn, unsigned status, const char *kind)
{
    const struct tg_buf *members = &conn->ingest->members;
    if (members->failed) {
        tg_conn_kill(&conn->conn);
    } else {
        request_answer(conn, status, kind, tg_buf_slice(members));
    }
}

/* What each path does. */

static void health(struct request_conn *conn, struct tg_slice body)
{
    struct tg_buf *members = fresh_members(conn);
    const struct tg_shard_common *common = conn->ingest->common;
    struct tg_desk_counts counts = tg_desk_counts(conn->ingest->desk);
    (void)body;
    tg_buf_printf(members,
                  "{\"status\":\"ok\",\"version\":\"" TG_VERSION "\",\"catalogue\":%llu,"
                  "\"connections\":%u,\"events\":{\"accepted\":%llu,\"refused\":%llu},"
                  "\"deliveries\":{\"sent\":%llu,\"lost\":%llu,\"expired\":%llu},"
                  "\"queries\":{\"subscriptions\":%u,\"filters\":%u,\"opaque\":%u}",
                  (unsigned long long)counts.catalogue, atomic_load(&common->connections),
                  (unsigned long long)counts.accepted, (unsigned long long)counts.refused,
                  atomic_load(&common->deliveries), atomic_load(&common->dropped),
                  atomic_load(&common->expired), atomic_load(&common->queries),
                  atomic_load(&common->filters), atomic_load(&common->opaque));
    struct tg_identities_counts who = tg_identities_counts(common->identities);
    tg_buf_printf(members,
                  ",\"identities\":{\"tickets\":%u,\"tickets_made\":%llu,\"sessions\":%u,"
                  "\"admitted\":%llu,\"refused\":%llu,\"reused\":%llu}}\n",
                  who.tickets, (unsigned long long)who.tickets_made, who.sessions,
                  (unsigned long long)who.admitted, (unsigned long long)who.refused,
                  (unsigned long long)who.reused);
    if (members->failed) {
        tg_conn_kill(&conn->conn);
    } else {
        request_send(conn, 200, "application/json", tg_buf_slice(members));
    }
}

static void types(struct request_conn *conn, struct tg_slice body)
{
    struct tg_slice query = conn->ingest->request->query;
    bool typescript = tg_slice_is(query, "as=typescript");
    (void)body;
    if (!typescript && query.size != 0) {
        request_refuse(conn, TG_CODE_INVALID_REQUEST, 400,
                       "this path takes no query but as=typescript");
        return;
    }
    struct tg_buf *members = fresh_members(conn);
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
    request_send(conn, 200, typescript ? "text/plain; charset=utf-8" : "application/json",
                 tg_buf_slice(members));
}

static void publish(struct request_conn *conn, struct tg_slice body)
{
    struct tg_publish_summary summary;
    struct tg_refusal refusal;
    if (tg_desk_publish(conn->ingest->desk, conn->owner.app, body, conn->ndjson,
                        fresh_members(conn), &summary, &refusal) != TG_OK) {
        request_answer_refusal(conn, &refusal);
        return;
    }
    unsigned status = summary.refused == 0 ? 200 : summary.accepted == 0 ? 400 : 207;
    answer_members(conn, status, "published");
}

static void replace(struct request_conn *conn, struct tg_slice body)
{
    struct tg_refusal refusal;
    if (tg_desk_replace(conn->ingest->desk, conn->owner.app, body, fresh_members(conn),
                        &refusal) != TG_OK) {
        request_answer_refusal(conn, &refusal);
    } else {
        answer_members(conn, 200, "catalogue_accepted");
    }
}

static void ticket(struct request_conn *conn, struct tg_slice body)
{
    struct tg_refusal refusal;
    struct tg_buf *members = fresh_members(conn);
    if (tg_desk_ticket(conn->ingest->desk, conn->owner.app, body, members, &refusal) !=
        TG_OK) {
        request_answer_refusal(conn, &refusal);
        return;
    }
    answer_members(conn, 200, "ticket");
    if (members->size != 0) {
        explicit_bzero(members->data, members->size);
    }
}

/* Management: answered later. */

static void on_answered(void *context, const struct tg_manage_answer *answer)
{
    struct later *later = context;
    struct request_conn *conn = later->conn;
    tg_free(later);
    if (conn == NULL) {
        return;
    }
    conn->later = NULL;
    if (answer->refusal != NULL) {
        request_answer_refusal(conn, answer->refusal);
    } else {
        request_answer(conn, 200, answer->kind, answer->members);
    }
    request_resume(conn);
}

static void manage(struct request_conn *conn, enum tg_errand_kind kind,
                   struct tg_slice document)
{
    struct tg_refusal refusal;
    struct later *later = tg_zalloc(1, sizeof *later);
    if (later == NULL) {
        tg_conn_kill(&conn->conn);
        return;
    }
    later->conn = conn;
    if (tg_desk_manage(conn->ingest->desk, kind, conn->owner.app, document,
                       &(struct tg_manage_asker){on_answered, later},
                       &refusal) != TG_OK) {
        tg_free(later);
        request_answer_refusal(conn, &refusal);
        return;
    }
    conn->later = later;
    tg_conn_hold(&conn->conn);
}

static void clients(struct request_conn *conn, struct tg_slice body)
{
    static const char *const numbers[] = {"limit", "after", NULL};
    const char *why;
    struct tg_buf document = {0};
    (void)body;
    if (request_query(conn->ingest->request->query, numbers, &document, &why)) {
        manage(conn, TG_ERRAND_LIST, tg_buf_slice(&document));
    } else {
        request_refuse(conn, TG_CODE_INVALID_REQUEST, 400, why);
    }
    tg_buf_finish(&document);
}

static void disconnect(struct request_conn *conn, struct tg_slice body)
{
    manage(conn, TG_ERRAND_CLOSE, body);
}

static void unsubscribe(struct request_conn *conn, struct tg_slice body)
{
    manage(conn, TG_ERRAND_UNSUBSCRIBE, body);
}

static const struct route routes[] = {
    {"/healthz", "GET, HEAD", 0, .carry_out = health},
    {"/api/v1/events", "POST", TG_ROLE_PUBLISH, true, true, publish},
    {"/api/v1/catalogue", "PUT", TG_ROLE_PUBLISH, true, false, replace},
    {"/api/v1/types", "GET, HEAD", TG_ROLE_PUBLISH, .carry_out = types},
    {"/api/v1/tickets", "POST", TG_ROLE_IDENTIFY, true, false, ticket},
    {"/api/v1/clients", "GET, HEAD", TG_ROLE_MANAGE, .carry_out = clients},
    {"/api/v1/disconnect", "POST", TG_ROLE_MANAGE, true, false, disconnect},
    {"/api/v1/unsubscribe", "POST", TG_ROLE_MANAGE, true, false, unsubscribe},
};

/* Heads. */

static const struct route *find_route(struct tg_slice path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (tg_slice_is(path, routes[i].path)) {
            return &routes[i];
        }
    }
    return NULL;
}

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

/* Does its key allow the request? Else it is answered. */
static bool admit(struct request_conn *conn, const struct tg_http_request *request,
                  enum tg_role role)
{
    struct tg_refusal refusal;
    struct tg_slice key = bearer(request);
    bool admitted = tg_desk_admit(conn->ingest->desk, key, &conn->owner, &refusal);
    if (key.size != 0) { /* It lies in a buffer of ours, and is needed no more. */
        explicit_bzero((void *)(uintptr_t)key.data, key.size);
    }
    conn->trusted |= admitted;
    if (admitted && tg_desk_may(&conn->owner, role, &refusal)) {
        return true;
    }
    conn->keep_alive = false;
    request_answer_refusal(conn, &refusal);
    return false;
}

static void refuse_method(struct request_conn *conn, const char *allow)
{
    char message[64];
    conn->allow = allow;
    snprintf(message, sizeof message, "this path takes %s", allow);
    request_refuse(conn, TG_CODE_METHOD_NOT_ALLOWED, 405, message);
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

void request_body_over(struct request_conn *conn)
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
        request_refuse(conn, TG_CODE_INVALID_REQUEST, 411, "Content-Length is needed");
    } else if (request->content_length > config->request_bytes_max) {
        char message[96];
        snprintf(message, sizeof message, "the body is over the limit of %u bytes",
                 config->request_bytes_max);
        request_refuse(conn, TG_CODE_TOO_LARGE, 413, message);
    } else if (tg_desk_full(conn->ingest->desk) ||
               bodies_full(conn->ingest, request->content_length)) {
        request_refuse(conn, TG_CODE_OVERLOADED, 503,
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

static void head_with_body(struct request_conn *conn, const struct route *route,
                           const struct tg_http_request *request)
{
    if (!tg_slice_is(request->method, route->methods)) {
        refuse_method(conn, route->methods);
        return;
    }
    conn->ndjson = route->lines && content_is(request, "application/x-ndjson");
    if (!conn->ndjson && !content_is(request, "application/json")) {
        request_refuse(
            conn, TG_CODE_INVALID_REQUEST, 415,
            route->lines ? "Content-Type must be application/json or application/x-ndjson"
                         : "Content-Type must be application/json");
        return;
    }
    conn->route = route;
    expect_body(conn, request);
}

static void head_without_body(struct request_conn *conn, const struct route *route,
                              const struct tg_http_request *request)
{
    if (!tg_slice_is(request->method, "GET") && !conn->head) {
        refuse_method(conn, route->methods);
    } else if (request->content_length != 0) {
        request_refuse(conn, TG_CODE_TOO_LARGE, 413, "this request takes no body");
    } else {
        route->carry_out(conn, (struct tg_slice){0});
    }
}

void request_head(struct request_conn *conn)
{
    const struct tg_http_request *request = conn->ingest->request;
    const struct route *route = find_route(request->path);
    conn->keep_alive = request->keep_alive;
    conn->head = tg_slice_is(request->method, "HEAD");
    if (route == NULL) {
        request_refuse(conn, TG_CODE_NOT_FOUND, 404,
                       "there is /healthz here, and in /api/v1/: events, catalogue, "
                       "types, tickets, clients, disconnect, unsubscribe");
    } else if (route->role == 0 || admit(conn, request, route->role)) {
        if (route->body) {
            head_with_body(conn, route, request);
        } else {
            head_without_body(conn, route, request);
        }
    }
}

void request_body(struct request_conn *conn, struct tg_slice body)
{
    conn->route->carry_out(conn, body);
    request_body_over(conn);
}
