#include "server/client/publish.h"

#include "server/client/ask.h"
#include "server/client/show.h"

void tg_batch_clear(struct tg_batch *batch)
{
    tg_buf_clear(&batch->body);
    batch->count = 0;
}

void tg_batch_finish(struct tg_batch *batch)
{
    tg_buf_finish(&batch->body);
    batch->count = 0;
}

bool tg_batch_is_full(const struct tg_batch *batch)
{
    return batch->count == TG_BATCH_EVENTS_MAX || batch->body.size >= TG_BATCH_BYTES_MAX;
}

/* "telegraphy: " and, for what came from stdin, "line 3: ". */
static void begin_line(struct tg_buf *err, uint64_t line)
{
    tg_buf_add_text(err, "telegraphy: ");
    if (line != 0) {
        tg_buf_printf(err, "line %llu: ", (unsigned long long)line);
    }
}

/* Is it a JSON object? Judged here so that a slip is named by its character. */
static enum tg_err judge(struct tg_slice data, uint64_t line, struct tg_buf *err)
{
    struct tg_json_doc doc = {0};
    struct tg_json_error error = {0};
    enum tg_err result = tg_json_parse(&doc, data, NULL, &error);
    if (result == TG_EINVAL || result == TG_ELIMIT) {
        begin_line(err, line);
        tg_buf_printf(err, "the data is not JSON: %s, at byte %zu\n", error.message,
                      error.offset + 1);
        result = TG_EINVAL;
    } else if (result == TG_OK && tg_json_kind(tg_json_root(&doc)) != TG_JSON_OBJECT) {
        begin_line(err, line);
        tg_buf_printf(err,
                      "the data of an event is an object, such as {\"id\":7}; got %s\n",
                      tg_json_kind_text(tg_json_kind(tg_json_root(&doc))));
        result = TG_EINVAL;
    }
    tg_json_finish(&doc);
    return result;
}

enum tg_err tg_batch_add(struct tg_batch *batch, const struct tg_publish_options *options,
                         struct tg_slice data, uint64_t line, struct tg_buf *err)
{
    enum tg_err result = judge(data, line, err);
    if (result != TG_OK) {
        return result;
    }
    struct tg_buf *body = &batch->body;
    tg_buf_add_text(body, "{");
    tg_json_write_name(body, "type");
    tg_json_write_text(body, options->type);
    if (options->op != NULL) {
        tg_json_write_name(body, "op");
        tg_json_write_text(body, options->op);
    }
    if (options->id != NULL) {
        tg_json_write_name(body, "id");
        tg_json_write_text(body, options->id);
    }
    tg_json_write_name(body, "data");
    /* An event is one line, so line ends between values become blanks. Within strings
     * there are none: JSON escapes them. */
    for (size_t i = 0; i < data.size; i++) {
        uint8_t byte = data.data[i];
        tg_buf_add_byte(body, byte == '\n' || byte == '\r' ? ' ' : byte);
    }
    tg_buf_add_text(body, "}\n");
    batch->lines[batch->count++] = line;
    return body->failed ? TG_ENOMEM : TG_OK;
}

void tg_batch_request(const struct tg_batch *batch,
                      const struct tg_publish_options *options, const char *key,
                      struct tg_buf *request)
{
    tg_ask_head(&options->url, key, "POST", TG_LIT("/api/v1/events"),
                "application/x-ndjson", batch->body.size, request);
    tg_buf_add_slice(request, tg_buf_slice(&batch->body));
}

/* The item of `refused` that is about the event `index`, or NONE. */
static struct tg_json refusal_of(struct tg_json answer, int64_t index)
{
    struct tg_json item = tg_json_first(tg_json_get(answer, "refused"));
    int64_t of;
    while (tg_json_kind(item) != TG_JSON_NONE &&
           !(tg_json_int(tg_json_get(item, "index"), &of) && of == index)) {
        item = tg_json_next(item);
    }
    return item;
}

/* One entry of `offsets` for each event. */
static bool show_events(const struct tg_batch *batch,
                        const struct tg_publish_options *options, struct tg_json answer,
                        struct tg_buf *out, struct tg_buf *err)
{
    struct tg_json item = tg_json_first(tg_json_get(answer, "offsets"));
    int64_t duplicates = 0;
    bool all = true;
    (void)tg_json_int(tg_json_get(answer, "duplicates"), &duplicates);
    for (size_t i = 0; i < batch->count; i++, item = tg_json_next(item)) {
        int64_t offset;
        if (tg_json_int(item, &offset)) {
            bool repeat = batch->count == 1 && duplicates == 1;
            tg_buf_add_text(out, repeat ? "published already: " : "published ");
            tg_show_text(out, tg_slice_of(options->type));
            tg_buf_printf(out, " at offset %lld\n", (long long)offset);
        } else {
            begin_line(err, batch->lines[i]);
            tg_show_refusal(err, refusal_of(answer, (int64_t)i));
            tg_buf_add_text(err, "\n");
            all = false;
        }
    }
    return all;
}

bool tg_batch_answer(const struct tg_batch *batch,
                     const struct tg_publish_options *options, unsigned status,
                     struct tg_slice body, struct tg_buf *out, struct tg_buf *err)
{
    struct tg_json_doc doc = {0};
    struct tg_json_error error;
    bool all = false;
    enum tg_err result = tg_json_parse(&doc, body, NULL, &error);
    struct tg_json answer = tg_json_root(&doc);
    bool published = result == TG_OK &&
                     tg_json_size(tg_json_get(answer, "offsets")) == batch->count;
    if (published) {
        all = show_events(batch, options, answer, out, err);
    } else if (result == TG_OK &&
               tg_json_kind(tg_json_get(answer, "code")) == TG_JSON_STRING) {
        tg_buf_add_text(err, "telegraphy: ");
        tg_show_refusal(err, answer);
        tg_buf_add_text(err, "\n");
    } else {
        tg_buf_printf(
            err,
            "telegraphy: %s answered with status %u, not as a gateway does; is this "
            "its ingest port?\n",
            options->url.authority, status);
    }
    tg_json_finish(&doc);
    return all;
}
