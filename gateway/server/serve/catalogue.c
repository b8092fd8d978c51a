#include "server/serve/catalogue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/json/json.h"

enum { CATALOGUE_FILE_MAX = 8 * 1024 * 1024 };

static bool read_file(const char *path, struct tg_buf *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    ssize_t size = 0;
    do {
        text->size += (size_t)size;
        uint8_t *room = tg_buf_room(text, 64 * 1024);
        size = room == NULL ? -1 : read(fd, room, 64 * 1024);
    } while (size > 0 && text->size <= CATALOGUE_FILE_MAX);
    close(fd);
    return size == 0;
}

/* The application that the document says it is of. */
static bool document_app(struct tg_slice document, struct tg_buf *app)
{
    struct tg_json_doc doc = {0};
    struct tg_json_error error;
    struct tg_slice name;
    bool found = tg_json_parse(&doc, document,
                               &(struct tg_json_limits){.values_max = 1000000},
                               &error) == TG_OK &&
                 tg_json_string(tg_json_get(tg_json_root(&doc), "app"), NULL, &name);
    if (found) {
        tg_buf_add_slice(app, name);
    }
    tg_json_finish(&doc);
    return found && !app->failed;
}

bool tg_catalogue_load(struct tg_desk *desk, const char *path, char *reason,
                       size_t reason_size)
{
    struct tg_buf text = {0};
    struct tg_buf app = {0};
    struct tg_buf answer = {0};
    struct tg_refusal refusal;
    bool loaded = false;
    if (!read_file(path, &text)) {
        snprintf(reason, reason_size, "%s: %s", path, strerror(errno));
    } else if (!document_app(tg_buf_slice(&text), &app)) {
        snprintf(reason, reason_size, "%s: not a JSON object with \"app\", a name", path);
    } else if (tg_desk_replace(desk, tg_buf_slice(&app), tg_buf_slice(&text), &answer,
                               &refusal) != TG_OK) {
        snprintf(reason, reason_size, "%s: %s: %s", path, refusal.member,
                 refusal.message);
    } else {
        loaded = true;
    }
    tg_buf_finish(&text);
    tg_buf_finish(&app);
    tg_buf_finish(&answer);
    return loaded;
}
