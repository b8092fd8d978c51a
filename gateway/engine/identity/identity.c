#include "engine/identity/identity.h"

#include <stdlib.h>

#include "engine/base/mem.h"

struct tg_account *tg_account_create(void)
{
    struct tg_account *account = tg_zalloc(1, sizeof *account);
    if (account != NULL) {
        atomic_init(&account->refs, 1);
    }
    return account;
}

void tg_account_ref(struct tg_account *account)
{
    atomic_fetch_add_explicit(&account->refs, 1, memory_order_relaxed);
}

void tg_account_unref(struct tg_account *account)
{
    if (account != NULL &&
        atomic_fetch_sub_explicit(&account->refs, 1, memory_order_acq_rel) == 1) {
        tg_free(account);
    }
}

static bool count_one(atomic_uint *count, uint32_t max)
{
    unsigned before = atomic_load_explicit(count, memory_order_relaxed);
    do {
        if (max != 0 && before >= max) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        count, &before, before + 1, memory_order_relaxed, memory_order_relaxed));
    return true;
}

bool tg_account_connect(struct tg_account *account, uint32_t max)
{
    return count_one(&account->connections, max);
}

void tg_account_disconnect(struct tg_account *account)
{
    atomic_fetch_sub_explicit(&account->connections, 1, memory_order_relaxed);
}

bool tg_account_subscribe(struct tg_account *account, uint32_t max)
{
    return count_one(&account->subscriptions, max);
}

void tg_account_unsubscribe(struct tg_account *account)
{
    atomic_fetch_sub_explicit(&account->subscriptions, 1, memory_order_relaxed);
}

/* The identity is one block: itself, the list of types, then the bytes of all texts. */
static struct tg_slice put(uint8_t **at, struct tg_slice text)
{
    uint8_t *begin = *at;
    if (text.size != 0) {
        memcpy(begin, text.data, text.size);
    }
    *at += text.size;
    return tg_slice(begin, text.size);
}

static int by_name(const void *a, const void *b)
{
    const struct tg_slice *left = a;
    const struct tg_slice *right = b;
    size_t size = left->size < right->size ? left->size : right->size;
    int order = size == 0 ? 0 : memcmp(left->data, right->data, size);
    return order != 0 ? order : (left->size > right->size) - (left->size < right->size);
}

static size_t texts_size(const struct tg_identity_facts *facts)
{
    size_t size =
        facts->app.size + facts->user.size + facts->session.size + facts->claims.size;
    for (uint32_t i = 0; i < facts->types_count; i++) {
        size += facts->types[i].size;
    }
    return size;
}

struct tg_identity *tg_identity_create(const struct tg_identity_facts *facts,
                                       struct tg_account *account)
{
    struct tg_identity_facts given = *facts;
    given.claims = facts->claims.size == 0 ? TG_LIT("{}") : facts->claims;
    struct tg_identity *identity = tg_alloc(
        sizeof *identity + given.types_count * sizeof *given.types + texts_size(&given));
    if (identity == NULL) {
        return NULL;
    }
    struct tg_slice *types = (struct tg_slice *)(identity + 1);
    uint8_t *at = (uint8_t *)(types + given.types_count);
    atomic_init(&identity->refs, 1);
    identity->facts = given;
    identity->facts.app = put(&at, given.app);
    identity->facts.user = put(&at, given.user);
    identity->facts.session = put(&at, given.session);
    identity->facts.claims = put(&at, given.claims);
    for (uint32_t i = 0; i < given.types_count; i++) {
        types[i] = put(&at, given.types[i]);
    }
    if (given.types_count > 1) {
        qsort(types, given.types_count, sizeof *types, by_name);
    }
    identity->facts.types = types;
    identity->account = account;
    tg_account_ref(account);
    return identity;
}

void tg_identity_ref(struct tg_identity *identity)
{
    atomic_fetch_add_explicit(&identity->refs, 1, memory_order_relaxed);
}

void tg_identity_unref(struct tg_identity *identity)
{
    if (identity != NULL &&
        atomic_fetch_sub_explicit(&identity->refs, 1, memory_order_acq_rel) == 1) {
        tg_account_unref(identity->account);
        tg_free(identity);
    }
}

bool tg_identity_is_of(const struct tg_identity *identity, struct tg_slice app)
{
    return identity->facts.app.size == 0 || tg_slice_equal(identity->facts.app, app);
}

bool tg_identity_has_type(const struct tg_identity *identity, struct tg_slice name)
{
    return identity->facts.types_count != 0 &&
           bsearch(&name, identity->facts.types, identity->facts.types_count,
                   sizeof *identity->facts.types, by_name) != NULL;
}

size_t tg_identity_weight(const struct tg_identity *identity)
{
    return 2 * TG_HEAP_OVERHEAD + sizeof *identity + sizeof *identity->account +
           identity->facts.types_count * sizeof *identity->facts.types +
           texts_size(&identity->facts);
}

bool tg_selection_has(const struct tg_selection *selection,
                      const struct tg_identity *identity, uint64_t client)
{
    if (selection->client != 0 && selection->client != client) {
        return false;
    }
    if (identity == NULL) {
        return selection->user.size == 0 && selection->session.size == 0;
    }
    return tg_identity_is_of(identity, selection->app) &&
           (selection->user.size == 0 ||
            tg_slice_equal(identity->facts.user, selection->user)) &&
           (selection->session.size == 0 ||
            tg_slice_equal(identity->facts.session, selection->session));
}
