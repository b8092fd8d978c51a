/* The table of all settings. One row each: nothing about a setting is said elsewhere. */
#ifndef TG_CONFIG_SETTINGS_H
#define TG_CONFIG_SETTINGS_H

#include "engine/base/buf.h"
#include "server/config/config.h"

enum tg_setting_kind {
    TG_SETTING_NUMBER,  /* uint32_t, from `least` to `most`. */
    TG_SETTING_SWITCH,  /* bool. */
    TG_SETTING_CHOICE,  /* An enum whose values count through `choices`. */
    TG_SETTING_ADDRESS, /* char *. */
    TG_SETTING_ENDPOINT,
    TG_SETTING_DIRECTORY,
    TG_SETTING_FILE,
    TG_SETTING_FILES,      /* struct tg_config_list. */
    TG_SETTING_CURVE_KEYS, /* The same. */
    TG_SETTING_ORIGINS,    /* struct tg_config_origins. */
    TG_SETTING_NETWORKS,   /* struct tg_config_networks. */
    TG_SETTING_KEYS,       /* struct tg_config_keys. */
    TG_SETTING_TOKEN_KEYS, /* struct tg_config_token_keys. */
};

struct tg_setting {
    const char *path;     /* "clients.port" */
    const char *fallback; /* As it would stand in the file; "[]": an empty list. */
    const char *unit;     /* "bytes", or NULL. */
    const char *help;     /* A phrase, for `help serve` and the reference. */
    const char *const *choices;
    size_t offset; /* Of the member in struct tg_config. */
    uint32_t least;
    uint32_t most;
    enum tg_setting_kind kind;
};

enum { TG_SETTING_COUNT = 64 };
extern const struct tg_setting tg_settings[TG_SETTING_COUNT];

/* The setting of this path, or NULL. */
const struct tg_setting *tg_setting_find(struct tg_slice path);
/* The setting whose flag this is ("clients-port", without the dashes), or NULL. */
const struct tg_setting *tg_setting_find_flag(struct tg_slice flag);
/* Is there a setting whose path begins with `section` and a dot? */
bool tg_setting_is_section(struct tg_slice section);

/* What would be right, as a noun phrase: "a whole number from 1 to 65535". */
void tg_setting_wants(const struct tg_setting *setting, struct tg_buf *buf);
/* May it hold what nobody should read? It has no flag then: every user of a machine can
 * read a command line. */
bool tg_setting_is_secret(const struct tg_setting *setting);
/* Its place in the table. */
size_t tg_setting_index(const struct tg_setting *setting);
/* The flag with its dashes, or "" where there is none. */
enum { TG_SETTING_FLAG_MAX = 48 };
void tg_setting_flag(const struct tg_setting *setting, char flag[TG_SETTING_FLAG_MAX]);

/* All flags, one a line, for `telegraphy help serve`. */
void tg_settings_help(struct tg_buf *buf);
/* A configuration file with every setting at its default, and its help as comments. */
void tg_settings_yaml(struct tg_buf *buf);
/* The rows of the tables in docs/reference/configuration.md, in Markdown. */
void tg_settings_markdown(struct tg_buf *buf);

#endif
