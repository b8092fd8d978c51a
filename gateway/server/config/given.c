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

const char *tg_show(char shown[TG_SHOWN_MAX], struct tg_slice text)
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
    char text[1024]; /* Values in it went through tg_show; a longer one is cut. */
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

void tg_nearest_init(struct tg_nearest *nearest, struct tg_slice name)
{
    *nearest = (struct tg_nearest){.name = name};
}

enum { NAME_MAX_ = 64 };

/* How many letters must be put in, taken out, changed or swapped with their neighbour
 * to make `a` of `b` (optimal string alignment), of at most NAME_MAX_ letters each. */
static size_t distance(struct tg_slice a, struct tg_slice b)
{
    size_t rows[3][NAME_MAX_ + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.size; j++) {
        above[j] = j;
    }
    for (size_t i = 1; i <= a.size; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            bool same = a.data[i - 1] == b.data[j - 1];
            size_t least = above[j - 1] + (same ? 0 : 1);
            least = above[j] + 1 < least ? above[j] + 1 : least;
            least = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
                a.data[i - 2] == b.data[j - 1] && before[j - 2] + 1 < least) {
                least = before[j - 2] + 1;
            }
            row[j] = least;
        }
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[b.size];
}

void tg_nearest_offer(struct tg_nearest *nearest, struct tg_slice candidate)
{
    struct tg_slice name = nearest->name;
    if (name.size > NAME_MAX_ || candidate.size > NAME_MAX_) {
        return;
    }
    size_t far = distance(name, candidate);
    /* `port` may be meant to be `clients.port`: the end of the path is as good. */
    bool is_end = candidate.size > name.size && name.size != 0 &&
                  strchr(".-", candidate.data[candidate.size - name.size - 1]) != NULL &&
                  tg_slice_equal(
                      name,
                      tg_slice(candidate.data + candidate.size - name.size, name.size));
    far = is_end ? 1 : far;
    if (far > 1 + name.size / 4) {
        return;
    }
    if (nearest->count != 0 && far > nearest->distance[0] + 1) {
        return;
    }
    size_t at = nearest->count;
    while (at > 0 && nearest->distance[at - 1] > far) {
        at--;
    }
    for (size_t i = TG_NEAREST_MAX - 1; i > at; i--) {
        nearest->near[i] = nearest->near[i - 1];
        nearest->distance[i] = nearest->distance[i - 1];
    }
    if (at < TG_NEAREST_MAX) {
        nearest->near[at] = candidate;
        nearest->distance[at] = far;
        nearest->count += nearest->count < TG_NEAREST_MAX ? 1 : 0;
    }
    /* What is much further away than the best was hardly meant. */
    while (nearest->distance[nearest->count - 1] > nearest->distance[0] + 1) {
        nearest->count--;
    }
}
