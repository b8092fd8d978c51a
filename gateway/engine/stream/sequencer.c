#include "engine/stream/sequencer.h"

#include <stdio.h>

#include "engine/base/instant.h"
#include "engine/base/map.h"
#include "engine/base/mem.h"
#include "engine/catalogue/event.h"
#include "engine/stream/dedup.h"

enum {
    /* What an event's text has beside the publisher's bytes: names, position, time, id.
     */
    EVENT_TEXT_ROOM = 224,
};

/* One event type's ordered events, as the sequencer sees them. */
struct stream {
    struct tg_type *type; /* A reference. */
    uint32_t number;
    uint64_t head;
    char epoch[17];
    /* How its events' text begins, up to the offset, for each operation. */
    struct tg_buf opening[TG_OP_COUNT];
};

struct tg_sequencer {
    struct tg_sequencer_config config;
    struct tg_catalogue *catalogue;
    struct tg_dedup *dedup;
    struct tg_map streams; /* By the type's name, borrowed from the type. */
    struct tg_json_doc doc;
    struct tg_buf rooms[2]; /* For what is shown of events with hidden fields. */
    struct stream *last; /* The stream of the last event: most often also of the next. */
    struct tg_slice *lines; /* Of the publish at hand; batch_events_max of them. */
    uint32_t numbers_max;
    uint32_t *free_numbers;
    uint32_t free_count;
};

struct tg_sequencer *tg_sequencer_create(const struct tg_sequencer_config *config)
{
    struct tg_sequencer *sequencer = tg_zalloc(1, sizeof *sequencer);
    if (sequencer == NULL) {
        return NULL;
    }
    sequencer->config = *config;
    sequencer->catalogue = tg_catalogue_create();
    sequencer->dedup = tg_dedup_create(config->dedup_window);
    sequencer->lines = tg_zalloc(config->batch_events_max, sizeof *sequencer->lines);
    if (sequencer->catalogue == NULL || sequencer->dedup == NULL ||
        sequencer->lines == NULL) {
        tg_sequencer_destroy(sequencer);
        return NULL;
    }
    return sequencer;
}

static void stream_destroy(struct stream *stream)
{
    if (stream != NULL) {
        for (int op = 0; op < TG_OP_COUNT; op++) {
            tg_buf_finish(&stream->opening[op]);
        }
        tg_type_unref(stream->type);
        tg_free(stream);
    }
}

void tg_sequencer_destroy(struct tg_sequencer *sequencer)
{
    if (sequencer == NULL) {
        return;
    }
    size_t at = 0;
    for (struct tg_map_entry *entry;
         (entry = tg_map_next(&sequencer->streams, &at)) != NULL;) {
        stream_destroy(entry->value);
    }
    tg_map_finish(&sequencer->streams);
    tg_json_finish(&sequencer->doc);
    tg_buf_finish(&sequencer->rooms[0]);
    tg_buf_finish(&sequencer->rooms[1]);
    tg_dedup_destroy(sequencer->dedup);
    tg_catalogue_unref(sequencer->catalogue);
    tg_free(sequencer->free_numbers);
    tg_free(sequencer->lines);
    tg_free(sequencer);
}

struct tg_catalogue *tg_sequencer_catalogue(struct tg_sequencer *sequencer)
{
    return sequencer->catalogue;
}

/* Publishing. */

static struct stream *stream_of(struct tg_sequencer *sequencer,
                                const struct tg_type *type)
{
    if (sequencer->last == NULL || sequencer->last->type != type) {
        sequencer->last = tg_map_get(&sequencer->streams, tg_type_name(type));
    }
    return sequencer->last;
}

/* Write how the stream's events begin. False without memory. */
static bool write_openings(struct stream *stream)
{
    bool whole = true;
    for (int op = 0; op < TG_OP_COUNT; op++) {
        struct tg_buf *opening = &stream->opening[op];
        tg_buf_clear(opening);
        tg_buf_add_slice(opening, TG_LIT("\"type\":\""));
        tg_buf_add_slice(opening, tg_type_name(stream->type));
        tg_buf_add_slice(opening, TG_LIT("\",\"op\":\""));
        tg_buf_add_slice(opening, tg_delivered_op((enum tg_op)op));
        tg_buf_add_slice(opening, TG_LIT("\",\"position\":{\"epoch\":\""));
        tg_buf_add(opening, stream->epoch, 16);
        tg_buf_add_slice(opening, TG_LIT("\",\"offset\":"));
        whole = whole && !opening->failed;
    }
    return whole;
}

/* Append to bytes whose room was reserved. */
static inline void put(uint8_t **at, struct tg_slice slice)
{
    memcpy(*at, slice.data, slice.size);
    *at += slice.size;
}

/* The same, and where in the batch it then stands. */
static inline struct tg_span put_part(const struct tg_batch *batch, uint8_t **at,
                                      struct tg_slice opening, struct tg_slice raw)
{
    struct tg_span span = {0};
    if (raw.size != 0) {
        put(at, opening);
        span = (struct tg_span){(uint32_t)(*at - batch->bytes.data), (uint32_t)raw.size};
        put(at, raw);
    }
    return span;
}

/* One event of a publish: its line judged, entered or refused. */
struct publish {
    struct tg_sequencer *sequencer;
    struct tg_slice app;
    uint64_t app_salt; /* For the ids of its events. */
    int64_t now_us;
    struct tg_slice now; /* The same as text. */
    struct tg_batch *batch;
    struct tg_buf *answer;
    struct tg_buf refused;
    struct tg_publish_summary *summary;
    uint32_t duplicates;
    uint32_t index;
};

/* A line that was read and judged, and waits for its turn. */
struct reading {
    struct tg_slice line;
    struct tg_event_fields fields;
    struct tg_event_shown shown;
    struct tg_buf *room;       /* For what is shown, where something is hidden. */
    struct tg_refusal refusal; /* Unless it is `right`. */
    struct tg_dedup_key key;   /* Of its id, if it has one. */
    bool right;
};

/* Fixed now, by the gateway's clock; 0: never. */
static int64_t expires_us(const struct tg_type *type, int64_t now_us)
{
    int64_t ttl_us;
    if (type->ttl_ms == 0 || __builtin_mul_overflow(type->ttl_ms, 1000, &ttl_us) ||
        __builtin_add_overflow(now_us, ttl_us, &ttl_us)) {
        return 0;
    }
    return ttl_us;
}

/* Write the event's text and enter it in the batch. `number` is the offset in digits,
 * `room` is enough for it. */
static void batch_enter(struct tg_batch *batch, const struct stream *stream,
                        const struct reading *reading, uint64_t offset,
                        struct tg_slice number, const struct publish *publish,
                        uint8_t *room)
{
    static const struct tg_slice nothing = TG_LIT_INIT("");
    const struct tg_event_fields *fields = &reading->fields;
    const struct tg_event_shown *shown = &reading->shown;
    struct tg_slice time = fields->time.size != 0 ? fields->time : publish->now;
    uint8_t *at = room;
    put(&at, tg_buf_slice(&stream->opening[fields->op]));
    put(&at, number);
    put(&at, TG_LIT("},\"id\":\""));
    if (fields->id.size != 0) {
        put(&at, fields->id);
    } else {
        /* A position names one event for ever, so it is an id too. */
        put(&at, tg_slice(stream->epoch, 16));
        put(&at, TG_LIT(":"));
        put(&at, number);
    }
    put(&at, TG_LIT("\",\"time\":\""));
    put(&at, time);
    struct tg_event *event = &batch->events[batch->count++];
    *event = (struct tg_event){
        .stream = stream->number,
        .op = (uint8_t)fields->op,
        .time_size = (uint8_t)time.size,
        .silent = shown->silent,
        .offset = offset,
        .expires_us = expires_us(stream->type, publish->now_us),
    };
    event->shown = put_part(batch, &at, TG_LIT("\",\"data\":"), shown->data);
    event->old = put_part(batch, &at, TG_LIT(",\"old\":"), shown->old);
    event->changed = put_part(batch, &at, TG_LIT(",\"changed\":"), shown->changed);
    put(&at, TG_LIT("}"));
    event->tail = (struct tg_span){(uint32_t)batch->bytes.size, (uint32_t)(at - room)};
    event->data = event->shown;
    if (stream->type->hidden_count != 0) {
        event->data = put_part(batch, &at, nothing, fields->data);
        event->old = put_part(batch, &at, nothing, fields->old);
        event->changed = put_part(batch, &at, nothing, fields->changed);
    }
    batch->bytes.size += (size_t)(at - room);
}

static void write_refused(struct tg_buf *refused, uint32_t index,
                          const struct tg_refusal *refusal)
{
    tg_buf_add_text(refused, refused->size == 0 ? "{\"index\":" : ",{\"index\":");
    tg_buf_add_u64(refused, index);
    tg_buf_add_byte(refused, ',');
    tg_refusal_write(refusal, refused);
    tg_buf_add_byte(refused, '}');
}

static bool event_read(struct publish *publish, struct reading *reading)
{
    struct tg_sequencer *sequencer = publish->sequencer;
    struct tg_refusal *refusal = &reading->refusal;
    struct tg_json_error error;
    enum tg_err err = tg_json_parse(&sequencer->doc, reading->line, NULL, &error);
    if (err == TG_ENOMEM) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return false;
    }
    if (err != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_INVALID_JSON, NULL, "byte %zu: %s", error.offset,
                       error.message);
        return false;
    }
    struct tg_type *likely = sequencer->last == NULL ? NULL : sequencer->last->type;
    err = tg_event_read(sequencer->catalogue, publish->app, likely, &sequencer->doc,
                        &reading->fields, refusal);
    if (err == TG_OK && tg_event_show(&reading->fields, &sequencer->doc, reading->room,
                                      &reading->shown) != TG_OK) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        err = TG_ENOMEM;
    }
    return err == TG_OK;
}

/* Answer with an offset, given in digits. */
static void publish_offset(struct publish *publish, struct tg_slice number)
{
    if (publish->index != 0) {
        tg_buf_add_byte(publish->answer, ',');
    }
    tg_buf_add_slice(publish->answer, number);
    publish->summary->accepted++;
}

static void publish_refuse(struct publish *publish, const struct tg_refusal *refusal)
{
    tg_buf_add_text(publish->answer, publish->index == 0 ? "null" : ",null");
    write_refused(&publish->refused, publish->index, refusal);
    if (publish->summary->refused++ == 0) {
        publish->summary->first_code = refusal->code;
    }
}

/* Read the next line while what the one before needs of the deduplication window comes
 * into the cache. */
static void read_ahead(struct publish *publish, struct tg_slice line,
                       struct reading *reading)
{
    reading->line = line;
    reading->right = event_read(publish, reading);
    if (reading->right && reading->fields.id.size != 0) {
        reading->key = tg_dedup_key(reading->fields.id, publish->app_salt);
        tg_dedup_prefetch(publish->sequencer->dedup, reading->key);
    }
}

static void publish_one(struct publish *publish, struct reading *reading)
{
    struct tg_sequencer *sequencer = publish->sequencer;
    const struct tg_event_fields *fields = &reading->fields;
    if (!reading->right) {
        publish_refuse(publish, &reading->refusal);
        return;
    }
    uint64_t offset;
    char digits[TG_U64_DIGITS];
    bool has_id = fields->id.size != 0;
    if (has_id && tg_dedup_find(sequencer->dedup, reading->key, &offset)) {
        publish->duplicates++;
        publish_offset(publish, tg_slice(digits, tg_u64_write(offset, digits)));
        return;
    }
    struct stream *stream = stream_of(sequencer, fields->type);
    size_t text_max = reading->line.size + tg_type_name(stream->type).size +
                      EVENT_TEXT_ROOM +
                      (stream->type->hidden_count != 0 ? reading->line.size : 0);
    uint8_t *room = tg_buf_room(&publish->batch->bytes, text_max);
    if (room == NULL) {
        publish->batch->bytes.failed = false;
        tg_refusal_set(&reading->refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        publish_refuse(publish, &reading->refusal);
        return;
    }
    offset = stream->head + 1;
    struct tg_slice number = tg_slice(digits, tg_u64_write(offset, digits));
    batch_enter(publish->batch, stream, reading, offset, number, publish, room);
    stream->head = offset;
    if (has_id) {
        tg_dedup_add(sequencer->dedup, reading->key, offset);
    }
    publish_offset(publish, number);
}

/* All lines, each read one before it is published. */
static void publish_lines(struct publish *publish, const struct tg_slice *lines,
                          uint32_t count)
{
    struct reading readings[2];
    readings[0].room = &publish->sequencer->rooms[0];
    readings[1].room = &publish->sequencer->rooms[1];
    read_ahead(publish, lines[0], &readings[0]);
    for (; publish->index < count; publish->index++) {
        uint32_t next = publish->index + 1;
        if (next < count) {
            read_ahead(publish, lines[next], &readings[next % 2]);
        }
        publish_one(publish, &readings[publish->index % 2]);
    }
}

/* Is there anything but white space in it? */
static bool is_blank(struct tg_slice line)
{
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r' &&
            line.data[i] != '\n') {
            return false;
        }
    }
    return true;
}

/* Take the next line off `body`. False at its end; an empty last line is none. */
static bool next_line(struct tg_slice *body, bool lines, struct tg_slice *line)
{
    if (body->size == 0) {
        return false;
    }
    const uint8_t *end = lines ? memchr(body->data, '\n', body->size) : NULL;
    size_t size = end == NULL ? body->size : (size_t)(end - body->data);
    *line = tg_slice(body->data, size);
    size_t used = end == NULL ? size : size + 1;
    *body = tg_slice(body->data + used, body->size - used);
    return true;
}

/* Cut the body into `sequencer->lines`. */
static enum tg_err cut_lines(struct tg_sequencer *sequencer, struct tg_slice body,
                             bool lines, uint32_t *count, struct tg_refusal *refusal)
{
    uint32_t events = 0;
    struct tg_slice whole = body;
    struct tg_slice line;
    while (next_line(&body, lines, &line)) {
        if (events == sequencer->config.batch_events_max) {
            tg_refusal_set(refusal, TG_CODE_TOO_LARGE, NULL,
                           "more than %u events in one request",
                           sequencer->config.batch_events_max);
            return TG_ELIMIT;
        }
        sequencer->lines[events++] = line;
    }
    if (is_blank(whole)) {
        tg_refusal_set(refusal, TG_CODE_INVALID_EVENT, NULL, "the body holds no event");
        return TG_EINVAL;
    }
    *count = events;
    return TG_OK;
}

enum tg_err tg_sequencer_publish(struct tg_sequencer *sequencer, struct tg_slice app,
                                 struct tg_slice body, bool lines, int64_t now_us,
                                 struct tg_buf *answer, struct tg_batch **batch,
                                 struct tg_publish_summary *summary,
                                 struct tg_refusal *refusal)
{
    uint32_t count = 0;
    enum tg_err err = cut_lines(sequencer, body, lines, &count, refusal);
    if (err != TG_OK) {
        return err;
    }
    char now[TG_INSTANT_TEXT_SIZE];
    struct publish publish = {
        .sequencer = sequencer,
        .app = app,
        .app_salt = tg_hash(app),
        .now_us = now_us,
        .now = tg_slice(now, tg_instant_write(now_us, now)),
        .answer = answer,
        .summary = summary,
        .batch = tg_batch_create(sequencer->catalogue, count),
    };
    *summary = (struct tg_publish_summary){0};
    if (publish.batch == NULL) {
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return TG_ENOMEM;
    }
    /* One allocation for most batches; a failure here only means more of them later. */
    if (tg_buf_room(&publish.batch->bytes, body.size + (size_t)count * 160) == NULL) {
        publish.batch->bytes.failed = false;
    }
    tg_buf_add_text(answer, "\"offsets\":[");
    publish_lines(&publish, sequencer->lines, count);
    tg_buf_add_text(answer, "],\"accepted\":");
    tg_buf_add_u64(answer, summary->accepted);
    tg_buf_add_text(answer, ",\"duplicates\":");
    tg_buf_add_u64(answer, publish.duplicates);
    if (summary->refused != 0) {
        tg_buf_add_text(answer, ",\"refused\":[");
        tg_buf_add_slice(answer, tg_buf_slice(&publish.refused));
        tg_buf_add_byte(answer, ']');
        answer->failed |= publish.refused.failed;
    }
    tg_buf_finish(&publish.refused);
    if (publish.batch->count == 0) {
        tg_batch_unref(publish.batch);
        publish.batch = NULL;
    } else {
        publish.batch->weight = sizeof *publish.batch + count * sizeof(struct tg_event) +
                                publish.batch->bytes.capacity;
    }
    *batch = publish.batch;
    return TG_OK;
}

/* The catalogue. */

/* A stream for `type`, entered in the map; NULL without memory. */
static struct stream *stream_open(struct tg_sequencer *sequencer, struct tg_type *type)
{
    struct stream *stream = tg_zalloc(1, sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    uint64_t epoch = sequencer->config.random(sequencer->config.context);
    snprintf(stream->epoch, sizeof stream->epoch, "%016llx", (unsigned long long)epoch);
    tg_type_ref(type);
    stream->type = type;
    if (!write_openings(stream) ||
        tg_map_put(&sequencer->streams, tg_type_name(type), stream) != TG_OK) {
        stream_destroy(stream);
        return NULL;
    }
    stream->number = sequencer->free_count != 0
                         ? sequencer->free_numbers[--sequencer->free_count]
                         : sequencer->numbers_max++;
    return stream;
}

static void stream_close(struct tg_sequencer *sequencer, struct stream *stream)
{
    tg_map_remove(&sequencer->streams, tg_type_name(stream->type));
    sequencer->free_numbers[sequencer->free_count++] = stream->number;
    stream_destroy(stream);
}

/* The map's key is the type's own name: a new definition brings a new key. */
static enum tg_err stream_redefine(struct tg_sequencer *sequencer, struct stream *stream,
                                   struct tg_type *type)
{
    struct tg_type *before = stream->type;
    tg_map_remove(&sequencer->streams, tg_type_name(before));
    tg_type_ref(type);
    stream->type = type;
    /* It was just taken out, so there is room: this cannot fail. */
    enum tg_err err = tg_map_put(&sequencer->streams, tg_type_name(type), stream);
    tg_type_unref(before);
    return err;
}

/* Close the streams whose type is not in `catalogue`. */
static void streams_prune(struct tg_sequencer *sequencer,
                          const struct tg_catalogue *catalogue)
{
    size_t at = 0;
    struct tg_map_entry *entry;
    while ((entry = tg_map_next(&sequencer->streams, &at)) != NULL) {
        struct stream *stream = entry->value;
        if (tg_catalogue_get(catalogue, tg_type_name(stream->type)) == NULL) {
            stream_close(sequencer, stream);
            at = 0; /* Taking one out moves others: look anew. */
        }
    }
}

/* Every number that may ever be given back has its place before it is given out. */
static enum tg_err numbers_reserve(struct tg_sequencer *sequencer, size_t types)
{
    size_t most = sequencer->numbers_max + types;
    uint32_t *numbers = tg_resize(sequencer->free_numbers, (most + 1) * sizeof *numbers);
    if (numbers == NULL) {
        return TG_ENOMEM;
    }
    sequencer->free_numbers = numbers;
    return TG_OK;
}

static void roster_enter(struct tg_roster *roster, const struct stream *stream)
{
    struct tg_stream_entry *entry = &roster->entries[roster->count++];
    entry->type = stream->type;
    entry->stream = stream->number;
    entry->head = stream->head;
    memcpy(entry->epoch, stream->epoch, sizeof entry->epoch);
}

/* Bring the streams in line with `catalogue`: open, redefine, close. On failure streams
 * of types that are not in the old catalogue may stand without a use; `replace` prunes
 * them. */
static enum tg_err streams_follow(struct tg_sequencer *sequencer,
                                  const struct tg_catalogue *catalogue)
{
    for (size_t i = 0; i < tg_catalogue_size(catalogue); i++) {
        struct tg_type *type = tg_catalogue_at(catalogue, i);
        if (tg_map_get(&sequencer->streams, tg_type_name(type)) == NULL &&
            stream_open(sequencer, type) == NULL) {
            return TG_ENOMEM;
        }
    }
    for (size_t i = 0; i < tg_catalogue_size(catalogue); i++) {
        struct tg_type *type = tg_catalogue_at(catalogue, i);
        struct stream *stream = tg_map_get(&sequencer->streams, tg_type_name(type));
        if (stream->type != type && stream_redefine(sequencer, stream, type) != TG_OK) {
            return TG_ENOMEM;
        }
    }
    streams_prune(sequencer, catalogue);
    return TG_OK;
}

enum tg_err tg_sequencer_replace(struct tg_sequencer *sequencer, struct tg_slice app,
                                 struct tg_slice document, struct tg_roster **roster,
                                 struct tg_refusal *refusal)
{
    struct tg_catalogue *next = NULL;
    bool changed = false;
    *roster = NULL;
    struct tg_catalogue_limits limits = {.rules = sequencer->config.rules};
    enum tg_err err = tg_catalogue_replace(sequencer->catalogue, app, document, &limits,
                                           &next, refusal, &changed);
    if (err != TG_OK) {
        return err;
    }
    if (!changed) {
        tg_catalogue_unref(next);
        return TG_OK;
    }
    size_t types = tg_catalogue_size(next);
    struct tg_roster *made = tg_roster_create(next, (uint32_t)types);
    sequencer->last = NULL;
    if (made == NULL || numbers_reserve(sequencer, types) != TG_OK ||
        streams_follow(sequencer, next) != TG_OK) {
        streams_prune(sequencer, sequencer->catalogue);
        tg_roster_unref(made);
        tg_catalogue_unref(next);
        tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
        return TG_ENOMEM;
    }
    for (size_t i = 0; i < types; i++) {
        struct tg_type *type = tg_catalogue_at(next, i);
        roster_enter(made, tg_map_get(&sequencer->streams, tg_type_name(type)));
    }
    made->streams_max = sequencer->numbers_max;
    tg_catalogue_unref(sequencer->catalogue);
    sequencer->catalogue = next;
    *roster = made;
    return TG_OK;
}
