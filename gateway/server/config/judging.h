/* What values.c, keys.c and networks.c share; nothing else includes it. */
#ifndef TG_CONFIG_JUDGING_H
#define TG_CONFIG_JUDGING_H

#include "server/config/values.h"

/* What one call of tg_setting_set is about. */
struct judging {
    const struct tg_setting *setting;
    const char *base;
    struct tg_mistakes *mistakes;
};

/* "wants this; got that" */
void tg_judging_refuse(const struct judging *judging, const struct tg_given *given);
void tg_judging_no_memory(const struct judging *judging, const struct tg_given *given);
/* A file's name, from where relative names start; the caller's. NULL without memory. */
char *tg_judging_path(const struct judging *judging, const char *name);
char *tg_copy_text(const char *text);

void tg_config_list_finish(struct tg_config_list *list);
/* Takes `text`. False without memory. */
bool tg_config_list_add(struct tg_config_list *list, char *text);

void tg_config_curve_keys_set(const struct judging *judging,
                              struct tg_config_list *member,
                              const struct tg_given *given);
void tg_config_keys_set(const struct judging *judging, struct tg_config_keys *member,
                        const struct tg_given *given);
void tg_config_keys_finish(struct tg_config_keys *keys);
/* The application that an item names; NULL after a mistake. */
const char *tg_judging_app(const struct judging *judging, const struct tg_given *item);
/* Its `key` or `key_file`, of which it has one; NULL after a mistake. */
const struct tg_given *tg_judging_key(const struct judging *judging,
                                      const struct tg_given *item);
/* A key file was read; was that right? */
bool tg_judging_key_file(const struct judging *judging, const struct tg_given *file,
                         enum tg_err err, const char *why);

void tg_config_token_keys_set(const struct judging *judging,
                              struct tg_config_token_keys *member,
                              const struct tg_given *given);
void tg_config_token_keys_finish(struct tg_config_token_keys *keys);

void tg_config_networks_set(const struct judging *judging,
                            struct tg_config_networks *member,
                            const struct tg_given *given);
void tg_config_networks_finish(struct tg_config_networks *networks);

#endif
