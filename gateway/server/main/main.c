#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/base/buf.h"
#include "engine/base/map.h"
#include "server/client/client.h"
#include "server/client/show.h"
#include "server/config/config.h"
#include "server/config/given.h"
#include "server/config/settings.h"
#include "server/log/log.h"
#include "server/main/check.h"
#include "server/main/keys.h"
#include "server/main/query.h"
#include "server/main/types.h"
#include "server/process/process.h"
#include "server/serve/serve.h"

/* What the shell gets. */
enum { DONE = 0, FAILED = 1, MISUSED = 2 };

static int serve(int count, char **arguments);
static int check(int count, char **arguments);
static int version(int count, char **arguments);
static int help(int count, char **arguments);

static const char serve_usage[] =
    "usage: telegraphy serve [--config FILE] [SETTINGS]\n"
    "\n"
    "Run the gateway until SIGTERM or SIGINT. It needs no configuration: clients "
    "connect\n"
    "to ws://127.0.0.1:1844/v1/websocket, applications publish to port 1845. Settings "
    "may\n"
    "come from a YAML file and from flags, which are stronger.\n"
    "\n";

static const char check_usage[] =
    "usage: telegraphy check [--config FILE] [SETTINGS]\n"
    "\n"
    "Name every mistake of a configuration, with its file, line and column, and start\n"
    "nothing. Ends with 0 if there is none, else with 1. Takes the settings of serve.\n";

static const char version_usage[] = "usage: telegraphy version\n"
                                    "\n"
                                    "Say which version this is.\n";

static const char help_usage[] =
    "usage: telegraphy help [COMMAND | configuration]\n"
    "\n"
    "Say more about a command, or print a configuration file with every setting at its\n"
    "default.\n";

static const struct command {
    const char *name;
    const char *summary;
    const char *usage;
    int (*run)(int count, char **arguments);
} commands[] = {
    {"serve", "run the gateway", serve_usage, serve},
    {"check", "name every mistake of a configuration, start nothing", check_usage, check},
    {"publish", "publish an event, or one for each line of a file", tg_publish_usage,
     tg_publish_main},
    {"tail", "show the events of a type as they come", tg_tail_usage, tg_tail_main},
    {"clients", "list who is connected", tg_clients_usage, tg_clients_main},
    {"disconnect", "end sessions and connections of a user or client",
     tg_disconnect_usage, tg_disconnect_main},
    {"query", "check, explain or try a query, without a gateway", tg_query_usage,
     tg_query_main},
    {"types", "tell event types from their documents, as JSON or TypeScript",
     tg_types_usage, tg_types_main},
    {"keys", "make keys for publishers on other machines", tg_keys_usage, tg_keys_main},
    {"version", "say which version this is", version_usage, version},
    {"help", "say more about a command", help_usage, help},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void usage(FILE *to)
{
    fprintf(to,
            "telegraphy %s: real-time events for web applications\n\n"
            "usage: telegraphy COMMAND [OPTIONS]\n\n",
            TG_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(to, "\ntelegraphy help COMMAND says more;"
                " telegraphy help configuration shows every setting.\n");
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int unknown_command(const char *name)
{
    struct tg_nearest nearest;
    char text[TG_NEAREST_TEXT_MAX], shown[TG_SHOWN_MAX];
    tg_nearest_init(&nearest, tg_slice_of(name));
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        tg_nearest_offer_dotted(&nearest, tg_slice_of(commands[i].name));
    }
    fprintf(stderr,
            "telegraphy: there is no command %s%s\n"
            "telegraphy: telegraphy help lists them\n",
            tg_config_show(shown, tg_slice_of(name)),
            tg_nearest_text(&nearest, "", text));
    return MISUSED;
}

/* What was written to stdout counts only if it got there. */
static int written(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? DONE : FAILED;
}

static int print(struct tg_buf *buf)
{
    bool whole = !buf->failed && fwrite(buf->data, 1, buf->size, stdout) == buf->size;
    tg_buf_finish(buf);
    return whole ? written() : FAILED;
}

static int say_usage(const struct command *command)
{
    fputs(command->usage, stdout);
    if (command->run != serve) {
        return written();
    }
    struct tg_buf flags = {0};
    tg_buf_add_text(&flags, "  --config FILE\n      read settings from this YAML file\n");
    tg_settings_help(&flags);
    tg_buf_add_text(&flags, "\nKeys come from the file or from $TELEGRAPHY_INGEST_KEYS, "
                            "never from a flag.\n");
    return print(&flags);
}

static int version(int count, char **arguments)
{
    (void)count;
    (void)arguments;
    printf("telegraphy %s\n", TG_VERSION);
    return written();
}

static int help(int count, char **arguments)
{
    if (count == 0) {
        usage(stdout);
        return written();
    }
    if (strcmp(arguments[0], "configuration") == 0) {
        struct tg_buf yaml = {0};
        tg_settings_yaml(&yaml);
        return print(&yaml);
    }
    const struct command *command = find(arguments[0]);
    return command != NULL ? say_usage(command) : unknown_command(arguments[0]);
}

/* A mistake in the file stands at its place, as compilers write it; one elsewhere is ours
 * to say. */
static void say(const struct tg_config *config, const char *kind, const char *text)
{
    size_t size = config->file != NULL ? strlen(config->file) : 0;
    bool has_place = size != 0 && strncmp(text, config->file, size) == 0 &&
                     text[size] == ':';
    fprintf(stderr, "%s%s%s\n", has_place ? "" : "telegraphy: ", kind, text);
}

/* Read the configuration and say what is wrong with it. */
static enum tg_err load(struct tg_config *config, int count, char **arguments,
                        struct tg_mistakes *mistakes)
{
    struct tg_config_input input = {count, arguments, NULL};
    enum tg_err err = tg_config_load(config, &input, mistakes);
    size_t said = 0;
    for (size_t i = 0; i < mistakes->count; i++) {
        if (!mistakes->items[i].warning) {
            say(config, "", mistakes->items[i].text);
            said++;
        }
    }
    if (err != TG_OK) {
        if (said < mistakes->errors) {
            fprintf(stderr, "telegraphy: and %zu more\n", mistakes->errors - said);
        }
        fprintf(stderr, "telegraphy: the configuration has %zu mistake%s\n",
                mistakes->errors, mistakes->errors == 1 ? "" : "s");
    }
    return err;
}

static int check(int count, char **arguments)
{
    struct tg_config config;
    struct tg_mistakes mistakes;
    bool right = load(&config, count, arguments, &mistakes) == TG_OK;
    for (size_t i = 0; i < mistakes.count; i++) {
        if (mistakes.items[i].warning) {
            say(&config, "warning: ", mistakes.items[i].text);
        }
    }
    if (right) {
        struct tg_buf err = {0};
        right = tg_check_runtime_dir(&config, &err) && right;
        right = tg_check_certificate(&config, &err) && right;
        right = tg_check_curve(&config, &err) && right;
        right = tg_check_catalogues(&config, &err) && right;
        tg_show_out(&err, stderr);
        tg_buf_finish(&err);
    }
    int result = right ? DONE : FAILED;
    if (right) {
        printf("telegraphy: %s is right\n",
               config.file != NULL ? config.file : "the configuration");
        result = written();
    }
    tg_mistakes_finish(&mistakes);
    tg_config_finish(&config);
    return result;
}

static int serve(int count, char **arguments)
{
    struct tg_config config;
    struct tg_mistakes mistakes;
    int result = FAILED;
    if (load(&config, count, arguments, &mistakes) == TG_OK) {
        tg_log_setup(config.log.level, config.log.format);
        for (size_t i = 0; i < mistakes.count; i++) {
            tg_warn("config.risk", TG_F("what", mistakes.items[i].text));
        }
        result = tg_serve(&config);
        tg_log_tick(true);
    }
    tg_mistakes_finish(&mistakes);
    tg_config_finish(&config);
    return result;
}

/* What holds for every command: nothing of ours is open to other users, no secret gets
 * into a core dump, and a reader that went away is an error of write, not our end. */
static bool harden(void)
{
    uint64_t seed;
    tg_process_close_up();
    signal(SIGPIPE, SIG_IGN);
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        fprintf(stderr, "telegraphy: the system gives no random numbers\n");
        return false;
    }
    tg_hash_seed(seed);
    return true;
}

static bool wants_help(int count, char **arguments)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    if (!harden()) {
        return FAILED;
    }
    if (argc < 2) {
        usage(stderr);
        return MISUSED;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    } else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        name = "version";
    }
    const struct command *command = find(name);
    if (command == NULL) {
        return unknown_command(name);
    }
    if (wants_help(argc - 2, argv + 2)) {
        return say_usage(command);
    }
    return command->run(argc - 2, argv + 2);
}
