#include "server/config/given.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/base/mem.h"

struct tg_given *tg_given_text(struct tg_place place, struct tg_slice text)
{
    struct tg_given *given = tg_zalloc(1, sizeof *given);
    char *copy = tg_alloc(text.size + 1);
    if (given == NULL || copy == NULL) {
        tg_free(given);
        tg_free(copy);
        return NULL;
    }
    if (text.size != 0) {
        memcpy(copy, text.data, text.size);
    }
    copy[text.size] = '\0';
    *given = (struct tg_given){.kind = TG_GIVEN_TEXT, .place = place, .text = copy};
    return given;
}

struct tg_given *tg_given_list(struct tg_place place)
{
    struct tg_given *given = tg_zalloc(1, sizeof *given);
    if (given != NULL) {
        given->kind = TG_GIVEN_LIST;
        given->place = place;
    }
    return given;
}

void tg_given_add(struct tg_given *parent, struct tg_given *item)
{
    if (parent->last == NULL) {
        parent->first = item;
    } else {
        parent->last->next = item;
    }
    parent->last = item;
}

struct tg_given *tg_given_member(const struct tg_given *map, const char *name)
{
    struct tg_given *member = map->first;
    while (member != NULL && strcmp(member->name, name) != 0) {
        member = member->next;
    }
    return member;
}

/* Not recursive: the children of a node are put before its own successors. */
void tg_given_destroy(struct tg_given *given)
{
    while (given != NULL) {
        struct tg_given *next = given->next;
        if (given->first != NULL) {
            given->last->next = next;
            next = given->first;
        }
        if (given->text != NULL) {
            explicit_bzero(given->text, strlen(given->text));
        }
        tg_free(given->text);
        tg_free(given->name);
        tg_free(given);
        given = next;
    }
}

const char *tg_config_show(char shown[TG_SHOWN_MAX], struct tg_slice text)
{
    size_t at = 0;
    shown[at++] = '"';
    for (size_t i = 0; i < text.size; i++) {
        if (at > TG_SHOWN_MAX - 12) {
            at += (size_t)snprintf(shown + at, TG_SHOWN_MAX - at, "…");
            break;
        }
        uint8_t byte = text.data[i];
        if (byte == '"' || byte == '\\') {
            shown[at++] = '\\';
            shown[at++] = (char)byte;
        } else if (byte >= ' ' && byte <= '~') {
            shown[at++] = (char)byte;
        } else {
            at += (size_t)snprintf(shown + at, TG_SHOWN_MAX - at, "\\x%02x", byte);
        }
    }
    shown[at++] = '"';
    shown[at] = '\0';
    return shown;
}

static void add_line(struct tg_mistakes *mistakes, struct tg_buf *line, bool warning)
{
    mistakes->errors += warning ? 0 : 1;
    tg_buf_add_byte(line, 0);
    struct tg_mistake *items = mistakes->items;
    if (mistakes->count % 16 == 0 && mistakes->count < TG_MISTAKES_MAX) {
        items = tg_resize(mistakes->items, (mistakes->count + 16) * sizeof *items);
    }
    if (items == NULL || line->failed || mistakes->count == TG_MISTAKES_MAX) {
        mistakes->lost = true;
        tg_buf_finish(line);
        return;
    }
    items[mistakes->count++] = (struct tg_mistake){(char *)line->data, warning};
    mistakes->items = items;
}

static void add_place(struct tg_buf *line, struct tg_place place, const char *path)
{
    if (place.source[0] == '\0') {
        return; /* The command line as a whole. */
    }
    tg_buf_add_text(line, place.source);
    if (place.line != 0) {
        tg_buf_printf(line, ":%u:%u", place.line, place.column);
    }
    tg_buf_add_text(line, ": ");
    if (path != NULL) {
        tg_buf_printf(line, "%s: ", path);
    }
}

static void add(struct tg_mistakes *mistakes, struct tg_place place, const char *path,
                bool warning, const char *format, va_list args)
{
    char text[1024]; /* Values in it went through tg_config_show; a longer one is cut. */
    vsnprintf(text, sizeof text, format, args);
    struct tg_buf line = {0};
    add_place(&line, place, path);
    tg_buf_add_text(&line, text);
    add_line(mistakes, &line, warning);
}

void tg_mistake(struct tg_mistakes *mistakes, struct tg_place place, const char *path,
                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(mistakes, place, path, false, format, args);
    va_end(args);
}

void tg_warning(struct tg_mistakes *mistakes, struct tg_place place, const char *path,
                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(mistakes, place, path, true, format, args);
    va_end(args);
}

void tg_mistakes_finish(struct tg_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++) {
        tg_free(mistakes->items[i].text);
    }
    tg_free(mistakes->items);
    *mistakes = (struct tg_mistakes){0};
}
