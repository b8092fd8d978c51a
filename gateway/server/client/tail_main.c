#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "engine/base/codes.h"
#include "engine/codec/handshake.h"
#include "engine/codec/websocket.h"
#include "server/client/client.h"
#include "server/client/show.h"
#include "server/client/tail.h"
#include "server/client/wire.h"

const char tg_tail_usage[] =
    "usage: telegraphy tail TYPE [--where EXPR] [--ticket-file FILE] [--claims FILE]\n"
    "                       [--count N] [--since EPOCH:OFFSET] [--json]\n"
    "\n"
    "Show the events of TYPE as they come, one a line on stdout:\n"
    "time, operation, type, offset, data. What is lost and what happens to the "
    "connection\n"
    "is told on stderr. A lost connection is made anew. Ends with SIGINT, SIGTERM, or "
    "after\n"
    "N events.\n"
    "\n"
    "  --where EXPR          only what matches this query, as\n"
    "                        'status == \"paid\" && total > 100'\n"
    "  --ticket-file FILE    connect as whom this ticket is for: the ticket itself, or "
    "the\n"
    "                        gateway's answer that has it\n"
    "  --claims FILE         connect with these claims, a JSON object: for a gateway\n"
    "                        with testing.claims\n"
    "  --count N             end after N events\n"
    "  --since EPOCH:OFFSET  also what came after this position, as far as it is kept\n"
    "  --json                the messages as the gateway sent them\n"
    "  --url URL             default ws://127.0.0.1:1844/v1/websocket; wss:// for TLS\n"
    "  --ca FILE             with wss://: trust the authorities in it (PEM), and not "
    "those\n"
    "                        of the system\n";

static const char subprotocol[] = "telegraphy.v1";

enum {
    HANDSHAKE_MS = 10000,
    SILENCE_MS = 10000, /* From our ping to the end of patience. */
    GOODBYE_MS = 1000,
    DELAY_MS_MIN = 500,
    DELAY_MS_MAX = 30000,
    RECEIVE_MAX = 65536,
    CLAIMS_MAX = 4096, /* As the gateway takes them; so these. */
    TICKET_MAX = 8192,
};

static const struct tg_ws_limits limits = {.message_max = 16 << 20,
                                           .fragments_max = 65536};

struct run {
    struct tg_tail_options options;
    struct tg_tail tail;
    struct tg_tail_output output;
    struct tg_wire wire;
    struct tg_ws_decoder decoder;
    struct tg_buf frames; /* To be sent. */
    uint64_t delay_ms;
    bool pinged; /* Since something was heard. */
    uint8_t bytes[RECEIVE_MAX];
    char why[600]; /* The connection was lost because of this; empty: at its own wish. */
};

static void random_bytes(void *into, size_t size)
{
    if (getrandom(into, size, 0) != (ssize_t)size) {
        abort(); /* The system promises this much. */
    }
}

/* Write what there is to say. False if stdout is gone. */
static bool flush(struct run *run)
{
    tg_show_out(&run->output.err, stderr);
    tg_show_out(&run->output.out, stdout);
    return fflush(stdout) == 0;
}

static void say(struct run *run, const char *text)
{
    snprintf(run->why, sizeof run->why, "%s", text);
}

static void add_frame(struct run *run, enum tg_ws_opcode opcode, struct tg_slice payload)
{
    uint8_t mask[4];
    random_bytes(mask, sizeof mask);
    tg_ws_frame_write(&run->frames, opcode, true, false, payload, mask);
}

/* Send what was said, and the frames that answer the gateway's. */
static enum tg_wire_result send_all(struct run *run)
{
    if (run->output.send.size != 0) {
        add_frame(run, TG_WS_OP_TEXT, tg_buf_slice(&run->output.send));
        tg_buf_clear(&run->output.send);
    }
    if (run->frames.size == 0) {
        return TG_WIRE_OK;
    }
    enum tg_wire_result result = tg_wire_send(&run->wire, tg_buf_slice(&run->frames),
                                              tg_wire_now_ms() + HANDSHAKE_MS);
    tg_buf_clear(&run->frames);
    return result;
}

static enum tg_tail_step write_out(struct run *run)
{
    enum tg_wire_result result = send_all(run);
    if (result == TG_WIRE_STOPPED) {
        return TG_TAIL_DONE;
    }
    if (result != TG_WIRE_OK) {
        say(run, tg_wire_text(result));
        return TG_TAIL_AGAIN;
    }
    return TG_TAIL_GO_ON;
}

/* The value of Sec-WebSocket-Accept for `key` (RFC 6455 4.2.2). */
static void accept_value(const char key[25], char accept[29])
{
    char text[sizeof TG_WS_ACCEPT_GUID + 24];
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    snprintf(text, sizeof text, "%s%s", key, TG_WS_ACCEPT_GUID);
    if (EVP_Digest(text, strlen(text), digest, &size, EVP_sha1(), NULL) != 1) {
        size = 0; /* No answer can fit then. */
    }
    EVP_EncodeBlock((unsigned char *)accept, digest, (int)size);
}

/* A status other than 101, in words; does it make sense to try again? */
static enum tg_tail_step refused(struct run *run, const struct tg_http_reply *reply)
{
    bool again = reply->status == 503 || reply->status == 408 || reply->status == 502 ||
                 reply->status == 504 || reply->status == 429;
    const char *hint = reply->status == 403   ? "; the gateway does not allow this origin"
                       : reply->status == 404 ? "; is this the address of clients?"
                       : reply->status == 426 ? "; is this the port of clients?"
                                              : "";
    snprintf(run->why, sizeof run->why,
             "the gateway refused the connection with status %u%s", reply->status, hint);
    const struct tg_http_header *after = tg_http_header(&reply->headers, "Retry-After");
    if (again && after != NULL && after->value.size <= 4) {
        char seconds[5] = "";
        memcpy(seconds, after->value.data, after->value.size);
        run->tail.retry_after_ms = strtoul(seconds, NULL, 10) * 1000;
    }
    return again ? TG_TAIL_AGAIN : TG_TAIL_FAILED;
}

/* The opening handshake. Bytes after it are `*left` at the end of `run->bytes + *at`. */
static enum tg_tail_step handshake(struct run *run, size_t *at, size_t *left)
{
    uint8_t nonce[16];
    char key[25], accept[29];
    random_bytes(nonce, sizeof nonce);
    EVP_EncodeBlock((unsigned char *)key, nonce, sizeof nonce);
    accept_value(key, accept);
    tg_ws_handshake_request(&run->frames, run->options.url.authority,
                            run->options.url.path, tg_slice_of(key), subprotocol, NULL);
    uint64_t deadline_ms = tg_wire_now_ms() + HANDSHAKE_MS;
    enum tg_wire_result result =
        tg_wire_send(&run->wire, tg_buf_slice(&run->frames), deadline_ms);
    tg_buf_clear(&run->frames);

    struct tg_http_parser parser;
    struct tg_http_reply reply;
    tg_http_parser_init(&parser, NULL);
    enum tg_err err = TG_EMORE;
    size_t received = 0, used = 0;
    while (result == TG_WIRE_OK && err == TG_EMORE) {
        result = tg_wire_receive(&run->wire, run->bytes, sizeof run->bytes, &received,
                                 deadline_ms);
        if (result == TG_WIRE_OK) {
            err = tg_http_feed_reply(&parser, tg_slice(run->bytes, received), &used,
                                     &reply);
        }
    }
    enum tg_tail_step step = TG_TAIL_AGAIN;
    const char *message;
    if (result != TG_WIRE_OK) {
        say(run, tg_wire_text(result));
    } else if (err != TG_OK) {
        say(run, "the answer is not HTTP");
        step = TG_TAIL_FAILED;
    } else if (reply.status != 101) {
        step = refused(run, &reply);
    } else if (tg_ws_handshake_accepted(&reply, tg_slice_of(accept), subprotocol,
                                        &message) != TG_OK) {
        say(run, message);
        step = TG_TAIL_FAILED;
    } else {
        *at = used;
        *left = received - used;
        step = TG_TAIL_GO_ON;
    }
    tg_http_parser_finish(&parser);
    return step;
}

static enum tg_tail_step closed(struct run *run, uint16_t code, struct tg_slice reason)
{
    struct tg_buf shown = {0};
    tg_show_text(&shown, reason);
    snprintf(run->why, sizeof run->why, "the gateway closed the connection: %u %s%s%.*s",
             code, tg_close_text(code), reason.size != 0 ? ", " : "",
             TG_FMT(tg_buf_slice(&shown)));
    tg_buf_finish(&shown);
    return tg_close_retries(code) ? TG_TAIL_AGAIN : TG_TAIL_FAILED;
}

/* Judge what one frame or message says. */
static enum tg_tail_step take_item(struct run *run, const struct tg_ws_item *item)
{
    switch (item->kind) {
    case TG_WS_TEXT:
        return tg_tail_take(&run->tail, item->payload, &run->output);
    case TG_WS_PING:
        add_frame(run, TG_WS_OP_PONG, item->payload);
        return TG_TAIL_GO_ON;
    case TG_WS_CLOSE:
        return closed(run, item->code, item->payload);
    case TG_WS_FAIL:
        say(run, item->message);
        return TG_TAIL_AGAIN;
    case TG_WS_MORE:
    case TG_WS_PONG:
    case TG_WS_BINARY:
        break;
    }
    return TG_TAIL_GO_ON;
}

static enum tg_tail_step take_bytes(struct run *run, uint8_t *bytes, size_t size)
{
    enum tg_tail_step step = TG_TAIL_GO_ON;
    struct tg_ws_item item = {.kind = TG_WS_TEXT};
    run->pinged = false;
    while (step == TG_TAIL_GO_ON && item.kind != TG_WS_MORE) {
        size_t used;
        tg_ws_decode(&run->decoder, bytes, size, &used, &item);
        bytes += used;
        size -= used;
        step = take_item(run, &item);
        step = step == TG_TAIL_GO_ON ? write_out(run) : step;
    }
    return step;
}

/* One connection, as long as it stands. */
static enum tg_tail_step converse(struct run *run)
{
    size_t at, left;
    enum tg_tail_step step = handshake(run, &at, &left);
    if (step != TG_TAIL_GO_ON) {
        return step;
    }
    tg_tail_begin(&run->tail, &run->output);
    step = write_out(run);
    step = step == TG_TAIL_GO_ON ? take_bytes(run, run->bytes + at, left) : step;
    while (step == TG_TAIL_GO_ON) {
        if (!flush(run)) {
            return TG_TAIL_DONE; /* Nobody reads our lines any more. */
        }
        run->delay_ms = run->tail.state == TG_TAIL_OPEN ? DELAY_MS_MIN : run->delay_ms;
        size_t received;
        uint64_t patience_ms = run->pinged ? SILENCE_MS : run->tail.ping_interval_ms;
        enum tg_wire_result result = tg_wire_receive(&run->wire, run->bytes,
                                                     sizeof run->bytes, &received,
                                                     tg_wire_now_ms() + patience_ms);
        if (result == TG_WIRE_OK) {
            step = take_bytes(run, run->bytes, received);
        } else if (result == TG_WIRE_LATE && !run->pinged) {
            run->pinged = true;
            tg_tail_ping(&run->output);
            step = write_out(run);
        } else if (result == TG_WIRE_STOPPED) {
            step = TG_TAIL_DONE;
        } else {
            say(run, result == TG_WIRE_LATE ? "nothing was heard for too long"
                                            : tg_wire_text(result));
            step = TG_TAIL_AGAIN;
        }
    }
    return step;
}

/* Close in good order: say it, and wait a little for the answer. */
static void say_goodbye(struct run *run)
{
    uint8_t payload[TG_WS_CONTROL_MAX];
    size_t size = tg_ws_close_payload(payload, TG_CLOSE_NORMAL, (struct tg_slice){0});
    uint64_t deadline_ms = tg_wire_now_ms() + GOODBYE_MS;
    struct tg_ws_item item = {.kind = TG_WS_MORE};
    add_frame(run, TG_WS_OP_CLOSE, tg_slice(payload, size));
    tg_wire_forget_signal(); /* The next one ends this too. */
    size_t received;
    if (send_all(run) != TG_WIRE_OK) {
        return;
    }
    while (item.kind != TG_WS_CLOSE && item.kind != TG_WS_FAIL && !tg_wire_stopped() &&
           tg_wire_receive(&run->wire, run->bytes, sizeof run->bytes, &received,
                           deadline_ms) == TG_WIRE_OK) {
        size_t at = 0;
        do {
            size_t used;
            tg_ws_decode(&run->decoder, run->bytes + at, received - at, &used, &item);
            at += used;
        } while (item.kind != TG_WS_MORE && item.kind != TG_WS_CLOSE &&
                 item.kind != TG_WS_FAIL);
    }
}

static enum tg_tail_step connect_and_converse(struct run *run)
{
    char why[200];
    enum tg_wire_result result = tg_wire_open(
        &run->wire, &run->options.url, tg_wire_now_ms() + HANDSHAKE_MS, why, sizeof why);
    if (result == TG_WIRE_UNTRUSTED) {
        snprintf(run->why, sizeof run->why, "no TLS with %s: %s%s",
                 run->options.url.authority, why,
                 run->options.ca == NULL ? "; --ca FILE names whom to trust" : "");
        return TG_TAIL_FAILED;
    }
    if (result != TG_WIRE_OK) {
        snprintf(run->why, sizeof run->why, "no gateway answers at %s: %s",
                 run->options.url.authority, why);
        return TG_TAIL_AGAIN;
    }
    tg_ws_decoder_init(&run->decoder, TG_WS_CLIENT, &limits, false);
    run->pinged = false;
    enum tg_tail_step step = converse(run);
    if (step == TG_TAIL_DONE && run->tail.state == TG_TAIL_OPEN) {
        say_goodbye(run);
    }
    tg_ws_decoder_finish(&run->decoder);
    tg_wire_close(&run->wire);
    tg_buf_clear(&run->frames);
    tg_buf_clear(&run->output.send);
    return step;
}

/* Half of the delay at least, and as much again by chance: clients that lost the gateway
 * together do not come back together. */
static void wait_to_reconnect(struct run *run)
{
    uint64_t chance;
    random_bytes(&chance, sizeof chance);
    uint64_t delay_ms = run->delay_ms / 2 + chance % (run->delay_ms / 2 + 1);
    delay_ms = delay_ms < run->tail.retry_after_ms ? run->tail.retry_after_ms : delay_ms;
    const char *why = run->why[0] != '\0' ? run->why : "the gateway asks to wait";
    fprintf(stderr, "telegraphy: %s; again in %.1f s\n", why, (double)delay_ms / 1000);
    run->delay_ms = run->delay_ms * 2 < DELAY_MS_MAX ? run->delay_ms * 2 : DELAY_MS_MAX;
    run->tail.retry_after_ms = 0;
    tg_wire_sleep(delay_ms);
}

/* At most `max` bytes of the file, and one more if it has more. */
static bool read_file(const char *path, size_t max, struct tg_buf *text)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "telegraphy: %s: %s\n", path, strerror(errno));
        return false;
    }
    setvbuf(file, NULL, _IONBF, 0); /* No copy of a secret in its buffer. */
    uint8_t *room = tg_buf_room(text, max + 1);
    text->size += room == NULL ? 0 : fread(room, 1, max + 1, file);
    bool is_read = room != NULL && ferror(file) == 0;
    fclose(file);
    if (!is_read) {
        fprintf(stderr, "telegraphy: %s: it cannot be read\n", path);
    }
    return is_read;
}

/* What the file holds, if it is the object that it should be. */
static bool read_claims(const char *path, struct tg_buf *text)
{
    struct tg_json_doc doc = {0};
    struct tg_json_error error;
    if (!read_file(path, CLAIMS_MAX, text)) {
        return false;
    }
    bool is_object = text->size <= CLAIMS_MAX &&
                     tg_json_parse(&doc, tg_buf_slice(text), NULL, &error) == TG_OK &&
                     tg_json_kind(tg_json_root(&doc)) == TG_JSON_OBJECT;
    if (!is_object) {
        fprintf(stderr, "telegraphy: %s: %s\n", path,
                text->size > CLAIMS_MAX ? "claims have at most 4 KiB"
                                        : "claims are a JSON object, as {\"user_id\":7}");
    }
    tg_json_finish(&doc);
    return is_object;
}

/* The ticket in the file, which may be the whole answer of the gateway (INGEST.md 6). */
static bool read_ticket(const char *path, struct tg_buf *text, struct tg_slice *ticket)
{
    struct tg_json_doc doc = {0};
    struct tg_json_error error;
    if (!read_file(path, TICKET_MAX, text)) {
        return false;
    }
    *ticket = tg_buf_slice(text);
    while (ticket->size != 0 && memchr("\r\n ", ticket->data[ticket->size - 1], 3)) {
        ticket->size--;
    }
    if (ticket->size != 0 && ticket->data[0] == '{' &&
        (tg_json_parse(&doc, *ticket, NULL, &error) != TG_OK ||
         !tg_json_string(tg_json_get(tg_json_root(&doc), "ticket"), NULL, ticket))) {
        ticket->size = 0;
    }
    tg_json_finish(&doc);
    if (ticket->size == 0 || text->size > TICKET_MAX) {
        fprintf(
            stderr,
            "telegraphy: %s: wants a ticket of at most 8 KiB, or the gateway's answer "
            "that has one\n",
            path);
        return false;
    }
    return true;
}

static void forget(struct tg_buf *secret)
{
    if (secret->size != 0) {
        explicit_bzero(secret->data, secret->size);
    }
    tg_buf_finish(secret);
}

int tg_tail_main(int count, char **arguments)
{
    static struct run run = {.delay_ms = DELAY_MS_MIN};
    char why[TG_OPTIONS_WHY_MAX];
    if (!tg_tail_options_read(&run.options, count, arguments, why)) {
        fprintf(stderr, "telegraphy: tail: %s\n", why);
        return 2;
    }
    struct tg_buf claims = {0};
    struct tg_buf secret = {0};
    struct tg_slice ticket = {0};
    if ((run.options.claims != NULL && !read_claims(run.options.claims, &claims)) ||
        (run.options.ticket != NULL &&
         !read_ticket(run.options.ticket, &secret, &ticket))) {
        tg_buf_finish(&claims);
        forget(&secret);
        return 1;
    }
    if (!tg_wire_init(&run.wire, &run.options.url, run.options.ca, why, sizeof why)) {
        fprintf(stderr, "telegraphy: --ca: %s\n", why);
        tg_buf_finish(&claims);
        return 1;
    }
    tg_wire_catch_signals();
    tg_tail_init(&run.tail, &run.options);
    run.tail.claims = tg_buf_slice(&claims);
    run.tail.ticket = ticket;
    enum tg_tail_step step = TG_TAIL_AGAIN;
    while (step == TG_TAIL_AGAIN && !tg_wire_stopped()) {
        say(&run, "");
        step = connect_and_converse(&run);
        bool heard = flush(&run);
        if (!heard) {
            step = TG_TAIL_DONE;
        } else if (step == TG_TAIL_AGAIN && !tg_wire_stopped()) {
            wait_to_reconnect(&run);
        } else if (step == TG_TAIL_FAILED && run.why[0] != '\0') {
            fprintf(stderr, "telegraphy: %s\n", run.why);
        }
    }
    tg_tail_finish(&run.tail);
    tg_wire_finish(&run.wire);
    tg_buf_finish(&claims);
    forget(&secret);
    forget(&run.output.send);
    tg_buf_finish(&run.output.out);
    tg_buf_finish(&run.output.err);
    forget(&run.frames);
    return step == TG_TAIL_FAILED ? 1 : 0;
}
