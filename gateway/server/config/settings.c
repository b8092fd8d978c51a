#include "server/config/settings.h"

#include <assert.h>

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const formats[] = {"logfmt", "json", NULL};

#define AT(member) .path = #member, .offset = offsetof(struct tg_config, member)
#define NUMBER(member, default_, least_, most_, unit_, help_)                           \
    {                                                                                   \
        AT(member), .kind = TG_SETTING_NUMBER, .fallback = default_, .least = (least_), \
                    .most = (most_), .unit = (unit_), .help = (help_)                   \
    }
#define CHOICE(member, default_, choices_, help_)                    \
    {                                                                \
        AT(member), .kind = TG_SETTING_CHOICE, .fallback = default_, \
                    .choices = choices_, .help = (help_)             \
    }
#define OTHER(member, kind_, default_, help_)                                         \
    {                                                                                 \
        AT(member), .kind = TG_SETTING_##kind_, .fallback = default_, .help = (help_) \
    }
#define MS "milliseconds"

const struct tg_setting tg_settings[TG_SETTING_COUNT] = {
    NUMBER(shards, "0", 0, 256, NULL, "threads that serve connections; 0: one per core"),
    OTHER(runtime_dir, DIRECTORY, "auto",
          "directory for local sockets and keys; auto: $TELEGRAPHY_RUNTIME_DIR, else "
          "/tmp/telegraphy-UID"),
    OTHER(catalogues, FILES, "[]", "catalogue documents to load at start, as JSON files"),

    OTHER(clients.host, ADDRESS, "127.0.0.1",
          "address that clients connect to; 0.0.0.0 or :: for every network"),
    NUMBER(clients.port, "1844", 1, 65535, NULL, "port that clients connect to"),
    OTHER(clients.certificate, FILE, "off",
          "certificate chain for TLS (https:, wss:) on the clients' port, read again on "
          "SIGHUP; off: no TLS"),
    OTHER(clients.certificate_key, FILE, "off", "private key of the certificate"),
    OTHER(clients.allowed_origins, ORIGINS, "same-host",
          "web pages that may connect: same-host, a list of origins, or * for all"),
    OTHER(clients.trusted_proxies, NETWORKS, "[]",
          "proxies whose X-Forwarded-For says which address a client has"),
    NUMBER(clients.connections_max, "100000", 1, 10000000, NULL,
           "connections at a time; more are answered with 503"),
    NUMBER(clients.backlog, "4096", 1, 65535, NULL,
           "connections that may wait to be accepted, for each shard"),

    NUMBER(limits.message_bytes_max, "65536", 1024, 16777216, "bytes",
           "a message from a client; a larger one closes with 1009"),
    NUMBER(limits.fragments_max, "1024", 1, 65536, NULL,
           "fragments of a message; more close with 1009"),
    NUMBER(limits.connection_bytes_max, "1048576", 16384, 1073741824, "bytes",
           "memory that one connection may pin, send queue and overhead included"),
    NUMBER(limits.unconnected_bytes_max, "16384", 4096, 1048576, "bytes",
           "the same before the client has said connect"),
    NUMBER(limits.subscriptions_max, "100", 1, 100000, NULL,
           "subscriptions of one connection"),
    NUMBER(limits.bad_messages_max, "20", 1, 10000, NULL,
           "messages in a row that could not be understood; one more closes with 4400"),
    NUMBER(limits.messages_per_second, "50", 0, 1000000, NULL,
           "messages of one connection, in the long run; 0: no limit"),
    NUMBER(limits.messages_burst, "250", 1, 1000000, NULL,
           "messages of one connection at once"),
    NUMBER(limits.refused_connects_max, "3", 1, 1000, NULL,
           "refused tickets and tokens on one connection; it is closed with 1013 then"),
    NUMBER(limits.client_connections_max, "20", 0, 100000, NULL,
           "connections of one client, which are those of one session; 0: no limit"),
    NUMBER(limits.client_subscriptions_max, "400", 0, 10000000, NULL,
           "subscriptions of one client, on all its connections; 0: no limit"),
    NUMBER(limits.address_connections_max, "1000", 0, 10000000, NULL,
           "connections of one address at a time; more are answered with 429; 0: no "
           "limit"),
    NUMBER(limits.address_connects_per_minute, "6000", 0, 10000000, NULL,
           "new connections of one address; more are answered with 429; 0: no limit"),
    NUMBER(
        limits.address_refusals_per_minute, "60", 0, 10000000, NULL,
        "refused tickets and tokens of one address; after more its new connections are "
        "answered with 429; 0: no limit"),

    NUMBER(queries.bytes_max, "4096", 16, 65536, "bytes",
           "text of a query (where), and of an access rule"),
    NUMBER(queries.nodes_max, "256", 4, 65536, NULL,
           "nodes of a query's expression; literals in a list do not count"),
    NUMBER(queries.depth_max, "32", 4, 255, NULL,
           "levels of a query's expression, open brackets included"),
    NUMBER(queries.items_max, "1000", 1, 65536, NULL, "items of one list in a query"),
    NUMBER(queries.cost_max, "10000", 10, 1000000, NULL,
           "static cost of one query, without the access rule: steps of one evaluation"),
    NUMBER(queries.connection_cost_max, "100000", 10, 1000000000, NULL,
           "static cost of all filters of one connection"),
    OTHER(queries.matches, SWITCH, "false",
          "may queries use matches, regular expressions in linear time?"),

    NUMBER(tickets.life_ms, "30000", 1000, 300000, MS,
           "from a ticket's making until it is no good any more"),
    NUMBER(tickets.waiting_max, "100000", 1, 10000000, NULL,
           "tickets that are not spent yet; at the limit none is made"),

    OTHER(sessions.keep, SWITCH, "true",
          "do sessions outlive the gateway's restart? They are in the file "
          "sessions-PORT.db of runtime_dir then"),
    NUMBER(sessions.life_ms, "43200000", 10000, 2592000000U, MS,
           "from the ticket until the session is over, however often it came back"),
    NUMBER(sessions.grace_ms, "10000", 0, 60000, MS,
           "so long the token before the newest one of a session is good"),
    NUMBER(sessions.sessions_max, "1000000", 1, 100000000, NULL,
           "sessions; beyond these the one that would expire first ends"),
    NUMBER(sessions.user_max, "100", 1, 100000, NULL,
           "sessions of one user; beyond these the one that would expire first ends"),

    OTHER(tokens.keys, TOKEN_KEYS, "[]",
          "who signs tickets itself: a list of app, kid, algorithm, and key or key_file"),
    NUMBER(tokens.signed_max, "1000000", 1, 100000000, NULL,
           "signed tickets that were used and could be shown again; at the limit no more "
           "are taken"),
    NUMBER(tokens.life_max_ms, "300000", 1000, 3600000, MS,
           "the longest life of a signed ticket that is accepted"),
    NUMBER(tokens.skew_ms, "5000", 0, 60000, MS,
           "by so much the clock of who signs tickets may differ"),

    NUMBER(timeouts.header_ms, "5000", 100, 600000, MS,
           "from the accepted connection to the whole handshake"),
    NUMBER(timeouts.connect_ms, "10000", 100, 600000, MS,
           "from the handshake to connect, the first message"),
    NUMBER(timeouts.write_ms, "10000", 100, 600000, MS,
           "without progress in writing to a client"),
    NUMBER(timeouts.ping_interval_ms, "25000", 100, 3600000, MS,
           "silence of a client until it is pinged"),
    NUMBER(timeouts.ping_misses_max, "2", 1, 10, NULL,
           "unanswered pings in a row until the connection is closed with 4411"),
    NUMBER(timeouts.drain_ms, "5000", 0, 600000, MS,
           "for connections to end in good order when the gateway ends"),

    OTHER(ingest.host, ADDRESS, "127.0.0.1", "address of ingest over HTTP"),
    NUMBER(ingest.port, "1845", 1, 65535, NULL, "port of ingest over HTTP"),
    OTHER(ingest.zmq, ENDPOINT, "auto",
          "endpoint of ingest over ZeroMQ; auto: the local socket ingest-PORT.ipc in "
          "runtime_dir; off: none"),
    OTHER(ingest.curve_key_file, FILE, "off",
          "secret key of the gateway, as `telegraphy keys curve` makes it: ingest over "
          "ZeroMQ speaks CURVE only; off: no CURVE"),
    OTHER(ingest.curve_clients, CURVE_KEYS, "[]",
          "public keys of the publishers that may connect with CURVE"),
    OTHER(ingest.keys, KEYS, "[]",
          "which applications may publish, identify clients, manage: a list of app, "
          "key or key_file, and may; or $TELEGRAPHY_INGEST_KEYS"),
    NUMBER(ingest.request_bytes_max, "8388608", 1024, 268435456, "bytes",
           "a request of a publisher"),
    NUMBER(ingest.batch_events_max, "4096", 1, 65536, NULL, "events of one batch"),
    NUMBER(ingest.dedup_window, "65536", 1, 16777216, NULL,
           "event ids that are remembered, so that none makes a second event"),

    CHOICE(log.level, "info", levels, "the least urgent lines that are written"),
    CHOICE(log.format, "logfmt", formats, "how lines are written to stderr"),

    OTHER(conformance.enabled, SWITCH, "false",
          "echo services for test suites that others wrote, on 127.0.0.1 only"),
    NUMBER(conformance.port, "1846", 1, 65535, NULL, "port of these services"),

    OTHER(process.hardening, SWITCH, "true",
          "give up what the gateway never needs: to execute programs, to trace or look "
          "into processes; debuggers and profilers need false"),

    OTHER(testing.claims, SWITCH, "false",
          "take clients' claims from themselves (connect with claims); only where "
          "clients.host is a loopback address"),
};

/* The path as flags spell it. */
static char flag_char(char c)
{
    return c == '.' || c == '_' ? '-' : c;
}

const struct tg_setting *tg_setting_find(struct tg_slice path)
{
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        if (tg_slice_is(path, tg_settings[i].path)) {
            return &tg_settings[i];
        }
    }
    return NULL;
}

const struct tg_setting *tg_setting_find_flag(struct tg_slice flag)
{
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        const char *path = tg_settings[i].path;
        size_t at = 0;
        while (at < flag.size && path[at] != '\0' &&
               flag.data[at] == flag_char(path[at])) {
            at++;
        }
        if (at == flag.size && path[at] == '\0') {
            return &tg_settings[i];
        }
    }
    return NULL;
}

bool tg_setting_is_section(struct tg_slice section)
{
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        const char *dot = strchr(tg_settings[i].path, '.');
        if (dot != NULL &&
            tg_slice_equal(section, tg_slice(tg_settings[i].path,
                                             (size_t)(dot - tg_settings[i].path)))) {
            return true;
        }
    }
    return false;
}

void tg_setting_wants(const struct tg_setting *setting, struct tg_buf *buf)
{
    switch (setting->kind) {
    case TG_SETTING_NUMBER:
        tg_buf_printf(buf, "a whole number from %u to %u", setting->least, setting->most);
        if (setting->unit != NULL) {
            tg_buf_printf(buf, " (%s)", setting->unit);
        }
        break;
    case TG_SETTING_SWITCH:
        tg_buf_add_text(buf, "true or false");
        break;
    case TG_SETTING_CHOICE:
        for (size_t i = 0; setting->choices[i] != NULL; i++) {
            const char *before = i == 0                            ? ""
                                 : setting->choices[i + 1] == NULL ? " or "
                                                                   : ", ";
            tg_buf_printf(buf, "%s%s", before, setting->choices[i]);
        }
        break;
    case TG_SETTING_ADDRESS:
        tg_buf_add_text(buf, "an IP address such as 127.0.0.1 or ::1");
        break;
    case TG_SETTING_ENDPOINT:
        tg_buf_add_text(buf, "auto, off, ipc:///a/path or tcp://ADDRESS:PORT");
        break;
    case TG_SETTING_DIRECTORY:
        tg_buf_add_text(buf, "auto or an absolute path");
        break;
    case TG_SETTING_FILE:
        tg_buf_add_text(buf, "off or a file");
        break;
    case TG_SETTING_FILES:
        tg_buf_add_text(buf, "a list of files");
        break;
    case TG_SETTING_CURVE_KEYS:
        tg_buf_add_text(buf, "a list of public keys of 40 characters (Z85), or a file "
                             "with one on each line");
        break;
    case TG_SETTING_ORIGINS:
        tg_buf_add_text(
            buf, "same-host, *, or a list of origins such as https://shop.example");
        break;
    case TG_SETTING_NETWORKS:
        tg_buf_add_text(
            buf, "a list of addresses and networks such as 192.0.2.7 or 10.0.0.0/8");
        break;
    case TG_SETTING_KEYS:
        tg_buf_add_text(buf, "a list whose items have app, key or key_file, and may");
        break;
    case TG_SETTING_TOKEN_KEYS:
        tg_buf_add_text(buf, "a list whose items have app, kid, algorithm (HS256 or "
                             "EdDSA), and key or key_file");
        break;
    }
}

bool tg_setting_is_secret(const struct tg_setting *setting)
{
    return setting->kind == TG_SETTING_KEYS || setting->kind == TG_SETTING_TOKEN_KEYS;
}

size_t tg_setting_index(const struct tg_setting *setting)
{
    return (size_t)(setting - tg_settings);
}

void tg_setting_flag(const struct tg_setting *setting, char flag[TG_SETTING_FLAG_MAX])
{
    size_t at = 0;
    if (!tg_setting_is_secret(setting)) {
        flag[at++] = '-';
        flag[at++] = '-';
        for (const char *from = setting->path; *from != '\0'; from++) {
            assert(at < TG_SETTING_FLAG_MAX - 1);
            flag[at++] = flag_char(*from);
        }
    }
    flag[at] = '\0';
}

static const char *placeholder(const struct tg_setting *setting)
{
    switch (setting->kind) {
    case TG_SETTING_NUMBER:
        return " NUMBER";
    case TG_SETTING_SWITCH:
        return "[=false]";
    case TG_SETTING_ADDRESS:
        return " ADDRESS";
    case TG_SETTING_ENDPOINT:
        return " ENDPOINT";
    case TG_SETTING_DIRECTORY:
        return " DIRECTORY";
    case TG_SETTING_FILE:
    case TG_SETTING_CURVE_KEYS:
        return " FILE";
    case TG_SETTING_FILES:
        return " FILE,...";
    case TG_SETTING_ORIGINS:
        return " ORIGIN,...";
    case TG_SETTING_NETWORKS:
        return " NETWORK,...";
    case TG_SETTING_CHOICE:
    case TG_SETTING_KEYS:
    case TG_SETTING_TOKEN_KEYS:
        break;
    }
    return " WORD";
}

void tg_settings_help(struct tg_buf *buf)
{
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        const struct tg_setting *setting = &tg_settings[i];
        if (tg_setting_is_secret(setting)) {
            continue;
        }
        char flag[TG_SETTING_FLAG_MAX];
        tg_setting_flag(setting, flag);
        tg_buf_printf(buf, "  %s%s\n      %s; ", flag, placeholder(setting),
                      setting->help);
        if (setting->kind == TG_SETTING_NUMBER || setting->kind == TG_SETTING_CHOICE) {
            tg_setting_wants(setting, buf);
            tg_buf_add_text(buf, "; ");
        }
        tg_buf_printf(buf, "default %s\n",
                      strcmp(setting->fallback, "[]") == 0 ? "none" : setting->fallback);
    }
}

/* The part of the path after its section; the section's name and size, 0 at the top. */
static const char *split(const char *path, size_t *section)
{
    const char *dot = strchr(path, '.');
    *section = dot == NULL ? 0 : (size_t)(dot - path);
    return dot == NULL ? path : dot + 1;
}

void tg_settings_yaml(struct tg_buf *buf)
{
    tg_buf_add_text(buf,
                    "# Every setting of telegraphy " TG_VERSION " at its default. Keep "
                    "what you change.\n");
    const char *before = "";
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        const struct tg_setting *setting = &tg_settings[i];
        size_t section;
        const char *name = split(setting->path, &section);
        if (section != 0 && strncmp(before, setting->path, section + 1) != 0) {
            tg_buf_printf(buf, "\n%.*s:\n", (int)section, setting->path);
        }
        before = setting->path;
        const char *indent = section != 0 ? "  " : "";
        tg_buf_printf(buf, "%s# %s; ", indent, setting->help);
        tg_setting_wants(setting, buf);
        tg_buf_printf(buf, "\n%s%s: %s\n", indent, name, setting->fallback);
    }
}

void tg_settings_markdown(struct tg_buf *buf)
{
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        const struct tg_setting *setting = &tg_settings[i];
        tg_buf_printf(buf, "| `%s` | `%s` | ", setting->path, setting->fallback);
        tg_setting_wants(setting, buf);
        tg_buf_printf(buf, " | %s |\n", setting->help);
    }
}
