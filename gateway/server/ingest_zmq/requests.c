#include "engine/base/mem.h"
#include "server/ingest_zmq/private.h"

enum { HEADER_BYTES_MAX = 4096 };

/* A request that is answered later. */
struct later {
    struct tg_ingest_zmq *ingest;
    zmq_msg_t identity; /* Whose it is. */
    int64_t id;
};

static void begin_answer(struct tg_ingest_zmq *ingest, const char *kind,
                         const struct request *request)
{
    tg_buf_clear(&ingest->answer);
    tg_buf_add_text(&ingest->answer, "{\"kind\":\"");
    tg_buf_add_text(&ingest->answer, kind);
    tg_buf_add_byte(&ingest->answer, '"');
    if (request->has_id) {
        tg_buf_add_text(&ingest->answer, ",\"id\":");
        tg_json_write_int(&ingest->answer, request->id);
    }
}

void ingest_refuse(struct tg_ingest_zmq *ingest, const struct request *request,
                   zmq_msg_t *identity, const struct tg_refusal *refusal)
{
    begin_answer(ingest, "refused", request);
    tg_buf_add_byte(&ingest->answer, ',');
    tg_refusal_write(refusal, &ingest->answer);
    tg_buf_add_byte(&ingest->answer, '}');
    ingest_send(ingest, identity);
}

static void write_accepted(struct tg_ingest_zmq *ingest, const char *kind,
                           const struct request *request, struct tg_slice members)
{
    begin_answer(ingest, kind, request);
    if (members.size != 0) {
        tg_buf_add_byte(&ingest->answer, ',');
        tg_buf_add_slice(&ingest->answer, members);
    }
    tg_buf_add_byte(&ingest->answer, '}');
}

/* The header: its id, kind and key. False with the refusal. */
static bool read_header(struct tg_ingest_zmq *ingest, struct request *request,
                        struct tg_refusal *refusal)
{
    struct tg_json_error error;
    if (request->header.size > HEADER_BYTES_MAX) {
        tg_refusal_set(refusal, TG_CODE_TOO_LARGE, NULL, "the header is over %d bytes",
                       HEADER_BYTES_MAX);
        return false;
    }
    if (tg_json_parse(&ingest->doc, request->header, NULL, &error) != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_INVALID_JSON, NULL, "header, byte %zu: %s",
                       error.offset, error.message);
        return false;
    }
    struct tg_json header = tg_json_root(&ingest->doc);
    request->has_id = tg_json_int(tg_json_get(header, "id"), &request->id);
    if (!request->has_id) {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, "id",
                       "the header must have \"id\", an integer");
        return false;
    }
    /* Kinds and keys have no characters that would need escapes. */
    if (!tg_json_string(tg_json_get(header, "kind"), NULL, &request->kind)) {
        tg_refusal_set(refusal, TG_CODE_INVALID_MESSAGE, "kind",
                       "the header must have \"kind\", such as publish or ping");
        return false;
    }
    struct tg_slice key = {0};
    if (!tg_json_string(tg_json_get(header, "key"), &ingest->scratch, &key)) {
        key = (struct tg_slice){0};
    }
    bool admitted = tg_desk_admit(ingest->desk, key, &request->owner, refusal);
    if (key.size != 0) { /* It lies in the message or in our scratch; both are ours. */
        explicit_bzero((void *)(uintptr_t)key.data, key.size);
    }
    if (!admitted) {
        return false;
    }
    if (request->body.size > ingest->request_bytes_max) {
        tg_refusal_set(refusal, TG_CODE_TOO_LARGE, NULL, "the body is over %u bytes",
                       ingest->request_bytes_max);
        return false;
    }
    return true;
}

/* What each kind does: it leaves the members of its answer. */

static enum tg_err publish(struct tg_ingest_zmq *ingest, const struct request *request,
                           struct tg_refusal *refusal)
{
    struct tg_publish_summary summary;
    return tg_desk_publish(ingest->desk, request->owner.app, request->body, true,
                           &ingest->members, &summary, refusal);
}

static enum tg_err replace(struct tg_ingest_zmq *ingest, const struct request *request,
                           struct tg_refusal *refusal)
{
    return tg_desk_replace(ingest->desk, request->owner.app, request->body,
                           &ingest->members, refusal);
}

static enum tg_err ticket(struct tg_ingest_zmq *ingest, const struct request *request,
                          struct tg_refusal *refusal)
{
    return tg_desk_ticket(ingest->desk, request->owner.app, request->body,
                          &ingest->members, refusal);
}

static enum tg_err ping(struct tg_ingest_zmq *ingest, const struct request *request,
                        struct tg_refusal *refusal)
{
    (void)ingest;
    (void)request;
    (void)refusal;
    return TG_OK;
}

struct kind {
    const char *name;
    const char *answer;
    unsigned role; /* That the key needs; 0: any key will do. */
    /* NULL: it is an errand, and answered later. */
    enum tg_err (*carry_out)(struct tg_ingest_zmq *ingest, const struct request *request,
                             struct tg_refusal *refusal);
    enum tg_errand_kind errand;
};

static const struct kind kinds[] = {
    {"publish", "published", TG_ROLE_PUBLISH, .carry_out = publish},
    {"catalogue", "catalogue_accepted", TG_ROLE_PUBLISH, .carry_out = replace},
    {"ticket", "ticket", TG_ROLE_IDENTIFY, .carry_out = ticket},
    {"clients", NULL, TG_ROLE_MANAGE, .errand = TG_ERRAND_LIST},
    {"disconnect", NULL, TG_ROLE_MANAGE, .errand = TG_ERRAND_CLOSE},
    {"unsubscribe", NULL, TG_ROLE_MANAGE, .errand = TG_ERRAND_UNSUBSCRIBE},
    {"ping", "pong", 0, .carry_out = ping},
};

/* The kind of the request, if its key may ask for that; NULL with the refusal. */
static const struct kind *find_kind(const struct request *request,
                                    struct tg_refusal *refusal)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct kind *kind = &kinds[i];
        if (tg_slice_is(request->kind, kind->name)) {
            bool may = kind->role == 0 ||
                       tg_desk_may(&request->owner, (enum tg_role)kind->role, refusal);
            return may ? kind : NULL;
        }
    }
    struct tg_slice quoted = tg_refusal_quote(request->kind);
    tg_refusal_set(refusal, TG_CODE_UNKNOWN_KIND, "kind",
                   "there is no request kind \"%.*s\"; there are publish, catalogue, "
                   "ticket, clients, disconnect, unsubscribe, ping",
                   TG_FMT(quoted));
    return NULL;
}

static void on_answered(void *context, const struct tg_manage_answer *answer)
{
    struct later *later = context;
    struct tg_ingest_zmq *ingest = later->ingest;
    struct request request = {.id = later->id, .has_id = true};
    if (answer->refusal != NULL) {
        ingest_refuse(ingest, &request, &later->identity, answer->refusal);
    } else {
        write_accepted(ingest, answer->kind, &request, answer->members);
        ingest_send(ingest, &later->identity);
    }
    tg_ingest_zmq_resume(ingest); /* Sending may have taken the sign of what came. */
    zmq_msg_close(&later->identity);
    tg_free(later);
}

/* Ask the management: after TG_OK the answer comes later, and `identity` is taken. */
static enum tg_err ask(struct tg_ingest_zmq *ingest, enum tg_errand_kind errand,
                       const struct request *request, zmq_msg_t *identity,
                       struct tg_refusal *refusal)
{
    struct later *later = tg_zalloc(1, sizeof *later);
    if (later == NULL) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return TG_ENOMEM;
    }
    later->ingest = ingest;
    later->id = request->id;
    enum tg_err err =
        tg_desk_manage(ingest->desk, errand, request->owner.app, request->body,
                       &(struct tg_manage_asker){on_answered, later}, refusal);
    if (err != TG_OK) {
        tg_free(later);
        return err;
    }
    zmq_msg_init(&later->identity);
    zmq_msg_move(&later->identity, identity);
    return TG_OK;
}

void ingest_serve(struct tg_ingest_zmq *ingest, struct request *request,
                  zmq_msg_t *identity)
{
    struct tg_refusal refusal;
    enum tg_err err = TG_EINVAL;
    tg_buf_clear(&ingest->members);
    const struct kind *kind =
        read_header(ingest, request, &refusal) ? find_kind(request, &refusal) : NULL;
    if (kind != NULL && kind->carry_out == NULL) {
        err = ask(ingest, kind->errand, request, identity, &refusal);
        if (err == TG_OK) {
            return;
        }
    } else if (kind != NULL) {
        err = kind->carry_out(ingest, request, &refusal);
    }
    if (err == TG_OK) {
        write_accepted(ingest, kind->answer, request, tg_buf_slice(&ingest->members));
        ingest->answer.failed |= ingest->members.failed;
        ingest_send(ingest, identity);
    } else {
        ingest_refuse(ingest, request, identity, &refusal);
    }
    if (ingest->members.size != 0) { /* It may hold a ticket. */
        explicit_bzero(ingest->members.data, ingest->members.size);
    }
}
