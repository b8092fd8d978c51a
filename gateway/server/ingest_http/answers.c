#include "server/ingest_http/private.h"
#include "server/log/log.h"

enum {
    /* Answers that wait for who does not read them: over the first, no further request is
     * read; over the second, which only many requests in one read reach, it is over. */
    ANSWERS_PAUSE = 64 * 1024,
    ANSWERS_MAX = 256 * 1024,
};

static void wipe(struct tg_buf *buf)
{
    if (buf->size != 0) {
        explicit_bzero(buf->data, buf->size);
    }
}

/* Queue the answer's bytes; and nothing stays of them, which may hold a ticket, once they
 * are out. */
static void send_frame(struct request_conn *conn, struct tg_slice bytes)
{
    struct tg_frame *frame = tg_frame_of(bytes);
    if (frame == NULL ||
        tg_outbox_add(&conn->outbox, &conn->ingest->pool, frame) != TG_OK) {
        tg_conn_kill(&conn->conn);
    } else if (!conn->keep_alive) {
        tg_conn_end(&conn->conn);
    } else {
        tg_conn_flush(&conn->conn);
    }
    if (frame != NULL && frame->refs == 1) {
        explicit_bzero(frame->bytes, frame->size);
    }
    tg_frame_unref(frame);
}

void request_send(struct request_conn *conn, unsigned status, const char *content_type,
                  struct tg_slice body)
{
    struct tg_buf *text = &conn->ingest->text;
    if (conn->outbox.size > ANSWERS_MAX) {
        tg_log_limited(TG_LOG_WARN, "ingest.answers_unread",
                       TG_F("bytes", conn->outbox.size));
        tg_conn_kill(&conn->conn);
        return;
    }
    const struct tg_http_header allow[] = {
        {TG_LIT("Allow"), tg_slice_of(conn->allow == NULL ? "" : conn->allow)}};
    tg_buf_clear(text);
    tg_http_answer_write(text, &(struct tg_http_answer){
                                   .status = status,
                                   .content_type = content_type,
                                   .body = body,
                                   .headers = allow,
                                   .header_count = conn->allow == NULL ? 0 : 1,
                                   .keep_alive = conn->keep_alive,
                                   .head = conn->head,
                               });
    if (text->failed) {
        tg_conn_kill(&conn->conn);
        return;
    }
    send_frame(conn, tg_buf_slice(text));
    wipe(text);
    if (conn->outbox.size > ANSWERS_PAUSE && conn->keep_alive) {
        tg_conn_pause(&conn->conn);
    }
}

void request_answer(struct request_conn *conn, unsigned status, const char *kind,
                    struct tg_slice members)
{
    struct tg_buf body = {0};
    tg_buf_add_text(&body, "{\"kind\":\"");
    tg_buf_add_text(&body, kind);
    tg_buf_add_text(&body, members.size == 0 ? "\"" : "\",");
    tg_buf_add_slice(&body, members);
    tg_buf_add_text(&body, "}\n");
    if (body.failed) {
        tg_conn_kill(&conn->conn);
    } else {
        request_send(conn, status, "application/json", tg_buf_slice(&body));
    }
    wipe(&body);
    tg_buf_finish(&body);
}

void request_answer_refusal(struct request_conn *conn, const struct tg_refusal *refusal)
{
    struct tg_buf *members = &conn->ingest->members;
    tg_buf_clear(members);
    tg_refusal_write(refusal, members);
    if (members->failed) {
        tg_conn_kill(&conn->conn);
    } else {
        request_answer(conn, (unsigned)tg_code_http(refusal->code), "refused",
                       tg_buf_slice(members));
    }
}

void request_refuse(struct request_conn *conn, enum tg_code code, unsigned status,
                    const char *message)
{
    struct tg_buf *members = &conn->ingest->members;
    struct tg_refusal refusal;
    conn->keep_alive = false;
    tg_refusal_set(&refusal, code, NULL, "%s", message);
    tg_buf_clear(members);
    tg_refusal_write(&refusal, members);
    if (members->failed) {
        tg_conn_kill(&conn->conn);
    } else {
        request_answer(conn, status, "refused", tg_buf_slice(members));
    }
}
