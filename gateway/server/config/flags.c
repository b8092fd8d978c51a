#include <stdlib.h>

#include "engine/base/mem.h"
#include "server/config/load.h"

static const char keys_variable[] = "TELEGRAPHY_INGEST_KEYS";

/* "app=key": an item as a file would give it, or NULL without memory. */
static struct tg_given *key_item(struct tg_place place, struct tg_slice text)
{
    const uint8_t *equals = text.size == 0 ? NULL : memchr(text.data, '=', text.size);
    size_t app_size = equals == NULL ? 0 : (size_t)(equals - text.data);
    struct tg_slice key = equals == NULL ? (struct tg_slice){0}
                                         : tg_slice(equals + 1, text.size - app_size - 1);
    struct tg_given *item = tg_given_list(place);
    struct tg_given *members[2] = {
        tg_given_text(place, tg_slice(text.data, app_size)),
        tg_given_text(place, key),
    };
    const char *names[2] = {"app", "key"};
    bool right = item != NULL;
    for (size_t i = 0; i < 2; i++) {
        char *name = tg_alloc(4);
        right = right && members[i] != NULL && name != NULL;
        if (right) {
            members[i]->name = strcpy(name, names[i]);
            tg_given_add(item, members[i]);
        } else {
            tg_given_destroy(members[i]);
            tg_free(name);
        }
    }
    if (!right) {
        tg_given_destroy(item);
        return NULL;
    }
    item->kind = TG_GIVEN_MAP;
    return item;
}

/* A list from "a,b,c". */
static struct tg_given *split_list(struct tg_place place, const char *text,
                                   struct tg_given *(*make)(struct tg_place,
                                                            struct tg_slice))
{
    struct tg_given *list = tg_given_list(place);
    bool more = list != NULL;
    while (more) {
        size_t size = strcspn(text, ",");
        struct tg_given *item = make(place, tg_slice(text, size));
        if (item == NULL) {
            tg_given_destroy(list);
            return NULL;
        }
        tg_given_add(list, item);
        more = text[size] == ',';
        text += size + 1;
    }
    return list;
}

void tg_load_environment(struct load *load)
{
    struct tg_place place = {keys_variable, 0, 0};
    char *(*get)(const char *) = load->input->getenv != NULL ? load->input->getenv
                                                             : getenv;
    const char *keys = get(keys_variable);
    if (keys == NULL || keys[0] == '\0') {
        return;
    }
    struct tg_given *list = split_list(place, keys, key_item);
    if (list == NULL) {
        tg_load_no_memory(load, place);
        return;
    }
    tg_load_set(load, tg_setting_find(TG_LIT("ingest.keys")), list, NULL);
    tg_given_destroy(list);
}

/* One flag with its value; both borrowed from the arguments. */
struct flag {
    const char *argument; /* As it was written: the source of its place. */
    struct tg_slice name; /* Without the dashes. */
    const char *value;    /* NULL: none yet. */
};

/* Read the argument at `*at` (and the next, if that is its value) and move on. `bare`
 * says whether the flag may stand without a value. */
static struct flag next_flag(const struct tg_config_input *input, int *at,
                             bool (*bare)(struct tg_slice name))
{
    const char *argument = input->flags[(*at)++];
    struct flag flag = {.argument = argument};
    if (strncmp(argument, "--", 2) != 0) {
        return flag;
    }
    size_t size = strcspn(argument + 2, "=");
    flag.name = tg_slice(argument + 2, size);
    if (argument[2 + size] == '=') {
        flag.value = argument + 2 + size + 1;
        return flag;
    }
    const char *next = *at < input->flag_count ? input->flags[*at] : NULL;
    bool takes = next != NULL && strncmp(next, "--", 2) != 0;
    if (bare(flag.name)) {
        takes = takes && (strcmp(next, "true") == 0 || strcmp(next, "false") == 0);
        flag.value = "true";
    }
    if (takes) {
        flag.value = next;
        (*at)++;
    }
    return flag;
}

static bool is_bare(struct tg_slice name)
{
    const struct tg_setting *setting = tg_setting_find_flag(name);
    return setting != NULL && setting->kind == TG_SETTING_SWITCH;
}

static const struct tg_place flags_place = {"", 0, 0};

static void unknown_flag(struct load *load, const struct flag *flag)
{
    struct tg_nearest nearest;
    char shown[TG_SHOWN_MAX], text[TG_NEAREST_TEXT_MAX];
    tg_nearest_init(&nearest, flag->name);
    tg_nearest_offer_dotted(&nearest, TG_LIT("config"));
    for (size_t i = 0; i < TG_SETTING_COUNT; i++) {
        if (load->flags[i][0] != '\0') {
            tg_nearest_offer_dotted(&nearest, tg_slice_of(load->flags[i] + 2));
        }
    }
    tg_mistake(load->mistakes, flags_place, NULL, "there is no flag %s%s",
               tg_config_show(shown, tg_slice(flag->name.data - 2, flag->name.size + 2)),
               tg_nearest_text(&nearest, "--", text));
}

static void set_value(struct load *load, const struct tg_setting *setting,
                      const char *value)
{
    struct tg_place place = {load->flags[tg_setting_index(setting)], 0, 0};
    bool list = setting->kind == TG_SETTING_FILES ||
                setting->kind == TG_SETTING_ORIGINS ||
                setting->kind == TG_SETTING_NETWORKS;
    struct tg_given *given = list ? split_list(place, value, tg_given_text)
                                  : tg_given_text(place, tg_slice_of(value));
    if (given == NULL) {
        tg_load_no_memory(load, place);
        return;
    }
    tg_load_set(load, setting, given, NULL);
    tg_given_destroy(given);
}

static void set_flag(struct load *load, const struct flag *flag)
{
    const struct tg_setting *setting = tg_setting_find_flag(flag->name);
    char shown[TG_SHOWN_MAX];
    if (flag->name.size == 0) {
        tg_mistake(load->mistakes, flags_place, NULL,
                   "%s is no flag; a file is given with --config",
                   tg_config_show(shown, tg_slice_of(flag->argument)));
        return;
    }
    if (setting == NULL) {
        unknown_flag(load, flag);
        return;
    }
    if (tg_setting_is_secret(setting)) {
        tg_mistake(
            load->mistakes, flags_place, NULL,
            "a key does not belong on a command line, where every user of the machine "
            "can read it; use %s%s%skey_file in the file",
            setting->kind == TG_SETTING_KEYS ? "$" : "",
            setting->kind == TG_SETTING_KEYS ? keys_variable : "",
            setting->kind == TG_SETTING_KEYS ? ", or " : "");
        return;
    }
    size_t index = tg_setting_index(setting);
    struct tg_place place = {load->flags[index], 0, 0};
    if (load->by_flag[index]) {
        tg_mistake(load->mistakes, place, NULL, "is given twice");
    } else if (flag->value == NULL) {
        struct tg_buf wants = {0};
        tg_setting_wants(setting, &wants);
        tg_mistake(load->mistakes, place, NULL, "wants %.*s; got nothing",
                   TG_FMT(tg_buf_slice(&wants)));
        tg_buf_finish(&wants);
    } else {
        set_value(load, setting, flag->value);
    }
    load->by_flag[index] = true;
}

void tg_load_flags(struct load *load)
{
    for (int at = 0; at < load->input->flag_count;) {
        struct flag flag = next_flag(load->input, &at, is_bare);
        if (!tg_slice_is(flag.name, "config")) {
            set_flag(load, &flag);
        }
    }
}

void tg_load_find_file(struct load *load)
{
    struct tg_place place = {"--config", 0, 0};
    for (int at = 0; at < load->input->flag_count;) {
        struct flag flag = next_flag(load->input, &at, is_bare);
        if (!tg_slice_is(flag.name, "config")) {
            continue;
        }
        if (flag.value == NULL || flag.value[0] == '\0') {
            tg_mistake(load->mistakes, place, NULL, "wants a YAML file; got nothing");
        } else if (load->config->file != NULL) {
            tg_mistake(load->mistakes, place, NULL, "is given twice");
        } else {
            size_t size = strlen(flag.value) + 1;
            load->config->file = tg_alloc(size);
            if (load->config->file == NULL) {
                tg_load_no_memory(load, place);
                return;
            }
            memcpy(load->config->file, flag.value, size);
        }
    }
}
