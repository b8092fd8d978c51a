/* The load tool: N WebSocket subscribers against one server, and what they cost it.
 *
 * Back of the envelope: a delivery costs this side one epoll wake-up shared by several
 * sockets, one read() of some 350 bytes and a search of those bytes: 2 to 3 µs, half of
 * what it costs the sender. So on two cores, one for each side, the server is always the
 * one that is measured. 10,000 subscribers of 0.4 KB are 4 MB here.
 *
 * It shares no code with the gateway: not the codec, not the JSON. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/event.h"
#include "load/commands.h"

enum { LINE_MAX_BYTES = 256 };

struct tool {
    uv_loop_t *loop;
    struct commands *commands;
    uv_poll_t input;
    char line[LINE_MAX_BYTES];
    size_t line_length;
    char **arguments; /* Commands, NULL-terminated; NULL: they come on stdin. */
};

static const char usage[] =
    "usage: load --to DIALECT --port PORT [option]... [COMMAND]...\n"
    "  --to NAME           %s\n"
    "  --port PORT         where it listens on 127.0.0.1\n"
    "  --path PATH         instead of the dialect's own\n"
    "  --publish TARGET    zmq:ENDPOINT, http:PORT/PATH or stream:PORT\n"
    "  --key KEY           ingest key, for zmq\n"
    "  --data-bytes N      size of an event's data, %d to %d (200)\n"
    "  --frame-bytes N     stream: make the whole frame this long\n"
    "  --pids PID,PID,...  the server's processes, to measure them\n"
    "  --opening N         connections opened at a time (64)\n"
    "  --per-address N     connections from each of 127.0.0.1, 127.0.0.2, ... (5000)\n"
    "Commands, one a line on stdin unless given as arguments:\n"
    "  open N | publish N | rate HZ SECONDS | hold SECONDS | memory | quit\n";

static int complain(const char *why, const char *what)
{
    fprintf(stderr, "load: %s%s%s\n", why, what ? ": " : "", what ? what : "");
    fprintf(stderr, usage, dialect_names, EVENT_DATA_MIN, EVENT_DATA_MAX);
    return 2;
}

static void files_raise(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    struct rlimit more = {200000, 200000};
    if (limit.rlim_cur >= more.rlim_cur || setrlimit(RLIMIT_NOFILE, &more) == 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void input_next(void *context);

static void line_do(struct tool *t, const char *line)
{
    if (!t->arguments)
        uv_poll_stop(&t->input);
    if (strcmp(line, "quit") == 0)
        exit(0);
    if (!commands_do(t->commands, line, input_next, t))
        exit(2);
}

static void line_take(struct tool *t)
{
    char *end = memchr(t->line, '\n', t->line_length);
    if (!end)
        return;
    char line[LINE_MAX_BYTES];
    size_t length = (size_t)(end - t->line);
    memcpy(line, t->line, length);
    line[length] = 0;
    t->line_length -= length + 1;
    memmove(t->line, end + 1, t->line_length);
    line_do(t, line);
}

static void on_input(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct tool *t = poll->data;
    ssize_t length = read(0, t->line + t->line_length, sizeof t->line - t->line_length);
    if (length < 0 && errno == EAGAIN)
        return;
    if (length <= 0)
        exit(length == 0 && t->line_length < sizeof t->line ? 0 : 2);
    t->line_length += (size_t)length;
    line_take(t);
}

static void input_next(void *context)
{
    struct tool *t = context;
    if (!t->arguments)
        uv_poll_start(&t->input, UV_READABLE, on_input);
    else if (*t->arguments)
        line_do(t, *t->arguments++);
    else
        exit(0);
}

static bool number(const char *text, unsigned *out, unsigned min, unsigned max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end || value < min || value > max)
        return false;
    *out = (unsigned)value;
    return true;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {
        {"to", 1, NULL, 't'},
        {"port", 1, NULL, 'p'},
        {"path", 1, NULL, 'P'},
        {"publish", 1, NULL, 'u'},
        {"key", 1, NULL, 'k'},
        {"data-bytes", 1, NULL, 'd'},
        {"frame-bytes", 1, NULL, 'f'},
        {"pids", 1, NULL, 's'},
        {"opening", 1, NULL, 'o'},
        {"per-address", 1, NULL, 'a'},
        {NULL, 0, NULL, 0},
    };
    struct commands_options o = {.swarm = {.opening_max = 64, .per_address = 5000},
                                 .publisher = {.data_bytes = 200}};
    int option;
    while ((option = getopt_long(argc, argv, "+", names, NULL)) != -1) {
        bool ok = option != '?';
        if (option == 't')
            ok = (o.swarm.dialect = dialect_get(optarg)) != NULL;
        else if (option == 'p')
            ok = number(optarg, &o.swarm.port, 1, 65535);
        else if (option == 'P')
            o.swarm.path = optarg;
        else if (option == 'u')
            o.publisher.target = optarg;
        else if (option == 'k')
            o.publisher.key = optarg;
        else if (option == 'd')
            ok = number(optarg, &o.publisher.data_bytes, EVENT_DATA_MIN, EVENT_DATA_MAX);
        else if (option == 'f')
            ok = number(optarg, &o.publisher.frame_bytes, EVENT_DATA_MIN + 4,
                        EVENT_DATA_MAX);
        else if (option == 's')
            ok = server_pids_parse(&o.pids, optarg);
        else if (option == 'o')
            ok = number(optarg, &o.swarm.opening_max, 1, 10000);
        else if (option == 'a')
            ok = number(optarg, &o.swarm.per_address, 1, 28000);
        if (!ok)
            return complain("this value can't be used", optarg);
    }
    if (!o.swarm.dialect || !o.swarm.port)
        return complain("--to and --port are needed", NULL);

    files_raise();
    prctl(PR_SET_TIMERSLACK, 1); /* a tick of the fixed rate comes when it is due */
    uv_loop_t *loop = uv_default_loop();
    struct tool t = {.loop = loop, .arguments = optind < argc ? argv + optind : NULL};
    t.commands = commands_create(loop, &o);
    if (!t.commands)
        return 1;
    if (!t.arguments && uv_poll_init(loop, &t.input, 0))
        return complain("commands must come from a pipe or a terminal, or be arguments",
                        NULL);
    t.input.data = &t;
    input_next(&t);
    return uv_run(loop, UV_RUN_DEFAULT);
}
