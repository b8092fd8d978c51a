#include "server/sequencer/manage.h"

#include <time.h>

#include "engine/base/mem.h"
#include "server/log/log.h"
#include "server/sequencer/manage_read.h"

enum { RETRY_AFTER_MS = 500 };

/* Somebody's question, until it is answered. */
struct question {
    struct tg_management *management;
    struct tg_manage_asker asker;
    struct tg_trip *trip;
    /* Of the end of identities, by the thread that brings it about. */
    enum tg_err end_err;
    uint32_t sessions;
};

/* A session that has ended, and whose connections are not closed yet. */
struct ended {
    struct ended *next;
    struct tg_selection selection; /* Its texts follow. */
    uint8_t texts[];
};

struct tg_management {
    struct tg_errands *errands;
    struct tg_identities *identities;
    struct tg_manage_reader reader;
    struct tg_buf members;
    uv_async_t wake;
    _Atomic(struct ended *) told; /* Any thread puts them there. */
    /* Those that wait for an errand: no more than there were sessions. */
    struct ended *waiting;
    bool closed;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void client_text(uint64_t client, char text[24])
{
    text[0] = '\0';
    if (client != 0) {
        snprintf(text, 24, "c-%016llx", (unsigned long long)client);
    }
}

/* Answering. */

static void answer_refused(const struct tg_manage_asker *asker, enum tg_code code,
                           uint32_t retry_after_ms, const char *message)
{
    struct tg_refusal refusal;
    tg_refusal_set(&refusal, code, NULL, "%s", message);
    refusal.retry_after_ms = retry_after_ms;
    asker->answered(asker->context,
                    &(struct tg_manage_answer){.kind = "refused", .refusal = &refusal});
}

static void answer(const struct question *question, const char *kind)
{
    const struct tg_buf *members = &question->management->members;
    if (members->failed) {
        answer_refused(&question->asker, TG_CODE_OVERLOADED, RETRY_AFTER_MS,
                       "out of memory");
        return;
    }
    question->asker.answered(
        question->asker.context,
        &(struct tg_manage_answer){kind, tg_buf_slice(members), NULL});
}

static void answer_list(const struct question *question, const struct tg_errand_sum *sum)
{
    struct tg_buf *members = &question->management->members;
    tg_buf_add_text(members, "\"clients\":[");
    tg_buf_add_slice(members, tg_buf_slice(&sum->list));
    tg_buf_add_text(members, "],\"next\":");
    if (sum->more) {
        tg_buf_add_u64(members, sum->last);
    } else {
        tg_buf_add_text(members, "null");
    }
    answer(question, "clients");
}

static void answer_close(const struct question *question, const struct tg_errand_sum *sum)
{
    struct tg_buf *members = &question->management->members;
    const struct tg_selection *selection = &sum->errand->selection;
    char client[24];
    client_text(selection->client, client);
    tg_info("management.disconnect", TG_F("app", selection->app),
            TG_F("user", selection->user), TG_F("client", (const char *)client),
            TG_F("by_session", selection->session.size != 0),
            TG_F("reason", sum->errand->close_code == TG_CLOSE_IDENTITY_CHANGED
                               ? "changed"
                               : "ended"),
            TG_F("sessions", question->sessions), TG_F("connections", sum->count),
            TG_F("kept", question->end_err == TG_OK));
    if (question->end_err != TG_OK) {
        answer_refused(&question->asker, TG_CODE_OVERLOADED, RETRY_AFTER_MS,
                       "they are ended as long as this gateway runs, but that could not "
                       "be written to the disk; ask again");
        return;
    }
    tg_buf_add_text(members, "\"sessions\":");
    tg_buf_add_u64(members, question->sessions);
    tg_buf_add_text(members, ",\"connections\":");
    tg_buf_add_u64(members, sum->count);
    answer(question, "disconnected");
}

static void answer_unsubscribe(const struct question *question,
                               const struct tg_errand_sum *sum)
{
    tg_info("management.unsubscribe", TG_F("app", sum->errand->selection.app),
            TG_F("connection", sum->errand->connection), TG_F("ended", sum->count));
    if (sum->count == 0) {
        answer_refused(&question->asker, TG_CODE_NOT_FOUND, 0,
                       "no such subscription of this application stands on this "
                       "connection");
    } else {
        answer(question, "unsubscribed");
    }
}

static void close_ended(struct tg_management *management);
static void take_told(struct tg_management *management);

static void on_answered(void *context, const struct tg_errand_sum *sum)
{
    struct question *question = context;
    struct tg_management *management = question->management;
    close_ended(management); /* Who is answered may ask again at once, and never ends. */
    tg_buf_clear(&management->members);
    if (sum->failed) {
        answer_refused(&question->asker, TG_CODE_OVERLOADED, RETRY_AFTER_MS,
                       "out of memory");
    } else if (sum->errand->kind == TG_ERRAND_LIST) {
        answer_list(question, sum);
    } else if (sum->errand->kind == TG_ERRAND_CLOSE) {
        answer_close(question, sum);
    } else {
        answer_unsubscribe(question, sum);
    }
    tg_free(question);
}

/* Asking. */

/* On whichever thread wrote the end to the disk. */
static void on_end_kept(void *context, enum tg_err err, uint32_t sessions)
{
    struct question *question = context;
    question->end_err = err;
    question->sessions = sessions;
    tg_trip_arrived(question->trip);
}

static bool is_of_app(void *context, const struct tg_type *type)
{
    const struct tg_slice *app = context;
    return tg_slice_equal(type->app, *app);
}

/* Is the type that it asks for, if it does, one of the application's? */
static bool type_is_known(const struct tg_catalogue *catalogue,
                          const struct tg_errand *errand, struct tg_refusal *refusal)
{
    struct tg_slice app = errand->selection.app;
    if (errand->type.size == 0) {
        return true;
    }
    const struct tg_type *type = tg_catalogue_get(catalogue, errand->type);
    if (type != NULL && is_of_app(&app, type)) {
        return true;
    }
    tg_catalogue_refuse_type(catalogue, errand->type, "type", is_of_app, &app, refusal);
    return false;
}

enum tg_err tg_manage(struct tg_management *management,
                      const struct tg_catalogue *catalogue, enum tg_errand_kind kind,
                      struct tg_slice app, struct tg_slice document,
                      const struct tg_manage_asker *asker, struct tg_refusal *refusal)
{
    struct tg_errand errand;
    enum tg_err err =
        tg_manage_read(&management->reader, kind, app, document, &errand, refusal);
    if (err != TG_OK) {
        return err;
    }
    if (!type_is_known(catalogue, &errand, refusal)) {
        return TG_EINVAL;
    }
    bool ends = kind == TG_ERRAND_CLOSE && management->identities != NULL;
    struct question *question = tg_zalloc(1, sizeof *question);
    err = question == NULL ? TG_ENOMEM
                           : tg_errands_prepare(management->errands, &errand, ends,
                                                on_answered, question, &question->trip);
    if (err != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL,
                       err == TG_ENOMEM
                           ? "out of memory"
                           : "%d requests to the management are under way; try again",
                       TG_ERRANDS_MAX);
        refusal->retry_after_ms = RETRY_AFTER_MS;
        tg_free(question);
        return err;
    }
    question->management = management;
    question->asker = *asker;
    if (ends) { /* First: whoever is closed must not come back as who it was. */
        tg_identities_end(management->identities, &errand.selection, now_us(),
                          on_end_kept, question);
        take_told(management); /* Theirs first, so that the answer comes after them. */
    }
    tg_trip_send(question->trip);
    return TG_OK;
}

/* Sessions that ended. */

void tg_manage_session_ended(struct tg_management *management,
                             const struct tg_selection *selection)
{
    struct ended *ended = tg_alloc(sizeof *ended + selection->app.size +
                                   selection->user.size + selection->session.size);
    if (ended == NULL) {
        tg_error("session.not_closed", TG_F("reason", "out of memory"));
        return;
    }
    uint8_t *at = ended->texts;
    ended->selection = *selection;
    struct tg_slice *const texts[] = {&ended->selection.app, &ended->selection.user,
                                      &ended->selection.session};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i]->size != 0) {
            memcpy(at, texts[i]->data, texts[i]->size);
        }
        texts[i]->data = at;
        at += texts[i]->size;
    }
    ended->next = atomic_load(&management->told);
    while (!atomic_compare_exchange_weak(&management->told, &ended->next, ended)) {}
    uv_async_send(&management->wake);
}

static void on_closed(void *context, const struct tg_errand_sum *sum)
{
    struct tg_management *management = context;
    char client[24];
    client_text(sum->errand->selection.client, client);
    tg_info("session.closed", TG_F("app", sum->errand->selection.app),
            TG_F("user", sum->errand->selection.user),
            TG_F("client", (const char *)client), TG_F("connections", sum->count));
    close_ended(management);
}

/* Send an errand for each that waits, as long as there may be more of them. */
static void close_ended(struct tg_management *management)
{
    while (management->waiting != NULL && !management->closed) {
        struct ended *ended = management->waiting;
        struct tg_trip *trip;
        enum tg_err err = tg_errands_prepare(
            management->errands,
            &(struct tg_errand){.kind = TG_ERRAND_CLOSE,
                                .selection = ended->selection,
                                .close_code = TG_CLOSE_UNAUTHENTICATED},
            0, on_closed, management, &trip);
        if (err == TG_ENOMEM) {
            uv_async_send(&management->wake); /* Once more, in the next turn. */
        }
        if (err != TG_OK) {
            return; /* At the limit: whatever is answered next comes here again. */
        }
        tg_trip_send(trip);
        management->waiting = ended->next;
        tg_free(ended);
    }
}

static void take_told(struct tg_management *management)
{
    struct ended *told = atomic_exchange(&management->told, NULL);
    while (told != NULL) {
        struct ended *next = told->next;
        told->next = management->waiting;
        management->waiting = told;
        told = next;
    }
    close_ended(management);
}

static void on_wake(uv_async_t *async)
{
    take_told(async->data);
}

/* Life. */

struct tg_management *tg_management_create(struct tg_net *net, struct tg_shard **shards,
                                           uint32_t shard_count,
                                           struct tg_identities *identities)
{
    struct tg_management *management = tg_zalloc(1, sizeof *management);
    if (management == NULL) {
        return NULL;
    }
    management->identities = identities;
    atomic_init(&management->told, NULL);
    management->errands = tg_errands_create(net, shards, shard_count);
    if (management->errands == NULL ||
        uv_async_init(&net->loop, &management->wake, on_wake) != 0) {
        tg_errands_close(management->errands);
        tg_free(management);
        return NULL;
    }
    management->wake.data = management;
    return management;
}

void tg_management_close(struct tg_management *management)
{
    if (management != NULL) {
        management->closed = true;
        tg_errands_close(management->errands);
        uv_close((uv_handle_t *)&management->wake, NULL);
    }
}

static void ended_destroy_all(struct ended *ended)
{
    while (ended != NULL) {
        struct ended *next = ended->next;
        tg_free(ended);
        ended = next;
    }
}

void tg_management_destroy(struct tg_management *management)
{
    if (management == NULL) {
        return;
    }
    ended_destroy_all(atomic_exchange(&management->told, NULL));
    ended_destroy_all(management->waiting);
    tg_errands_destroy(management->errands);
    tg_manage_reader_finish(&management->reader);
    tg_buf_finish(&management->members);
    tg_free(management);
}
