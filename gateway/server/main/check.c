#include "server/main/check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "engine/json/json.h"
#include "server/client/show.h"
#include "server/ingest_zmq/curve.h"
#include "server/tls/tls.h"

enum { DOCUMENT_MAX = 8 << 20 }; /* As ingest takes it. */

bool tg_check_runtime_dir(const struct tg_config *config, struct tg_buf *err)
{
    char why[600];
    int directory;
    enum tg_err result =
        tg_runtime_open(config->runtime_dir, false, &directory, why, sizeof why);
    if (result == TG_OK) {
        close(directory);
    }
    if (result == TG_EIO) {
        tg_buf_printf(err, "telegraphy: %s\n", why);
    }
    return result != TG_EIO;
}

const char *tg_check_read(const char *path, struct tg_buf *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return strerror(errno);
    }
    ssize_t size = 1;
    while (size > 0 && text->size <= DOCUMENT_MAX) {
        uint8_t *room = tg_buf_room(text, 65536);
        size = room == NULL ? -1 : read(fd, room, 65536);
        text->size += size > 0 ? (size_t)size : 0;
    }
    close(fd);
    if (size < 0) {
        return "it could not be read to its end";
    }
    return size == 0 ? NULL : "larger than 8 MiB, the most for a catalogue document";
}

/* Whose document it is: it says so itself. Other faults are left to the catalogue. */
static bool read_app(struct tg_slice text, struct tg_buf *app)
{
    struct tg_json_doc doc = {0};
    struct tg_json_limits limits = {.values_max = 1000000};
    struct tg_json_error error;
    struct tg_slice name;
    bool is = tg_json_parse(&doc, text, &limits, &error) == TG_OK &&
              tg_json_string(tg_json_get(tg_json_root(&doc), "app"), NULL, &name);
    if (is) {
        tg_buf_add_slice(app, name);
    }
    tg_json_finish(&doc);
    return is && !app->failed;
}

static void tell(struct tg_buf *err, const char *path, const struct tg_refusal *refusal)
{
    tg_buf_printf(err, "%s: ", path);
    if (refusal->member[0] != '\0') {
        tg_show_text(err, tg_slice_of(refusal->member));
        tg_buf_add_text(err, ": ");
    }
    tg_show_text(err, tg_slice_of(refusal->message));
    for (uint32_t i = 0; i < refusal->nearest_count; i++) {
        tg_buf_add_text(err, i == 0 ? "; did you mean " : " or ");
        tg_show_text(err, tg_slice_of(refusal->nearest[i]));
    }
    tg_buf_add_text(err, refusal->nearest_count != 0 ? "?\n" : "\n");
}

bool tg_check_document(struct tg_catalogue **catalogue, const char *path,
                       const struct tg_catalogue_limits *limits, struct tg_buf *err)
{
    struct tg_buf text = {0}, app = {0};
    struct tg_catalogue *next;
    struct tg_refusal refusal;
    bool changed, right = false;
    const char *fault = tg_check_read(path, &text);
    if (fault == NULL && !read_app(tg_buf_slice(&text), &app)) {
        fault = "a catalogue document is JSON: an object with app, a name, and types";
    }
    if (fault != NULL) {
        tg_buf_printf(err, "%s: %s\n", path, fault);
    } else if (tg_catalogue_replace(*catalogue, tg_buf_slice(&app), tg_buf_slice(&text),
                                    limits, &next, &refusal, &changed) != TG_OK) {
        tell(err, path, &refusal);
    } else {
        tg_catalogue_unref(*catalogue);
        *catalogue = next;
        right = true;
    }
    tg_buf_finish(&text);
    tg_buf_finish(&app);
    return right;
}

bool tg_check_certificate(const struct tg_config *config, struct tg_buf *err)
{
    char why[TG_TLS_WHY_MAX];
    if (config->clients.certificate == NULL) {
        return true;
    }
    struct tg_tls *tls =
        tg_tls_open(config->clients.certificate, config->clients.certificate_key, why);
    if (tls == NULL) {
        tg_buf_printf(err, "telegraphy: clients.certificate: %s\n", why);
    } else {
        tg_tls_warn_of_expiry(tls);
    }
    tg_tls_close(tls);
    return tls != NULL;
}

bool tg_check_curve(const struct tg_config *config, struct tg_buf *err)
{
    char why[TG_CURVE_WHY_MAX];
    bool right = tg_curve_check(&config->ingest, why);
    if (!right) {
        tg_buf_printf(err, "telegraphy: %s\n", why);
    }
    return right;
}

bool tg_check_catalogues(const struct tg_config *config, struct tg_buf *err)
{
    struct tg_catalogue *catalogue = tg_catalogue_create();
    struct tg_catalogue_limits limits = {.rules = tg_config_query_limits(config)};
    bool right = catalogue != NULL;
    for (size_t i = 0; catalogue != NULL && i < config->catalogues.count; i++) {
        const char *path = config->catalogues.items[i];
        right = tg_check_document(&catalogue, path, &limits, err) && right;
    }
    tg_catalogue_unref(catalogue);
    return right;
}
