/* From what was given for one setting to the member of struct tg_config. */
#ifndef TG_CONFIG_VALUES_H
#define TG_CONFIG_VALUES_H

#include "server/config/given.h"
#include "server/config/settings.h"

/* Judge `given` and put it into the member of `config`; the earlier value is freed. On a
 * mistake the member stays as it was. `base` (NULL: the current one) is the directory
 * that relative file names start from. */
void tg_setting_set(struct tg_config *config, const struct tg_setting *setting,
                    const struct tg_given *given, const char *base,
                    struct tg_mistakes *mistakes);
/* Free the member. */
void tg_setting_finish(struct tg_config *config, const struct tg_setting *setting);

/* An IPv4 or IPv6 address, or is it one of this machine only? */
bool tg_config_is_address(const char *text);
bool tg_config_is_loopback(const char *address);

/* What is wrong with this as an origin, or NULL. Browsers send it in one spelling only,
 * and it is compared byte for byte, so another spelling would never match. */
const char *tg_config_origin_fault(const char *text);

/* Can only this machine reach the endpoint of ZeroMQ (ipc:// or tcp://)? */
bool tg_config_is_local_endpoint(const char *endpoint);

/* [a-z0-9_-]{1,64} */
bool tg_config_is_app(const char *text);
/* 16 to 256 printable ASCII characters without blanks. */
bool tg_config_is_key(const char *text);

enum tg_text_file {
    TG_TEXT_FILE_OURS,   /* Must belong to us and be closed to all others. */
    TG_TEXT_FILE_SECRET, /* Must not be written by others, and better not be read. */
    TG_TEXT_FILE_PUBLIC, /* Must not be written by others. */
};

/* Read a short text without its line end into `text`, of which it must leave a byte.
 * Relative to `directory` (a descriptor, or AT_FDCWD).
 *
 * TG_OK      `why` is empty, or a warning.
 * TG_ENOENT  There is no such file.
 * TG_EIO     `why` says what is wrong with it, as a phrase after its name. */
TG_MUST_USE enum tg_err tg_text_file_read(int directory, const char *path,
                                          enum tg_text_file kind, char *text, size_t room,
                                          char *why, size_t why_size);
/* Read a file that holds one key and nothing else but a line end. Relative to `directory`
 * (a descriptor, or AT_FDCWD). With `strict` it must be ours and closed to all others.
 *
 * TG_OK      `why` is empty, or a warning.
 * TG_ENOENT  There is no such file.
 * TG_EIO     `why` says what is wrong with it, as a phrase after its name. */
TG_MUST_USE enum tg_err tg_key_file_read(int directory, const char *path, bool strict,
                                         char key[TG_RUNTIME_KEY_SIZE], char *why,
                                         size_t why_size);

#endif
