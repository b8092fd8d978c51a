#include <fcntl.h>
#include <stdio.h>

#include "engine/base/base64url.h"
#include "engine/base/mem.h"
#include "server/config/judging.h"

enum {
    KID_MAX = 64,
    SECRET_MIN = 32, /* RFC 7518 section 3.2: as long as what HS256 makes of it. */
    KEY_TEXT_SIZE = 1024,
    ED25519_BYTES = 32,
    ED25519_TEXT = TG_BASE64URL_SIZE(ED25519_BYTES),
};

void tg_config_token_keys_finish(struct tg_config_token_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct tg_config_token_key *item = &keys->items[i];
        tg_free(item->app);
        tg_free(item->kid);
        explicit_bzero(item->key, item->key_size);
        tg_free(item->key);
    }
    tg_free(keys->items);
    *keys = (struct tg_config_token_keys){0};
}

static bool members_right(const struct judging *judging, const struct tg_given *item)
{
    static const char *const names[] = {"app", "kid", "algorithm", "key", "key_file"};
    bool right = true;
    for (const struct tg_given *member = item->first; member != NULL;
         member = member->next) {
        size_t i = 0;
        while (i < sizeof names / sizeof *names && strcmp(member->name, names[i]) != 0) {
            i++;
        }
        if (i == sizeof names / sizeof *names) {
            char shown[TG_SHOWN_MAX];
            tg_mistake(judging->mistakes, member->name_place, judging->setting->path,
                       "an item has app, kid, algorithm, and key or key_file; got %s",
                       tg_config_show(shown, tg_slice_of(member->name)));
            right = false;
        }
    }
    return right;
}

/* The member's text; NULL after a mistake, which says what is wanted. */
static const char *item_text(const struct judging *judging, const struct tg_given *item,
                             const char *name, const char *wanted,
                             bool (*is_right)(const char *text))
{
    const struct tg_given *given = tg_given_member(item, name);
    bool is_text = given != NULL && given->kind == TG_GIVEN_TEXT;
    if (is_text && is_right(given->text)) {
        return given->text;
    }
    char shown[TG_SHOWN_MAX];
    tg_mistake(judging->mistakes, given != NULL ? given->place : item->place,
               judging->setting->path, "%s wants %s; got %s", name, wanted,
               is_text ? tg_config_show(shown, tg_slice_of(given->text)) : "none");
    return NULL;
}

static bool is_kid(const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return size >= 1 && size <= KID_MAX;
}

static bool is_algorithm(const char *text)
{
    return strcmp(text, "HS256") == 0 || strcmp(text, "EdDSA") == 0;
}

/* --- Keys -------------------------------------------------------------------------- */

/* The 43 characters of base64, of either alphabet, that end at `end`. */
static bool read_ed25519(const char *text, uint8_t key[ED25519_BYTES])
{
    char url[ED25519_TEXT];
    size_t size = 0;
    for (size_t i = 0; i < sizeof url; i++) {
        url[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
    }
    return tg_base64url_read(tg_slice(url, sizeof url), key, &size) &&
           size == ED25519_BYTES;
}

/* RFC 8410: of Ed25519 a SubjectPublicKeyInfo is twelve bytes, always the same, and the
 * key; these are the first 16 characters of its base64. */
static bool read_pem(const char *text, uint8_t key[ED25519_BYTES])
{
    static const char begin[] = "-----BEGIN PUBLIC KEY-----";
    static const char end[] = "=-----END PUBLIC KEY-----";
    static const char prefix[] = "MCowBQYDK2VwAyEA";
    char bare[KEY_TEXT_SIZE];
    size_t size = 0;
    if (strncmp(text, begin, sizeof begin - 1) != 0) {
        return false;
    }
    for (const char *at = text + sizeof begin - 1; *at != '\0'; at++) {
        if (*at != '\n' && *at != '\r') {
            bare[size++] = *at;
        }
    }
    bare[size] = '\0';
    return size == sizeof prefix - 1 + ED25519_TEXT + sizeof end - 1 &&
           strncmp(bare, prefix, sizeof prefix - 1) == 0 &&
           strcmp(bare + sizeof prefix - 1 + ED25519_TEXT, end) == 0 &&
           read_ed25519(bare + sizeof prefix - 1, key);
}

/* What is wrong with `text` as a key, or NULL. The key takes no more room than the text.
 */
static const char *judge_key(enum tg_token_algorithm algorithm, const char *text,
                             uint8_t *key, size_t *size)
{
    if (algorithm == TG_TOKEN_HS256) {
        *size = strlen(text);
        memcpy(key, text, *size);
        return *size >= SECRET_MIN && tg_config_is_key(text)
                   ? NULL
                   : "for HS256 wants 32 to 256 printable characters without blanks";
    }
    *size = ED25519_BYTES;
    bool right = strlen(text) == ED25519_TEXT ? read_ed25519(text, key)
                                              : read_pem(text, key);
    return right ? NULL
                 : "for EdDSA wants a public key of Ed25519: its 32 bytes in base64url "
                   "(43 characters), or a PEM file of it";
}

static bool item_key(const struct judging *judging, const struct tg_given *item,
                     enum tg_token_algorithm algorithm, uint8_t key[KEY_TEXT_SIZE],
                     size_t *size)
{
    const struct tg_given *from = tg_judging_key(judging, item);
    char text[KEY_TEXT_SIZE] = "", why[300] = "out of memory";
    if (from == NULL) {
        return false;
    }
    bool is_file = strcmp(from->name, "key_file") == 0;
    if (is_file) {
        char *path = tg_judging_path(judging, from->text);
        enum tg_err err = path == NULL
                              ? TG_ENOMEM
                              : tg_text_file_read(AT_FDCWD, path,
                                                  algorithm == TG_TOKEN_HS256
                                                      ? TG_TEXT_FILE_SECRET
                                                      : TG_TEXT_FILE_PUBLIC,
                                                  text, sizeof text, why, sizeof why);
        tg_free(path);
        if (!tg_judging_key_file(judging, from, err, why)) {
            explicit_bzero(text, sizeof text);
            return false;
        }
    } else if (strlen(from->text) < sizeof text) {
        strcpy(text, from->text);
    }
    const char *fault = judge_key(algorithm, text, key, size);
    if (fault != NULL) {
        char shown[TG_SHOWN_MAX];
        tg_mistake(judging->mistakes, from->place, judging->setting->path, "%s%s%s %s",
                   from->name, is_file ? " " : "",
                   is_file ? tg_config_show(shown, tg_slice_of(from->text)) : "", fault);
    }
    explicit_bzero(text, sizeof text);
    return fault == NULL;
}

/* --- The list ---------------------------------------------------------------------- */

/* One name, one key; and one key, one application: else each could sign for the other. */
static const char *taken(const struct tg_config_token_keys *keys, const char *kid,
                         const uint8_t *key, size_t size)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct tg_config_token_key *item = &keys->items[i];
        if (strcmp(item->kid, kid) == 0) {
            return "this kid is in the list already; each key needs its own";
        }
        if (item->key_size == size && memcmp(item->key, key, size) == 0) {
            return "this key is in the list already; each kid needs its own";
        }
    }
    return NULL;
}

static bool append(struct tg_config_token_keys *keys, const char *app, const char *kid,
                   enum tg_token_algorithm algorithm, const uint8_t *key, size_t size)
{
    struct tg_config_token_key *items =
        tg_resize(keys->items, (keys->count + 1) * sizeof *items);
    if (items == NULL) {
        return false;
    }
    keys->items = items;
    struct tg_config_token_key made = {.app = tg_copy_text(app),
                                       .kid = tg_copy_text(kid),
                                       .key = tg_alloc(size),
                                       .key_size = size,
                                       .algorithm = algorithm};
    if (made.app == NULL || made.kid == NULL || made.key == NULL) {
        tg_free(made.app);
        tg_free(made.kid);
        tg_free(made.key);
        return false;
    }
    memcpy(made.key, key, size);
    items[keys->count++] = made;
    return true;
}

static bool add_item(const struct judging *judging, struct tg_config_token_keys *keys,
                     const struct tg_given *item)
{
    if (item->kind != TG_GIVEN_MAP) {
        tg_judging_refuse(judging, item);
        return false;
    }
    bool right = members_right(judging, item);
    const char *app = tg_judging_app(judging, item);
    const char *kid = item_text(judging, item, "kid",
                                "1 to 64 printable characters without blanks", is_kid);
    const char *name =
        item_text(judging, item, "algorithm", "HS256 or EdDSA", is_algorithm);
    if (app == NULL || kid == NULL || name == NULL) {
        return false;
    }
    enum tg_token_algorithm algorithm = strcmp(name, "HS256") == 0 ? TG_TOKEN_HS256
                                                                   : TG_TOKEN_EDDSA;
    uint8_t key[KEY_TEXT_SIZE];
    size_t size = 0;
    right = item_key(judging, item, algorithm, key, &size) && right;
    const char *fault = right ? taken(keys, kid, key, size) : NULL;
    if (fault != NULL) {
        tg_mistake(judging->mistakes, item->place, judging->setting->path, "%s", fault);
        right = false;
    }
    if (right && !append(keys, app, kid, algorithm, key, size)) {
        tg_judging_no_memory(judging, item);
        right = false;
    }
    explicit_bzero(key, sizeof key);
    return right;
}

void tg_config_token_keys_set(const struct judging *judging,
                              struct tg_config_token_keys *member,
                              const struct tg_given *given)
{
    if (given->kind != TG_GIVEN_LIST) {
        tg_judging_refuse(judging, given);
        return;
    }
    struct tg_config_token_keys keys = {0};
    bool right = true;
    for (const struct tg_given *item = given->first; item != NULL; item = item->next) {
        right = add_item(judging, &keys, item) && right;
    }
    if (!right) {
        tg_config_token_keys_finish(&keys);
        return;
    }
    tg_config_token_keys_finish(member);
    *member = keys;
}
