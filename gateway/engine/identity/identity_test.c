#include "engine/identity/identity.h"

#include <pthread.h>

#include "testing/cmocka.h"

static struct tg_identity *identity_of(const char *app, const char *user)
{
    const struct tg_slice types[] = {TG_LIT("shop.Secret"), TG_LIT("shop.Order")};
    struct tg_account *account = tg_account_create();
    assert_non_null(account);
    struct tg_identity *identity =
        tg_identity_create(&(struct tg_identity_facts){.client = 7,
                                                       .app = tg_slice_of(app),
                                                       .user = tg_slice_of(user),
                                                       .session = TG_LIT("s1"),
                                                       .types = types,
                                                       .types_count = 2},
                           account);
    tg_account_unref(account);
    assert_non_null(identity);
    return identity;
}

static void an_identity_holds_what_it_was_made_with(void **state)
{
    (void)state;
    struct tg_identity *identity = identity_of("shop", "7");
    assert_true(tg_slice_is(identity->facts.claims, "{}"));
    assert_true(tg_identity_is_of(identity, TG_LIT("shop")));
    assert_false(tg_identity_is_of(identity, TG_LIT("board")));
    assert_true(tg_identity_has_type(identity, TG_LIT("shop.Order")));
    assert_true(tg_identity_has_type(identity, TG_LIT("shop.Secret")));
    assert_false(tg_identity_has_type(identity, TG_LIT("shop.Orders")));
    tg_identity_unref(identity);
}

static void a_selection_means_one_application_only(void **state)
{
    (void)state;
    struct tg_identity *identity = identity_of("shop", "7");
    struct tg_selection selection = {.app = TG_LIT("shop"), .user = TG_LIT("7")};
    assert_true(tg_selection_has(&selection, identity, 7));
    selection.session = TG_LIT("s2");
    assert_false(tg_selection_has(&selection, identity, 7));
    selection = (struct tg_selection){.app = TG_LIT("board"), .user = TG_LIT("7")};
    assert_false(tg_selection_has(&selection, identity, 7));
    selection = (struct tg_selection){.app = TG_LIT("board"), .client = 9};
    assert_true(tg_selection_has(&selection, NULL, 9));
    assert_false(tg_selection_has(&selection, NULL, 8));
    tg_identity_unref(identity);
}

static void an_account_counts_up_to_its_limit(void **state)
{
    (void)state;
    struct tg_account *account = tg_account_create();
    assert_true(tg_account_connect(account, 2));
    assert_true(tg_account_connect(account, 2));
    assert_false(tg_account_connect(account, 2));
    assert_true(tg_account_connect(account, 0));
    assert_int_equal(account->connections, 3);
    tg_account_disconnect(account);
    tg_account_disconnect(account);
    assert_true(tg_account_connect(account, 2));
    assert_true(tg_account_subscribe(account, 1));
    assert_false(tg_account_subscribe(account, 1));
    tg_account_unsubscribe(account);
    assert_true(tg_account_subscribe(account, 1));
    tg_account_unref(account);
}

enum { SHARDS = 4, ROUNDS = 20000, AT_ONCE = 2 };

/* What the connections of a client do on one shard; how often there were too many. */
static void *come_and_go(void *argument)
{
    struct tg_identity *identity = argument;
    uintptr_t faults = 0;
    for (int i = 0; i < ROUNDS; i++) {
        tg_identity_ref(identity);
        if (tg_account_connect(identity->account, AT_ONCE)) {
            unsigned there = identity->account->connections;
            faults += there < 1 || there > AT_ONCE ? 1 : 0;
            tg_account_disconnect(identity->account);
        }
        tg_identity_unref(identity);
    }
    return (void *)faults;
}

static void shards_never_count_a_client_over_its_limit(void **state)
{
    (void)state;
    pthread_t threads[SHARDS];
    struct tg_identity *identity = identity_of("shop", "7");
    for (int i = 0; i < SHARDS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, identity), 0);
    }
    for (int i = 0; i < SHARDS; i++) {
        void *faults;
        pthread_join(threads[i], &faults);
        assert_null(faults);
    }
    assert_int_equal(identity->account->connections, 0);
    assert_int_equal(identity->refs, 1);
    tg_identity_unref(identity);
}

static void an_identity_of_every_application_is_of_each(void **state)
{
    (void)state;
    struct tg_identity *identity = identity_of("", "");
    assert_true(tg_identity_is_of(identity, TG_LIT("board")));
    struct tg_selection selection = {.app = TG_LIT("board")};
    assert_true(tg_selection_has(&selection, identity, 7));
    selection.user = TG_LIT("7");
    assert_false(tg_selection_has(&selection, identity, 7));
    tg_identity_unref(identity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_holds_what_it_was_made_with),
        cmocka_unit_test(a_selection_means_one_application_only),
        cmocka_unit_test(an_account_counts_up_to_its_limit),
        cmocka_unit_test(shards_never_count_a_client_over_its_limit),
        cmocka_unit_test(an_identity_of_every_application_is_of_each),
    };
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
