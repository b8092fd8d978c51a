/* How long it takes to admit a client: by ticket, by session, and how long a
 * refusal takes; with 100,000 sessions in memory, written to a file or not.
 *
 * Back of the envelope: a session needs two HMACs over 21 bytes (four blocks of SHA-256
 * and what OpenSSL does around it, 0.7 us each), a lookup that misses the cache a few
 * times, and a lock: 2 us. A storm of 10,000 is 20 ms of one core.
 *
 * Times are of this thread's CPU; of closing, which waits for the one that writes, by
 * the clock. */
#include "server/identity/identities.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/mem.h"

enum { SESSIONS = 100000, STORM = 10000, USER_MAX = 100 };

static struct tg_config config = {
    .tickets = {.life_ms = 300000, .waiting_max = 2 * SESSIONS},
    .sessions = {.life_ms = 43200000,
                 .grace_ms = 10000,
                 .sessions_max = 2 * SESSIONS,
                 .user_max = USER_MAX},
    .tokens = {.life_max_ms = 300000, .skew_ms = 5000, .signed_max = SESSIONS},
    .clients = {.port = 1844},
};
static struct tg_identities *identities;
static char (*tickets)[64];
static char (*tokens)[TG_SESSION_TOKEN_MAX + 1];

static int64_t now_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool admit(const char *ticket, const char *session, char *token)
{
    struct tg_admission admission;
    struct tg_refusal refusal;
    const struct tg_credentials credentials = {.ticket = tg_slice_of(ticket),
                                               .session = tg_slice_of(session),
                                               .origin = TG_LIT("https://shop.example")};
    if (tg_identities_admit(identities, &credentials, now_us(CLOCK_REALTIME), &admission,
                            &refusal) != TG_OK) {
        return false;
    }
    tg_account_disconnect(admission.identity->account);
    tg_identity_unref(admission.identity);
    strcpy(token, admission.token);
    return true;
}

static void make_ticket(int user, char text[64])
{
    char request[250];
    snprintf(request, sizeof request,
             "{\"user\":\"%d\",\"claims\":{\"user_id\":%d,\"is_staff\":false,\"groups\":"
             "[\"support\"]},\"session\":\"9b74c9897bac770ffc029102a200c5de\","
             "\"origin\":\"https://shop.example\"}",
             user, user);
    struct tg_buf answer = {0};
    struct tg_refusal refusal;
    if (tg_identities_ticket(identities, TG_LIT("shop"), tg_slice_of(request),
                             now_us(CLOCK_REALTIME), &answer, &refusal) != TG_OK) {
        fprintf(stderr, "%s\n", refusal.message);
        exit(1);
    }
    memcpy(text, answer.data + strlen("\"ticket\":\""), 47);
    text[47] = '\0';
    tg_buf_finish(&answer);
}

static void tell(const char *what, int64_t began_us, int count)
{
    int64_t us = now_us(CLOCK_THREAD_CPUTIME_ID) - began_us;
    printf("%-40s %6.2f us each, %d in %.1f ms\n", what, (double)us / count, count,
           (double)us / 1000);
}

static void must(bool right)
{
    if (!right) {
        fprintf(stderr, "a client was not admitted as it should\n");
        exit(1);
    }
}

static void run(const char *where)
{
    static const struct tg_identities_hooks hooks = {0};
    char why[300] = "", none[TG_SESSION_TOKEN_MAX + 1];
    identities =
        tg_identities_open(&config, &hooks, now_us(CLOCK_REALTIME), why, sizeof why);
    if (identities == NULL) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    printf("sessions %s\n", where);
    int64_t began_us = now_us(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < SESSIONS; i++) {
        make_ticket(i / USER_MAX, tickets[i]);
    }
    tell("  a ticket is made", began_us, SESSIONS);
    began_us = now_us(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < SESSIONS; i++) {
        must(admit(tickets[i], "", tokens[i]));
    }
    tell("  a client is admitted by ticket", began_us, SESSIONS);
    began_us = now_us(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < STORM; i++) {
        must(admit("", tokens[i], tokens[i]));
    }
    tell("  a client is admitted by session", began_us, STORM);
    began_us = now_us(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < STORM; i++) {
        must(!admit(tickets[i], "", none));
    }
    tell("  a ticket is refused", began_us, STORM);
    tokens[0][40] = tokens[0][40] == 'A' ? 'B' : 'A';
    began_us = now_us(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < STORM; i++) {
        must(!admit("", tokens[0], none));
    }
    tell("  a session is refused", began_us, STORM);
    began_us = now_us(CLOCK_MONOTONIC);
    tg_identities_close(identities);
    printf("%-40s %6.1f ms by the clock\n", "  closing",
           (double)(now_us(CLOCK_MONOTONIC) - began_us) / 1000);
}

int main(void)
{
    static char runtime_dir[] = "/tmp/telegraphy-bench-XXXXXX";
    static const char *const names[] = {"sessions-1844.db", "sessions-1844.key"};
    static const struct tg_identities_hooks hooks = {0};
    char why[300] = "";
    tickets = calloc(SESSIONS, sizeof *tickets);
    tokens = calloc(SESSIONS, sizeof *tokens);
    if (mkdtemp(runtime_dir) == NULL || tickets == NULL || tokens == NULL) {
        return 1;
    }
    run("in memory");
    config.runtime_dir = runtime_dir;
    config.sessions.keep = true;
    run("in a file");
    int64_t began_us = now_us(CLOCK_THREAD_CPUTIME_ID);
    identities =
        tg_identities_open(&config, &hooks, now_us(CLOCK_REALTIME), why, sizeof why);
    must(identities != NULL);
    tell("  opening, per session", began_us, SESSIONS);
    must(admit("", tokens[1], tokens[1]));
    tg_identities_close(identities);
    for (size_t i = 0; i < 2; i++) {
        char path[100];
        snprintf(path, sizeof path, "%s/%s", runtime_dir, names[i]);
        unlink(path);
    }
    return rmdir(runtime_dir) == 0 ? 0 : 1;
}
