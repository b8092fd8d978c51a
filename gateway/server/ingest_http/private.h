/* What the files of HTTP ingest share. */
#ifndef TG_INGEST_HTTP_PRIVATE_H
#define TG_INGEST_HTTP_PRIVATE_H

#include "server/ingest_http/ingest_http.h"
#include "server/net/exchange.h"

struct request_conn;

/* What a path takes, and what comes of it. */
struct route {
    const char *path;
    const char *methods; /* As `Allow` lists them. */
    enum tg_role role;   /* That the key needs; 0: no key is needed. */
    bool body;           /* Else it is for GET and HEAD. */
    bool lines;          /* The body may be NDJSON, too. */
    void (*carry_out)(struct request_conn *conn, struct tg_slice body);
};

/* A request that is answered later; its connection may be gone by then. */
struct later {
    struct request_conn *conn; /* NULL: it is gone. */
};

struct request_conn {
    struct tg_conn conn; /* First: the net frees it. */
    struct tg_ingest_http *ingest;
    struct tg_outbox outbox;
    struct tg_exchange exchange;
    struct tg_key_owner owner; /* Of the key of the request whose body is awaited. */
    const struct route *route; /* Likewise. */
    const char *allow;         /* After a 405: what the path takes. */
    uint64_t announced;        /* Bytes of the body that is under way. */
    struct later *later;       /* Not NULL: nothing is read before this is answered. */
    struct tg_buf unread;      /* What came behind it. */
    bool ndjson;               /* What the body that is awaited is. */
    bool keep_alive;
    bool head;
    bool trusted; /* It has shown a right key. */
    bool placed;  /* It has one of the places. */
};

/* answers.c */
void request_send(struct request_conn *conn, unsigned status, const char *content_type,
                  struct tg_slice body);
/* An object of `kind` with `members`. */
void request_answer(struct request_conn *conn, unsigned status, const char *kind,
                    struct tg_slice members);
void request_answer_refusal(struct request_conn *conn, const struct tg_refusal *refusal);
/* Refuse a request whose body was not read: the connection cannot go on. */
void request_refuse(struct request_conn *conn, enum tg_code code, unsigned status,
                    const char *message);

/* routes.c */
/* A head is there, `ingest->request`: answer it, or wait for its body. */
void request_head(struct request_conn *conn);
void request_body(struct request_conn *conn, struct tg_slice body);
/* What the body under way, if there is one, had announced is free again. */
void request_body_over(struct request_conn *conn);

/* query.c */
/* The query of a request as a JSON object of texts; members that `numbers` names (NULL
 * at its end) are numbers where they are digits. False with `why`, a static text. */
bool request_query(struct tg_slice query, const char *const *numbers,
                   struct tg_buf *document, const char **why);

/* ingest_http.c */
/* What waited for an answer has it: go on with what came behind it. */
void request_resume(struct request_conn *conn);

#endif
