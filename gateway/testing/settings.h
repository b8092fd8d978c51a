/* For tests of settings: loading a configuration, and what is said of it as one text, in
 * which the file is called "t.yaml". */
#ifndef TG_TESTING_SETTINGS_H
#define TG_TESTING_SETTINGS_H

#include "testing/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config/config.h"

static char directory[] = "/tmp/telegraphy-config-test-XXXXXX";
static char said[1 << 16]; /* All mistakes of the last load, one a line. */
static struct tg_config config;
static const char *variables[4][2]; /* The environment. */

static inline char *get(const char *name)
{
    for (size_t i = 0; i < 4; i++) {
        if (variables[i][0] != NULL && strcmp(variables[i][0], name) == 0) {
            return (char *)(uintptr_t)variables[i][1];
        }
    }
    return NULL;
}

static inline int begin(void **state)
{
    (void)state;
    memset(variables, 0, sizeof variables);
    config = (struct tg_config){0};
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    tg_config_finish(&config);
    return 0;
}

static inline void put_file(const char *name, const char *text, size_t size, mode_t mode)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(name, mode), 0);
}

static inline enum tg_err load_flags(int count, const char *const *flags)
{
    char *copies[8];
    for (int i = 0; i < count; i++) {
        copies[i] = (char *)(uintptr_t)flags[i];
    }
    struct tg_mistakes mistakes;
    struct tg_config_input input = {count, copies, get};
    tg_config_finish(&config);
    enum tg_err err = tg_config_load(&config, &input, &mistakes);
    assert_int_equal(err == TG_OK, mistakes.errors == 0);
    size_t at = 0;
    said[0] = '\0';
    for (size_t i = 0; i < mistakes.count; i++) {
        at += (size_t)snprintf(said + at, sizeof said - at, "%s%s\n",
                               mistakes.items[i].warning ? "(warning) " : "",
                               mistakes.items[i].text);
    }
    tg_mistakes_finish(&mistakes);
    return err;
}

#define FLAGS(...)                                                          \
    load_flags((int)(sizeof(const char *[]){__VA_ARGS__} / sizeof(char *)), \
               (const char *const[]){__VA_ARGS__})

static inline enum tg_err load_bytes(const char *yaml, size_t size)
{
    put_file("t.yaml", yaml, size, 0600);
    return FLAGS("--config", "t.yaml");
}

static inline enum tg_err load(const char *yaml)
{
    return load_bytes(yaml, strlen(yaml));
}

/* Into a directory of its own, and out of it; `leave` wants all files removed. */
static inline int enter(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL || chdir(directory) != 0;
}

static inline int leave_without(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unlink(names[i]);
    }
    rmdir("sub");
    return chdir("/") != 0 || rmdir(directory) != 0;
}

#endif
