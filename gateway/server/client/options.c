#include "server/client/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/nearest.h"
#include "server/config/given.h"

/* One option of a command. With `value` it takes one, else `flag` is set. */
struct option {
    const char *name;
    const char **value;
    bool *flag;
};

enum { WORDS_MAX = 2 };

struct reading {
    const struct option *options;
    size_t option_count;
    const char *words[WORDS_MAX]; /* Those that are no options. */
    size_t word_count;
    char *why;
};

static bool fail(struct reading *reading, const char *format, const char *text)
{
    char shown[TG_SHOWN_MAX];
    snprintf(reading->why, TG_OPTIONS_WHY_MAX, format,
             tg_config_show(shown, tg_slice_of(text)));
    return false;
}

static bool unknown_option(struct reading *reading, const char *argument, size_t size)
{
    struct tg_nearest nearest;
    char shown[TG_SHOWN_MAX], text[TG_NEAREST_TEXT_MAX];
    tg_nearest_init(&nearest, tg_slice(argument + 2, size));
    for (size_t i = 0; i < reading->option_count; i++) {
        tg_nearest_offer_dotted(&nearest, tg_slice_of(reading->options[i].name));
    }
    snprintf(reading->why, TG_OPTIONS_WHY_MAX, "there is no option %s%s",
             tg_config_show(shown, tg_slice(argument, size + 2)),
             tg_nearest_text(&nearest, "--", text));
    return false;
}

/* `--name value`, `--name=value` or `--flag`, at `*at`, which moves on. */
static bool read_option(struct reading *reading, int count, char **arguments, int *at)
{
    const char *argument = arguments[(*at)++];
    size_t size = strcspn(argument + 2, "=");
    const char *value = argument[2 + size] == '=' ? argument + 2 + size + 1 : NULL;
    const struct option *option = NULL;
    for (size_t i = 0; i < reading->option_count; i++) {
        if (tg_slice_is(tg_slice(argument + 2, size), reading->options[i].name)) {
            option = &reading->options[i];
        }
    }
    if (option == NULL) {
        return unknown_option(reading, argument, size);
    }
    if (option->flag != NULL) {
        *option->flag = true;
        return value == NULL || fail(reading, "%s takes no value", argument);
    }
    if (value == NULL) {
        value = *at < count ? arguments[(*at)++] : NULL;
    }
    if (value == NULL) {
        return fail(reading, "%s wants a value", argument);
    }
    if (*option->value != NULL) {
        return fail(reading, "%s is given twice", argument);
    }
    *option->value = value;
    return true;
}

static bool read_all(struct reading *reading, int count, char **arguments)
{
    bool options_ended = false;
    for (int at = 0; at < count;) {
        const char *argument = arguments[at];
        if (!options_ended && strcmp(argument, "--") == 0) {
            options_ended = true;
            at++;
        } else if (!options_ended && strncmp(argument, "--", 2) == 0) {
            if (!read_option(reading, count, arguments, &at)) {
                return false;
            }
        } else if (reading->word_count == WORDS_MAX) {
            return fail(reading, "%s is one argument too many", argument);
        } else {
            reading->words[reading->word_count++] = argument;
            at++;
        }
    }
    return true;
}

static bool read_type(struct reading *reading, const char *type)
{
    if (type == NULL) {
        return fail(reading, "wants an event type, such as %s", "board.Order");
    }
    size_t size = strlen(type);
    return (size >= 1 && size <= 128) ||
           fail(reading, "an event type has 1 to 128 characters; got %s", type);
}

static const char ingest_url[] = "http://127.0.0.1:1845";

static bool read_url(struct reading *reading, struct tg_url *url, const char *text,
                     const char *scheme, uint32_t port)
{
    char shown[TG_SHOWN_MAX];
    const char *fault;
    if (tg_url_read(text, scheme, port, url, &fault)) {
        return true;
    }
    snprintf(reading->why, TG_OPTIONS_WHY_MAX, "--url: %s; got %s", fault,
             tg_config_show(shown, tg_slice_of(text)));
    return false;
}

bool tg_publish_options_read(struct tg_publish_options *options, int count,
                             char **arguments, char why[TG_OPTIONS_WHY_MAX])
{
    const char *url = NULL;
    *options = (struct tg_publish_options){0};
    const struct option known[] = {
        {"op", &options->op, NULL}, {"id", &options->id, NULL},
        {"url", &url, NULL},        {"key-file", &options->key_file, NULL},
        {"ca", &options->ca, NULL},
    };
    struct reading reading = {.options = known, .option_count = 5, .why = why};
    if (!read_all(&reading, count, arguments) || !read_type(&reading, reading.words[0])) {
        return false;
    }
    options->type = reading.words[0];
    options->data = reading.words[1];
    if (options->data == NULL) {
        return fail(&reading,
                    "wants the event's data as JSON, or - to read lines of it; "
                    "for example %s",
                    "{\"id\":7}");
    }
    if (options->id != NULL && strcmp(options->data, "-") == 0) {
        return fail(&reading,
                    "an id names one event, not every line of stdin; got --id %s",
                    options->id);
    }
    return read_url(&reading, &options->url, url != NULL ? url : ingest_url, "http", 80);
}

/* No words, and where the gateway is. */
static bool read_manage(struct reading *reading, int count, char **arguments,
                        struct tg_url *url, const char *const *url_text)
{
    if (!read_all(reading, count, arguments)) {
        return false;
    }
    if (reading->word_count != 0) {
        return fail(reading, "%s is one argument too many", reading->words[0]);
    }
    return read_url(reading, url, *url_text != NULL ? *url_text : ingest_url, "http", 80);
}

bool tg_clients_options_read(struct tg_manage_options *options, int count,
                             char **arguments, char why[TG_OPTIONS_WHY_MAX])
{
    const char *url = NULL;
    *options = (struct tg_manage_options){0};
    const struct option known[] = {
        {"user", &options->user, NULL},
        {"client", &options->client, NULL},
        {"type", &options->type, NULL},
        {"json", NULL, &options->json},
        {"key-file", &options->key_file, NULL},
        {"ca", &options->ca, NULL},
        {"url", &url, NULL},
    };
    struct reading reading = {.options = known, .option_count = 7, .why = why};
    return read_manage(&reading, count, arguments, &options->url, &url);
}

bool tg_disconnect_options_read(struct tg_manage_options *options, int count,
                                char **arguments, char why[TG_OPTIONS_WHY_MAX])
{
    const char *url = NULL;
    *options = (struct tg_manage_options){0};
    const struct option known[] = {
        {"user", &options->user, NULL},
        {"client", &options->client, NULL},
        {"ca", &options->ca, NULL},
        {"changed", NULL, &options->changed},
        {"url", &url, NULL},
        {"key-file", &options->key_file, NULL},
    };
    struct reading reading = {.options = known, .option_count = 6, .why = why};
    if (!read_manage(&reading, count, arguments, &options->url, &url)) {
        return false;
    }
    if ((options->user == NULL) == (options->client == NULL)) {
        snprintf(why, TG_OPTIONS_WHY_MAX, "wants either --user USER or --client ID");
        return false;
    }
    return true;
}

/* "5be1f6c2d0a94e73:42" */
static bool read_since(struct reading *reading, struct tg_tail_options *options,
                       const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t epoch = colon == NULL ? 0 : (size_t)(colon - text);
    size_t digits = colon == NULL ? 0 : strspn(colon + 1, "0123456789");
    if (epoch == 0 || epoch > TG_EPOCH_MAX || digits == 0 || digits > 16 ||
        colon[1 + digits] != '\0') {
        return fail(reading, "--since wants EPOCH:OFFSET, as tail shows it; got %s",
                    text);
    }
    memcpy(options->since_epoch, text, epoch);
    options->since_offset = strtoll(colon + 1, NULL, 10);
    options->has_since = true;
    return true;
}

static bool read_count(struct reading *reading, uint64_t *count, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0' ||
        strtoull(text, NULL, 10) == 0) {
        return fail(reading, "--count wants a whole number from 1; got %s", text);
    }
    *count = strtoull(text, NULL, 10);
    return true;
}

bool tg_tail_options_read(struct tg_tail_options *options, int count, char **arguments,
                          char why[TG_OPTIONS_WHY_MAX])
{
    const char *url = NULL, *since = NULL, *number = NULL;
    *options = (struct tg_tail_options){0};
    const struct option known[] = {
        {"url", &url, NULL},
        {"json", NULL, &options->json},
        {"since", &since, NULL},
        {"count", &number, NULL},
        {"where", &options->where, NULL},
        {"claims", &options->claims, NULL},
        {"ticket-file", &options->ticket, NULL},
        {"ca", &options->ca, NULL},
    };
    struct reading reading = {.options = known, .option_count = 8, .why = why};
    if (!read_all(&reading, count, arguments) || !read_type(&reading, reading.words[0])) {
        return false;
    }
    options->type = reading.words[0];
    if (options->claims != NULL && options->ticket != NULL) {
        return fail(&reading,
                    "a ticket says what is known of a client, so %s are too much",
                    "--claims");
    }
    if (options->where != NULL && options->where[0] == '\0') {
        return fail(&reading, "--where wants a query, such as %s",
                    "status == \"paid\" && total > 100");
    }
    if (reading.word_count > 1) {
        return fail(&reading, "%s is one argument too many", reading.words[1]);
    }
    if ((since != NULL && !read_since(&reading, options, since)) ||
        (number != NULL && !read_count(&reading, &options->count, number)) ||
        !read_url(&reading, &options->url, url != NULL ? url : "ws://127.0.0.1:1844",
                  "ws", 80)) {
        return false;
    }
    if (options->url.path[0] == '\0' || strcmp(options->url.path, "/") == 0) {
        strcpy(options->url.path, "/v1/websocket");
    }
    return true;
}

static bool read_what(struct reading *reading, const char *what)
{
    static const char *const known[] = {"check", "explain", "eval"};
    for (size_t i = 0; what != NULL && i < sizeof known / sizeof *known; i++) {
        if (strcmp(what, known[i]) == 0) {
            return true;
        }
    }
    return what == NULL ? fail(reading, "wants %s, explain or eval, and a query", "check")
                        : fail(reading, "wants check, explain or eval; got %s", what);
}

bool tg_query_options_read(struct tg_query_options *options, int count, char **arguments,
                           char why[TG_OPTIONS_WHY_MAX])
{
    *options = (struct tg_query_options){0};
    const struct option known[] = {
        {"schema", &options->schema, NULL}, {"type", &options->type, NULL},
        {"event", &options->event, NULL},   {"claims", &options->claims, NULL},
        {"rule", &options->rule, NULL},
    };
    struct reading reading = {.options = known, .option_count = 5, .why = why};
    if (!read_all(&reading, count, arguments) || !read_what(&reading, reading.words[0])) {
        return false;
    }
    options->what = reading.words[0];
    options->text = reading.words[1];
    bool is_eval = strcmp(options->what, "eval") == 0;
    if (options->text == NULL || options->text[0] == '\0') {
        return fail(&reading, "wants a query, such as %s", "total > 100");
    }
    if (options->schema == NULL && (!is_eval || options->event != NULL)) {
        return fail(&reading, "wants %s, a file with a catalogue document or one type",
                    "--schema");
    }
    if (is_eval && options->schema != NULL && options->event == NULL) {
        return fail(&reading, "wants %s, a file with an event as it is published",
                    "--event");
    }
    if (!is_eval && options->event != NULL) {
        return fail(&reading, "looks at no event; got --event %s", options->event);
    }
    return true;
}
