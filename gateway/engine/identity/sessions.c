#include "engine/identity/sessions.h"

#include <assert.h>

#include "engine/base/map.h"
#include "engine/base/mem.h"
#include "engine/identity/tickets.h"

enum tg_err tg_sessions_init(struct tg_sessions *sessions, uint32_t sessions_max,
                             uint32_t user_max, int64_t grace_us)
{
    *sessions = (struct tg_sessions){
        .sessions_max = sessions_max, .user_max = user_max, .grace_us = grace_us};
    tg_list_init(&sessions->changed);
    tg_list_init(&sessions->ended);
    enum tg_err err = tg_index_init(&sessions->by_client);
    if (err == TG_OK) {
        err = tg_index_init(&sessions->by_user);
    }
    return err == TG_OK ? tg_index_init(&sessions->by_name) : err;
}

void tg_sessions_finish(struct tg_sessions *sessions)
{
    struct tg_deadline *first;
    while ((first = tg_deadlines_first(&sessions->deadlines)) != NULL) {
        tg_sessions_end(sessions, TG_ENTRY(first, struct tg_sessions_entry, deadline));
    }
    while (sessions->ended.next != NULL && !tg_list_empty(&sessions->ended)) {
        struct tg_link *link = sessions->ended.next;
        tg_list_remove(link);
        tg_sessions_free(TG_ENTRY(link, struct tg_sessions_entry, news));
    }
    tg_deadlines_finish(&sessions->deadlines);
    tg_index_finish(&sessions->by_client);
    tg_index_finish(&sessions->by_user);
    tg_index_finish(&sessions->by_name);
}

uint64_t tg_session_client(const uint8_t id[TG_SESSION_ID_BYTES])
{
    uint64_t client = 0;
    for (size_t i = 0; i < sizeof client; i++) {
        client = client << 8 | id[i];
    }
    return client;
}

/* Of a name (a user's or a session's) that an application gave. */
static uint64_t hash_of(struct tg_slice app, struct tg_slice name)
{
    return tg_hash(name) ^ tg_hash(app) * UINT64_C(0x9e3779b97f4a7c15);
}

static void index_identity(struct tg_sessions *sessions, struct tg_sessions_entry *entry)
{
    const struct tg_identity_facts *facts = &entry->identity->facts;
    tg_index_put(&sessions->by_user, &entry->by_user, hash_of(facts->app, facts->user));
    if (facts->session.size != 0) {
        tg_index_put(&sessions->by_name, &entry->by_name,
                     hash_of(facts->app, facts->session));
    }
}

static void unindex_identity(struct tg_sessions *sessions,
                             struct tg_sessions_entry *entry)
{
    tg_index_remove(&sessions->by_user, &entry->by_user);
    tg_index_remove(&sessions->by_name, &entry->by_name);
}

/* Once a change is in the list, what is written is what it is by then. */
static void change(struct tg_sessions *sessions, struct tg_sessions_entry *entry)
{
    if (tg_list_empty(&entry->news)) {
        tg_list_append(&sessions->changed, &entry->news);
    }
}

/* Of a user who is at the limit the one that would expire first, else NULL. It walks over
 * no more than user_max. */
static struct tg_sessions_entry *one_too_many(const struct tg_sessions *sessions,
                                              const struct tg_identity_facts *facts)
{
    const struct tg_selection selection = {.app = facts->app, .user = facts->user};
    struct tg_sessions_entry *first = NULL;
    uint32_t count = 0;
    struct tg_index_link *link =
        tg_index_first(&sessions->by_user, hash_of(facts->app, facts->user));
    for (; link != NULL; link = tg_index_next(link)) {
        struct tg_sessions_entry *entry =
            TG_ENTRY(link, struct tg_sessions_entry, by_user);
        if (tg_selection_has(&selection, entry->identity, tg_session_client(entry->id))) {
            count++;
            first = first == NULL || entry->deadline.due_us <= first->deadline.due_us
                        ? entry
                        : first;
        }
    }
    return count >= sessions->user_max ? first : NULL;
}

enum tg_err tg_sessions_begin(struct tg_sessions *sessions,
                              const uint8_t id[TG_SESSION_ID_BYTES], uint32_t generation,
                              struct tg_identity *identity, struct tg_slice origin,
                              int64_t expires_us, int64_t now_us,
                              struct tg_sessions_entry **entry)
{
    enum { AT_ONCE = 4 };
    struct tg_sessions_entry *made = tg_zalloc(1, sizeof *made + origin.size);
    if (made == NULL || tg_deadlines_reserve(&sessions->deadlines) != TG_OK) {
        tg_free(made);
        return TG_ENOMEM;
    }
    tg_sessions_expire(sessions, now_us, AT_ONCE);
    struct tg_sessions_entry *of_user = one_too_many(sessions, &identity->facts);
    if (of_user != NULL) {
        tg_sessions_end(sessions, of_user);
    }
    if (sessions->deadlines.count >= sessions->sessions_max) {
        tg_sessions_end(sessions, TG_ENTRY(tg_deadlines_first(&sessions->deadlines),
                                           struct tg_sessions_entry, deadline));
    }
    memcpy(made->id, id, TG_SESSION_ID_BYTES);
    tg_list_init(&made->news);
    made->generation = generation;
    made->rotated_us = now_us;
    made->identity = identity;
    made->origin_size = (uint32_t)origin.size;
    if (origin.size != 0) {
        memcpy(made->origin, origin.data, origin.size);
    }
    tg_deadlines_set(&sessions->deadlines, &made->deadline, expires_us);
    tg_index_put(&sessions->by_client, &made->by_client, tg_session_client(id));
    index_identity(sessions, made);
    change(sessions, made);
    *entry = made;
    return TG_OK;
}

struct tg_sessions_entry *tg_sessions_find(const struct tg_sessions *sessions,
                                           const uint8_t id[TG_SESSION_ID_BYTES])
{
    struct tg_index_link *link =
        tg_index_first(&sessions->by_client, tg_session_client(id));
    for (; link != NULL; link = tg_index_next(link)) {
        struct tg_sessions_entry *entry =
            TG_ENTRY(link, struct tg_sessions_entry, by_client);
        if (tg_same_secret(entry->id, id, TG_SESSION_ID_BYTES)) {
            return entry;
        }
    }
    return NULL;
}

bool tg_sessions_has_client(const struct tg_sessions *sessions, uint64_t client)
{
    return tg_index_first(&sessions->by_client, client) != NULL;
}

enum tg_session_verdict tg_sessions_judge(const struct tg_sessions *sessions,
                                          const struct tg_sessions_entry *entry,
                                          uint32_t generation, struct tg_slice origin,
                                          int64_t now_us)
{
    if (entry->deadline.due_us <= now_us ||
        !tg_slice_equal(origin, tg_slice(entry->origin, entry->origin_size))) {
        return TG_SESSION_REFUSED;
    }
    bool lately = generation + 1 == entry->generation &&
                  now_us - entry->rotated_us < sessions->grace_us;
    return generation >= entry->generation || lately ? TG_SESSION_GOOD
                                                     : TG_SESSION_REUSED;
}

void tg_sessions_rotate(struct tg_sessions *sessions, struct tg_sessions_entry *entry,
                        uint32_t generation, int64_t now_us)
{
    if (generation >= entry->generation) {
        entry->generation = generation + 1;
        entry->rotated_us = now_us;
        change(sessions, entry);
    }
}

void tg_sessions_renew(struct tg_sessions *sessions, struct tg_sessions_entry *entry,
                       struct tg_identity *identity, int64_t expires_us)
{
    assert(identity->facts.client == tg_session_client(entry->id));
    unindex_identity(sessions, entry);
    entry->renamed |=
        !tg_slice_equal(entry->identity->facts.session, identity->facts.session);
    tg_identity_unref(entry->identity);
    entry->identity = identity;
    index_identity(sessions, entry);
    tg_deadlines_set(&sessions->deadlines, &entry->deadline, expires_us);
    change(sessions, entry);
}

void tg_sessions_end(struct tg_sessions *sessions, struct tg_sessions_entry *entry)
{
    tg_index_remove(&sessions->by_client, &entry->by_client);
    unindex_identity(sessions, entry);
    tg_deadlines_cancel(&sessions->deadlines, &entry->deadline);
    tg_list_remove(&entry->news);
    tg_list_append(&sessions->ended, &entry->news);
}

/* The entries of the index with this hash; `offset` is their link's. */
static uint32_t end_in(struct tg_sessions *sessions, const struct tg_index *index,
                       size_t offset, uint64_t hash, const struct tg_selection *selection)
{
    uint32_t count = 0;
    struct tg_index_link *link = tg_index_first(index, hash);
    while (link != NULL) {
        struct tg_index_link *next = tg_index_next(link);
        struct tg_sessions_entry *entry = (void *)((char *)link - offset);
        if (tg_selection_has(selection, entry->identity, tg_session_client(entry->id))) {
            tg_sessions_end(sessions, entry);
            count++;
        }
        link = next;
    }
    return count;
}

uint32_t tg_sessions_end_all(struct tg_sessions *sessions,
                             const struct tg_selection *selection)
{
    if (selection->client != 0) {
        return end_in(sessions, &sessions->by_client,
                      offsetof(struct tg_sessions_entry, by_client), selection->client,
                      selection);
    }
    if (selection->session.size != 0) {
        return end_in(sessions, &sessions->by_name,
                      offsetof(struct tg_sessions_entry, by_name),
                      hash_of(selection->app, selection->session), selection);
    }
    assert(selection->user.size != 0);
    return end_in(sessions, &sessions->by_user,
                  offsetof(struct tg_sessions_entry, by_user),
                  hash_of(selection->app, selection->user), selection);
}

void tg_sessions_expire(struct tg_sessions *sessions, int64_t now_us, uint32_t most)
{
    struct tg_deadline *first = tg_deadlines_first(&sessions->deadlines);
    for (; most > 0 && first != NULL && first->due_us <= now_us; most--) {
        tg_sessions_end(sessions, TG_ENTRY(first, struct tg_sessions_entry, deadline));
        first = tg_deadlines_first(&sessions->deadlines);
    }
}

void tg_sessions_free(struct tg_sessions_entry *entry)
{
    tg_identity_unref(entry->identity);
    tg_free(entry);
}
