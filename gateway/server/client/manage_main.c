#include <stdio.h>

#include "server/client/ask.h"
#include "server/client/client.h"
#include "server/client/manage.h"
#include "server/client/show.h"

const char tg_clients_usage[] =
    "usage: telegraphy clients [--user USER] [--client ID] [--type TYPE] [--json]\n"
    "\n"
    "List who is connected, of the key's application: a line for each connection with "
    "its\n"
    "number, client, user, address, program and since when, then its subscriptions.\n"
    "\n"
    "  --user USER      only this user's\n"
    "  --client ID      only this client's, such as c-7f31c0de9b2a44d1\n"
    "  --type TYPE      only the subscribers of this event type\n"
    "  --json           each connection as the JSON object that the gateway gives\n"
    "  --url URL, --ca FILE, --key-file FILE   as of telegraphy publish; the key needs "
    "the\n"
    "                   role manage\n";

const char tg_disconnect_usage[] =
    "usage: telegraphy disconnect (--user USER | --client ID) [--changed]\n"
    "\n"
    "End what a user, or one client, is to the gateway: sessions are over, tickets no "
    "good,\n"
    "connections closed.\n"
    "\n"
    "  --user USER      all of this user's\n"
    "  --client ID      this client's, such as c-7f31c0de9b2a44d1\n"
    "  --changed        they may come back at once, with a new ticket\n"
    "  --url URL, --ca FILE, --key-file FILE   as of telegraphy publish; the key needs "
    "the\n"
    "                   role manage\n";

/* One run of either command. */
struct run {
    struct tg_manage_options options;
    struct tg_ask ask;
    struct tg_buf request;
    struct tg_buf text; /* A path or a body. */
    struct tg_buf out;
    struct tg_buf err;
};

static void wipe(struct tg_buf *request)
{
    if (request->size != 0) {
        explicit_bzero(request->data, request->size);
    }
    tg_buf_clear(request);
}

/* Send the request, and say what came of it. */
static bool send_request(struct run *run, uint64_t *after)
{
    bool done = false;
    if (run->request.failed || run->text.failed) {
        tg_buf_add_text(&run->err, "telegraphy: out of memory\n");
    } else if (tg_ask_open(&run->ask, &run->err)) {
        const char *what = tg_ask_send(&run->ask, tg_buf_slice(&run->request));
        if (what == NULL) {
            done = tg_manage_answer(&run->options, run->ask.status,
                                    tg_buf_slice(&run->ask.answer), after, &run->out,
                                    &run->err);
        } else {
            tg_buf_printf(&run->err, "telegraphy: no answer from %s: %s\n",
                          run->options.url.authority, what);
        }
    }
    wipe(&run->request);
    tg_show_out(&run->err, stderr);
    tg_show_out(&run->out, stdout);
    return fflush(stdout) == 0 && done;
}

static bool list_clients(struct run *run)
{
    uint64_t after = 0;
    do {
        tg_buf_clear(&run->text);
        tg_manage_clients_path(&run->options, after, &run->text);
        tg_ask_head(&run->options.url, run->ask.key, "GET", tg_buf_slice(&run->text),
                    NULL, 0, &run->request);
        if (!send_request(run, &after)) {
            return false;
        }
    } while (after != 0);
    return true;
}

static bool disconnect(struct run *run)
{
    uint64_t after = 0;
    tg_manage_disconnect_body(&run->options, &run->text);
    tg_ask_head(&run->options.url, run->ask.key, "POST", TG_LIT("/api/v1/disconnect"),
                "application/json", run->text.size, &run->request);
    tg_buf_add_slice(&run->request, tg_buf_slice(&run->text));
    return send_request(run, &after);
}

static int manage(struct run *run, bool (*act)(struct run *run))
{
    const struct tg_manage_options *options = &run->options;
    bool done = tg_ask_begin(&run->ask, &options->url, options->key_file, options->ca) &&
                act(run);
    tg_ask_finish(&run->ask);
    tg_buf_finish(&run->request);
    tg_buf_finish(&run->text);
    tg_buf_finish(&run->out);
    tg_buf_finish(&run->err);
    return done ? 0 : 1;
}

int tg_clients_main(int count, char **arguments)
{
    struct run run = {0};
    char why[TG_OPTIONS_WHY_MAX];
    if (!tg_clients_options_read(&run.options, count, arguments, why)) {
        fprintf(stderr, "telegraphy: clients: %s\n", why);
        return 2;
    }
    return manage(&run, list_clients);
}

int tg_disconnect_main(int count, char **arguments)
{
    struct run run = {0};
    char why[TG_OPTIONS_WHY_MAX];
    if (!tg_disconnect_options_read(&run.options, count, arguments, why)) {
        fprintf(stderr, "telegraphy: disconnect: %s\n", why);
        return 2;
    }
    return manage(&run, disconnect);
}
