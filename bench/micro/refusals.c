/* Can the time of a refusal tell what was wrong with a ticket? Tickets of each kind that
 * is no good, each of them shown once, all kinds in turns, so that whatever else the
 * machine does meets them alike; the medians and quartiles of the clock's nanoseconds are
 * told.
 *
 * What would tell: a kind whose quartiles lie outside those of the others. A lookup that
 * finds something touches memory that one which finds nothing does not; that is tens of
 * nanoseconds, under the noise of a network by three orders of magnitude. */
#include "server/identity/identities.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Expired tickets are swept, four at a time, by each call, whatever is shown in it:
 * enough of them that those shown are still there, from the newest on. */
enum { ROUNDS = 4000, EXPIRED = 26 * ROUNDS, TICKET_SIZE = 47 };

typedef char ticket[TICKET_SIZE + 1];

struct kind {
    const char *name;
    const char *origin;
    ticket *tickets;
    int64_t ns[ROUNDS];
};

static struct tg_config config = {
    .tickets = {.life_ms = 300000, .waiting_max = 200000},
    .sessions = {.life_ms = 43200000,
                 .grace_ms = 10000,
                 .sessions_max = 100000,
                 .user_max = 100},
    .tokens = {.life_max_ms = 300000, .skew_ms = 5000, .signed_max = 1000},
};
static struct tg_identities *identities;

static const char own[] = "https://shop.example";
static int64_t later_us; /* So much later it is for the gateway. */

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t wall_us(void)
{
    return clock_ns(CLOCK_REALTIME) / 1000;
}

static int64_t steady_us(void)
{
    return clock_ns(CLOCK_MONOTONIC) / 1000 + later_us;
}

static void make_ticket(const char *more, ticket text)
{
    struct tg_buf request = {0}, answer = {0};
    struct tg_refusal refusal;
    tg_buf_printf(&request, "{\"user\":\"7\",\"origin\":\"%s\"%s}", own, more);
    if (tg_identities_ticket(identities, TG_LIT("shop"), tg_buf_slice(&request),
                             wall_us(), &answer, &refusal) != TG_OK) {
        fprintf(stderr, "%s\n", refusal.message);
        exit(1);
    }
    memcpy(text, answer.data + strlen("\"ticket\":\""), TICKET_SIZE);
    text[TICKET_SIZE] = '\0';
    tg_buf_finish(&request);
    tg_buf_finish(&answer);
}

static bool admitted(const char *shown, const char *origin, int64_t *ns)
{
    struct tg_admission admission;
    struct tg_refusal refusal;
    const struct tg_credentials credentials = {.ticket = tg_slice_of(shown),
                                               .origin = tg_slice_of(origin)};
    int64_t now_us = wall_us();
    int64_t began_ns = clock_ns(CLOCK_MONOTONIC);
    bool taken = tg_identities_admit(identities, &credentials, now_us, &admission,
                                     &refusal) == TG_OK;
    *ns = clock_ns(CLOCK_MONOTONIC) - began_ns;
    if (taken) {
        tg_account_disconnect(admission.identity->account);
        tg_identity_unref(admission.identity);
    }
    return taken;
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void tell(struct kind *kind)
{
    qsort(kind->ns, ROUNDS, sizeof *kind->ns, by_size);
    printf("%-18s median %5lld ns, half of all between %5lld and %5lld\n", kind->name,
           (long long)kind->ns[ROUNDS / 2], (long long)kind->ns[ROUNDS / 4],
           (long long)kind->ns[ROUNDS / 4 * 3]);
}

enum { MADE_UP, FORGED, CUT, SPENT, ELSEWHERE, TOO_LATE, KINDS };

static struct kind kinds[KINDS] = {
    {.name = "made up", .origin = own},
    {.name = "forged at its end", .origin = own},
    {.name = "cut short", .origin = own},
    {.name = "spent", .origin = own},
    {.name = "of another Origin", .origin = "https://evil.example"},
    {.name = "expired", .origin = own},
};

static void make_tickets(void)
{
    int64_t ns;
    for (int kind = 0; kind < KINDS; kind++) {
        int count = kind == TOO_LATE ? EXPIRED : ROUNDS;
        kinds[kind].tickets = calloc(EXPIRED, sizeof(ticket));
        for (int i = 0; kinds[kind].tickets != NULL && i < count; i++) {
            make_ticket(kind == TOO_LATE ? ",\"life_ms\":100000" : "",
                        kinds[kind].tickets[i]);
        }
    }
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(kinds[MADE_UP].tickets[i], sizeof(ticket), "tgt_%043d", i);
        char *last = &kinds[FORGED].tickets[i][TICKET_SIZE - 2];
        *last = *last == 'A' ? 'B' : 'A';
        kinds[CUT].tickets[i][TICKET_SIZE - 8] = '\0';
        if (!admitted(kinds[SPENT].tickets[i], own, &ns)) {
            exit(1);
        }
    }
}

static void show(int kind, int round)
{
    int index = kind == TOO_LATE ? EXPIRED - 1 - round : round;
    if (admitted(kinds[kind].tickets[index], kinds[kind].origin,
                 &kinds[kind].ns[round])) {
        fprintf(stderr, "a ticket that is %s was taken\n", kinds[kind].name);
        exit(1);
    }
}

int main(void)
{
    static const struct tg_identities_hooks hooks = {.steady_us = steady_us};
    char why[300] = "";
    identities = tg_identities_open(&config, &hooks, wall_us(), why, sizeof why);
    if (identities == NULL) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    make_tickets();
    later_us = 150 * INT64_C(1000000);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < KINDS; i++) {
            /* Each round begins with another kind: none always follows the same. */
            show((i + round) % KINDS, round);
        }
    }
    for (int i = 0; i < KINDS; i++) {
        tell(&kinds[i]);
        free(kinds[i].tickets);
    }
    tg_identities_close(identities);
    return 0;
}
