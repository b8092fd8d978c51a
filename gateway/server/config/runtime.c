#include "server/config/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "server/config/values.h"

char *tg_runtime_dir_default(char *(*get)(const char *name), char *why, size_t why_size)
{
    const char *given = (get != NULL ? get : getenv)("TELEGRAPHY_RUNTIME_DIR");
    struct tg_buf path = {0};
    snprintf(why, why_size, "%s", "");
    if (given == NULL || given[0] == '\0') {
        tg_buf_printf(&path, "/tmp/telegraphy-%u", (unsigned)geteuid());
    } else if (given[0] == '/') {
        tg_buf_add_text(&path, given);
    } else {
        char shown[TG_SHOWN_MAX];
        snprintf(why, why_size, "wants an absolute path; got %s",
                 tg_config_show(shown, tg_slice_of(given)));
        return NULL;
    }
    tg_buf_add_byte(&path, 0);
    if (path.failed) {
        tg_buf_finish(&path);
    }
    return (char *)path.data;
}

enum tg_err tg_runtime_open(const char *runtime_dir, bool create, int *fd, char *why,
                            size_t why_size)
{
    if (create && mkdir(runtime_dir, 0700) != 0 && errno != EEXIST) {
        snprintf(why, why_size, "the runtime directory %s cannot be made: %s",
                 runtime_dir, strerror(errno));
        return TG_EIO;
    }
    /* We look at what we opened, not at a name that may mean something else by then. */
    int opened = open(runtime_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (opened < 0) {
        snprintf(
            why, why_size, "the runtime directory %s cannot be opened: %s", runtime_dir,
            errno == ELOOP || errno == ENOTDIR ? "it is no directory" : strerror(errno));
        return errno == ENOENT ? TG_ENOENT : TG_EIO;
    }
    struct stat about;
    const char *fault = NULL;
    if (fstat(opened, &about) != 0) {
        fault = "cannot be looked at";
    } else if (about.st_uid != geteuid()) {
        fault = "belongs to another user; choose another with runtime_dir";
    } else if (about.st_mode & 077) {
        fault = "is open to other users; chmod 700 closes it";
    }
    if (fault != NULL) {
        snprintf(why, why_size, "the runtime directory %s %s", runtime_dir, fault);
        close(opened);
        return TG_EIO;
    }
    *fd = opened;
    return TG_OK;
}

/* `count` random bytes as hexadecimal digits. */
static bool random_digits(char *digits, size_t count)
{
    uint8_t random[32];
    if (getrandom(random, count, 0) != (ssize_t)count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(digits + 2 * i, 3, "%02x", random[i]);
    }
    explicit_bzero(random, sizeof random);
    return true;
}

/* Write a new key beside the name and link it there: whoever reads the name sees a whole
 * key or none, and of two gateways that start together one wins. False: see `errno`. */
static bool write_key(int directory, const char *name)
{
    char fresh[64], suffix[17], text[66];
    if (!random_digits(suffix, 8) || !random_digits(text, 32)) {
        return false;
    }
    text[64] = '\n';
    snprintf(fresh, sizeof fresh, "%s.%s", name, suffix);
    int fd = openat(directory, fresh,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write(fd, text, 65) == 65 && fsync(fd) == 0;
    explicit_bzero(text, sizeof text);
    if (fd < 0) {
        return false;
    }
    written = close(fd) == 0 && written;
    bool linked = written &&
                  (linkat(directory, fresh, directory, name, 0) == 0 || errno == EEXIST);
    int saved_errno = errno;
    unlinkat(directory, fresh, 0);
    errno = saved_errno;
    return linked;
}

/* The key of `<what>-<port>.key`; `title` names it in messages. */
static enum tg_err runtime_key(const char *runtime_dir, const char *what, uint32_t port,
                               const char *title, bool create,
                               char key[TG_RUNTIME_KEY_SIZE], char *why, size_t why_size)
{
    int directory;
    enum tg_err err = tg_runtime_open(runtime_dir, create, &directory, why, why_size);
    if (err != TG_OK) {
        return err;
    }
    char name[32], fault[200];
    snprintf(name, sizeof name, "%s-%u.key", what, port);
    err = tg_key_file_read(directory, name, true, key, fault, sizeof fault);
    if (err == TG_ENOENT && create) {
        if (write_key(directory, name)) {
            err = tg_key_file_read(directory, name, true, key, fault, sizeof fault);
        } else {
            snprintf(fault, sizeof fault, "cannot be written: %s", strerror(errno));
            err = TG_EIO;
        }
    }
    close(directory);
    if (err != TG_OK) {
        snprintf(why, why_size, "the %s key %s/%s %s", title, runtime_dir, name, fault);
    }
    return err;
}

enum tg_err tg_runtime_ingest_key(const char *runtime_dir, uint32_t ingest_port,
                                  bool create, char key[TG_RUNTIME_KEY_SIZE], char *why,
                                  size_t why_size)
{
    return runtime_key(runtime_dir, "ingest", ingest_port, "ingest", create, key, why,
                       why_size);
}

enum tg_err tg_runtime_session_key(const char *runtime_dir, uint32_t clients_port,
                                   char key[TG_RUNTIME_KEY_SIZE], char *why,
                                   size_t why_size)
{
    return runtime_key(runtime_dir, "sessions", clients_port, "session", true, key, why,
                       why_size);
}
