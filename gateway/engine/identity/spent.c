#include "engine/identity/spent.h"

#include <assert.h>

#include "engine/base/list.h"
#include "engine/base/map.h"
#include "engine/base/mem.h"

/* Known by its hash alone: the seed is the process's own, and 128 bits are enough. */
struct used {
    struct tg_index_link link;
    struct tg_deadline deadline;
    uint64_t high;
};

enum { JTI_MAX = 64, APP_MAX = 64, SALT = 0x6a7469, AT_ONCE = 4 };

static void key_of(struct tg_slice app, struct tg_slice jti, uint64_t *low,
                   uint64_t *high)
{
    uint8_t text[1 + APP_MAX + JTI_MAX];
    assert(app.size <= APP_MAX && jti.size <= JTI_MAX);
    text[0] = (uint8_t)app.size;
    if (app.size != 0) {
        memcpy(text + 1, app.data, app.size);
    }
    if (jti.size != 0) {
        memcpy(text + 1 + app.size, jti.data, jti.size);
    }
    tg_hash_two(tg_slice(text, 1 + app.size + jti.size), SALT, low, high);
}

enum tg_err tg_spent_init(struct tg_spent *spent, uint32_t spent_max)
{
    *spent = (struct tg_spent){.spent_max = spent_max};
    return tg_index_init(&spent->index);
}

static void forget(struct tg_spent *spent, struct used *used)
{
    tg_index_remove(&spent->index, &used->link);
    tg_deadlines_cancel(&spent->deadlines, &used->deadline);
    tg_free(used);
}

void tg_spent_finish(struct tg_spent *spent)
{
    struct tg_deadline *first;
    while ((first = tg_deadlines_first(&spent->deadlines)) != NULL) {
        forget(spent, TG_ENTRY(first, struct used, deadline));
    }
    tg_deadlines_finish(&spent->deadlines);
    tg_index_finish(&spent->index);
}

static struct used *find(const struct tg_spent *spent, uint64_t low, uint64_t high)
{
    struct tg_index_link *link = tg_index_first(&spent->index, low);
    while (link != NULL && TG_ENTRY(link, struct used, link)->high != high) {
        link = tg_index_next(link);
    }
    return link == NULL ? NULL : TG_ENTRY(link, struct used, link);
}

bool tg_spent_has(const struct tg_spent *spent, struct tg_slice app, struct tg_slice jti)
{
    uint64_t low;
    uint64_t high;
    key_of(app, jti, &low, &high);
    return find(spent, low, high) != NULL;
}

enum tg_err tg_spent_add(struct tg_spent *spent, struct tg_slice app, struct tg_slice jti,
                         int64_t forget_us, int64_t now_us, int64_t *retry_us)
{
    uint64_t low;
    uint64_t high;
    key_of(app, jti, &low, &high);
    if (find(spent, low, high) != NULL) {
        return TG_EEXIST;
    }
    struct tg_deadline *first = tg_deadlines_first(&spent->deadlines);
    for (int i = 0; i < AT_ONCE && first != NULL && first->due_us <= now_us; i++) {
        forget(spent, TG_ENTRY(first, struct used, deadline));
        first = tg_deadlines_first(&spent->deadlines);
    }
    if (spent->index.count >= spent->spent_max) {
        *retry_us = first->due_us - now_us;
        return TG_ELIMIT;
    }
    struct used *used = tg_deadlines_reserve(&spent->deadlines) == TG_OK
                            ? tg_zalloc(1, sizeof *used)
                            : NULL;
    if (used == NULL) {
        return TG_ENOMEM;
    }
    used->high = high;
    tg_deadlines_set(&spent->deadlines, &used->deadline, forget_us);
    tg_index_put(&spent->index, &used->link, low);
    return TG_OK;
}

void tg_spent_remove(struct tg_spent *spent, struct tg_slice app, struct tg_slice jti)
{
    uint64_t low;
    uint64_t high;
    key_of(app, jti, &low, &high);
    struct used *used = find(spent, low, high);
    if (used != NULL) {
        forget(spent, used);
    }
}
