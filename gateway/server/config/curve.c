#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/config/judging.h"

enum { KEY_SIZE = 40, KEYS_MAX = 10000 };

/* ZeroMQ's RFC 32. */
static bool is_z85(const char *text, size_t size)
{
    return size == KEY_SIZE &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        ".-:+=^!/*?&<>()[]{}@%$#") >= KEY_SIZE;
}

/* One key of `size` characters at `text`, which stands at `where`. */
static bool add_key(const struct judging *judging, struct tg_config_list *keys,
                    const struct tg_given *given, const char *where, const char *text,
                    size_t size)
{
    if (!is_z85(text, size)) {
        tg_mistake(judging->mistakes, given->place, judging->setting->path,
                   "%sa public key has 40 characters (Z85), as `telegraphy keys curve` "
                   "writes it; this has %zu%s",
                   where, size, size == KEY_SIZE ? ", not all of them of Z85" : "");
        return false;
    }
    char *copy = tg_alloc(size + 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    if (!tg_config_list_add(keys, copy)) {
        tg_judging_no_memory(judging, given);
        return false;
    }
    return true;
}

/* One key a line. Empty lines are passed over, and those of "# " and a remark: a key has
 * no blank. */
static bool add_lines(const struct judging *judging, struct tg_config_list *keys,
                      const struct tg_given *given, const char *path, FILE *file)
{
    char line[256], where[TG_SHOWN_MAX + 16], shown[TG_SHOWN_MAX];
    unsigned number = 0;
    bool right = true;
    while (right && fgets(line, sizeof line, file) != NULL) {
        size_t size = strcspn(line, "\r\n");
        number++;
        snprintf(where, sizeof where, "%s:%u: ", tg_config_show(shown, tg_slice_of(path)),
                 number);
        if (keys->count == KEYS_MAX) {
            tg_mistake(judging->mistakes, given->place, judging->setting->path,
                       "%sat most %d keys", where, KEYS_MAX);
            right = false;
        } else if (size != 0 && strncmp(line, "# ", 2) != 0) {
            right = add_key(judging, keys, given, where, line, size);
        }
    }
    return right;
}

/* Whoever may write to it says who may connect. NULL with `why`. */
static FILE *open_list(const char *path, const char **why)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *file = NULL;
    *why = NULL;
    if (fd >= 0 && fstat(fd, &about) == 0) {
        if (!S_ISREG(about.st_mode)) {
            *why = "is no regular file";
        } else if ((about.st_mode & S_IWOTH) != 0) {
            *why = "can be written by every user of this machine, who could let himself "
                   "in; chmod o-w it";
        } else {
            file = fdopen(fd, "r");
        }
    }
    if (file == NULL && fd >= 0) {
        close(fd);
    }
    return file;
}

static bool add_file(const struct judging *judging, struct tg_config_list *keys,
                     const struct tg_given *given)
{
    char *path = tg_judging_path(judging, given->text);
    char shown[TG_SHOWN_MAX];
    if (path == NULL) {
        tg_judging_no_memory(judging, given);
        return false;
    }
    const char *why;
    FILE *file = open_list(path, &why);
    bool right = file != NULL;
    if (!right) {
        tg_mistake(judging->mistakes, given->place, judging->setting->path,
                   why != NULL ? "%s %s" : "%s cannot be read: %s",
                   tg_config_show(shown, tg_slice_of(path)),
                   why != NULL ? why : strerror(errno));
    } else {
        right = add_lines(judging, keys, given, path, file);
        fclose(file);
    }
    tg_free(path);
    return right;
}

void tg_config_curve_keys_set(const struct judging *judging,
                              struct tg_config_list *member, const struct tg_given *given)
{
    struct tg_config_list keys = {0};
    bool right = true;
    if (given->kind == TG_GIVEN_TEXT && given->text[0] != '\0') {
        right = add_file(judging, &keys, given);
    } else if (given->kind == TG_GIVEN_LIST) {
        for (const struct tg_given *item = given->first; item != NULL;
             item = item->next) {
            const char *text = item->kind == TG_GIVEN_TEXT ? item->text : "";
            right = add_key(judging, &keys, item, "", text, strlen(text)) && right;
        }
    } else {
        tg_judging_refuse(judging, given);
        right = false;
    }
    if (!right) {
        tg_config_list_finish(&keys);
        return;
    }
    tg_config_list_finish(member);
    *member = keys;
}
