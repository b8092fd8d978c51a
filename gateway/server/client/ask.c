#include "server/client/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "engine/codec/http1.h"
#include "server/config/runtime.h"
#include "server/config/values.h"

enum { TIMEOUT_MS = 15000, ANSWER_MAX = 16 << 20 };

/* The key of a gateway on this machine, from its runtime directory. */
static bool find_local_key(struct tg_ask *ask)
{
    char why[600];
    char *directory = tg_runtime_dir_default(NULL, why, sizeof why);
    enum tg_err err = TG_ENOENT;
    if (directory != NULL && tg_url_is_local(ask->url)) {
        err = tg_runtime_ingest_key(directory, ask->url->port, false, ask->key, why,
                                    sizeof why);
    }
    if (err == TG_ENOENT) {
        fprintf(stderr,
                "telegraphy: no ingest key: set $TELEGRAPHY_INGEST_KEY or give "
                "--key-file FILE"
                " (a gateway without configured keys keeps one in its runtime directory, "
                "%s; that of `manage.py telegraphy` has the project's own, "
                "TELEGRAPHY[\"INGEST_KEY\"])\n",
                directory != NULL ? directory : "which is not known");
    } else if (err != TG_OK) {
        fprintf(stderr, "telegraphy: %s\n", why);
    }
    tg_free(directory);
    return err == TG_OK;
}

static bool find_key(struct tg_ask *ask, const char *file)
{
    char why[300];
    const char *given = getenv("TELEGRAPHY_INGEST_KEY");
    if (file != NULL) {
        enum tg_err err =
            tg_key_file_read(AT_FDCWD, file, false, ask->key, why, sizeof why);
        if (err != TG_OK || why[0] != '\0') {
            fprintf(stderr, "telegraphy: the key file %s %s\n", file, why);
        }
        return err == TG_OK;
    }
    if (given == NULL || given[0] == '\0') {
        return find_local_key(ask);
    }
    if (!tg_config_is_key(given)) {
        fprintf(stderr,
                "telegraphy: $TELEGRAPHY_INGEST_KEY wants one key of 16 to 256 printable "
                "characters without blanks\n");
        return false;
    }
    strcpy(ask->key, given);
    return true;
}

/* The head of the answer, and what of its body came with it (in `answer`). */
static enum tg_wire_result receive_head(struct tg_ask *ask, struct tg_http_parser *parser,
                                        struct tg_http_reply *reply, uint64_t deadline_ms)
{
    static uint8_t bytes[65536];
    for (;;) {
        size_t received, used;
        enum tg_wire_result result =
            tg_wire_receive(&ask->wire, bytes, sizeof bytes, &received, deadline_ms);
        if (result != TG_WIRE_OK) {
            return result;
        }
        enum tg_err err =
            tg_http_feed_reply(parser, tg_slice(bytes, received), &used, reply);
        if (err == TG_OK) {
            tg_buf_add(&ask->answer, bytes + used, received - used);
            return TG_WIRE_OK;
        }
        if (err != TG_EMORE) {
            errno = EPROTO;
            return TG_WIRE_FAILED;
        }
    }
}

static enum tg_wire_result receive_answer(struct tg_ask *ask, bool *keep)
{
    uint64_t deadline_ms = tg_wire_now_ms() + TIMEOUT_MS;
    struct tg_http_parser parser;
    struct tg_http_reply reply;
    tg_http_parser_init(&parser, NULL);
    tg_buf_clear(&ask->answer);
    enum tg_wire_result result = receive_head(ask, &parser, &reply, deadline_ms);
    tg_http_parser_finish(&parser);
    if (result != TG_WIRE_OK) {
        return result;
    }
    ask->status = reply.status;
    *keep = reply.keep_alive && reply.has_content_length;
    uint64_t size = reply.has_content_length ? reply.content_length : ANSWER_MAX;
    if (size > ANSWER_MAX || reply.has_transfer_encoding) {
        errno = EPROTO;
        return TG_WIRE_FAILED;
    }
    while (ask->answer.size < size) {
        size_t received,
            want = size - ask->answer.size < 65536 ? size - ask->answer.size : 65536;
        uint8_t *room = tg_buf_room(&ask->answer, want);
        if (room == NULL) {
            errno = ENOMEM;
            return TG_WIRE_FAILED;
        }
        result = tg_wire_receive(&ask->wire, room, want, &received, deadline_ms);
        if (result == TG_WIRE_ENDED && !reply.has_content_length) {
            break;
        }
        if (result != TG_WIRE_OK) {
            return result;
        }
        ask->answer.size += received;
    }
    return TG_WIRE_OK;
}

bool tg_ask_open(struct tg_ask *ask, struct tg_buf *err)
{
    char why[200];
    if (ask->wire.fd >= 0) {
        return true;
    }
    enum tg_wire_result result = tg_wire_open(
        &ask->wire, ask->url, tg_wire_now_ms() + TIMEOUT_MS, why, sizeof why);
    if (result == TG_WIRE_OK) {
        return true;
    }
    if (result == TG_WIRE_UNTRUSTED) {
        tg_buf_printf(err, "telegraphy: no TLS with %s: %s\n", ask->url->authority, why);
        return false;
    }
    tg_buf_printf(err,
                  "telegraphy: no gateway answers at %s: %s; telegraphy serve runs one\n",
                  ask->url->authority, why);
    return false;
}

void tg_ask_head(const struct tg_url *url, const char *key, const char *method,
                 struct tg_slice path, const char *content_type, size_t size,
                 struct tg_buf *request)
{
    size_t base = strlen(url->path);
    base -= base != 0 && url->path[base - 1] == '/' ? 1 : 0;
    tg_buf_printf(request,
                  "%s %.*s%.*s HTTP/1.1\r\n"
                  "Host: %s\r\n"
                  "User-Agent: telegraphy/%s\r\n"
                  "Authorization: Bearer %s\r\n",
                  method, (int)base, url->path, TG_FMT(path), url->authority, TG_VERSION,
                  key);
    if (content_type != NULL) {
        tg_buf_printf(request,
                      "Content-Type: %s\r\n"
                      "Content-Length: %zu\r\n",
                      content_type, size);
    }
    tg_buf_add_text(request, "\r\n");
}

const char *tg_ask_send(struct tg_ask *ask, struct tg_slice request)
{
    bool keep = false;
    /* A gateway that refuses may answer and close before it has read all: ask for the
     * answer whatever became of the sending. */
    enum tg_wire_result sent =
        tg_wire_send(&ask->wire, request, tg_wire_now_ms() + TIMEOUT_MS);
    enum tg_wire_result result = receive_answer(ask, &keep);
    if (result != TG_WIRE_OK) {
        return tg_wire_text(sent != TG_WIRE_OK ? sent : result);
    }
    if (!keep) {
        tg_wire_close(&ask->wire);
    }
    return NULL;
}

bool tg_ask_begin(struct tg_ask *ask, const struct tg_url *url, const char *key_file,
                  const char *ca)
{
    char why[400];
    *ask = (struct tg_ask){.url = url};
    if (!tg_wire_init(&ask->wire, url, ca, why, sizeof why)) {
        fprintf(stderr, "telegraphy: --ca: %s\n", why);
        return false;
    }
    return find_key(ask, key_file);
}

void tg_ask_finish(struct tg_ask *ask)
{
    tg_wire_finish(&ask->wire);
    explicit_bzero(ask->key, sizeof ask->key);
    tg_buf_finish(&ask->answer);
}
