#include "testing/identities.h"

/* --- Tickets ----------------------------------------------------------------------- */

static void a_ticket_makes_its_client_somebody(void **state)
{
    (void)state;
    const char *ticket =
        ticket_of("{'user':'7','claims':{'user_id':7,'is_staff':false},'session':'s1',"
                  "'types':['shop.Secret'],'origin':'" HERE "','session_life_ms':60000}");
    assert_int_equal(strlen(ticket), 4 + 43);
    assert_memory_equal(ticket, "tgt_", 4);
    expect_good(ticket, "", HERE);
    const struct tg_identity_facts *facts = &admission.identity->facts;
    assert_slice(facts->app, "shop");
    assert_slice(facts->user, "7");
    assert_slice(facts->session, "s1");
    assert_slice(facts->claims, "{\"user_id\":7,\"is_staff\":false}");
    assert_true(tg_identity_has_type(admission.identity, TG_LIT("shop.Secret")));
    assert_true(facts->client != 0);
    assert_int_equal(admission.expires_in_ms, 60000);
    assert_memory_equal(admission.token, "tgs_", 4);
    assert_int_equal(atomic_load(&admission.identity->account->connections), 1);
}

static void it_is_good_once(void **state)
{
    (void)state;
    const char *ticket = ticket_of(USER);
    expect_good(ticket, "", HERE);
    expect_refused(ticket, "", HERE);
    assert_int_equal(tg_identities_counts(identities).tickets, 0);
}

static void it_is_good_for_its_life_only(void **state)
{
    (void)state;
    const char *late = ticket_of(USER);
    pass_ms(29999);
    const char *in_time = ticket_of(USER);
    const char *shorter = ticket_of("{'user':'7','life_ms':5}");
    pass_ms(1);
    expect_refused(late, "", HERE);
    expect_good(in_time, "", HERE);
    pass_ms(4);
    expect_refused(shorter, "", HERE);
}

static void a_clock_that_is_set_makes_no_ticket_good(void **state)
{
    (void)state;
    const char *ticket = ticket_of(USER);
    pass_ms(31000);
    wall_us -= INT64_C(86400000000);
    expect_refused(ticket, "", HERE);
}

static void it_is_good_from_its_origin_only(void **state)
{
    (void)state;
    const char *const others[] = {"",
                                  "null",
                                  "http://shop.example",
                                  HERE ":8443",
                                  HERE ".evil.example",
                                  "https://shop.exampl"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *ticket = ticket_of("{'user':'7','origin':'" HERE "'}");
        expect_refused(ticket, "", others[i]);
        /* Whoever showed it there has stolen it. */
        expect_refused(ticket, "", HERE);
    }
    expect_good(ticket_of("{'user':'7','origin':'" HERE "'}"), "", HERE);
    expect_good(ticket_of("{'user':'7','origin':null}"), "", "https://any.example");
}

/* Threat 2. Each way to be no good: same words, same code, same work. */
static void refusals_do_not_tell_their_reason(void **state)
{
    (void)state;
    char cut[64], forged[64], longer[80];
    const char *spent = ticket_of(USER);
    expect_good(spent, "", HERE);
    const char *expired = ticket_of("{'user':'7','life_ms':1}");
    pass_ms(1);
    const char *elsewhere = ticket_of("{'user':'7','origin':'https://a.example'}");
    strcpy(cut, ticket_of(USER));
    strcpy(forged, cut);
    snprintf(longer, sizeof longer, "%sA", cut);
    forged[20] = forged[20] == 'A' ? 'B' : 'A';
    cut[46] = '\0';
    const char *ended = ticket_of("{'user':'8'}");
    tg_identities_end(identities,
                      &(struct tg_selection){.app = TG_LIT("shop"), .user = TG_LIT("8")},
                      wall_us, NULL, NULL);
    const char *const tickets[] = {spent, expired, elsewhere, cut,    forged,
                                   ended, longer,  "tgt_",    "tgt_A"};
    for (size_t i = 0; i < sizeof tickets / sizeof *tickets; i++) {
        struct tg_work before = identities->work;
        expect_refused(tickets[i], "", HERE);
        assert_int_equal(identities->work.digests - before.digests, 1);
        assert_int_equal(identities->work.lookups - before.lookups, 2);
        assert_int_equal(identities->work.macs - before.macs, 0);
    }
    assert_int_equal(tg_identities_counts(identities).refused, 9);
}

static void another_gateway_knows_nothing_of_it(void **state)
{
    char ticket[64], session[TG_SESSION_TOKEN_MAX + 1];
    strcpy(ticket, ticket_of(USER));
    expect_good(ticket_of(USER), "", HERE);
    strcpy(session, token());
    end_identities(state);
    open_identities();
    expect_refused(ticket, "", HERE);
    expect_refused("", session, HERE);
}

static void tickets_have_a_limit_and_it_says_when_to_try_again(void **state)
{
    (void)state;
    struct tg_buf answer = {0};
    const char *last = NULL;
    for (uint32_t i = 0; i < config.tickets.waiting_max; i++) {
        last = ticket_of("{'user':'7','life_ms':20000}");
    }
    pass_ms(5000);
    assert_int_equal(tg_identities_ticket(identities, TG_LIT("shop"), json_of(USER),
                                          wall_us, &answer, &refusal),
                     TG_ELIMIT);
    assert_int_equal(refusal.code, TG_CODE_OVERLOADED);
    assert_int_equal(refusal.retry_after_ms, 15000);
    assert_int_equal(answer.size, 0);
    expect_good(last, "", HERE);
    ticket_of(USER);
    assert_int_equal(tg_identities_counts(identities).tickets,
                     config.tickets.waiting_max);
    pass_ms(15000);
    ticket_of(USER);
}

/* --- Sessions ---------------------------------------------------------------------- */

static void a_session_makes_its_client_the_same_again(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    uint64_t client = admission.identity->facts.client;
    for (int i = 0; i < 5; i++) {
        char before[TG_SESSION_TOKEN_MAX + 1];
        strcpy(before, admission.token);
        pass_ms(60000);
        expect_good("", token(), HERE);
        assert_int_equal(admission.identity->facts.client, client);
        assert_slice(admission.identity->facts.user, "7");
        assert_string_not_equal(admission.token, before);
        assert_int_equal(admission.expires_in_ms, 3600000 - (i + 1) * 60000);
    }
    assert_int_equal(tg_identities_counts(identities).sessions, 1);
}

static void it_ends_when_its_life_does(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    const char *session = token();
    pass_ms(3599999);
    expect_good("", session, HERE);
    assert_int_equal(admission.expires_in_ms, 1);
    session = token();
    pass_ms(1);
    expect_refused("", session, HERE);
    assert_int_equal(tg_identities_counts(identities).sessions, 0);
    assert_int_equal(ended_count, 0);
}

static void the_token_before_is_answered_with_the_same_next_one_for_a_while(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    const char *first = token();
    pass_ms(60000);
    expect_good("", first, HERE);
    const char *second = token();
    pass_ms(9999);
    expect_good("", first, HERE);
    assert_string_equal(token(), second);
    expect_good("", second, HERE);
    assert_string_not_equal(token(), second);
    assert_int_equal(ended_count, 0);
}

/* Threat 7. */
static void an_old_token_ends_the_session(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        ended_count = 0;
        expect_good(ticket_of(USER), "", HERE);
        uint64_t client = admission.identity->facts.client;
        const char *first = token();
        expect_good("", first, HERE);
        const char *newest = token();
        if (late) {
            pass_ms(10000);
        } else {
            expect_good("", newest, HERE);
            newest = token();
        }
        expect_refused("", first, HERE);
        assert_int_equal(ended_count, 1);
        assert_int_equal(ended_client, client);
        expect_refused("", newest, HERE);
        expect_refused("", first, HERE);
        assert_int_equal(ended_count, 1);
    }
    assert_int_equal(tg_identities_counts(identities).reused, 2);
    assert_int_equal(tg_identities_counts(identities).sessions, 0);
}

static void it_is_good_from_where_it_began_only(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    const char *session = token();
    expect_refused("", session, "https://other.example");
    expect_refused("", session, "");
    expect_good("", session, HERE);
}

static void forged_tokens_are_refused_after_the_same_work(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    const char *session = token();
    size_t size = strlen(session);
    char bad[TG_SESSION_TOKEN_MAX + 2];
    for (size_t i = 0; i <= size; i++) {
        strcpy(bad, session);
        if (i < size) {
            bad[i] = bad[i] == 'Q' ? 'g' : 'Q';
        } else {
            bad[--size] = '\0';
            i = size + 1;
        }
        struct tg_work before = identities->work;
        expect_refused("", bad, HERE);
        assert_int_equal(identities->work.macs - before.macs, 1);
        assert_int_equal(identities->work.lookups - before.lookups, 1);
    }
    expect_refused("", "tgs_", HERE);
    expect_good("", session, HERE);
    assert_int_equal(ended_count, 0);
}

static void nothing_shown_is_refused(void **state)
{
    (void)state;
    expect_refused("", "", HERE);
}

static void the_session_that_would_expire_first_makes_room(void **state)
{
    (void)state;
    config.sessions.sessions_max = 3;
    end_identities(NULL);
    open_identities();
    char tokens[4][TG_SESSION_TOKEN_MAX + 1];
    const char *const lives[] = {"50000", "20000", "40000", "30000"};
    for (int i = 0; i < 4; i++) {
        char request[80];
        snprintf(request, sizeof request, "{'user':'7','session_life_ms':%s}", lives[i]);
        expect_good(ticket_of(request), "", HERE);
        strcpy(tokens[i], admission.token);
    }
    assert_int_equal(tg_identities_counts(identities).sessions, 3);
    expect_refused("", tokens[1], HERE);
    expect_good("", tokens[0], HERE);
    expect_good("", tokens[2], HERE);
    expect_good("", tokens[3], HERE);
}

static void a_user_at_the_limit_ends_nobody_elses_session(void **state)
{
    (void)state;
    config.sessions.user_max = 3;
    end_identities(NULL);
    open_identities();
    char others[TG_SESSION_TOKEN_MAX + 1], tokens[4][TG_SESSION_TOKEN_MAX + 1];
    expect_good(ticket_of("{'user':'8','session_life_ms':10000}"), "", HERE);
    strcpy(others, admission.token);
    for (int i = 0; i < 4; i++) {
        expect_good(ticket_of(USER), "", HERE);
        strcpy(tokens[i], admission.token);
        pass_ms(1);
    }
    assert_int_equal(tg_identities_counts(identities).sessions, 4);
    expect_refused("", tokens[0], HERE);
    for (int i = 1; i < 4; i++) {
        expect_good("", tokens[i], HERE);
    }
    /* One that goes on is no other one. */
    expect_good(ticket_of(USER), token(), HERE);
    expect_good("", others, HERE);
    assert_int_equal(tg_identities_counts(identities).sessions, 4);
    assert_int_equal(ended_count, 0); /* Connections stay. */
}

static void a_client_at_its_limit_spends_nothing(void **state)
{
    (void)state;
    config.limits.client_connections_max = 2;
    expect_good(ticket_of(USER), "", HERE);
    struct tg_account *account = admission.identity->account;
    tg_account_ref(account);
    assert_true(tg_account_connect(account, 0));
    const char *session = token();
    const char *ticket = ticket_of(USER);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(show(i == 0 ? "" : ticket, session, HERE), TG_ELIMIT);
        assert_int_equal(refusal.code, TG_CODE_TOO_MANY_CONNECTIONS);
    }
    tg_account_disconnect(account);
    expect_good(ticket, session, HERE);
    tg_account_unref(account);
}

/* --- Both -------------------------------------------------------------------------- */

static void with_a_ticket_of_the_same_user_a_session_goes_on(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    uint64_t client = admission.identity->facts.client;
    struct tg_account *account = admission.identity->account;
    const char *session = token();
    pass_ms(60000);
    expect_good(ticket_of("{'user':'7','claims':{'is_staff':true},'session':'s2',"
                          "'session_life_ms':120000}"),
                session, HERE);
    assert_int_equal(admission.identity->facts.client, client);
    assert_ptr_equal(admission.identity->account, account);
    assert_slice(admission.identity->facts.claims, "{\"is_staff\":true}");
    assert_int_equal(admission.expires_in_ms, 120000);
    assert_string_not_equal(token(), session);
    assert_int_equal(tg_identities_counts(identities).sessions, 1);
    expect_good("", token(), HERE);
    assert_slice(admission.identity->facts.claims, "{\"is_staff\":true}");
    assert_int_equal(ended_count, 0);
}

static void with_a_ticket_of_another_user_it_ends(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    uint64_t client = admission.identity->facts.client;
    const char *session = token();
    expect_good(ticket_of("{'user':'8'}"), session, HERE);
    assert_slice(admission.identity->facts.user, "8");
    assert_int_not_equal(admission.identity->facts.client, client);
    assert_int_equal(ended_count, 1);
    assert_int_equal(ended_client, client);
    assert_int_equal(tg_identities_counts(identities).reused, 0);
    assert_int_equal(tg_identities_counts(identities).sessions, 1);
    expect_refused("", session, HERE);
}

static void a_session_that_is_no_good_harms_no_ticket(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    uint64_t client = admission.identity->facts.client;
    const char *session = token();
    expect_good(ticket_of(USER), "tgs_nonsense", HERE);
    assert_int_not_equal(admission.identity->facts.client, client);
    expect_good(ticket_of(USER), session, "https://other.example");
    assert_int_equal(ended_count, 0);
    assert_int_equal(tg_identities_counts(identities).sessions, 3);
    /* An old token beside a good ticket is still the proof of a copy. */
    expect_good("", session, HERE);
    expect_good("", token(), HERE);
    expect_good(ticket_of(USER), session, HERE);
    assert_int_equal(ended_count, 1);
    assert_int_equal(ended_client, client);
    assert_int_not_equal(admission.identity->facts.client, client);
}

static void a_ticket_that_is_no_good_is_not_made_up_for_by_a_session(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    const char *session = token();
    expect_refused("tgt_nonsense", session, HERE);
    expect_good("", session, HERE);
}

/* --- The end of identities --------------------------------------------------------- */

static uint32_t done_count;
static uint32_t done_sessions;

static void on_done(void *context, enum tg_err err, uint32_t sessions)
{
    assert_ptr_equal(context, &done_count);
    assert_int_equal(err, TG_OK);
    done_count++;
    done_sessions = sessions;
}

/* How many sessions `selection` ended. */
static uint32_t end(struct tg_selection selection)
{
    done_count = 0;
    selection.app = TG_LIT("shop");
    tg_identities_end(identities, &selection, wall_us, on_done, &done_count);
    assert_int_equal(done_count, 1);
    return done_sessions;
}

static void an_end_is_of_those_who_are_meant(void **state)
{
    (void)state;
    const char *const requests[] = {"{'user':'7','session':'a'}",
                                    "{'user':'7','session':'b'}", "{'user':'8'}"};
    const struct {
        struct tg_selection selection;
        bool ended[3];
        bool tickets; /* No ticket is made by a client. */
    } cases[] = {
        {{.user = TG_LIT("7")}, {true, true, false}, true},
        {{.session = TG_LIT("b")}, {false, true, false}, true},
        {{.user = TG_LIT("7"), .session = TG_LIT("a")}, {true, false, false}, true},
        {{.user = TG_LIT("8"), .session = TG_LIT("a")}, {false, false, false}, true},
        {{.user = TG_LIT("9")}, {false, false, false}, true},
        {{.client = 1}, {true, false, false}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sessions[3][TG_SESSION_TOKEN_MAX + 1], tickets[3][64];
        struct tg_selection selection = cases[i].selection;
        uint32_t expected = 0;
        for (int k = 0; k < 3; k++) {
            strcpy(tickets[k], ticket_of(requests[k]));
            expect_good(ticket_of(requests[k]), "", HERE);
            strcpy(sessions[k], admission.token);
            expected += cases[i].ended[k];
            if (selection.client != 0 && k == 0) {
                selection.client = admission.identity->facts.client;
            }
        }
        assert_int_equal(end(selection), expected);
        assert_int_equal(end(selection), 0);
        for (int k = 0; k < 3; k++) {
            if (cases[i].ended[k]) {
                expect_refused("", sessions[k], HERE);
            } else {
                expect_good("", sessions[k], HERE);
            }
            if (cases[i].ended[k] && cases[i].tickets) {
                expect_refused(tickets[k], "", HERE);
            } else {
                expect_good(tickets[k], "", HERE);
            }
        }
        /* Whoever is made somebody afterwards is. */
        expect_good(ticket_of(requests[0]), "", HERE);
        end((struct tg_selection){.user = TG_LIT("7")});
        end((struct tg_selection){.user = TG_LIT("8")});
    }
    assert_int_equal(ended_count, 0);
}

/* Other tabs still stand, and know the name that was. */
static void an_end_by_the_name_of_now_closes_those_of_the_name_before(void **state)
{
    (void)state;
    const struct tg_selection before = {.session = TG_LIT("a")},
                              now = {.session = TG_LIT("b")};
    expect_good(ticket_of("{'user':'7','session':'a'}"), "", HERE);
    uint64_t client = admission.identity->facts.client;
    expect_good(ticket_of("{'user':'7','session':'a'}"), token(), HERE);
    const char *session = token();
    expect_good(ticket_of("{'user':'7','session':'b'}"), "", HERE);
    assert_int_equal(end(now), 1); /* Its connections are known by that name. */
    assert_int_equal(ended_count, 0);
    expect_good(ticket_of("{'user':'7','session':'b'}"), session, HERE);
    assert_int_equal(admission.identity->facts.client, client);
    assert_int_equal(end(before), 0);
    assert_int_equal(ended_count, 0);
    assert_int_equal(end(now), 1);
    assert_int_equal(ended_count, 1);
    assert_int_equal(ended_client, client);
}

static void another_application_ends_nobody_of_ours(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    const char *session = token();
    const char *ticket = ticket_of(USER);
    uint64_t client = admission.identity->facts.client;
    const struct tg_selection selections[] = {
        {.app = TG_LIT("board"), .user = TG_LIT("7")},
        {.app = TG_LIT("board"), .client = client}};
    for (int i = 0; i < 2; i++) {
        tg_identities_end(identities, &selections[i], wall_us, NULL, NULL);
    }
    expect_good("", session, HERE);
    expect_good(ticket, "", HERE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_identities, end_identities)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_ticket_makes_its_client_somebody),
        TEST(it_is_good_once),
        TEST(it_is_good_for_its_life_only),
        TEST(a_clock_that_is_set_makes_no_ticket_good),
        TEST(it_is_good_from_its_origin_only),
        TEST(refusals_do_not_tell_their_reason),
        TEST(another_gateway_knows_nothing_of_it),
        TEST(tickets_have_a_limit_and_it_says_when_to_try_again),
        TEST(a_session_makes_its_client_the_same_again),
        TEST(it_ends_when_its_life_does),
        TEST(the_token_before_is_answered_with_the_same_next_one_for_a_while),
        TEST(an_old_token_ends_the_session),
        TEST(it_is_good_from_where_it_began_only),
        TEST(forged_tokens_are_refused_after_the_same_work),
        TEST(nothing_shown_is_refused),
        TEST(the_session_that_would_expire_first_makes_room),
        TEST(a_user_at_the_limit_ends_nobody_elses_session),
        TEST(a_client_at_its_limit_spends_nothing),
        TEST(with_a_ticket_of_the_same_user_a_session_goes_on),
        TEST(with_a_ticket_of_another_user_it_ends),
        TEST(a_session_that_is_no_good_harms_no_ticket),
        TEST(a_ticket_that_is_no_good_is_not_made_up_for_by_a_session),
        TEST(an_end_is_of_those_who_are_meant),
        TEST(an_end_by_the_name_of_now_closes_those_of_the_name_before),
        TEST(another_application_ends_nobody_of_ours),
    };
    return cmocka_run_group_tests_name("identities", tests, NULL, NULL);
}
