#include "server/ingest_zmq/curve_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "server/config/values.h"

static bool has_curve(char why[TG_CURVE_WHY_MAX])
{
    if (zmq_has("curve") != 1) {
        snprintf(why, TG_CURVE_WHY_MAX, "the libzmq here was built without CURVE");
        return false;
    }
    return true;
}

bool tg_curve_secret_read(const char *path, char secret[TG_CURVE_KEY_SIZE],
                          char public_key[TG_CURVE_KEY_SIZE], char why[TG_CURVE_WHY_MAX])
{
    char fault[256], text[2 * TG_CURVE_KEY_SIZE];
    uint8_t bytes[TG_CURVE_BYTES];
    if (!has_curve(why)) {
        return false;
    }
    if (tg_text_file_read(AT_FDCWD, path, TG_TEXT_FILE_SECRET, text, sizeof text, fault,
                          sizeof fault) != TG_OK) {
        snprintf(why, TG_CURVE_WHY_MAX, "ingest.curve_key_file: %s %s", path, fault);
        return false;
    }
    bool right = strlen(text) == TG_CURVE_KEY_SIZE - 1 &&
                 zmq_z85_decode(bytes, text) != NULL &&
                 zmq_curve_public(public_key, text) == 0;
    if (right) {
        memcpy(secret, text, TG_CURVE_KEY_SIZE);
    } else {
        snprintf(why, TG_CURVE_WHY_MAX,
                 "ingest.curve_key_file: %s holds no secret key of CURVE, which has 40 "
                 "characters (Z85): telegraphy keys curve makes one",
                 path);
    }
    explicit_bzero(text, sizeof text);
    explicit_bzero(bytes, sizeof bytes);
    return right;
}

bool tg_curve_check(const struct tg_config_ingest *config, char why[TG_CURVE_WHY_MAX])
{
    char secret[TG_CURVE_KEY_SIZE], public_key[TG_CURVE_KEY_SIZE];
    if (config->curve_key_file == NULL) {
        return true;
    }
    bool right = tg_curve_secret_read(config->curve_key_file, secret, public_key, why);
    explicit_bzero(secret, sizeof secret);
    for (size_t i = 0; right && i < config->curve_clients.count; i++) {
        uint8_t bytes[TG_CURVE_BYTES];
        const char *key = config->curve_clients.items[i];
        right = zmq_z85_decode(bytes, key) != NULL;
        if (!right) {
            snprintf(why, TG_CURVE_WHY_MAX, "ingest.curve_clients: %s is no key", key);
        } else if (strcmp(key, public_key) == 0) {
            right = false;
            snprintf(why, TG_CURVE_WHY_MAX,
                     "ingest.curve_clients: %s is the gateway's own key; each publisher "
                     "has its own",
                     key);
        }
    }
    return right;
}

/* A file that was not there before, with `key` as its line. */
static bool write_key(const char *path, const char *key, mode_t mode,
                      char why[TG_CURVE_WHY_MAX])
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        snprintf(why, TG_CURVE_WHY_MAX, "%s cannot be made: %s", path, strerror(errno));
        return false;
    }
    bool right = dprintf(fd, "%s\n", key) == TG_CURVE_KEY_SIZE && fchmod(fd, mode) == 0 &&
                 fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 || !right) {
        snprintf(why, TG_CURVE_WHY_MAX, "%s cannot be written: %s", path,
                 strerror(error));
        unlink(path);
        return false;
    }
    return true;
}

bool tg_curve_keys_make(const char *name, char public_key[TG_CURVE_KEY_SIZE],
                        char why[TG_CURVE_WHY_MAX])
{
    char secret[TG_CURVE_KEY_SIZE];
    char secret_path[400], public_path[400];
    if (snprintf(secret_path, sizeof secret_path, "%s.secret", name) >=
        (int)sizeof secret_path) {
        snprintf(why, TG_CURVE_WHY_MAX, "that name is too long");
        return false;
    }
    snprintf(public_path, sizeof public_path, "%s.public", name);
    if (!has_curve(why)) {
        return false;
    }
    bool right = zmq_curve_keypair(public_key, secret) == 0;
    if (!right) {
        snprintf(why, TG_CURVE_WHY_MAX, "%s", zmq_strerror(errno));
    }
    right = right && write_key(secret_path, secret, 0600, why);
    explicit_bzero(secret, sizeof secret);
    if (right && !write_key(public_path, public_key, 0644, why)) {
        unlink(secret_path);
        right = false;
    }
    return right;
}
