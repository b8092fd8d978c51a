/* The storm: clients with sessions lose their gateway and come back all at once.
 *
 * Told one line at a time on stdin, each answered by one line of JSON on stdout:
 *
 *   join     ask the gateway for a ticket for each, connect, subscribe
 *   lose     wait until the gateway has closed all of them
 *   return   all at once: connect with the sessions' tokens, subscribe
 *   quit
 *
 * What the clients cost is on the second core; all of it together must be less than what
 * the gateway's own work takes, or the figures are of this tool: `load_cpu_us` says. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zmq.h>

#include "storm/clients.h"

enum { TICKET_MAX = 64, WINDOW = 100, ANSWER_MS_MAX = 10000, PATIENCE_S = 60 };

struct storm {
    unsigned count;
    const char *endpoint, *key;
    struct clients *clients;
    char (*tickets)[TICKET_MAX];
};

static const char *ticket(void *context, unsigned index)
{
    return ((struct storm *)context)->tickets[index];
}

static bool send_request(const struct storm *s, void *socket, unsigned index)
{
    char header[512], body[128];
    int header_size = snprintf(header, sizeof header,
                               "{\"kind\":\"ticket\",\"id\":%u,\"key\":\"%s\"}", index,
                               s->key);
    int size = snprintf(
        body, sizeof body,
        "{\"user\":\"%u\",\"claims\":{\"user_id\":%u},\"life_ms\":300000}", index, index);
    return zmq_send(socket, header, (size_t)header_size, ZMQ_SNDMORE) >= 0 &&
           zmq_send(socket, body, (size_t)size, 0) >= 0;
}

static bool take_answer(const struct storm *s, void *socket)
{
    char answer[1024];
    int size = zmq_recv(socket, answer, sizeof answer - 1, 0);
    if (size < 0 || size >= (int)sizeof answer)
        return false;
    answer[size] = 0;
    const char *id = strstr(answer, "\"id\":");
    const char *text = strstr(answer, "\"ticket\":\"");
    unsigned long index = id ? strtoul(id + 5, NULL, 10) : s->count;
    if (!text || index >= s->count) {
        fprintf(stderr, "storm: no ticket: %.300s\n", answer);
        return false;
    }
    sscanf(text + 10, "%63[^\"]", s->tickets[index]);
    return true;
}

static bool get_tickets(const struct storm *s)
{
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_DEALER);
    int patience = ANSWER_MS_MAX, none = 0;
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_connect(socket, s->endpoint);
    bool ok = true;
    for (unsigned sent = 0, done = 0; ok && done < s->count; done++) {
        while (ok && sent < s->count && sent - done < WINDOW)
            ok = send_request(s, socket, sent++);
        ok = ok && take_answer(s, socket);
    }
    zmq_close(socket);
    zmq_ctx_term(context);
    return ok;
}

static double own_cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void print_quantiles(const char *name, const struct histogram *h)
{
    printf(",\"%s_ms\":{\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f}", name,
           (double)histogram_quantile_ns(h, 0.5) / 1e6,
           (double)histogram_quantile_ns(h, 0.99) / 1e6, (double)h->max_ns / 1e6);
}

static void open_all(struct storm *s, const char *name, ticket_of *how, unsigned at_once)
{
    double before_us = own_cpu_us();
    double seconds = clients_open(s->clients, how, s, at_once, PATIENCE_S);
    const struct clients_counts *counts = clients_counts_get(s->clients);
    printf("{\"do\":\"%s\",\"seconds\":%.3f,\"ready\":%u,\"refused\":%u,\"ended\":%u,"
           "\"strangers\":%u,\"load_cpu_us\":%.0f",
           name, seconds, counts->ready, counts->refused, counts->ended,
           counts->strangers, own_cpu_us() - before_us);
    print_quantiles("handshake", &counts->handshake);
    print_quantiles("subscribed", &counts->subscribed);
    printf("}\n");
}

static bool carry_out(struct storm *s, const char *line)
{
    if (strcmp(line, "join\n") == 0) {
        if (!get_tickets(s))
            return false;
        open_all(s, "join", ticket, 500);
    } else if (strcmp(line, "return\n") == 0) {
        open_all(s, "return", NULL, s->count);
    } else if (strcmp(line, "lose\n") == 0) {
        bool lost = clients_lose(s->clients, PATIENCE_S);
        printf("{\"do\":\"lose\",\"left\":%u}\n", clients_counts_get(s->clients)->ready);
        return lost;
    } else {
        fprintf(stderr, "storm: join, lose, return or quit is meant, not %s", line);
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"port", 1, NULL, 'p'},    {"zmq", 1, NULL, 'z'}, {"key", 1, NULL, 'k'},
        {"clients", 1, NULL, 'c'}, {NULL, 0, NULL, 0},
    };
    struct storm s = {.count = 10000};
    unsigned port = 0;
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option == 'p')
            port = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'z')
            s.endpoint = optarg;
        else if (option == 'k')
            s.key = optarg;
        else if (option == 'c')
            s.count = (unsigned)strtoul(optarg, NULL, 10);
    }
    if (!port || !s.endpoint || !s.key || !s.count) {
        fprintf(stderr,
                "usage: storm --port PORT --zmq ENDPOINT --key KEY [--clients N]\n");
        return 2;
    }
    struct rlimit files = {200000, 200000};
    if (setrlimit(RLIMIT_NOFILE, &files)) {
        getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    s.clients = clients_create(port, s.count);
    s.tickets = calloc(s.count, sizeof *s.tickets);
    if (!s.tickets)
        abort();
    char line[64];
    while (fgets(line, sizeof line, stdin) && strcmp(line, "quit\n") != 0) {
        if (!carry_out(&s, line))
            return 1;
        fflush(stdout);
    }
    return 0;
}
