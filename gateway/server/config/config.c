#include "server/config/config.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/config/load.h"
#include "server/config/runtime.h"

void tg_load_set(struct load *load, const struct tg_setting *setting,
                 const struct tg_given *given, const char *base)
{
    load->places[tg_setting_index(setting)] = given->place;
    tg_setting_set(load->config, setting, given, base, load->mistakes);
}

void tg_load_no_memory(struct load *load, struct tg_place place)
{
    tg_mistake(load->mistakes, place, NULL, "out of memory");
    load->mistakes->lost = true;
}

static void set_defaults(struct load *load)
{
    struct tg_place place = {"default", 0, 0};
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        const char *fallback = tg_settings[i].fallback;
        struct tg_given *given = strcmp(fallback, "[]") == 0
                                     ? tg_given_list(place)
                                     : tg_given_text(place, tg_slice_of(fallback));
        if (given == NULL) {
            tg_load_no_memory(load, place);
            return;
        }
        tg_load_set(load, &tg_settings[i], given, NULL);
        tg_given_destroy(given);
    }
}

static void unknown_setting(struct load *load, const struct tg_given *given,
                            const char *path)
{
    struct tg_nearest nearest;
    char shown[TG_SHOWN_MAX], text[TG_NEAREST_TEXT_MAX];
    tg_config_show(shown, tg_slice_of(path));
    const char *dot = strchr(path, '.');
    if (dot != NULL && tg_setting_find(tg_slice_of(path)) != NULL) {
        tg_mistake(load->mistakes, given->name_place, NULL,
                   "write %s: under %.*s:, on a line "
                   "of its own",
                   dot + 1, (int)(dot - path), path);
        return;
    }
    tg_nearest_init(&nearest, tg_slice_of(path));
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        const char *setting = tg_settings[i].path;
        const char *end = strchr(setting, '.');
        bool new_section = end != NULL &&
                           (i == 0 || strncmp(tg_settings[i - 1].path, setting,
                                              (size_t)(end - setting) + 1) != 0);
        if (new_section && dot == NULL) {
            tg_nearest_offer_dotted(&nearest, tg_slice(setting, (size_t)(end - setting)));
        }
        tg_nearest_offer_dotted(&nearest, tg_slice_of(setting));
    }
    tg_mistake(load->mistakes, given->name_place, NULL, "there is no setting %s%s", shown,
               tg_nearest_text(&nearest, "", text));
}

static void set_section(struct load *load, const struct tg_given *section,
                        const char *base)
{
    if (section->kind == TG_GIVEN_NOTHING) {
        return;
    }
    if (section->kind != TG_GIVEN_MAP) {
        tg_mistake(load->mistakes, section->place, section->name,
                   "wants its settings under it, indented, one a line");
        return;
    }
    for (const struct tg_given *given = section->first; given != NULL;
         given = given->next) {
        struct tg_buf path = {0};
        tg_buf_printf(&path, "%s.%s", section->name, given->name);
        tg_buf_add_byte(&path, 0);
        if (path.failed) {
            tg_load_no_memory(load, given->place);
            tg_buf_finish(&path);
            return;
        }
        const struct tg_setting *setting =
            tg_setting_find(tg_slice(path.data, path.size - 1));
        if (setting != NULL) {
            tg_load_set(load, setting, given, base);
        } else {
            unknown_setting(load, given, (const char *)path.data);
        }
        tg_buf_finish(&path);
    }
}

/* The directory of the file, from which relative names in it start; NULL: the current. */
static char *directory_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    if (slash == NULL) {
        return NULL;
    }
    size_t size = slash == file ? 1 : (size_t)(slash - file);
    char *directory = tg_alloc(size + 1);
    if (directory != NULL) {
        memcpy(directory, file, size);
        directory[size] = '\0';
    }
    return directory;
}

static void set_from_file(struct load *load)
{
    struct tg_given *root = NULL;
    if (load->config->file == NULL) {
        return;
    }
    tg_yaml_read(load->config->file, &root, load->mistakes);
    if (root == NULL) {
        return;
    }
    char *base = directory_of(load->config->file);
    if (base == NULL && strchr(load->config->file, '/') != NULL) {
        tg_load_no_memory(load, root->place);
        tg_given_destroy(root);
        return;
    }
    for (const struct tg_given *given = root->first; given != NULL; given = given->next) {
        const struct tg_setting *setting = tg_setting_find(tg_slice_of(given->name));
        bool is_top = setting != NULL && strchr(given->name, '.') == NULL;
        if (is_top) {
            tg_load_set(load, setting, given, base);
        } else if (tg_setting_is_section(tg_slice_of(given->name))) {
            set_section(load, given, base);
        } else {
            unknown_setting(load, given, given->name);
        }
    }
    tg_free(base);
    /* The places in `load` name the file, which `config` owns: they stay good. */
    tg_given_destroy(root);
}

static struct tg_place place_of(const struct load *load, const char *path)
{
    return load->places[tg_setting_index(tg_setting_find(tg_slice_of(path)))];
}

/* A mistake that two settings make together stands where the one that was set does. */
static struct tg_place place_of_either(const struct load *load, const char *path,
                                       const char *other)
{
    struct tg_place place = place_of(load, path);
    return strcmp(place.source, "default") == 0 ? place_of(load, other) : place;
}

static void check_ports(struct load *load)
{
    const struct tg_config *config = load->config;
    const struct {
        const char *path;
        uint32_t port;
    } ports[] = {
        {"clients.port", config->clients.port},
        {"ingest.port", config->ingest.port},
        {"conformance.port", config->conformance.enabled ? config->conformance.port : 0},
    };
    for (size_t i = 1; i < sizeof ports / sizeof *ports; i++) {
        for (size_t j = 0; j < i; j++) {
            if (ports[i].port == ports[j].port) {
                tg_mistake(load->mistakes,
                           place_of_either(load, ports[i].path, ports[j].path),
                           ports[i].path, "wants a port of its own; got %u, which is %s",
                           ports[i].port, ports[j].path);
            }
        }
    }
}

static void check_limits(struct load *load)
{
    const struct tg_config_limits *limits = &load->config->limits;
    const struct {
        const char *path;
        uint32_t value;
    } parts[] = {
        {"limits.message_bytes_max", limits->message_bytes_max},
        {"limits.unconnected_bytes_max", limits->unconnected_bytes_max},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].value > limits->connection_bytes_max) {
            tg_mistake(
                load->mistakes,
                place_of_either(load, parts[i].path, "limits.connection_bytes_max"),
                parts[i].path,
                "wants at most limits.connection_bytes_max, which is %u; got %u",
                limits->connection_bytes_max, parts[i].value);
        }
    }
}

/* Whoever can connect can be anybody: nobody else may be able to connect. */
static void check_testing(struct load *load)
{
    const struct tg_config *config = load->config;
    if (config->testing.claims && !tg_config_is_loopback(config->clients.host)) {
        tg_mistake(load->mistakes,
                   place_of_either(load, "testing.claims", "clients.host"),
                   "testing.claims",
                   "wants clients.host to be a loopback address, since it lets every "
                   "client be anybody; clients.host is %s",
                   config->clients.host);
    }
}

static void check_certificate(struct load *load)
{
    const struct tg_config_clients *clients = &load->config->clients;
    if ((clients->certificate == NULL) != (clients->certificate_key == NULL)) {
        const char *given = clients->certificate != NULL ? "clients.certificate"
                                                         : "clients.certificate_key";
        tg_mistake(load->mistakes, place_of(load, given), given,
                   "wants %s too: TLS needs a certificate and its key",
                   clients->certificate == NULL ? "clients.certificate"
                                                : "clients.certificate_key");
    }
}

/* Before the endpoint is resolved. */
static void check_curve(struct load *load)
{
    const struct tg_config_ingest *ingest = &load->config->ingest;
    if (ingest->curve_key_file == NULL && !tg_config_is_local_endpoint(ingest->zmq)) {
        tg_mistake(
            load->mistakes, place_of(load, "ingest.zmq"), "ingest.zmq",
            "ZeroMQ over a network needs CURVE encryption: set "
            "ingest.curve_key_file and ingest.curve_clients (telegraphy keys curve "
            "makes keys), or use a loopback address such as tcp://127.0.0.1:5555; "
            "got %s",
            ingest->zmq);
    }
    if (ingest->curve_key_file == NULL && ingest->curve_clients.count != 0) {
        tg_mistake(load->mistakes, place_of(load, "ingest.curve_clients"),
                   "ingest.curve_clients",
                   "wants ingest.curve_key_file too: without it nothing is encrypted");
    }
    if (ingest->curve_key_file != NULL && ingest->curve_clients.count == 0 &&
        load->mistakes->errors == 0) {
        tg_warning(load->mistakes, place_of(load, "ingest.curve_key_file"),
                   "ingest.curve_clients",
                   "names nobody: no publisher can connect over ZeroMQ");
    }
}

static void warn_of_open_key(struct load *load, const char *path, const char *file)
{
    struct stat about;
    if (file != NULL && stat(file, &about) == 0 && (about.st_mode & S_IROTH) != 0) {
        tg_warning(load->mistakes, place_of(load, path), path,
                   "%s can be read by every user of this machine; chmod 600 it", file);
    }
}

static void warn_of_risks(struct load *load)
{
    const struct tg_config *config = load->config;
    if (!tg_config_is_loopback(config->clients.host) &&
        config->clients.certificate == NULL &&
        config->clients.trusted_proxies.count == 0) {
        tg_warning(load->mistakes, place_of(load, "clients.host"), "clients.host",
                   "clients on other machines would connect by ws://, which anybody on "
                   "the way can read and change: set clients.certificate, or let a proxy "
                   "with TLS stand before it and name it in clients.trusted_proxies");
    }
    warn_of_open_key(load, "clients.certificate_key", config->clients.certificate_key);
    warn_of_open_key(load, "ingest.curve_key_file", config->ingest.curve_key_file);
    if (!tg_config_is_loopback(config->ingest.host)) {
        tg_warning(load->mistakes, place_of(load, "ingest.host"), "ingest.host",
                   "ingest over HTTP is not encrypted: keys can be read on the way from "
                   "another machine; let a proxy with TLS stand before it");
    }
    if (config->conformance.enabled) {
        tg_warning(load->mistakes, place_of(load, "conformance.enabled"),
                   "conformance.enabled", "echo services are for test suites only");
    }
    if (config->testing.claims) {
        tg_warning(load->mistakes, place_of(load, "testing.claims"), "testing.claims",
                   "every client may say that it is anybody: for tests only");
    }
}

static void resolve_runtime_dir(struct load *load)
{
    struct tg_config *config = load->config;
    if (strcmp(config->runtime_dir, "auto") != 0) {
        return;
    }
    char why[TG_SHOWN_MAX + 100] = "";
    char *path = tg_runtime_dir_default(load->input->getenv, why, sizeof why);
    if (path != NULL) {
        tg_free(config->runtime_dir);
        config->runtime_dir = path;
    } else if (why[0] != '\0') {
        tg_mistake(load->mistakes, (struct tg_place){"TELEGRAPHY_RUNTIME_DIR", 0, 0},
                   NULL, "%s", why);
    } else {
        tg_load_no_memory(load, place_of(load, "runtime_dir"));
    }
}

static void resolve_endpoint(struct load *load)
{
    struct tg_config_ingest *ingest = &load->config->ingest;
    if (strcmp(ingest->zmq, "off") == 0) {
        tg_free(ingest->zmq);
        ingest->zmq = NULL;
    } else if (strcmp(ingest->zmq, "auto") == 0) {
        struct tg_buf path = {0};
        tg_buf_printf(&path, "ipc://%s/ingest-%u.ipc", load->config->runtime_dir,
                      ingest->port);
        tg_buf_add_byte(&path, 0);
        if (path.failed) {
            tg_load_no_memory(load, place_of(load, "ingest.zmq"));
            tg_buf_finish(&path);
            return;
        }
        size_t size = path.size - 1 - strlen("ipc://");
        size_t most = sizeof((struct sockaddr_un *)0)->sun_path - 1;
        if (size > most) {
            tg_mistake(
                load->mistakes, place_of(load, "runtime_dir"), "runtime_dir",
                "is too long: the path of the local socket in it would have %zu bytes, "
                "and has at most %zu",
                size, most);
        }
        tg_free(ingest->zmq);
        ingest->zmq = (char *)path.data;
    }
}

static void resolve(struct load *load)
{
    if (load->config->shards == 0) {
        cpu_set_t cores;
        int count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores)
                                                                    : 1;
        load->config->shards = count < 1 ? 1 : count > 256 ? 256 : (uint32_t)count;
    }
    resolve_runtime_dir(load);
    resolve_endpoint(load);
}

enum tg_err tg_config_load(struct tg_config *config, const struct tg_config_input *input,
                           struct tg_mistakes *mistakes)
{
    *config = (struct tg_config){0};
    *mistakes = (struct tg_mistakes){0};
    struct load load = {.config = config, .mistakes = mistakes, .input = input};
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        tg_setting_flag(&tg_settings[i], load.flags[i]);
    }
    set_defaults(&load);
    if (mistakes->lost) {
        return TG_ENOMEM;
    }
    tg_load_find_file(&load);
    set_from_file(&load);
    tg_load_environment(&load);
    tg_load_flags(&load);
    check_ports(&load);
    check_limits(&load);
    check_testing(&load);
    check_certificate(&load);
    check_curve(&load);
    warn_of_risks(&load);
    resolve(&load);
    return mistakes->errors != 0 ? TG_EINVAL : TG_OK;
}

struct tg_query_limits tg_config_query_limits(const struct tg_config *config)
{
    const struct tg_config_queries *queries = &config->queries;
    return (struct tg_query_limits){
        .bytes_max = queries->bytes_max,
        .nodes_max = queries->nodes_max,
        .depth_max = queries->depth_max,
        .items_max = queries->items_max,
        .cost_max = queries->cost_max,
        .matches = queries->matches,
    };
}

void tg_config_finish(struct tg_config *config)
{
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        tg_setting_finish(config, &tg_settings[i]);
    }
    tg_free(config->file);
    *config = (struct tg_config){0};
}
