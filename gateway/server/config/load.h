/* What config.c and flags.c share while a configuration is read. */
#ifndef TG_CONFIG_LOAD_H
#define TG_CONFIG_LOAD_H

#include "server/config/given.h"
#include "server/config/settings.h"
#include "server/config/values.h"

struct load {
    struct tg_config *config;
    struct tg_mistakes *mistakes;
    const struct tg_config_input *input;
    struct tg_place places[TG_SETTING_COUNT]; /* Where the value in force stands. */
    bool by_flag[TG_SETTING_COUNT];
    char flags[TG_SETTING_COUNT][TG_SETTING_FLAG_MAX]; /* Their spelling, for places. */
};

/* Judge and set one value; its place is kept for mistakes of several settings. */
void tg_load_set(struct load *load, const struct tg_setting *setting,
                 const struct tg_given *given, const char *base);
void tg_load_no_memory(struct load *load, struct tg_place place);

/* `--config FILE`: into `config->file`. Before all others: flags are stronger than it. */
void tg_load_find_file(struct load *load);
void tg_load_environment(struct load *load);
void tg_load_flags(struct load *load);

#endif
