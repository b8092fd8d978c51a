#include "engine/identity/ended.h"

#include "engine/base/map.h"
#include "engine/base/mem.h"

/* Known by its hash alone: the seed is the process's own, and 128 bits are enough. */
struct key {
    uint64_t low;
    uint64_t high;
};

struct end {
    struct tg_index_link link;
    struct tg_link order;
    struct key key;
    uint64_t turn;
    int64_t time_us;
    int64_t forget_us;
};

enum { SALT = 0x656e64, AT_ONCE = 4 };

static size_t put_part(uint8_t *at, struct tg_slice part)
{
    at[0] = (uint8_t)part.size;
    if (part.size != 0) {
        memcpy(at + 1, part.data, part.size);
    }
    return part.size + 1;
}

static struct key key_of(struct tg_slice app, struct tg_slice user,
                         struct tg_slice session)
{
    uint8_t text[3 + TG_APP_BYTES_MAX + TG_USER_BYTES_MAX + TG_SESSION_NAME_BYTES_MAX];
    struct key key;
    size_t size = put_part(text, app);
    size += put_part(text + size, user);
    size += put_part(text + size, session);
    tg_hash_two(tg_slice(text, size), SALT, &key.low, &key.high);
    return key;
}

enum tg_err tg_ended_init(struct tg_ended *ended, uint32_t ends_max)
{
    *ended = (struct tg_ended){.ends_max = ends_max, .all_time_us = INT64_MIN};
    tg_list_init(&ended->oldest);
    return tg_index_init(&ended->index);
}

static void forget(struct tg_ended *ended, struct end *end)
{
    tg_index_remove(&ended->index, &end->link);
    tg_list_remove(&end->order);
    tg_free(end);
}

static void forget_all(struct tg_ended *ended)
{
    while (!tg_list_empty(&ended->oldest)) {
        forget(ended, TG_ENTRY(ended->oldest.next, struct end, order));
    }
}

void tg_ended_finish(struct tg_ended *ended)
{
    if (ended->oldest.next != NULL) {
        forget_all(ended);
    }
    tg_index_finish(&ended->index);
}

uint64_t tg_ended_turn(struct tg_ended *ended)
{
    return ++ended->turn;
}

static struct end *find(const struct tg_ended *ended, struct key key)
{
    struct tg_index_link *link = tg_index_first(&ended->index, key.low);
    for (; link != NULL; link = tg_index_next(link)) {
        struct end *end = TG_ENTRY(link, struct end, link);
        if (end->key.high == key.high) {
            return end;
        }
    }
    return NULL;
}

void tg_ended_add(struct tg_ended *ended, const struct tg_selection *selection,
                  int64_t now_us, int64_t forget_us)
{
    uint64_t turn = tg_ended_turn(ended);
    for (int i = 0; i < AT_ONCE && !tg_list_empty(&ended->oldest); i++) {
        struct end *oldest = TG_ENTRY(ended->oldest.next, struct end, order);
        if (oldest->forget_us > now_us) {
            break;
        }
        forget(ended, oldest);
    }
    struct key key = key_of(selection->app, selection->user, selection->session);
    struct end *end = find(ended, key);
    if (end == NULL && ended->index.count < ended->ends_max &&
        (end = tg_zalloc(1, sizeof *end)) != NULL) {
        end->key = key;
        tg_list_init(&end->order);
        tg_index_put(&ended->index, &end->link, key.low);
    }
    if (end == NULL) {
        ended->all_turn = turn;
        ended->all_time_us = now_us;
        return;
    }
    end->turn = turn;
    end->time_us = now_us;
    end->forget_us = forget_us;
    tg_list_remove(&end->order);
    tg_list_append(&ended->oldest, &end->order);
}

bool tg_ended_has(const struct tg_ended *ended, const struct tg_identity_facts *facts,
                  uint64_t turn, int64_t time_us)
{
    const struct tg_slice none = {NULL, 0};
    const struct tg_slice names[][2] = {
        {facts->user, none}, {none, facts->session}, {facts->user, facts->session}};
    bool has = ended->all_turn > turn || ended->all_time_us >= time_us;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct end *end = find(ended, key_of(facts->app, names[i][0], names[i][1]));
        has |= end != NULL && (end->turn > turn || end->time_us >= time_us);
    }
    return has;
}
