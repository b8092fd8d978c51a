#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/config/judging.h"
#include "server/config/values.h"

void tg_config_keys_finish(struct tg_config_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        tg_free(keys->items[i].app);
        explicit_bzero(keys->items[i].key, strlen(keys->items[i].key));
        tg_free(keys->items[i].key);
    }
    tg_free(keys->items);
    *keys = (struct tg_config_keys){0};
}

const char *tg_role_text(enum tg_role role)
{
    return role == TG_ROLE_PUBLISH    ? "publish"
           : role == TG_ROLE_IDENTIFY ? "identify"
                                      : "manage";
}

bool tg_config_is_app(const char *text)
{
    size_t size = strlen(text);
    return size >= 1 && size <= 64 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == size;
}

bool tg_config_is_key(const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return size >= 16 && size <= 256;
}

enum tg_err tg_text_file_read(int directory, const char *path, enum tg_text_file kind,
                              char *text, size_t room, char *why, size_t why_size)
{
    /* Not following a link, where strict, and never waiting for the writer of a FIFO. */
    bool strict = kind == TG_TEXT_FILE_OURS;
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (strict ? O_NOFOLLOW : 0);
    int fd = openat(directory, path, flags);
    if (fd < 0) {
        snprintf(why, why_size, "cannot be read: %s", strerror(errno));
        return errno == ENOENT ? TG_ENOENT : TG_EIO;
    }
    struct stat about;
    const char *fault = NULL, *risk = "";
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        fault = "is no regular file";
    } else if (strict && about.st_uid != geteuid()) {
        fault = "belongs to another user; remove it";
    } else if (about.st_mode & (strict ? 077 : 022)) {
        fault = strict ? "is open to other users; chmod 600, or remove it"
                       : "may be written by other users; chmod 600";
    } else if ((about.st_mode & 077) != 0 && kind != TG_TEXT_FILE_PUBLIC) {
        risk = "can be read by other users; chmod 600 closes it to them";
    }
    ssize_t size = fault == NULL ? read(fd, text, room) : 0;
    close(fd);
    while (size > 0 && (size_t)size < room &&
           (text[size - 1] == '\n' || text[size - 1] == '\r')) {
        size--;
    }
    if (fault == NULL && (size < 0 || (size_t)size == room)) {
        fault = size < 0 ? "could not be read" : "is too long for a key";
    }
    text[fault == NULL ? size : 0] = '\0';
    if (fault == NULL && strlen(text) != (size_t)size) {
        fault = "is no text";
    }
    snprintf(why, why_size, "%s", fault != NULL ? fault : risk);
    return fault != NULL ? TG_EIO : TG_OK;
}

enum tg_err tg_key_file_read(int directory, const char *path, bool strict,
                             char key[TG_RUNTIME_KEY_SIZE], char *why, size_t why_size)
{
    char text[TG_RUNTIME_KEY_SIZE + 2]; /* With \r\n. */
    enum tg_err err = tg_text_file_read(directory, path,
                                        strict ? TG_TEXT_FILE_OURS : TG_TEXT_FILE_SECRET,
                                        text, sizeof text, why, why_size);
    if (err == TG_OK && !tg_config_is_key(text)) {
        snprintf(why, why_size,
                 "wants one key of 16 to 256 printable characters without blanks");
        err = TG_EIO;
    }
    if (err == TG_OK) {
        strcpy(key, text);
    }
    explicit_bzero(text, sizeof text);
    return err;
}

const struct tg_given *tg_judging_key(const struct judging *judging,
                                      const struct tg_given *item)
{
    const struct tg_given *text = tg_given_member(item, "key");
    const struct tg_given *file = tg_given_member(item, "key_file");
    const struct tg_given *one = text != NULL ? text : file;
    if ((text == NULL) == (file == NULL)) {
        tg_mistake(judging->mistakes, item->place, judging->setting->path,
                   "wants either key or key_file; got %s",
                   text == NULL ? "neither" : "both");
        return NULL;
    }
    if (one->kind != TG_GIVEN_TEXT) {
        tg_mistake(judging->mistakes, one->place, judging->setting->path,
                   "%s wants a text", one->name);
        return NULL;
    }
    return one;
}

bool tg_judging_key_file(const struct judging *judging, const struct tg_given *file,
                         enum tg_err err, const char *why)
{
    char shown[TG_SHOWN_MAX];
    tg_config_show(shown, tg_slice_of(file->text));
    if (err != TG_OK) {
        tg_mistake(judging->mistakes, file->place, judging->setting->path,
                   "key_file %s %s", shown, why);
    } else if (why[0] != '\0') {
        tg_warning(judging->mistakes, file->place, judging->setting->path,
                   "key_file %s %s", shown, why);
    }
    return err == TG_OK;
}

const char *tg_judging_app(const struct judging *judging, const struct tg_given *item)
{
    const struct tg_given *app = tg_given_member(item, "app");
    if (app != NULL && app->kind == TG_GIVEN_TEXT && tg_config_is_app(app->text)) {
        return app->text;
    }
    char shown[TG_SHOWN_MAX];
    tg_mistake(judging->mistakes, app != NULL ? app->place : item->place,
               judging->setting->path,
               "app wants 1 to 64 characters of a-z, 0-9, _ and -; got %s",
               app != NULL && app->kind == TG_GIVEN_TEXT
                   ? tg_config_show(shown, tg_slice_of(app->text))
                   : "none");
    return NULL;
}

/* The key that `item` names by `key` or `key_file` into `key`. */
static bool item_key(const struct judging *judging, const struct tg_given *item,
                     char key[TG_RUNTIME_KEY_SIZE])
{
    const struct tg_given *from = tg_judging_key(judging, item);
    if (from == NULL) {
        return false;
    }
    if (strcmp(from->name, "key") == 0) {
        if (!tg_config_is_key(from->text)) {
            tg_mistake(
                judging->mistakes, from->place, judging->setting->path,
                "a key has 16 to 256 printable characters and no blanks; got one of %zu",
                strlen(from->text));
            return false;
        }
        strcpy(key, from->text);
        return true;
    }
    char why[300] = "out of memory";
    char *path = tg_judging_path(judging, from->text);
    enum tg_err err = TG_ENOMEM;
    if (path != NULL) {
        err = tg_key_file_read(AT_FDCWD, path, false, key, why, sizeof why);
    }
    tg_free(path);
    return tg_judging_key_file(judging, from, err, why);
}

static bool item_members_right(const struct judging *judging, const struct tg_given *item)
{
    bool right = true;
    for (const struct tg_given *member = item->first; member != NULL;
         member = member->next) {
        if (strcmp(member->name, "app") != 0 && strcmp(member->name, "key") != 0 &&
            strcmp(member->name, "key_file") != 0 && strcmp(member->name, "may") != 0) {
            char shown[TG_SHOWN_MAX];
            tg_mistake(judging->mistakes, member->name_place, judging->setting->path,
                       "an item has app, key or key_file, and may; got %s",
                       tg_config_show(shown, tg_slice_of(member->name)));
            right = false;
        }
    }
    return right;
}

/* The role of this name; 0: there is none. */
static uint8_t role_of(const struct tg_given *word)
{
    for (unsigned role = TG_ROLE_PUBLISH; role <= TG_ROLE_MANAGE; role <<= 1) {
        if (word->kind == TG_GIVEN_TEXT &&
            strcmp(word->text, tg_role_text((enum tg_role)role)) == 0) {
            return (uint8_t)role;
        }
    }
    return 0;
}

/* What `item` says that its key may do; 0 after a mistake. */
static uint8_t item_may(const struct judging *judging, const struct tg_given *item)
{
    const struct tg_given *may = tg_given_member(item, "may");
    if (may == NULL) {
        return TG_ROLES_ALL;
    }
    const struct tg_given *word = may->kind == TG_GIVEN_LIST ? may->first : NULL;
    const struct tg_given *wrong = word == NULL ? may : NULL;
    uint8_t roles = 0;
    for (; word != NULL && wrong == NULL; word = word->next) {
        roles |= role_of(word);
        wrong = role_of(word) == 0 ? word : NULL;
    }
    if (wrong != NULL) {
        char shown[TG_SHOWN_MAX];
        tg_mistake(judging->mistakes, wrong->place, judging->setting->path,
                   "may wants a list with some of publish, identify and manage; got %s",
                   wrong->kind == TG_GIVEN_TEXT
                       ? tg_config_show(shown, tg_slice_of(wrong->text))
                   : wrong->kind == TG_GIVEN_LIST ? "an empty one"
                                                  : "something else");
        return 0;
    }
    return roles;
}

/* The same key for two applications would make both of them the first one. */
static bool is_taken(const struct tg_config_keys *keys, const char *key)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_key(const struct judging *judging, struct tg_config_keys *keys,
                    const struct tg_given *item)
{
    if (item->kind != TG_GIVEN_MAP) {
        tg_judging_refuse(judging, item);
        return false;
    }
    bool right = item_members_right(judging, item);
    const char *app = tg_judging_app(judging, item);
    right = app != NULL && right;
    uint8_t may = item_may(judging, item);
    char key[TG_RUNTIME_KEY_SIZE];
    right = item_key(judging, item, key) && may != 0 && right;
    if (right && is_taken(keys, key)) {
        tg_mistake(judging->mistakes, item->place, judging->setting->path,
                   "this key is in the list already; each application needs its own");
        right = false;
    }
    if (right) {
        struct tg_config_key *items =
            tg_resize(keys->items, (keys->count + 1) * sizeof *items);
        keys->items = items != NULL ? items : keys->items;
        struct tg_config_key made = {tg_copy_text(app), tg_copy_text(key), may};
        right = items != NULL && made.app != NULL && made.key != NULL;
        if (right) {
            items[keys->count++] = made;
        } else {
            tg_judging_no_memory(judging, item);
            tg_free(made.app);
            tg_free(made.key);
        }
    }
    explicit_bzero(key, sizeof key);
    return right;
}

void tg_config_keys_set(const struct judging *judging, struct tg_config_keys *member,
                        const struct tg_given *given)
{
    if (given->kind != TG_GIVEN_LIST) {
        tg_judging_refuse(judging, given);
        return;
    }
    struct tg_config_keys keys = {0};
    bool right = true;
    for (const struct tg_given *item = given->first; item != NULL; item = item->next) {
        right = add_key(judging, &keys, item) && right;
    }
    if (!right) {
        tg_config_keys_finish(&keys);
        return;
    }
    tg_config_keys_finish(member);
    *member = keys;
}
