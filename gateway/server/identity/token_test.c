#include "testing/identities.h"

#include <openssl/evp.h>

#include "engine/base/base64url.h"
#include "server/identity/token.h"

/* RFC 8037 appendix A.1 and A.2. */
static const uint8_t private_key[] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
                                      0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
                                      0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
                                      0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
static uint8_t public_key[] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                               0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                               0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                               0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
static char secret[] = "a secret of this test, 32 bytes.";
static char other_secret[] = "another secret of this test, 40 bytes...";

static struct tg_config_token_key keys[] = {
    {"shop", "h1", (uint8_t *)secret, sizeof secret - 1, TG_TOKEN_HS256},
    {"shop", "e1", public_key, sizeof public_key, TG_TOKEN_EDDSA},
    {"board", "h2", (uint8_t *)other_secret, sizeof other_secret - 1, TG_TOKEN_HS256},
};

static int begin(void **state)
{
    int failed = begin_identities(state);
    config.tokens.keys = (struct tg_config_token_keys){keys, 3};
    pass_ms(60000);
    return failed;
}

/* --- Making them ------------------------------------------------------------------- */

static void add_base64(struct tg_buf *buf, struct tg_slice bytes)
{
    uint8_t *room = tg_buf_room(buf, TG_BASE64URL_SIZE(bytes.size));
    assert_non_null(room);
    buf->size += tg_base64url_write(bytes, (char *)room);
}

static void sign_ed25519(struct tg_slice text, uint8_t signature[64])
{
    size_t size = 64;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key,
                                                 sizeof private_key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &size, text.data, text.size), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

enum signer { BY_SECRET, BY_OTHER, BY_ED25519, BY_PUBLIC, BY_NOBODY };

/* Good until the 4th call from here. */
static const char *sign(const char *header, const char *payload, enum signer signer)
{
    static struct tg_buf bufs[4];
    static unsigned at;
    struct tg_buf *buf = &bufs[at = (at + 1) % 4];
    uint8_t signature[64];
    tg_buf_clear(buf);
    add_base64(buf, json_of(header));
    tg_buf_add_byte(buf, '.');
    add_base64(buf, json_of(payload));
    struct tg_slice content = tg_buf_slice(buf);
    struct tg_slice key = signer == BY_SECRET  ? tg_slice_of(secret)
                          : signer == BY_OTHER ? tg_slice_of(other_secret)
                                               : tg_slice(public_key, 32);
    if (signer == BY_ED25519) {
        sign_ed25519(content, signature);
    } else {
        tg_secrets_mac(key, content, signature);
    }
    tg_buf_add_byte(buf, '.');
    if (signer != BY_NOBODY) {
        add_base64(buf, tg_slice(signature, signer == BY_ED25519 ? 64 : 32));
    }
    tg_buf_add_byte(buf, '\0');
    assert_false(buf->failed);
    return (const char *)buf->data;
}

#define H1 "{'alg':'HS256','kid':'h1'}"
#define E1 "{'alg':'EdDSA','kid':'e1'}"

/* Claims made now, good for a minute, with `more` of them. Good until the 4th call. */
static const char *claims_with(const char *more)
{
    static char texts[4][6000];
    static unsigned at, jti;
    at = (at + 1) % 4;
    snprintf(texts[at], sizeof texts[at],
             "{'iss':'shop','aud':'telegraphy','sub':'7','iat':%lld,'exp':%lld,"
             "'jti':'j%u'%s%s}",
             (long long)(wall_us / 1000000), (long long)(wall_us / 1000000 + 60), jti++,
             more[0] == '\0' ? "" : ",", more);
    return texts[at];
}

/* --- What is good ------------------------------------------------------------------ */

static void a_signed_ticket_makes_its_client_somebody(void **state)
{
    (void)state;
    expect_good(sign(H1,
                     claims_with("'claims':{'is_staff':true},'types':['shop.A'],"
                                 "'session':'s1','origin':'" HERE
                                 "','session_life_ms':90000,'more':[1]"),
                     BY_SECRET),
                "", HERE);
    const struct tg_identity_facts *facts = &admission.identity->facts;
    assert_slice(facts->app, "shop");
    assert_slice(facts->user, "7");
    assert_slice(facts->session, "s1");
    assert_slice(facts->claims, "{\"is_staff\":true}");
    assert_true(tg_identity_has_type(admission.identity, TG_LIT("shop.A")));
    assert_int_equal(admission.expires_in_ms, 90000);
    expect_good("", token(), HERE);
    expect_good(sign(E1, claims_with(""), BY_ED25519), "", HERE);
    assert_slice(admission.identity->facts.claims, "{}");
    expect_good(sign("{'typ':'JWT','alg':'EdDSA','kid':'e1','jku':'http://x'}",
                     claims_with("'nbf':1"), BY_ED25519),
                "", HERE);
}

static void it_may_be_for_others_too(void **state)
{
    (void)state;
    char claims[400];
    snprintf(claims, sizeof claims,
             "{'iss':'shop','aud':['a','telegr\\u0061phy'],'sub':'7','iat':%lld.25,"
             "'exp':%lld.5,'jti':'x'}",
             (long long)(wall_us / 1000000), (long long)(wall_us / 1000000 + 60));
    expect_good(sign(H1, claims, BY_SECRET), "", HERE);
}

static void it_is_good_once(void **state)
{
    (void)state;
    const char *ticket = sign(H1, claims_with(""), BY_SECRET);
    expect_good(ticket, "", HERE);
    expect_refused(ticket, "", HERE);
    /* Till the end: the last moment in which it is not expired is refused too. */
    pass_ms(64999);
    expect_refused(ticket, "", HERE);
    assert_int_equal(identities->spent.index.count, 1);
    /* The same jti of another application is another. */
    char claims[300];
    snprintf(claims, sizeof claims,
             "{'iss':'shop','aud':'telegraphy','sub':'7','iat':%lld,'exp':%lld,"
             "'jti':'same'}",
             (long long)(wall_us / 1000000), (long long)(wall_us / 1000000 + 60));
    expect_good(sign(H1, claims, BY_SECRET), "", HERE);
    expect_refused(sign(E1, claims, BY_ED25519), "", HERE);
    snprintf(claims, sizeof claims,
             "{'iss':'board','aud':'telegraphy','sub':'7','iat':%lld,'exp':%lld,"
             "'jti':'same'}",
             (long long)(wall_us / 1000000), (long long)(wall_us / 1000000 + 60));
    expect_good(sign("{'alg':'HS256','kid':'h2'}", claims, BY_OTHER), "", HERE);
}

static void it_goes_on_with_a_session(void **state)
{
    (void)state;
    expect_good(ticket_of(USER), "", HERE);
    uint64_t client = admission.identity->facts.client;
    expect_good(sign(H1, claims_with("'claims':{'a':1}"), BY_SECRET), token(), HERE);
    assert_int_equal(admission.identity->facts.client, client);
    assert_slice(admission.identity->facts.claims, "{\"a\":1}");
}

static void without_room_to_remember_it_none_is_taken(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < config.tokens.signed_max; i++) {
        expect_good(sign(H1, claims_with(""), BY_SECRET), "", HERE);
    }
    pass_ms(5000);
    const char *more = sign(H1, claims_with(""), BY_SECRET);
    assert_int_equal(show(more, "", HERE), TG_ELIMIT);
    assert_int_equal(refusal.code, TG_CODE_OVERLOADED);
    assert_int_equal(refusal.retry_after_ms, 60000);
    pass_ms(60000);
    expect_good(more, "", HERE);
}

static void a_client_at_its_limit_may_show_it_again(void **state)
{
    (void)state;
    config.limits.client_connections_max = 1;
    expect_good(ticket_of(USER), "", HERE);
    const char *session = token();
    const char *ticket = sign(H1, claims_with(""), BY_SECRET);
    assert_int_equal(show(ticket, session, HERE), TG_ELIMIT);
    assert_int_equal(refusal.code, TG_CODE_TOO_MANY_CONNECTIONS);
    tg_account_disconnect(admission.identity->account);
    expect_good(ticket, session, HERE);
    assert_true(tg_account_connect(admission.identity->account, 0));
}

/* --- What is not ------------------------------------------------------------------- */

static void an_end_is_of_those_that_were_made_before(void **state)
{
    (void)state;
    const char *before = sign(H1, claims_with(""), BY_SECRET);
    const char *other = sign(H1, claims_with("'session':'b'"), BY_SECRET);
    pass_ms(1000);
    tg_identities_end(identities,
                      &(struct tg_selection){.app = TG_LIT("shop"),
                                             .user = TG_LIT("7"),
                                             .session = TG_LIT("a")},
                      wall_us, NULL, NULL);
    expect_good(other, "", HERE);
    tg_identities_end(identities,
                      &(struct tg_selection){.app = TG_LIT("shop"), .user = TG_LIT("7")},
                      wall_us, NULL, NULL);
    expect_refused(before, "", HERE);
    /* Who signs may be ahead of us by 5 s. */
    pass_ms(5000);
    expect_refused(sign(H1, claims_with(""), BY_SECRET), "", HERE);
    pass_ms(1000);
    expect_good(sign(H1, claims_with(""), BY_SECRET), "", HERE);
}

static void a_gateway_that_just_started_takes_none_from_before(void **state)
{
    const char *ticket = sign(H1, claims_with(""), BY_SECRET);
    expect_good(ticket, "", HERE);
    end_identities(state);
    open_identities();
    expect_refused(ticket, "", HERE);
    pass_ms(4000);
    expect_refused(sign(H1, claims_with(""), BY_SECRET), "", HERE);
    pass_ms(1000);
    expect_good(sign(H1, claims_with(""), BY_SECRET), "", HERE);
}

static void a_clock_that_is_set_back_makes_none_good_again(void **state)
{
    (void)state;
    const char *unused = sign(H1, claims_with(""), BY_SECRET);
    pass_ms(70000);
    wall_us -= 70000000;
    expect_refused(unused, "", HERE);
}

static void a_clock_that_is_set_forward_makes_none_good_again(void **state)
{
    (void)state;
    const char *ticket = sign(H1, claims_with(""), BY_SECRET);
    expect_good(ticket, "", HERE);
    /* A machine that starts without the time, and is told it then. */
    int64_t right_us = wall_us;
    end_identities(state);
    wall_us = 0;
    open_identities();
    pass_ms(10000);
    wall_us = right_us + 10000000;
    expect_refused(ticket, "", HERE);
    expect_good(sign(H1, claims_with(""), BY_SECRET), "", HERE);
}

static void a_clock_that_is_set_forward_undoes_no_end(void **state)
{
    (void)state;
    const char *before = sign(H1, claims_with(""), BY_SECRET);
    const int64_t behind_us = 3600000000;
    pass_ms(1000);
    wall_us -= behind_us;
    tg_identities_end(identities,
                      &(struct tg_selection){.app = TG_LIT("shop"), .user = TG_LIT("7")},
                      wall_us, NULL, NULL);
    wall_us += behind_us;
    expect_refused(before, "", HERE);
    pass_ms(6000);
    expect_good(sign(H1, claims_with(""), BY_SECRET), "", HERE);
}

struct wrong {
    const char *header;
    const char *claims; /* Added to good ones; with a { at its beginning: instead. */
    enum signer signer;
    const char *fault;
};

#define NONE "has an alg that is not its key's"
#define GOOD "{'iss':'shop','aud':'telegraphy','sub':'7','jti':'j',"
/* `now` as these tests have it. */
#define NOW   "1795000060"
#define LATER "1795000120"
#define TIMES "'iat':" NOW ",'exp':" LATER

static const struct wrong wrongs[] = {
    {"{'alg':'none','kid':'h1'}", "", BY_NOBODY, NONE},
    {"{'alg':'None','kid':'h1'}", "", BY_SECRET, NONE},
    {"{'alg':'hs256','kid':'h1'}", "", BY_SECRET, NONE},
    {"{'alg':'HS384','kid':'h1'}", "", BY_SECRET, NONE},
    {"{'alg':'EdDSA','kid':'h1'}", "", BY_ED25519, NONE},
    {"{'alg':['HS256'],'kid':'h1'}", "", BY_SECRET, NONE},
    {"{'kid':'h1'}", "", BY_SECRET, NONE},
    /* The public key as the secret of another algorithm. */
    {"{'alg':'HS256','kid':'e1'}", "", BY_PUBLIC, NONE},
    {E1, "", BY_PUBLIC, "is not signed with its key"},
    {H1, "", BY_OTHER, "is not signed with its key"},
    {H1, "", BY_ED25519, "is not signed with its key"},
    {H1, "", BY_NOBODY, "is not signed with its key"},
    {E1, "", BY_NOBODY, "is not signed with its key"},
    {"{'alg':'HS256'}", "", BY_SECRET, "has a kid that names no key"},
    {"{'alg':'HS256','kid':'h3'}", "", BY_SECRET, "has a kid that names no key"},
    {"{'alg':'HS256','kid':1}", "", BY_SECRET, "has a kid that names no key"},
    {"{'alg':'HS256','kid':'h2'}", "", BY_OTHER, "has an iss that is not its key's app"},
    {"{'alg':'HS256','kid':'h1','crit':[]}", "", BY_SECRET, "has crit"},
    {"{'alg':'HS256','kid':'h1','crit':null}", "", BY_SECRET, "has crit"},
    {"{'alg':'HS256','kid':'h1','kid':'h1'}", "", BY_SECRET,
     "has a header that is no JSON object"},
    {"['HS256']", "", BY_SECRET, "has a header that is no JSON object"},
    {"{'alg':'HS256','kid':'h1'} ,", "", BY_SECRET,
     "has a header that is no JSON object"},
    {H1, "'sub':'8'", BY_SECRET, "has claims that are no JSON object"},
    {H1, "[" GOOD TIMES "}]", BY_SECRET, "has claims that are no JSON object"},
    {H1, "{'aud':'telegraphy','sub':'7','jti':'j'," TIMES "}", BY_SECRET,
     "has an iss that is not its key's app"},
    {H1, "{'iss':'Shop','aud':'telegraphy','sub':'7','jti':'j'," TIMES "}", BY_SECRET,
     "has an iss that is not its key's app"},
    {H1, "{'iss':'shop','sub':'7','jti':'j'," TIMES "}", BY_SECRET,
     "has an aud without telegraphy"},
    {H1, "{'iss':'shop','aud':'telegraph','sub':'7','jti':'j'," TIMES "}", BY_SECRET,
     "has an aud without telegraphy"},
    {H1, "{'iss':'shop','aud':[],'sub':'7','jti':'j'," TIMES "}", BY_SECRET,
     "has an aud without telegraphy"},
    {H1, "{'iss':'shop','aud':{'telegraphy':1},'sub':'7','jti':'j'," TIMES "}", BY_SECRET,
     "has an aud without telegraphy"},
    {H1, GOOD "'exp':" LATER "}", BY_SECRET, "has no right iat"},
    {H1, GOOD "'iat':'" NOW "','exp':" LATER "}", BY_SECRET, "has no right iat"},
    {H1, GOOD "'iat':-1,'exp':" LATER "}", BY_SECRET, "has no right iat"},
    {H1, GOOD "'iat':1e300,'exp':" LATER "}", BY_SECRET, "has no right iat"},
    {H1, GOOD "'iat':9223372036854775807,'exp':" LATER "}", BY_SECRET,
     "has no right iat"},
    {H1, GOOD "'iat':" NOW "}", BY_SECRET, "has no right exp"},
    {H1, GOOD "'iat':" NOW ",'exp':true}", BY_SECRET, "has no right exp"},
    {H1, GOOD "'iat':" NOW ",'exp':1e18}", BY_SECRET, "has no right exp"},
    {H1, GOOD "'iat':" NOW ",'exp':253402300800}", BY_SECRET, "has no right exp"},
    {H1, "'nbf':'soon'", BY_SECRET, "has no right nbf"},
    {H1, "'nbf':1795000066", BY_SECRET, "is not good yet (nbf)"},
    {H1, GOOD "'iat':" NOW ",'exp':1795000059}", BY_SECRET, "expires before it was made"},
    {H1, GOOD "'iat':" NOW ",'exp':1795000361}", BY_SECRET,
     "lives longer than tokens.life_max_ms"},
    {H1, GOOD "'iat':" NOW ",'exp':253402300799}", BY_SECRET,
     "lives longer than tokens.life_max_ms"},
    {H1, GOOD "'iat':1795000050,'exp':1795000055}", BY_SECRET, "has expired"},
    {H1, GOOD "'iat':1795000066,'exp':" LATER "}", BY_SECRET, "was made in the future"},
    {H1, GOOD "'iat':1795000004,'exp':" LATER "}", BY_SECRET,
     "was made before this gateway started, or may have been"},
    {H1, "{'iss':'shop','aud':'telegraphy','sub':'7'," TIMES "}", BY_SECRET,
     "has no jti of 1 to 64 bytes"},
    {H1, "{'iss':'shop','aud':'telegraphy','sub':'7','jti':''," TIMES "}", BY_SECRET,
     "has no jti of 1 to 64 bytes"},
    {H1, "{'iss':'shop','aud':'telegraphy','sub':'7','jti':7," TIMES "}", BY_SECRET,
     "has no jti of 1 to 64 bytes"},
    {H1,
     "{'iss':'shop','aud':'telegraphy','sub':'7','jti':'"
     "0123456789012345678901234567890123456789012345678901234567890123456789'," TIMES "}",
     BY_SECRET, "has no jti of 1 to 64 bytes"},
#define REST                                                                       \
    "has a sub, claims, types, origin, session or session_life_ms that is not as " \
    "it must be"
    {H1, "{'iss':'shop','aud':'telegraphy','jti':'j'," TIMES "}", BY_SECRET, REST},
    {H1, "{'iss':'shop','aud':'telegraphy','jti':'j','sub':7," TIMES "}", BY_SECRET,
     REST},
    {H1, "'claims':[]", BY_SECRET, REST},
    {H1, "'types':'shop.A'", BY_SECRET, REST},
    {H1, "'origin':'https://shop.example/'", BY_SECRET, REST},
    {H1, "'session':''", BY_SECRET, REST},
    {H1, "'session_life_ms':0", BY_SECRET, REST},
};

static const char *fault_of(struct tg_slice text)
{
    static struct tg_token read;
    const struct tg_token_times times = {wall_us, wall_us, identities->started_us};
    assert_int_equal(tg_token_read(&config.tokens, text, &times, &read), TG_OK);
    tg_token_finish(&read);
    return read.fault == NULL ? "" : read.fault;
}

static void each_thing_that_is_wrong_is_found_and_not_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        const struct wrong *wrong = &wrongs[i];
        bool whole = wrong->claims[0] == '{' || wrong->claims[0] == '[';
        const char *ticket = sign(wrong->header,
                                  whole ? wrong->claims : claims_with(wrong->claims),
                                  wrong->signer);
        const char *fault = fault_of(tg_slice_of(ticket));
        if (strcmp(fault, wrong->fault) != 0) {
            fail_msg("%zu: \"%s\", not \"%s\"", i, fault, wrong->fault);
        }
        struct tg_work before = identities->work;
        expect_refused(ticket, "", HERE);
        assert_int_equal(identities->work.macs - before.macs, 1);
        assert_int_equal(identities->work.lookups - before.lookups, 2);
        assert_int_equal(identities->work.digests - before.digests, 0);
    }
}

/* The same steps as for those that are wrong in themselves. */
static void what_only_the_tables_know_is_not_told_either(void **state)
{
    (void)state;
    const char *used = sign(H1, claims_with(""), BY_SECRET);
    expect_good(used, "", HERE);
    const char *elsewhere =
        sign(H1, claims_with("'origin':'https://a.example'"), BY_SECRET);
    const char *ended = sign(H1, claims_with("'session':'s'"), BY_SECRET);
    tg_identities_end(
        identities, &(struct tg_selection){.app = TG_LIT("shop"), .session = TG_LIT("s")},
        wall_us, NULL, NULL);
    const char *const tickets[] = {used, elsewhere, ended};
    for (int i = 0; i < 3; i++) {
        struct tg_work before = identities->work;
        expect_refused(tickets[i], "", HERE);
        assert_int_equal(identities->work.macs - before.macs, 1);
        assert_int_equal(identities->work.lookups - before.lookups, 2);
    }
}

static void what_is_no_jwt_is_refused_wherever_it_is_cut_or_changed(void **state)
{
    (void)state;
    const char *const texts[] = {".",    "..",  "...",   "a.b.c",    "a",
                                 "....", " ..", "e30..", "e30.e30.", "\x01"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_string_not_equal(fault_of(tg_slice_of(texts[i])), "");
    }
    char bad[700];
    for (int which = 0; which < 2; which++) {
        const char *good = which == 0 ? sign(H1, claims_with(""), BY_SECRET)
                                      : sign(E1, claims_with(""), BY_ED25519);
        size_t size = strlen(good);
        assert_true(size < sizeof bad - 2);
        assert_string_equal(fault_of(tg_slice(good, size)), "");
        for (size_t i = 0; i < size; i++) {
            assert_string_not_equal(fault_of(tg_slice(good, i)), "");
            strcpy(bad, good);
            bad[i] = bad[i] == 'A' ? 'B' : 'A';
            assert_string_not_equal(fault_of(tg_slice(bad, size)), "");
            bad[i] = '=';
            assert_string_not_equal(fault_of(tg_slice(bad, size)), "");
        }
        snprintf(bad, sizeof bad, "%s.", good);
        assert_string_not_equal(fault_of(tg_slice_of(bad)), "");
        snprintf(bad, sizeof bad, "%s=", good);
        assert_string_not_equal(fault_of(tg_slice_of(bad)), "");
        snprintf(bad, sizeof bad, "%sAA", good);
        assert_string_not_equal(fault_of(tg_slice_of(bad)), "");
    }
}

static void it_has_a_limit(void **state)
{
    (void)state;
    static char more[5900], text[9001];
    snprintf(more, sizeof more, "'x':'%5800s'", "");
    const char *ticket = sign(H1, claims_with(more), BY_SECRET);
    assert_in_range(strlen(ticket), 7900, 8192);
    assert_string_equal(fault_of(tg_slice_of(ticket)), "");
    memset(text, 'A', sizeof text - 1);
    text[3] = '.';
    text[60] = '.';
    assert_string_equal(fault_of(tg_slice_of(text)), "is no JWT in compact form");
}

static void without_keys_none_is_good(void **state)
{
    (void)state;
    const char *ticket = sign(H1, claims_with(""), BY_SECRET);
    config.tokens.keys.count = 0;
    expect_refused(ticket, "", HERE);
    config.tokens.keys.count = 3;
    expect_good(ticket, "", HERE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end_identities)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_signed_ticket_makes_its_client_somebody),
        TEST(it_may_be_for_others_too),
        TEST(it_is_good_once),
        TEST(it_goes_on_with_a_session),
        TEST(without_room_to_remember_it_none_is_taken),
        TEST(a_client_at_its_limit_may_show_it_again),
        TEST(an_end_is_of_those_that_were_made_before),
        TEST(a_gateway_that_just_started_takes_none_from_before),
        TEST(a_clock_that_is_set_back_makes_none_good_again),
        TEST(a_clock_that_is_set_forward_makes_none_good_again),
        TEST(a_clock_that_is_set_forward_undoes_no_end),
        TEST(each_thing_that_is_wrong_is_found_and_not_told),
        TEST(what_only_the_tables_know_is_not_told_either),
        TEST(what_is_no_jwt_is_refused_wherever_it_is_cut_or_changed),
        TEST(it_has_a_limit),
        TEST(without_keys_none_is_good),
    };
    return cmocka_run_group_tests_name("signed tickets", tests, NULL, NULL);
}
