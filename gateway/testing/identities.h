/* For tests of server/identity: a gateway's identities with a clock in the test's
 * hand. Texts with ' for ". */
#ifndef TG_TESTING_IDENTITIES_H
#define TG_TESTING_IDENTITIES_H

#include "testing/cmocka.h"

#include <stdio.h>

#include "server/identity/private.h"
#include "testing/catalogues.h"

static struct tg_config config;
static struct tg_identities *identities;
static int64_t steady_us;
static int64_t wall_us;

static struct tg_admission admission;
static struct tg_refusal refusal;

/* What the hook was told. */
static uint32_t ended_count;
static uint64_t ended_client;

static inline int64_t read_steady(void)
{
    return steady_us;
}

static inline void on_session_ended(void *context, const struct tg_selection *selection)
{
    (void)context;
    assert_true(selection->app.size != 0);
    ended_client = selection->client;
    ended_count++;
}

static inline void pass_ms(int64_t ms)
{
    steady_us += ms * 1000;
    wall_us += ms * 1000;
}

static inline void open_identities(void)
{
    const struct tg_identities_hooks hooks = {.session_ended = on_session_ended,
                                              .steady_us = read_steady};
    char why[400] = "";
    identities = tg_identities_open(&config, &hooks, wall_us, why, sizeof why);
    if (identities == NULL) {
        fail_msg("%s", why);
    }
}

static inline void configure_identities(void)
{
    config = (struct tg_config){
        .tickets = {.life_ms = 30000, .waiting_max = 100},
        .sessions = {.life_ms = 3600000,
                     .grace_ms = 10000,
                     .sessions_max = 100,
                     .user_max = 100},
        .tokens = {.life_max_ms = 300000, .skew_ms = 5000, .signed_max = 100},
        .limits = {.client_connections_max = 20},
    };
    steady_us = 77000000;
    wall_us = INT64_C(1795000000000000);
    ended_count = 0;
    ended_client = 0;
}

static inline int begin_identities(void **state)
{
    (void)state;
    configure_identities();
    open_identities();
    return 0;
}

static inline void release(void)
{
    if (admission.identity != NULL) {
        tg_account_disconnect(admission.identity->account);
        tg_identity_unref(admission.identity);
    }
    admission = (struct tg_admission){0};
}

static inline int end_identities(void **state)
{
    (void)state;
    release();
    tg_identities_close(identities);
    identities = NULL;
    return 0;
}

/* A ticket for the application `shop`; good until the 4th call from here. */
static inline const char *ticket_of(const char *request)
{
    static char texts[4][64];
    static unsigned at;
    struct tg_buf answer = {0};
    at = (at + 1) % 4;
    enum tg_err err = tg_identities_ticket(identities, TG_LIT("shop"), json_of(request),
                                           wall_us, &answer, &refusal);
    if (err != TG_OK) {
        fail_msg("%s", refusal_text(&refusal));
    }
    tg_buf_add_byte(&answer, '\0');
    assert_false(answer.failed);
    assert_int_equal(
        sscanf((const char *)answer.data, "\"ticket\":\"%63[^\"]\"", texts[at]), 1);
    tg_buf_finish(&answer);
    return texts[at];
}

static inline enum tg_err show(const char *ticket, const char *session,
                               const char *origin)
{
    struct tg_credentials credentials = {.ticket = tg_slice_of(ticket),
                                         .session = tg_slice_of(session),
                                         .origin = tg_slice_of(origin)};
    struct tg_admission before = admission;
    enum tg_err err =
        tg_identities_admit(identities, &credentials, wall_us, &admission, &refusal);
    if (err == TG_OK && before.identity != NULL) {
        tg_account_disconnect(before.identity->account);
        tg_identity_unref(before.identity);
    }
    return err;
}

static inline void expect_good(const char *ticket, const char *session,
                               const char *origin)
{
    if (show(ticket, session, origin) != TG_OK) {
        fail_msg("%s", refusal_text(&refusal));
    }
}

static inline void expect_refused(const char *ticket, const char *session,
                                  const char *origin)
{
    assert_int_equal(show(ticket, session, origin), TG_EINVAL);
    assert_string_equal(refusal_text(&refusal),
                        "unauthenticated : this ticket or session token is not good, "
                        "or not any more");
    assert_int_equal(refusal.retry_after_ms, 0);
}

/* The token of the last admission; good until the 8th call from here. */
static inline const char *token(void)
{
    static char texts[8][TG_SESSION_TOKEN_MAX + 1];
    static unsigned at;
    at = (at + 1) % 8;
    strcpy(texts[at], admission.token);
    return texts[at];
}

#define HERE "https://shop.example"
#define USER "{'user':'7','claims':{'user_id':7}}"

#endif
