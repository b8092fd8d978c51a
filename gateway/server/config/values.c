#include "server/config/values.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/config/judging.h"

/* "wants this; got that" */
void tg_judging_refuse(const struct judging *judging, const struct tg_given *given)
{
    struct tg_buf wants = {0};
    char shown[TG_SHOWN_MAX];
    const char *got = "nothing";
    switch (given->kind) {
    case TG_GIVEN_NOTHING:
        break;
    case TG_GIVEN_TEXT:
        got = tg_setting_is_secret(judging->setting)
                  ? "a text"
                  : tg_config_show(shown, tg_slice_of(given->text));
        break;
    case TG_GIVEN_LIST:
        got = "a list";
        break;
    case TG_GIVEN_MAP:
        got = "a map";
        break;
    }
    tg_setting_wants(judging->setting, &wants);
    tg_mistake(judging->mistakes, given->place, judging->setting->path,
               "wants %.*s; got %s%s", TG_FMT(tg_buf_slice(&wants)), got,
               given->kind == TG_GIVEN_TEXT && given->quoted &&
                       judging->setting->kind == TG_SETTING_NUMBER
                   ? " in quotes"
                   : "");
    tg_buf_finish(&wants);
}

char *tg_copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = tg_alloc(size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

void tg_judging_no_memory(const struct judging *judging, const struct tg_given *given)
{
    tg_mistake(judging->mistakes, given->place, judging->setting->path, "out of memory");
    judging->mistakes->lost = true;
}

char *tg_judging_path(const struct judging *judging, const char *name)
{
    struct tg_buf path = {0};
    if (judging->base != NULL && name[0] != '/') {
        tg_buf_printf(&path, "%s/", judging->base);
    }
    tg_buf_add_text(&path, name);
    tg_buf_add_byte(&path, 0);
    if (path.failed) {
        tg_buf_finish(&path);
    }
    return (char *)path.data;
}

static void set_text(const struct judging *judging, char **member,
                     const struct tg_given *given)
{
    char *copy = tg_copy_text(given->text);
    if (copy == NULL) {
        tg_judging_no_memory(judging, given);
        return;
    }
    tg_free(*member);
    *member = copy;
}

/* At most ten digits and nothing else, so that `value` cannot overflow. */
static bool read_number(const char *text, uint64_t *value)
{
    size_t size = strspn(text, "0123456789");
    if (size == 0 || size > 10 || text[size] != '\0') {
        return false;
    }
    *value = strtoull(text, NULL, 10);
    return true;
}

static void set_number(const struct judging *judging, uint32_t *member,
                       const struct tg_given *given)
{
    uint64_t value;
    if (given->kind != TG_GIVEN_TEXT || given->quoted ||
        !read_number(given->text, &value) || value < judging->setting->least ||
        value > judging->setting->most) {
        tg_judging_refuse(judging, given);
        return;
    }
    *member = (uint32_t)value;
}

static void set_switch(const struct judging *judging, bool *member,
                       const struct tg_given *given)
{
    bool is_true = given->kind == TG_GIVEN_TEXT && strcmp(given->text, "true") == 0;
    bool is_false = given->kind == TG_GIVEN_TEXT && strcmp(given->text, "false") == 0;
    if (given->quoted || (!is_true && !is_false)) {
        tg_judging_refuse(judging, given);
        return;
    }
    *member = is_true;
}

static void set_choice(const struct judging *judging, void *member,
                       const struct tg_given *given)
{
    const char *const *choices = judging->setting->choices;
    for (unsigned i = 0; given->kind == TG_GIVEN_TEXT && choices[i] != NULL; i++) {
        if (strcmp(given->text, choices[i]) == 0) {
            _Static_assert(sizeof(enum tg_log_level) == sizeof i,
                           "an enum is as wide as this");
            _Static_assert(sizeof(enum tg_log_format) == sizeof i,
                           "an enum is as wide as this");
            memcpy(member, &i, sizeof i);
            return;
        }
    }
    tg_judging_refuse(judging, given);
}

bool tg_config_is_address(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET, text, &address) == 1 ||
           inet_pton(AF_INET6, text, &address) == 1;
}

bool tg_config_is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    return (inet_pton(AF_INET, address, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127) ||
           (inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

static void set_address(const struct judging *judging, char **member,
                        const struct tg_given *given)
{
    if (given->kind != TG_GIVEN_TEXT || !tg_config_is_address(given->text)) {
        tg_judging_refuse(judging, given);
        return;
    }
    set_text(judging, member, given);
}

/* The address of "127.0.0.1:5555" or "[::1]:5555". */
static bool endpoint_address(const char *text, char address[64])
{
    const char *colon = strrchr(text, ':');
    uint64_t port;
    if (colon == NULL || colon - text >= 64 || colon == text ||
        !read_number(colon + 1, &port) || port == 0 || port > 65535) {
        return false;
    }
    bool bracketed = text[0] == '[' && colon[-1] == ']';
    size_t size = (size_t)(colon - text) - (bracketed ? 2 : 0);
    memcpy(address, text + (bracketed ? 1 : 0), size);
    address[size] = '\0';
    return bracketed == (strchr(address, ':') != NULL) && tg_config_is_address(address);
}

bool tg_config_is_local_endpoint(const char *endpoint)
{
    char address[64];
    return strncmp(endpoint, "tcp://", 6) != 0 ||
           (endpoint_address(endpoint + 6, address) && tg_config_is_loopback(address));
}

static void set_endpoint(const struct judging *judging, char **member,
                         const struct tg_given *given)
{
    const char *text = given->kind == TG_GIVEN_TEXT ? given->text : "";
    char address[64];
    if (strcmp(text, "auto") == 0 || strcmp(text, "off") == 0) {
        set_text(judging, member, given); /* Resolved when the rest is known. */
    } else if (strncmp(text, "ipc:///", 7) == 0 && text[7] != '\0') {
        size_t most = sizeof((struct sockaddr_un *)0)->sun_path - 1;
        if (strlen(text + 6) > most) {
            tg_mistake(judging->mistakes, given->place, judging->setting->path,
                       "the path of a local socket has at most %zu bytes; got %zu", most,
                       strlen(text + 6));
            return;
        }
        set_text(judging, member, given);
    } else if (strncmp(text, "tcp://", 6) == 0 && endpoint_address(text + 6, address)) {
        set_text(judging, member, given);
    } else {
        tg_judging_refuse(judging, given);
    }
}

static void set_directory(const struct judging *judging, char **member,
                          const struct tg_given *given)
{
    if (given->kind != TG_GIVEN_TEXT ||
        (given->text[0] != '/' && strcmp(given->text, "auto") != 0)) {
        tg_judging_refuse(judging, given);
        return;
    }
    set_text(judging, member, given);
}

void tg_config_list_finish(struct tg_config_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        tg_free(list->items[i]);
    }
    tg_free(list->items);
    *list = (struct tg_config_list){0};
}

bool tg_config_list_add(struct tg_config_list *list, char *text)
{
    char **items = tg_resize(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL || text == NULL) {
        list->items = items != NULL ? items : list->items;
        tg_free(text);
        return false;
    }
    list->items = items;
    items[list->count++] = text;
    return true;
}

static bool file_readable(const struct judging *judging, const struct tg_given *item,
                          const char *path)
{
    struct stat about;
    char shown[TG_SHOWN_MAX];
    bool known = stat(path, &about) == 0;
    if (known && S_ISREG(about.st_mode) && access(path, R_OK) == 0) {
        return true;
    }
    tg_mistake(judging->mistakes, item->place, judging->setting->path, "%s %s%s",
               tg_config_show(shown, tg_slice_of(path)),
               known && !S_ISREG(about.st_mode) ? "is no regular file"
                                                : "cannot be read: ",
               known && !S_ISREG(about.st_mode) ? "" : strerror(errno));
    return false;
}

static void set_file(const struct judging *judging, char **member,
                     const struct tg_given *given)
{
    bool off = given->kind == TG_GIVEN_TEXT && strcmp(given->text, "off") == 0;
    if (given->kind != TG_GIVEN_TEXT || given->text[0] == '\0') {
        tg_judging_refuse(judging, given);
        return;
    }
    char *path = off ? NULL : tg_judging_path(judging, given->text);
    if (!off && path == NULL) {
        tg_judging_no_memory(judging, given);
    } else if (!off && !file_readable(judging, given, path)) {
        tg_free(path);
    } else {
        tg_free(*member);
        *member = path;
    }
}

static void set_files(const struct judging *judging, struct tg_config_list *member,
                      const struct tg_given *given)
{
    if (given->kind != TG_GIVEN_LIST) {
        tg_judging_refuse(judging, given);
        return;
    }
    struct tg_config_list list = {0};
    bool right = true;
    for (const struct tg_given *item = given->first; item != NULL; item = item->next) {
        if (item->kind != TG_GIVEN_TEXT || item->text[0] == '\0') {
            tg_judging_refuse(judging, item);
            right = false;
            continue;
        }
        char *path = tg_judging_path(judging, item->text);
        right = path != NULL && file_readable(judging, item, path) && right;
        if (!tg_config_list_add(&list, path)) {
            tg_judging_no_memory(judging, item);
            right = false;
        }
    }
    if (!right) {
        tg_config_list_finish(&list);
        return;
    }
    tg_config_list_finish(member);
    *member = list;
}

const char *tg_config_origin_fault(const char *text)
{
    const char *host = strncmp(text, "https://", 8) == 0  ? text + 8
                       : strncmp(text, "http://", 7) == 0 ? text + 7
                                                          : NULL;
    if (host == NULL) {
        return "an origin begins with https:// or http://";
    }
    size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#@");
    const char *rest = host + size;
    if (size == 0 || strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_[]:") < size) {
        return "the host of an origin is written in lower case, and in ASCII (xn--) "
               "letters";
    }
    if (*rest == '\0') {
        return NULL;
    }
    uint64_t port;
    if (*rest != ':' || !read_number(rest + 1, &port) || port == 0 || port > 65535) {
        return "an origin is scheme, host and perhaps port, without path or a / at its "
               "end";
    }
    if (rest[1] == '0' || port == (text[4] == 's' ? 443 : 80)) {
        return "browsers leave the scheme's own port out of an origin: leave it out too";
    }
    return NULL;
}

static bool add_origin(const struct judging *judging, struct tg_config_origins *origins,
                       const struct tg_given *item)
{
    if (item->kind != TG_GIVEN_TEXT) {
        tg_judging_refuse(judging, item);
        return false;
    }
    if (strcmp(item->text, "*") == 0) {
        origins->any = true;
        return true;
    }
    if (strcmp(item->text, "same-host") == 0) {
        origins->same_host = true;
        return true;
    }
    const char *fault = tg_config_origin_fault(item->text);
    if (fault != NULL) {
        char shown[TG_SHOWN_MAX];
        tg_mistake(judging->mistakes, item->place, judging->setting->path, "%s; got %s",
                   fault, tg_config_show(shown, tg_slice_of(item->text)));
        return false;
    }
    if (!tg_config_list_add(&origins->exact, tg_copy_text(item->text))) {
        tg_judging_no_memory(judging, item);
        return false;
    }
    return true;
}

static void set_origins(const struct judging *judging, struct tg_config_origins *member,
                        const struct tg_given *given)
{
    struct tg_config_origins origins = {0};
    bool right = true;
    if (given->kind == TG_GIVEN_LIST) {
        for (const struct tg_given *item = given->first; item != NULL;
             item = item->next) {
            right = add_origin(judging, &origins, item) && right;
        }
    } else {
        right = add_origin(judging, &origins, given);
    }
    if (right && origins.any) {
        tg_warning(judging->mistakes, given->place, judging->setting->path,
                   "* lets every web page connect from its visitors' browsers, as nobody "
                   "or with a ticket that it got hold of; name the origins that may, "
                   "unless all events are for everyone");
    }
    if (!right) {
        tg_config_list_finish(&origins.exact);
        return;
    }
    tg_config_list_finish(&member->exact);
    *member = origins;
}

void tg_setting_set(struct tg_config *config, const struct tg_setting *setting,
                    const struct tg_given *given, const char *base,
                    struct tg_mistakes *mistakes)
{
    struct judging judging = {setting, base, mistakes};
    void *member = (char *)config + setting->offset;
    switch (setting->kind) {
    case TG_SETTING_NUMBER:
        set_number(&judging, member, given);
        break;
    case TG_SETTING_SWITCH:
        set_switch(&judging, member, given);
        break;
    case TG_SETTING_CHOICE:
        set_choice(&judging, member, given);
        break;
    case TG_SETTING_ADDRESS:
        set_address(&judging, member, given);
        break;
    case TG_SETTING_ENDPOINT:
        set_endpoint(&judging, member, given);
        break;
    case TG_SETTING_DIRECTORY:
        set_directory(&judging, member, given);
        break;
    case TG_SETTING_FILE:
        set_file(&judging, member, given);
        break;
    case TG_SETTING_FILES:
        set_files(&judging, member, given);
        break;
    case TG_SETTING_CURVE_KEYS:
        tg_config_curve_keys_set(&judging, member, given);
        break;
    case TG_SETTING_ORIGINS:
        set_origins(&judging, member, given);
        break;
    case TG_SETTING_NETWORKS:
        tg_config_networks_set(&judging, member, given);
        break;
    case TG_SETTING_KEYS:
        tg_config_keys_set(&judging, member, given);
        break;
    case TG_SETTING_TOKEN_KEYS:
        tg_config_token_keys_set(&judging, member, given);
        break;
    }
}

void tg_setting_finish(struct tg_config *config, const struct tg_setting *setting)
{
    void *member = (char *)config + setting->offset;
    switch (setting->kind) {
    case TG_SETTING_NUMBER:
    case TG_SETTING_SWITCH:
    case TG_SETTING_CHOICE:
        break;
    case TG_SETTING_ADDRESS:
    case TG_SETTING_ENDPOINT:
    case TG_SETTING_DIRECTORY:
    case TG_SETTING_FILE:
        tg_free(*(char **)member);
        break;
    case TG_SETTING_FILES:
    case TG_SETTING_CURVE_KEYS:
        tg_config_list_finish(member);
        break;
    case TG_SETTING_ORIGINS:
        tg_config_list_finish(&((struct tg_config_origins *)member)->exact);
        break;
    case TG_SETTING_NETWORKS:
        tg_config_networks_finish(member);
        break;
    case TG_SETTING_KEYS:
        tg_config_keys_finish(member);
        break;
    case TG_SETTING_TOKEN_KEYS:
        tg_config_token_keys_finish(member);
        break;
    }
}
