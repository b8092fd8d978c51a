#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "engine/base/mem.h"
#include "server/config/given.h"

struct reader {
    const char *source;
    struct tg_mistakes *mistakes;
    struct tg_given *root;
    struct tg_given *open[TG_GIVEN_DEPTH_MAX]; /* The containers around the next value. */
    size_t depth;
    char *name; /* Of the member whose value comes next; owned. */
    struct tg_place name_place;
    size_t values;
    size_t documents;
    bool stopped;
};

static struct tg_place place_of(const struct reader *reader, yaml_mark_t mark)
{
    return (struct tg_place){reader->source, (uint32_t)mark.line + 1,
                             (uint32_t)mark.column + 1};
}

static void stop(struct reader *reader, struct tg_place place, const char *why)
{
    tg_mistake(reader->mistakes, place, NULL, "%s", why);
    reader->stopped = true;
}

static bool is_null(const yaml_event_t *event)
{
    struct tg_slice text = tg_slice(event->data.scalar.value, event->data.scalar.length);
    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.size == 0 || tg_slice_is(text, "~") || tg_slice_is(text, "null"));
}

/* The scalar is the name of a member. */
static void read_name(struct reader *reader, const yaml_event_t *event)
{
    struct tg_place place = place_of(reader, event->start_mark);
    size_t size = event->data.scalar.length;
    char *name = tg_alloc(size + 1);
    if (name == NULL) {
        stop(reader, place, "out of memory");
        return;
    }
    memcpy(name, event->data.scalar.value, size);
    name[size] = '\0';
    if (strlen(name) != size) {
        stop(reader, place, "a name with a NUL character");
        tg_free(name);
        return;
    }
    const struct tg_given *first = tg_given_member(reader->open[reader->depth - 1], name);
    if (first != NULL) {
        char shown[TG_SHOWN_MAX];
        tg_mistake(reader->mistakes, place, NULL, "%s is given twice; first at line %u",
                   tg_config_show(shown, tg_slice_of(name)), first->name_place.line);
    }
    reader->name = name;
    reader->name_place = place;
}

/* Put a value where it belongs: into the container around it, or to the root. */
static void put(struct reader *reader, struct tg_given *given)
{
    given->name = reader->name;
    given->name_place = reader->name_place;
    reader->name = NULL;
    if (reader->depth != 0) {
        tg_given_add(reader->open[reader->depth - 1], given);
    } else {
        reader->root = given;
    }
}

static void read_value(struct reader *reader, const yaml_event_t *event)
{
    struct tg_place place = place_of(reader, event->start_mark);
    if (++reader->values > TG_GIVEN_VALUES_MAX) {
        stop(reader, place, "too many values for a configuration");
        return;
    }
    struct tg_slice text = {0};
    if (event->type == YAML_SCALAR_EVENT) {
        text = tg_slice(event->data.scalar.value, event->data.scalar.length);
        if (text.size != 0 && memchr(text.data, '\0', text.size) != NULL) {
            stop(reader, place, "a text with a NUL character");
            return;
        }
    } else if (reader->depth == TG_GIVEN_DEPTH_MAX) {
        stop(reader, place, "deeper than any setting is");
        return;
    }
    struct tg_given *given = tg_given_text(place, text);
    if (given == NULL) {
        stop(reader, place, "out of memory");
        return;
    }
    put(reader, given);
    if (event->type == YAML_SCALAR_EVENT) {
        given->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        given->kind = is_null(event) ? TG_GIVEN_NOTHING : TG_GIVEN_TEXT;
    } else {
        given->kind = event->type == YAML_MAPPING_START_EVENT ? TG_GIVEN_MAP
                                                              : TG_GIVEN_LIST;
        reader->open[reader->depth++] = given;
    }
}

/* Anchors and tags are refused rather than ignored: they would change what is meant. */
static void refuse_extras(struct reader *reader, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default:
        break;
    }
    if (anchor != NULL) {
        tg_mistake(reader->mistakes, place_of(reader, event->start_mark), NULL,
                   "an anchor (&): write the value where it is used");
    }
    if (tag != NULL) {
        tg_mistake(reader->mistakes, place_of(reader, event->start_mark), NULL,
                   "a tag (!): write the value without it");
    }
}

static void read_event(struct reader *reader, const yaml_event_t *event)
{
    struct tg_place place = place_of(reader, event->start_mark);
    bool in_map = reader->depth != 0 &&
                  reader->open[reader->depth - 1]->kind == TG_GIVEN_MAP;
    refuse_extras(reader, event);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++reader->documents > 1) {
            stop(reader, place, "a second document: a configuration is one");
        }
        break;
    case YAML_ALIAS_EVENT:
        stop(reader, place, "an alias (*): write the value itself");
        break;
    case YAML_SCALAR_EVENT:
        if (in_map && reader->name == NULL) {
            read_name(reader, event);
        } else {
            read_value(reader, event);
        }
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (in_map && reader->name == NULL) {
            stop(reader, place, "a list or map as a name: write a word");
        } else {
            read_value(reader, event);
        }
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        reader->depth--;
        break;
    default:
        break;
    }
}

/* What libyaml says of a syntax error, at its place. */
static void tell_syntax(struct reader *reader, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        stop(reader, (struct tg_place){reader->source, 0, 0}, "out of memory");
        return;
    }
    if (parser->error == YAML_READER_ERROR) {
        char why[200];
        snprintf(why, sizeof why, "byte %zu is not right: %s", parser->problem_offset,
                 parser->problem != NULL ? parser->problem : "not UTF-8");
        stop(reader, (struct tg_place){reader->source, 0, 0}, why);
        return;
    }
    char why[400];
    const char *problem = parser->problem != NULL ? parser->problem : "something else";
    const char *context = parser->context != NULL ? parser->context : "";
    const char *hint = "";
    if (strstr(problem, "cannot start any token") != NULL) {
        hint = " (indent with spaces, not tabs; quote a text that begins with @, ` or %)";
    } else if (strstr(context, "alias") != NULL) {
        hint = " (a lone * wants quotes: \"*\")";
    }
    snprintf(why, sizeof why, "not YAML: %s%s%s%s", problem, *context != '\0' ? ", " : "",
             context, hint);
    stop(reader, place_of(reader, parser->problem_mark), why);
}

static void read_text(struct reader *reader, struct tg_slice text)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        stop(reader, (struct tg_place){reader->source, 0, 0}, "out of memory");
        return;
    }
    yaml_parser_set_input_string(&parser, text.data, text.size);
    bool ended = false;
    while (!ended && !reader->stopped) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            tell_syntax(reader, &parser);
            break;
        }
        read_event(reader, &event);
        ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

/* The bytes of the file into `text`; false where it cannot be read, `why` says it. */
static bool read_file(const char *path, struct tg_buf *text, char *why, size_t why_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* No waiting for a FIFO. */
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0) {
        snprintf(why, why_size, "cannot be read: %s", strerror(errno));
        goto fail;
    }
    if (!S_ISREG(about.st_mode)) {
        snprintf(why, why_size, "is no regular file");
        goto fail;
    }
    /* All the room at once: growing would leave copies of what may be secret behind. */
    ssize_t size = tg_buf_room(text, TG_GIVEN_FILE_MAX + 1) == NULL ? -1 : 1;
    while (size > 0 && text->size <= TG_GIVEN_FILE_MAX) {
        size = read(fd, text->data + text->size, TG_GIVEN_FILE_MAX + 1 - text->size);
        text->size += size > 0 ? (size_t)size : 0;
    }
    if (size < 0 || text->size > TG_GIVEN_FILE_MAX) {
        snprintf(why, why_size, "%s",
                 size >= 0 ? "is larger than 1 MiB, the most for a configuration"
                           : "could not be read to its end");
        goto fail;
    }
    close(fd);
    return true;

fail:
    if (fd >= 0) {
        close(fd);
    }
    return false;
}

void tg_yaml_read(const char *path, struct tg_given **given, struct tg_mistakes *mistakes)
{
    struct reader reader = {.source = path, .mistakes = mistakes};
    struct tg_buf text = {0};
    char why[300];
    if (!read_file(path, &text, why, sizeof why)) {
        stop(&reader, (struct tg_place){path, 0, 0}, why);
    } else {
        read_text(&reader, tg_buf_slice(&text));
    }
    if (text.data != NULL) {
        explicit_bzero(text.data, text.size); /* It may hold keys. */
    }
    tg_buf_finish(&text);
    tg_free(reader.name);
    if (reader.stopped ||
        (reader.root != NULL && reader.root->kind == TG_GIVEN_NOTHING)) {
        tg_given_destroy(reader.root);
        reader.root = NULL;
    }
    if (reader.root != NULL && reader.root->kind != TG_GIVEN_MAP) {
        tg_mistake(mistakes, reader.root->place, NULL,
                   "wants settings as `name: value`, one a line; telegraphy help "
                   "configuration shows them");
        tg_given_destroy(reader.root);
        reader.root = NULL;
    }
    *given = reader.root;
}
