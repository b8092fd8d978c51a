#include "server/identity/writer.h"

#include <stdio.h>
#include <time.h>

#include "engine/base/mem.h"
#include "server/identity/file.h"
#include "server/identity/private.h"
#include "server/identity/record.h"
#include "server/log/log.h"

enum {
    GATHER_MS = 20,
    RETRY_MS = 1000,
    TAKE_MAX = 64,   /* Sessions copied in one hold of the lock, */
    PUTS_MAX = 4096, /* and written by one transaction. */
};

/* Somebody waits for an end. */
struct waiter {
    struct tg_link link;
    tg_identities_done *done;
    void *context;
    uint32_t sessions;
};

struct put {
    uint64_t client;
    size_t at;
    size_t size;
};

struct tg_writer {
    struct tg_identities *identities;
    struct tg_session_file *file;
    pthread_t thread;
    pthread_cond_t news; /* With the lock of the identities. */
    bool sleeping;
    bool closing;
    struct tg_link waiters;

    /* The thread's own: what is on its way to the disk. */
    struct tg_link ended;
    struct tg_link waiting;
    struct tg_buf records;
    struct put puts[PUTS_MAX];
    uint32_t puts_count;
    bool starved; /* Of memory: not all could be taken. */
    bool failing;
};

/* --- Loading ----------------------------------------------------------------------- */

struct loading {
    struct tg_identities *identities;
    struct tg_clocks clocks;
    struct tg_record record;
};

static enum tg_err begin_loaded(struct loading *loading)
{
    struct tg_identities *identities = loading->identities;
    struct tg_record *record = &loading->record;
    int64_t now_us = loading->clocks.steady_us;
    int64_t life_us = (int64_t)identities->config->sessions.life_ms * 1000;
    struct tg_account *account = tg_account_create();
    if (account == NULL) {
        return TG_ENOMEM;
    }
    struct tg_identity *identity = tg_identity_create(&record->facts, account);
    tg_account_unref(account);
    if (identity == NULL) {
        return TG_ENOMEM;
    }
    /* Whatever a clock was set to meanwhile, no session gets longer by it. */
    int64_t expires_us = record->expires_us < now_us + life_us ? record->expires_us
                                                               : now_us + life_us;
    struct tg_sessions_entry *entry;
    enum tg_err err = tg_sessions_begin(&identities->sessions, record->id,
                                        record->generation, identity, record->origin,
                                        expires_us, now_us, &entry);
    if (err != TG_OK) {
        tg_identity_unref(identity);
        return err;
    }
    entry->rotated_us = record->rotated_us < now_us ? record->rotated_us : now_us;
    tg_list_remove(&entry->news); /* The file knows it. */
    return TG_OK;
}

static enum tg_err load_record(void *context, uint64_t client, struct tg_slice bytes)
{
    struct loading *loading = context;
    struct tg_identities *identities = loading->identities;
    if (!tg_record_read(bytes, tg_slice_of(identities->key), &loading->clocks,
                        &loading->record) ||
        loading->record.facts.client != client ||
        tg_sessions_has_client(&identities->sessions, client)) {
        return TG_EINVAL;
    }
    return begin_loaded(loading);
}

static enum tg_err load(struct tg_writer *writer, int64_t now_us, char *why,
                        size_t why_size)
{
    struct loading *loading = tg_zalloc(1, sizeof *loading);
    if (loading == NULL) {
        snprintf(why, why_size, "out of memory");
        return TG_ENOMEM;
    }
    loading->identities = writer->identities;
    loading->clocks.wall_us = now_us;
    loading->clocks.steady_us = tg_identities_steady(writer->identities);
    enum tg_err err =
        tg_session_file_load(writer->file, load_record, loading, why, why_size);
    if (err == TG_OK) {
        tg_sessions_expire(&writer->identities->sessions, loading->clocks.steady_us,
                           UINT32_MAX);
    }
    tg_free(loading);
    return err;
}

/* --- Writing ----------------------------------------------------------------------- */

/* Under the lock, as all until write_out. */
static bool has_news(const struct tg_writer *writer)
{
    const struct tg_sessions *sessions = &writer->identities->sessions;
    return !tg_list_empty(&sessions->changed) || !tg_list_empty(&sessions->ended) ||
           !tg_list_empty(&writer->waiters) || writer->puts_count != 0 ||
           !tg_list_empty(&writer->ended);
}

/* Copy some of those that changed. False if there are no more, or no room. */
static bool take_changed(struct tg_writer *writer)
{
    struct tg_sessions *sessions = &writer->identities->sessions;
    int64_t steady_us = tg_identities_steady(writer->identities);
    struct tg_clocks clocks = {steady_us, steady_us + writer->identities->ahead_us};
    for (uint32_t i = 0; i < TAKE_MAX; i++) {
        if (tg_list_empty(&sessions->changed) || writer->puts_count == PUTS_MAX) {
            return false;
        }
        struct tg_link *link = sessions->changed.next;
        struct tg_sessions_entry *entry = TG_ENTRY(link, struct tg_sessions_entry, news);
        struct put *put = &writer->puts[writer->puts_count];
        put->client = entry->identity->facts.client;
        put->at = writer->records.size;
        tg_record_write(entry, &clocks, &writer->records);
        if (writer->records.failed) {
            writer->records.failed = false;
            writer->starved = true;
            return false;
        }
        put->size = writer->records.size - put->at;
        tg_list_remove(link);
        writer->puts_count++;
    }
    return true;
}

static void take(struct tg_writer *writer)
{
    pthread_mutex_t *lock = &writer->identities->lock;
    writer->starved = false;
    while (take_changed(writer)) {
        pthread_mutex_unlock(lock); /* Connects do not wait for all of it. */
        pthread_mutex_lock(lock);
    }
    tg_list_move_all(&writer->ended, &writer->identities->sessions.ended);
    tg_list_move_all(&writer->waiting, &writer->waiters);
}

static enum tg_err write_transaction(struct tg_writer *writer)
{
    struct tg_slice key = tg_slice_of(writer->identities->key);
    enum tg_err err = tg_session_file_begin(writer->file);
    for (uint32_t i = 0; i < writer->puts_count && err == TG_OK; i++) {
        const struct put *put = &writer->puts[i];
        uint8_t *record = writer->records.data + put->at;
        tg_record_sign(key, record, put->size);
        err = tg_session_file_put(writer->file, put->client, tg_slice(record, put->size));
    }
    for (struct tg_link *link = writer->ended.next;
         link != &writer->ended && err == TG_OK; link = link->next) {
        err = tg_session_file_remove(
            writer->file,
            tg_session_client(TG_ENTRY(link, struct tg_sessions_entry, news)->id));
    }
    return err == TG_OK ? tg_session_file_commit(writer->file) : err;
}

static void forget_written(struct tg_writer *writer)
{
    while (!tg_list_empty(&writer->ended)) {
        struct tg_link *link = writer->ended.next;
        tg_list_remove(link);
        tg_sessions_free(TG_ENTRY(link, struct tg_sessions_entry, news));
    }
    writer->puts_count = 0;
    tg_buf_finish(&writer->records);
}

static void tell_waiting(struct tg_writer *writer, enum tg_err err)
{
    while (!tg_list_empty(&writer->waiting)) {
        struct waiter *waiter = TG_ENTRY(writer->waiting.next, struct waiter, link);
        tg_list_remove(&waiter->link);
        waiter->done(waiter->context, err, waiter->sessions);
        tg_free(waiter);
    }
}

/* Without the lock. What could not be written stays to be written with what comes. */
static enum tg_err write_out(struct tg_writer *writer)
{
    enum tg_err err = TG_OK;
    if (writer->puts_count != 0 || !tg_list_empty(&writer->ended)) {
        err = write_transaction(writer);
    }
    if (err == TG_OK) {
        forget_written(writer);
    }
    if ((err != TG_OK) != writer->failing) {
        writer->failing = err != TG_OK;
        if (writer->failing) {
            tg_error("sessions.not_written",
                     TG_F("reason", tg_session_file_fault(writer->file)),
                     TG_F("sessions", writer->puts_count));
        } else {
            tg_info("sessions.written_again");
        }
    }
    tell_waiting(writer, err);
    return err;
}

/* --- The thread -------------------------------------------------------------------- */

/* Wait for `ms`, or until somebody waits for an end. */
static void pause_ms(struct tg_writer *writer, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!writer->closing && tg_list_empty(&writer->waiters) &&
           pthread_cond_timedwait(&writer->news, &writer->identities->lock, &until) ==
               0) {}
}

static void *run(void *context)
{
    struct tg_writer *writer = context;
    pthread_mutex_t *lock = &writer->identities->lock;
    pthread_mutex_lock(lock);
    while (has_news(writer) || !writer->closing) {
        if (!has_news(writer)) {
            writer->sleeping = true;
            pthread_cond_wait(&writer->news, lock);
            writer->sleeping = false;
            continue;
        }
        pause_ms(writer, GATHER_MS);
        take(writer);
        pthread_mutex_unlock(lock);
        enum tg_err err = write_out(writer);
        pthread_mutex_lock(lock);
        if (err != TG_OK && writer->closing && tg_list_empty(&writer->waiters)) {
            break; /* Who came while it was tried is told first. */
        }
        if (err != TG_OK || writer->starved) {
            pause_ms(writer, RETRY_MS);
        }
    }
    pthread_mutex_unlock(lock);
    return NULL;
}

void tg_writer_wake(struct tg_writer *writer)
{
    if (writer->sleeping && has_news(writer)) {
        pthread_cond_signal(&writer->news);
    }
}

enum tg_err tg_writer_wait(struct tg_writer *writer, tg_identities_done *done,
                           void *context, uint32_t sessions)
{
    struct waiter *waiter = tg_alloc(sizeof *waiter);
    if (waiter == NULL) {
        return TG_ENOMEM;
    }
    *waiter = (struct waiter){.done = done, .context = context, .sessions = sessions};
    tg_list_append(&writer->waiters, &waiter->link);
    pthread_cond_signal(&writer->news);
    return TG_OK;
}

/* --- Opening and closing ----------------------------------------------------------- */

static bool start(struct tg_writer *writer)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&writer->thread, NULL, run, writer) != 0) {
        pthread_cond_destroy(&writer->news);
        return false;
    }
    return true;
}

struct tg_writer *tg_writer_open(struct tg_identities *identities, int64_t now_us,
                                 char *why, size_t why_size)
{
    const struct tg_config *config = identities->config;
    struct tg_writer *writer = tg_zalloc(1, sizeof *writer);
    if (writer == NULL) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    writer->identities = identities;
    tg_list_init(&writer->waiters);
    tg_list_init(&writer->ended);
    tg_list_init(&writer->waiting);
    writer->file = tg_session_file_open(config->runtime_dir, config->clients.port,
                                        tg_slice_of(identities->key), why, why_size);
    if (writer->file == NULL || load(writer, now_us, why, why_size) != TG_OK) {
        goto fail;
    }
    if (!start(writer)) {
        snprintf(why, why_size, "there is no thread to write sessions with");
        goto fail;
    }
    return writer;
fail:
    tg_session_file_close(writer->file);
    tg_free(writer);
    return NULL;
}

void tg_writer_close(struct tg_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    pthread_mutex_lock(&writer->identities->lock);
    writer->closing = true;
    pthread_cond_signal(&writer->news);
    pthread_mutex_unlock(&writer->identities->lock);
    pthread_join(writer->thread, NULL);
    pthread_cond_destroy(&writer->news);
    forget_written(writer);
    tg_session_file_close(writer->file);
    tg_free(writer);
}
