#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "server/client/ask.h"
#include "server/client/client.h"
#include "server/client/publish.h"
#include "server/client/show.h"

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
    LINE_MAX_ = 8 << 20, /* Bytes of a line of stdin: the gateway takes no larger one. */
};

/* One run of the command. */
struct run {
    struct tg_publish_options options;
    struct tg_ask ask;
    struct tg_batch batch;
    struct tg_buf request;
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

/* Send the batch and say what came of it. False: it makes no sense to go on. */
static bool send_batch(struct run *run)
{
    if (run->batch.count == 0) {
        return true;
    }
    tg_buf_clear(&run->request);
    tg_batch_request(&run->batch, &run->options, run->ask.key, &run->request);
    if (run->request.failed || !tg_ask_open(&run->ask, &run->err)) {
        tg_buf_add_text(&run->err,
                        run->request.failed ? "telegraphy: out of memory\n" : "");
        run->failed = true;
        return false;
    }
    const char *what = tg_ask_send(&run->ask, tg_buf_slice(&run->request));
    if (what != NULL) {
        tg_buf_printf(
            &run->err,
            "telegraphy: no answer from %s: %s; whether the event%s published is not "
            "known\n",
            run->options.url.authority, what,
            run->batch.count == 1 ? " is" : "s of this batch are");
        run->failed = true;
        return false;
    }
    unsigned status = run->ask.status;
    if (!tg_batch_answer(&run->batch, &run->options, status,
                         tg_buf_slice(&run->ask.answer), &run->out, &run->err)) {
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
    if (!tg_ask_begin(&run.ask, &run.options.url, run.options.key_file, run.options.ca)) {
        return 1;
    }
    if (strcmp(run.options.data, "-") == 0) {
        publish_lines(&run);
    } else if (take_line(&run, tg_slice_of(run.options.data), 0)) {
        run.failed = run.batch.count == 0 || run.failed;
        (void)send_batch(&run);
    }
    run.failed = !flush(&run) || run.failed;
    tg_ask_finish(&run.ask);
    tg_batch_finish(&run.batch);
    if (run.request.data != NULL) {
        explicit_bzero(run.request.data, run.request.size);
    }
    tg_buf_finish(&run.request);
    tg_buf_finish(&run.out);
    tg_buf_finish(&run.err);
    return run.failed ? 1 : 0;
}
