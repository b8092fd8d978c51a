/* The gateway's settings: what they are, and how they come from a YAML file, flags and
 * the environment.
 *
 * settings.c holds ONE table of all settings with default, range, unit and help; the
 * reader, the flags, `telegraphy help serve` and docs/reference/configuration.md follow
 * it. A setting `clients.port` is the member of that name, the YAML key `port` under
 * `clients`, and the flag `--clients-port`. Flags are stronger than the file.
 *
 * After tg_config_load all members are judged: in their range, and resolved (no member
 * means "the default" any more). Nobody changes them while the gateway runs. */
#ifndef TG_CONFIG_CONFIG_H
#define TG_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"
#include "engine/cel/parse.h"
#include "server/log/log.h"

struct tg_config_list {
    char **items;
    size_t count;
};

/* Which web pages may connect, by the Origin that their browser sends. */
struct tg_config_origins {
    bool any;       /* "*" */
    bool same_host; /* "same-host": the origin's host is that of the Host header. */
    struct tg_config_list exact; /* "https://shop.example": equal byte for byte. */
};

/* What an ingest key may do (INGEST.md 1). */
enum tg_role {
    TG_ROLE_PUBLISH = 1,
    TG_ROLE_IDENTIFY = 2,
    TG_ROLE_MANAGE = 4,
    TG_ROLES_ALL = TG_ROLE_PUBLISH | TG_ROLE_IDENTIFY | TG_ROLE_MANAGE,
};

/* "publish", "identify", "manage" */
const char *tg_role_text(enum tg_role role);

/* What one application may do here. It may have several keys. */
struct tg_config_key {
    char *app;
    char *key;   /* Secret: 16 to 256 printable characters. */
    uint8_t may; /* Roles, at least one. */
};

struct tg_config_keys {
    struct tg_config_key *items;
    size_t count;
};

/* All addresses that begin with the same bits. */
struct tg_config_network {
    uint8_t bytes[16]; /* IPv4 as mapped into IPv6. */
    uint8_t bits;      /* So many of all 128 count; the others are 0. */
};

struct tg_config_networks {
    struct tg_config_network *items;
    size_t count;
};

struct tg_config_clients {
    char *host; /* An IPv4 or IPv6 address. */
    uint32_t port;
    char *certificate; /* PEM files; both NULL: no TLS. */
    char *certificate_key;
    struct tg_config_origins allowed_origins;
    struct tg_config_networks trusted_proxies;
    uint32_t connections_max;
    uint32_t backlog;
};

struct tg_config_limits {
    uint32_t message_bytes_max;
    uint32_t fragments_max;
    uint32_t connection_bytes_max;
    uint32_t unconnected_bytes_max;
    uint32_t subscriptions_max;
    uint32_t bad_messages_max;
    uint32_t messages_per_second; /* 0 here and below: no limit. */
    uint32_t messages_burst;
    uint32_t refused_connects_max; /* On one connection. */
    uint32_t client_connections_max;
    uint32_t client_subscriptions_max;
    uint32_t address_connections_max;
    uint32_t address_connects_per_minute;
    uint32_t address_refusals_per_minute;
};

/* What a `where` or an access rule may cost (QUERY.md 5). */
struct tg_config_queries {
    uint32_t bytes_max;
    uint32_t nodes_max;
    uint32_t depth_max;
    uint32_t items_max;
    uint32_t cost_max;
    uint32_t connection_cost_max;
    bool matches;
};

/* Who a client is (PROTOCOL.md 6). */
struct tg_config_tickets {
    uint32_t life_ms;
    uint32_t waiting_max; /* Not yet spent. */
};

struct tg_config_sessions {
    bool keep; /* In a file, beyond the end of the process. */
    uint32_t life_ms;
    uint32_t grace_ms; /* The token before the newest one stays good so long. */
    uint32_t sessions_max;
    uint32_t user_max; /* Of one user of one application. */
};

enum tg_token_algorithm { TG_TOKEN_HS256, TG_TOKEN_EDDSA };

/* A key by which one application signs tickets. No other has its name (`kid`). */
struct tg_config_token_key {
    char *app;
    char *kid;
    uint8_t *key; /* HS256: secret, 32 to 256 bytes. EDDSA: the 32 bytes of the public */
    size_t key_size; /* key (Ed25519). */
    enum tg_token_algorithm algorithm;
};

struct tg_config_token_keys {
    struct tg_config_token_key *items;
    size_t count;
};

/* Signed tickets. */
struct tg_config_tokens {
    struct tg_config_token_keys keys; /* Empty: none is good. */
    uint32_t signed_max;              /* Used ones that are remembered. */
    uint32_t life_max_ms;
    uint32_t skew_ms; /* By so much clocks may differ. */
};

struct tg_config_timeouts {
    uint32_t header_ms;
    uint32_t connect_ms;
    uint32_t write_ms;
    uint32_t ping_interval_ms;
    uint32_t ping_misses_max;
    uint32_t drain_ms;
};

struct tg_config_ingest {
    char *host; /* An IPv4 or IPv6 address. */
    uint32_t port;
    char *zmq;                           /* An ipc:// or tcp:// endpoint; NULL: off. */
    char *curve_key_file;                /* The gateway's secret key; NULL: no CURVE. */
    struct tg_config_list curve_clients; /* Public keys of who may connect, in Z85. */
    struct tg_config_keys keys;          /* Empty: see tg_runtime_ingest_key. */
    uint32_t request_bytes_max;
    uint32_t batch_events_max;
    uint32_t dedup_window;
};

struct tg_config_log {
    enum tg_log_level level;
    enum tg_log_format format;
};

struct tg_config_conformance {
    bool enabled;
    uint32_t port; /* Always on 127.0.0.1. */
};

struct tg_config_process {
    bool hardening;
};

/* For tests, and refused where others than this machine could use it. */
struct tg_config_testing {
    bool claims; /* Clients say themselves who they are. */
};

struct tg_config {
    char *file;                       /* Where it was read from; NULL: no file. */
    uint32_t shards;                  /* Never 0: one per core is resolved. */
    char *runtime_dir;                /* Not made yet: see tg_runtime_open. */
    struct tg_config_list catalogues; /* Files; relative ones are resolved. */
    struct tg_config_clients clients;
    struct tg_config_limits limits;
    struct tg_config_queries queries;
    struct tg_config_tickets tickets;
    struct tg_config_sessions sessions;
    struct tg_config_tokens tokens;
    struct tg_config_timeouts timeouts;
    struct tg_config_ingest ingest;
    struct tg_config_log log;
    struct tg_config_conformance conformance;
    struct tg_config_process process;
    struct tg_config_testing testing;
};

/* What was wrong, or (a warning) allowed and yet worth a second look. One line of text,
 * with its place: "telegraphy.yaml:3:9: clients.port: 70000 is above 65535, the most". */
struct tg_mistake {
    char *text;
    bool warning;
};

struct tg_mistakes {
    struct tg_mistake *items;
    size_t count;
    size_t errors; /* Those that are no warnings. */
    bool lost;     /* Memory or room for more mistakes ended. */
};

struct tg_config_input {
    int flag_count; /* The arguments after the sub-command: `--name value`, */
    char **flags;   /* `--name=value`, and `--config FILE`, the YAML file. */
    char *(*getenv)(const char *name); /* NULL: the process's own environment. */
};

/* Read all sources into `config` and name every mistake in them, in the order of the
 * sources; nothing is created or opened for writing. Finish both whatever comes back.
 *
 * TG_EINVAL  `mistakes->errors` is not 0, and `config` is not to be used.
 * TG_ENOMEM  As it says. */
TG_MUST_USE enum tg_err tg_config_load(struct tg_config *config,
                                       const struct tg_config_input *input,
                                       struct tg_mistakes *mistakes);
/* Frees the strings and wipes the keys. All zero is fine. */
void tg_config_finish(struct tg_config *config);
void tg_mistakes_finish(struct tg_mistakes *mistakes);

/* The limits of one query, as configured. */
struct tg_query_limits tg_config_query_limits(const struct tg_config *config);

/* Open the runtime directory; with `create` make it (0700) if it is not there. It is
 * refused if it is not ours, is a symbolic link, or if others may enter it.
 *
 * TG_ENOENT  It is not there (only without `create`).
 * TG_EIO     `why` (of `why_size`) says what is wrong with it and what would be right. */
TG_MUST_USE enum tg_err tg_runtime_open(const char *runtime_dir, bool create, int *fd,
                                        char *why, size_t why_size);

/* Where no ingest key is configured, there is one for the application `default` in
 * `<runtime_dir>/ingest-<port>.key` (0600): 64 hexadecimal digits. Read it into
 * `key`, or with `create` make it if it is not there.
 *
 * TG_ENOENT  There is none (only without `create`).
 * TG_EIO     `why` says what is wrong. */
enum { TG_RUNTIME_KEY_SIZE = 257 };
TG_MUST_USE enum tg_err tg_runtime_ingest_key(const char *runtime_dir,
                                              uint32_t ingest_port, bool create,
                                              char key[TG_RUNTIME_KEY_SIZE], char *why,
                                              size_t why_size);

/* The gateway's own key, by which it knows the session tokens that it made: the same in
 * `<runtime_dir>/sessions-<port>.key`, made if it is not there.
 *
 * TG_EIO  `why` says what is wrong. */
TG_MUST_USE enum tg_err tg_runtime_session_key(const char *runtime_dir,
                                               uint32_t clients_port,
                                               char key[TG_RUNTIME_KEY_SIZE], char *why,
                                               size_t why_size);

#endif
