/* The tables of identities, each against the plainest way to do the same. */
#include "testing/cmocka.h"
#include "testing/heap.h"

#include <stdlib.h>

#include "engine/identity/ended.h"
#include "engine/identity/sessions.h"
#include "engine/identity/spent.h"
#include "engine/identity/tickets.h"

static uint64_t seed = 88172645463325252;

static uint32_t below(uint32_t most)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed % most);
}

/* --- Indexes ----------------------------------------------------------------------- */

enum { THINGS = 5000, HASHES = 1200 };

struct thing {
    struct tg_index_link link;
    uint64_t hash;
    bool in;
};

static uint32_t found_of(const struct tg_index *index, uint64_t hash)
{
    uint32_t count = 0;
    for (struct tg_index_link *link = tg_index_first(index, hash); link != NULL;
         link = tg_index_next(link)) {
        assert_int_equal(link->hash, hash);
        count++;
    }
    return count;
}

static void an_index_finds_all_of_a_hash_and_no_others(void **state)
{
    (void)state;
    static struct thing things[THINGS];
    static uint32_t wanted[HASHES];
    struct tg_index index;
    uint32_t in = 0;
    assert_int_equal(tg_index_init(&index), TG_OK);
    for (int round = 0; round < 40000; round++) {
        struct thing *thing = &things[below(THINGS)];
        if (thing->in) {
            tg_index_remove(&index, &thing->link);
            wanted[thing->hash]--;
            in--;
        } else {
            /* Some in one chain for long, however many chains there are. */
            thing->hash = below(HASHES);
            tg_index_put(&index, &thing->link, thing->hash << 20 | 5);
            wanted[thing->hash]++;
            in++;
        }
        thing->in = !thing->in;
        assert_int_equal(index.count, in);
        uint64_t some = below(HASHES);
        assert_int_equal(found_of(&index, some << 20 | 5), wanted[some]);
    }
    for (uint64_t hash = 0; hash < HASHES; hash++) {
        assert_int_equal(found_of(&index, hash << 20 | 5), wanted[hash]);
    }
    tg_index_remove(&index, &(struct tg_index_link){0});
    tg_index_finish(&index);
}

static void an_index_grows_a_chain_at_a_time(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    struct thing *things = calloc(MANY, sizeof *things);
    struct tg_test_heap heap;
    struct tg_index index;
    tg_test_heap_begin(&heap, 0);
    assert_int_equal(tg_index_init(&index), TG_OK);
    for (uint64_t i = 0; i < MANY; i++) {
        tg_index_put(&index, &things[i].link, i);
    }
    /* One allocation for each doubling: nothing is ever moved. */
    assert_int_equal(heap.calls, 12);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_int_equal(found_of(&index, i), 1);
    }
    tg_index_finish(&index);
    assert_true(tg_test_heap_end(&heap));
    free(things);
}

static void an_index_without_memory_still_finds_all(void **state)
{
    (void)state;
    static struct thing things[1000];
    struct tg_test_heap heap;
    struct tg_index index;
    memset(things, 0, sizeof things);
    tg_test_heap_begin(&heap, 2);
    heap.fail_after = true;
    assert_int_equal(tg_index_init(&index), TG_OK);
    for (uint64_t i = 0; i < 1000; i++) {
        tg_index_put(&index, &things[i].link, i * 64);
    }
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(found_of(&index, i * 64), 1);
    }
    tg_index_finish(&index);
    assert_true(tg_test_heap_end(&heap));
}

/* --- Deadlines --------------------------------------------------------------------- */

static void the_earliest_deadline_is_first(void **state)
{
    (void)state;
    enum { MANY = 300 };
    static struct tg_deadline items[MANY];
    struct tg_deadlines deadlines = {0};
    assert_null(tg_deadlines_first(&deadlines));
    for (int round = 0; round < 20000; round++) {
        struct tg_deadline *item = &items[below(MANY)];
        if (below(3) == 0) {
            tg_deadlines_cancel(&deadlines, item);
            assert_int_equal(item->place, 0);
        } else {
            assert_int_equal(tg_deadlines_reserve(&deadlines), TG_OK);
            tg_deadlines_set(&deadlines, item, (int64_t)below(1000) - 500);
        }
        const struct tg_deadline *earliest = NULL;
        uint32_t count = 0;
        for (int i = 0; i < MANY; i++) {
            count += items[i].place != 0 ? 1 : 0;
            if (items[i].place != 0 &&
                (earliest == NULL || items[i].due_us < earliest->due_us)) {
                earliest = &items[i];
            }
        }
        assert_int_equal(deadlines.count, count);
        const struct tg_deadline *first = tg_deadlines_first(&deadlines);
        assert_int_equal(first == NULL, earliest == NULL);
        assert_true(first == NULL || first->due_us == earliest->due_us);
    }
    tg_deadlines_finish(&deadlines);
}

/* --- What was ended ---------------------------------------------------------------- */

static bool has(struct tg_ended *ended, const char *user, const char *session,
                uint64_t turn)
{
    const struct tg_identity_facts facts = {.app = TG_LIT("shop"),
                                            .user = tg_slice_of(user),
                                            .session = tg_slice_of(session)};
    return tg_ended_has(ended, &facts, turn, INT64_MAX);
}

static void end(struct tg_ended *ended, const char *user, const char *session,
                int64_t now_us)
{
    const struct tg_selection selection = {.app = TG_LIT("shop"),
                                           .user = tg_slice_of(user),
                                           .session = tg_slice_of(session)};
    tg_ended_add(ended, &selection, now_us, now_us + 100);
}

static void an_end_is_remembered_until_no_ticket_can_live(void **state)
{
    (void)state;
    struct tg_ended ended;
    assert_int_equal(tg_ended_init(&ended, 3), TG_OK);
    uint64_t before = tg_ended_turn(&ended);
    end(&ended, "7", "", 1000);
    uint64_t after = tg_ended_turn(&ended);
    assert_true(has(&ended, "7", "", before) && has(&ended, "7", "s", before));
    assert_false(has(&ended, "7", "", after) || has(&ended, "8", "", before));
    /* What names end where is told apart. */
    end(&ended, "a", "b", 1001);
    assert_true(has(&ended, "a", "b", after));
    assert_false(has(&ended, "ab", "", after) || has(&ended, "a", "", after) ||
                 has(&ended, "", "b", after));
    end(&ended, "", "s", 1050);
    assert_true(has(&ended, "9", "s", after) && !has(&ended, "9", "", after));
    assert_int_equal(ended.index.count, 3);
    /* The oldest are forgotten on the way; the same again is still one. */
    end(&ended, "", "s", 1101);
    assert_int_equal(ended.index.count, 1);
    assert_false(has(&ended, "7", "", before));
    tg_ended_finish(&ended);
}

static void beyond_its_room_all_tickets_end_once(void **state)
{
    (void)state;
    for (int starved = 0; starved < 2; starved++) {
        struct tg_test_heap heap;
        struct tg_ended ended;
        tg_test_heap_begin(&heap, starved != 0 ? 2 : 0);
        assert_int_equal(tg_ended_init(&ended, starved != 0 ? 10 : 1), TG_OK);
        uint64_t before = tg_ended_turn(&ended);
        if (starved == 0) {
            end(&ended, "7", "", 1000);
            assert_false(has(&ended, "8", "", before));
        }
        end(&ended, "9", "", 1000);
        assert_true(has(&ended, "8", "", before) && has(&ended, "9", "", before));
        assert_false(has(&ended, "8", "", tg_ended_turn(&ended)));
        const struct tg_identity_facts facts = {.app = TG_LIT("shop"),
                                                .user = TG_LIT("8")};
        assert_true(tg_ended_has(&ended, &facts, UINT64_MAX, 1000));
        assert_false(tg_ended_has(&ended, &facts, UINT64_MAX, 1001));
        tg_ended_finish(&ended);
        assert_true(tg_test_heap_end(&heap));
    }
}

/* --- Signed tickets that were used ------------------------------------------------- */

static void what_was_used_is_remembered_as_long_as_it_could_be_shown(void **state)
{
    (void)state;
    struct tg_spent spent;
    int64_t retry_us = 0;
    const struct tg_slice app = TG_LIT("shop");
    assert_int_equal(tg_spent_init(&spent, 2), TG_OK);
    assert_int_equal(tg_spent_add(&spent, app, TG_LIT("a"), 100, 0, &retry_us), TG_OK);
    assert_int_equal(tg_spent_add(&spent, app, TG_LIT("a"), 200, 0, &retry_us),
                     TG_EEXIST);
    assert_true(tg_spent_has(&spent, app, TG_LIT("a")));
    assert_false(tg_spent_has(&spent, TG_LIT("board"), TG_LIT("a")));
    assert_false(tg_spent_has(&spent, TG_LIT("shopa"), TG_LIT("")));
    assert_int_equal(tg_spent_add(&spent, app, TG_LIT("b"), 50, 0, &retry_us), TG_OK);
    assert_int_equal(tg_spent_add(&spent, app, TG_LIT("c"), 90, 20, &retry_us),
                     TG_ELIMIT);
    assert_int_equal(retry_us, 30);
    tg_spent_remove(&spent, app, TG_LIT("b"));
    assert_false(tg_spent_has(&spent, app, TG_LIT("b")));
    assert_int_equal(tg_spent_add(&spent, app, TG_LIT("c"), 150, 20, &retry_us), TG_OK);
    assert_int_equal(tg_spent_add(&spent, app, TG_LIT("d"), 300, 100, &retry_us), TG_OK);
    assert_false(tg_spent_has(&spent, app, TG_LIT("a")));
    tg_spent_remove(&spent, app, TG_LIT("nobody"));
    tg_spent_finish(&spent);
}

/* --- Sessions ---------------------------------------------------------------------- */

static struct tg_sessions_entry *begin_session(struct tg_sessions *sessions,
                                               uint8_t first, const char *user,
                                               int64_t expires_us)
{
    uint8_t id[TG_SESSION_ID_BYTES] = {first, 2, 3};
    struct tg_sessions_entry *entry = NULL;
    struct tg_account *account = tg_account_create();
    struct tg_identity_facts facts = {.client = tg_session_client(id),
                                      .app = TG_LIT("shop"),
                                      .user = tg_slice_of(user)};
    struct tg_identity *identity = tg_identity_create(&facts, account);
    tg_account_unref(account);
    assert_int_equal(
        tg_sessions_begin(sessions, id, 1, identity, TG_LIT("o"), expires_us, 0, &entry),
        TG_OK);
    assert_ptr_equal(tg_sessions_find(sessions, id), entry);
    return entry;
}

static uint32_t length_of(const struct tg_link *list)
{
    uint32_t count = 0;
    for (const struct tg_link *link = list->next; link != list; link = link->next) {
        count++;
    }
    return count;
}

/* What a file has to be told: each that changed once, and each that ended. */
static void what_changed_and_what_ended_waits_to_be_taken(void **state)
{
    (void)state;
    struct tg_sessions sessions;
    assert_int_equal(tg_sessions_init(&sessions, 3, 3, 10), TG_OK);
    struct tg_sessions_entry *first = begin_session(&sessions, 1, "7", 100);
    begin_session(&sessions, 2, "7", 50);
    begin_session(&sessions, 3, "8", 70);
    tg_sessions_rotate(&sessions, first, 1, 1);
    tg_sessions_rotate(&sessions, first, 1, 2);
    assert_int_equal(first->generation, 2);
    assert_int_equal(length_of(&sessions.changed), 3);
    tg_list_remove(&first->news); /* It was written. */
    tg_sessions_rotate(&sessions, first, 5, 3);
    assert_int_equal(first->generation, 6);
    assert_int_equal(length_of(&sessions.changed), 3);
    /* One more than there may be: the one that would expire first goes. */
    begin_session(&sessions, 4, "8", 90);
    assert_int_equal(length_of(&sessions.ended), 1);
    assert_int_equal(TG_ENTRY(sessions.ended.next, struct tg_sessions_entry, news)->id[0],
                     2);
    assert_int_equal(length_of(&sessions.changed), 3);
    assert_int_equal(
        tg_sessions_end_all(&sessions, &(struct tg_selection){.app = TG_LIT("shop"),
                                                              .user = TG_LIT("8")}),
        2);
    assert_int_equal(length_of(&sessions.ended), 3);
    tg_sessions_expire(&sessions, 100, 9);
    assert_int_equal(length_of(&sessions.ended), 4);
    assert_int_equal(length_of(&sessions.changed), 0);
    tg_sessions_finish(&sessions);
}

static uint8_t last_ended(const struct tg_sessions *sessions)
{
    return TG_ENTRY(sessions->ended.prev, struct tg_sessions_entry, news)->id[0];
}

/* Under one hash too, as if two users' names had the same. */
static void a_user_at_the_limit_loses_the_one_that_would_expire_first(void **state)
{
    (void)state;
    struct tg_sessions sessions;
    assert_int_equal(tg_sessions_init(&sessions, 100, 2, 10), TG_OK);
    struct tg_sessions_entry *mine = begin_session(&sessions, 1, "7", 60);
    struct tg_sessions_entry *other = begin_session(&sessions, 2, "8", 10);
    uint64_t hash = mine->by_user.hash;
    tg_index_remove(&sessions.by_user, &other->by_user);
    tg_index_put(&sessions.by_user, &other->by_user, hash);
    begin_session(&sessions, 3, "7", 50);
    begin_session(&sessions, 4, "8", 20);
    assert_int_equal(length_of(&sessions.ended), 0);
    begin_session(&sessions, 5, "7", 30); /* The newest stays, whenever it expires. */
    assert_int_equal(length_of(&sessions.ended), 1);
    assert_int_equal(last_ended(&sessions), 3);
    begin_session(&sessions, 6, "7", 70);
    assert_int_equal(last_ended(&sessions), 5);
    tg_sessions_end(&sessions, mine);
    begin_session(&sessions, 7, "7", 80); /* There is room again. */
    assert_int_equal(length_of(&sessions.ended), 3);
    begin_session(&sessions, 8, "7", 90);
    assert_int_equal(last_ended(&sessions), 6);
    assert_int_equal(sessions.deadlines.count, 4);
    tg_sessions_finish(&sessions);
}

static void secrets_are_compared_whole(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_true(tg_same_secret(a, b, sizeof a));
    for (size_t i = 0; i < sizeof b; i++) {
        b[i] = 1;
        assert_false(tg_same_secret(a, b, sizeof a));
        b[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_finds_all_of_a_hash_and_no_others),
        cmocka_unit_test(an_index_grows_a_chain_at_a_time),
        cmocka_unit_test(an_index_without_memory_still_finds_all),
        cmocka_unit_test(the_earliest_deadline_is_first),
        cmocka_unit_test(an_end_is_remembered_until_no_ticket_can_live),
        cmocka_unit_test(beyond_its_room_all_tickets_end_once),
        cmocka_unit_test(what_was_used_is_remembered_as_long_as_it_could_be_shown),
        cmocka_unit_test(what_changed_and_what_ended_waits_to_be_taken),
        cmocka_unit_test(a_user_at_the_limit_loses_the_one_that_would_expire_first),
        cmocka_unit_test(secrets_are_compared_whole),
    };
    return cmocka_run_group_tests_name("identity tables", tests, NULL, NULL);
}
