#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/codec/http1.h"
#include "server/client/client.h"
#include "server/client/publish.h"
#include "server/client/show.h"
#include "server/client/wire.h"
#include "server/config/runtime.h"
#include "server/config/values.h"

const char tg_publish_usage[] =
    "usage: telegraphy publish TYPE JSON [--op OPERATION] [--id ID]\n"
    "       telegraphy publish TYPE - [--op OPERATION]\n"
    "\n"
    "Publish an event of TYPE with JSON as its data, or one for each line of stdin, and\n"
    "say at which offset it stands, or why it was refused.\n"
    "\n"
    "  --op OPERATION   create, update, delete or event; may be left out if the type has "
    "one\n"
    "  --id ID          an event with the same id is never made twice\n"
    "  --url URL        the gateway's ingest; default http://127.0.0.1:1845; https:// "
    "for\n"
    "                   TLS, which a proxy speaks\n"
    "  --ca FILE        with https://: trust the authorities in it (PEM), and not those\n"
    "                   of the system\n"
    "  --key-file FILE  the ingest key; default $TELEGRAPHY_INGEST_KEY, else the key "
    "that a\n"
    "                   gateway of this machine keeps in its runtime directory\n"
    "\n"
    "  telegraphy publish board.Order '{\"id\":7,\"status\":\"paid\"}' --op update\n";

enum {
    TIMEOUT_MS = 15000,
    ANSWER_MAX = 16 << 20,
    LINE_MAX_ = 8 << 20, /* Bytes of a line of stdin: the gateway takes no larger one. */
};

/* One run of the command. */
struct run {
    struct tg_publish_options options;
    char key[TG_RUNTIME_KEY_SIZE];
    struct tg_wire wire;
    struct tg_batch batch;
    struct tg_buf request;
    struct tg_buf answer;
    struct tg_buf out;
    struct tg_buf err;
    bool failed; /* Something was not published. */
};

/* Write what there is to say. False if stdout is gone: then nobody wants to hear more. */
static bool flush(struct run *run)
{
    tg_show_out(&run->err, stderr);
    tg_show_out(&run->out, stdout);
    return fflush(stdout) == 0;
}

/* The key of a gateway on this machine, from its runtime directory. */
static bool find_local_key(struct run *run)
{
    char why[600];
    char *directory = tg_runtime_dir_default(NULL, why, sizeof why);
    enum tg_err err = TG_ENOENT;
    if (directory != NULL && tg_url_is_local(&run->options.url)) {
        err = tg_runtime_ingest_key(directory, run->options.url.port, false, run->key,
                                    why, sizeof why);
    }
    if (err == TG_ENOENT) {
        fprintf(stderr,
                "telegraphy: no ingest key: set $TELEGRAPHY_INGEST_KEY or give "
                "--key-file FILE"
                " (a gateway without configured keys keeps one in its runtime directory, "
                "%s)\n",
                directory != NULL ? directory : "which is not known");
    } else if (err != TG_OK) {
        fprintf(stderr, "telegraphy: %s\n", why);
    }
    tg_free(directory);
    return err == TG_OK;
}

static bool find_key(struct run *run)
{
    char why[300];
    const char *file = run->options.key_file;
    const char *given = getenv("TELEGRAPHY_INGEST_KEY");
    if (file != NULL) {
        enum tg_err err =
            tg_key_file_read(AT_FDCWD, file, false, run->key, why, sizeof why);
        if (err != TG_OK || why[0] != '\0') {
            fprintf(stderr, "telegraphy: the key file %s %s\n", file, why);
        }
        return err == TG_OK;
    }
    if (given == NULL || given[0] == '\0') {
        return find_local_key(run);
    }
    if (!tg_config_is_key(given)) {
        fprintf(stderr,
                "telegraphy: $TELEGRAPHY_INGEST_KEY wants one key of 16 to 256 printable "
                "characters without blanks\n");
        return false;
    }
    strcpy(run->key, given);
    return true;
}

/* The head of the answer, and what of its body came with it (in `answer`). */
static enum tg_wire_result receive_head(struct run *run, struct tg_http_parser *parser,
                                        struct tg_http_reply *reply, uint64_t deadline_ms)
{
    static uint8_t bytes[65536];
    for (;;) {
        size_t received, used;
        enum tg_wire_result result =
            tg_wire_receive(&run->wire, bytes, sizeof bytes, &received, deadline_ms);
        if (result != TG_WIRE_OK) {
            return result;
        }
        enum tg_err err =
            tg_http_feed_reply(parser, tg_slice(bytes, received), &used, reply);
        if (err == TG_OK) {
            tg_buf_add(&run->answer, bytes + used, received - used);
            return TG_WIRE_OK;
        }
        if (err != TG_EMORE) {
            errno = EPROTO;
            return TG_WIRE_FAILED;
        }
    }
}

static enum tg_wire_result receive_answer(struct run *run, unsigned *status, bool *keep)
{
    uint64_t deadline_ms = tg_wire_now_ms() + TIMEOUT_MS;
    struct tg_http_parser parser;
    struct tg_http_reply reply;
    tg_http_parser_init(&parser, NULL);
    tg_buf_clear(&run->answer);
    enum tg_wire_result result = receive_head(run, &parser, &reply, deadline_ms);
    tg_http_parser_finish(&parser);
    if (result != TG_WIRE_OK) {
        return result;
    }
    *status = reply.status;
    *keep = reply.keep_alive && reply.has_content_length;
    uint64_t size = reply.has_content_length ? reply.content_length : ANSWER_MAX;
    if (size > ANSWER_MAX || reply.has_transfer_encoding) {
        errno = EPROTO;
        return TG_WIRE_FAILED;
    }
    while (run->answer.size < size) {
        size_t received,
            want = size - run->answer.size < 65536 ? size - run->answer.size : 65536;
        uint8_t *room = tg_buf_room(&run->answer, want);
        if (room == NULL) {
            errno = ENOMEM;
            return TG_WIRE_FAILED;
        }
        result = tg_wire_receive(&run->wire, room, want, &received, deadline_ms);
        if (result == TG_WIRE_ENDED && !reply.has_content_length) {
            break;
        }
        if (result != TG_WIRE_OK) {
            return result;
        }
        run->answer.size += received;
    }
    return TG_WIRE_OK;
}

static bool connect_once(struct run *run)
{
    char why[200];
    if (run->wire.fd >= 0) {
        return true;
    }
    enum tg_wire_result result = tg_wire_open(
        &run->wire, &run->options.url, tg_wire_now_ms() + TIMEOUT_MS, why, sizeof why);
    if (result == TG_WIRE_OK) {
        return true;
    }
    if (result == TG_WIRE_UNTRUSTED) {
        tg_buf_printf(&run->err, "telegraphy: no TLS with %s: %s\n",
                      run->options.url.authority, why);
        return false;
    }
    tg_buf_printf(&run->err,
                  "telegraphy: no gateway answers at %s: %s; telegraphy serve runs one\n",
                  run->options.url.authority, why);
    return false;
}

/* Send the batch and say what came of it. False: it makes no sense to go on. */
static bool send_batch(struct run *run)
{
    unsigned status;
    bool keep = false;
    if (run->batch.count == 0) {
        return true;
    }
    tg_buf_clear(&run->request);
    tg_batch_request(&run->batch, &run->options, run->key, &run->request);
    if (run->request.failed || !connect_once(run)) {
        tg_buf_add_text(&run->err,
                        run->request.failed ? "telegraphy: out of memory\n" : "");
        run->failed = true;
        return false;
    }
    /* A gateway that refuses may answer and close before it has read all: ask for the
     * answer whatever became of the sending. */
    enum tg_wire_result sent = tg_wire_send(&run->wire, tg_buf_slice(&run->request),
                                            tg_wire_now_ms() + TIMEOUT_MS);
    enum tg_wire_result result = receive_answer(run, &status, &keep);
    if (result != TG_WIRE_OK) {
        const char *what = tg_wire_text(sent != TG_WIRE_OK ? sent : result);
        tg_buf_printf(
            &run->err,
            "telegraphy: no answer from %s: %s; whether the event%s published is not "
            "known\n",
            run->options.url.authority, what,
            run->batch.count == 1 ? " is" : "s of this batch are");
        run->failed = true;
        return false;
    }
    if (!keep) {
        tg_wire_close(&run->wire);
    }
    if (!tg_batch_answer(&run->batch, &run->options, status, tg_buf_slice(&run->answer),
                         &run->out, &run->err)) {
        run->failed = true;
    }
    tg_batch_clear(&run->batch);
    /* 401 and the like hold for every batch that would follow. */
    return status != 401 && status != 403 && status != 404 && status != 501;
}

static bool is_blank(struct tg_slice line)
{
    for (size_t i = 0; i < line.size; i++) {
        if (strchr(" \t\r", line.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool take_line(struct run *run, struct tg_slice line, uint64_t number)
{
    if (is_blank(line)) {
        return true;
    }
    enum tg_err err = tg_batch_add(&run->batch, &run->options, line, number, &run->err);
    if (err == TG_ENOMEM) {
        tg_buf_add_text(&run->err, "telegraphy: out of memory\n");
    }
    run->failed = run->failed || err != TG_OK;
    if (err == TG_ENOMEM) {
        return false;
    }
    return !tg_batch_is_full(&run->batch) || (send_batch(run) && flush(run));
}

/* Events from stdin. What is there is sent at once, so that one may publish by typing. */
static void publish_lines(struct run *run)
{
    struct tg_buf input = {.limit = LINE_MAX_ + 65536};
    uint64_t number = 0;
    bool more = true;
    while (more) {
        uint8_t *room = tg_buf_room(&input, 65536);
        ssize_t got = room == NULL ? -1 : read(STDIN_FILENO, room, 65536);
        if (got < 0 && room != NULL && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            tg_buf_printf(&run->err, "telegraphy: line %llu: %s\n",
                          (unsigned long long)number + 1,
                          room == NULL ? "longer than 8 MiB" : strerror(errno));
            run->failed = true;
            break;
        }
        input.size += (size_t)got;
        if (got == 0 && input.size != 0) {
            tg_buf_add_byte(&input, '\n'); /* The last line may have no end. */
        }
        size_t at = 0;
        const uint8_t *end;
        while (more && at < input.size &&
               (end = memchr(input.data + at, '\n', input.size - at)) != NULL) {
            size_t size = (size_t)(end - (input.data + at));
            more = take_line(run, tg_slice(input.data + at, size), ++number);
            at += size + 1;
        }
        tg_buf_drop(&input, at);
        more = more && send_batch(run) && flush(run) && got != 0;
    }
    tg_buf_finish(&input);
}

int tg_publish_main(int count, char **arguments)
{
    static struct run run;
    char why[TG_OPTIONS_WHY_MAX];
    if (!tg_publish_options_read(&run.options, count, arguments, why)) {
        fprintf(stderr, "telegraphy: publish: %s\n", why);
        return 2;
    }
    if (!tg_wire_init(&run.wire, &run.options.url, run.options.ca, why, sizeof why)) {
        fprintf(stderr, "telegraphy: --ca: %s\n", why);
        return 1;
    }
    if (!find_key(&run)) {
        return 1;
    }
    if (strcmp(run.options.data, "-") == 0) {
        publish_lines(&run);
    } else if (take_line(&run, tg_slice_of(run.options.data), 0)) {
        run.failed = run.batch.count == 0 || run.failed;
        (void)send_batch(&run);
    }
    run.failed = !flush(&run) || run.failed;
    tg_wire_finish(&run.wire);
    tg_batch_finish(&run.batch);
    explicit_bzero(run.key, sizeof run.key);
    if (run.request.data != NULL) {
        explicit_bzero(run.request.data, run.request.size);
    }
    tg_buf_finish(&run.request);
    tg_buf_finish(&run.answer);
    tg_buf_finish(&run.out);
    tg_buf_finish(&run.err);
    return run.failed ? 1 : 0;
}
