#include "testing/vectors.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(2);
}

static void read_file(const char *path, struct tg_buf *text)
{
    FILE *file = fopen(path, "rb");
    size_t size = 1;
    if (file == NULL) {
        give_up(path, "cannot be opened");
        return;
    }
    while (size != 0) {
        uint8_t *room = tg_buf_room(text, 4096);
        size = room == NULL ? 0 : fread(room, 1, 4096, file);
        text->size += size;
    }
    if (ferror(file) || text->failed) {
        give_up(path, "cannot be read");
    }
    fclose(file);
}

static size_t walk_file(const char *folder, const char *file, tg_test_vector *run)
{
    char path[1000];
    struct tg_buf text = {0};
    struct tg_buf name = {0};
    struct tg_json_doc doc = {0};
    struct tg_json_error error;
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", folder, file);
    read_file(path, &text);
    if (tg_json_parse(&doc, tg_buf_slice(&text), NULL, &error) != TG_OK) {
        give_up(path, error.message);
    }
    struct tg_json cases = tg_json_get(tg_json_root(&doc), "cases");
    for (struct tg_json one = tg_json_first(cases); tg_json_kind(one) != TG_JSON_NONE;
         one = tg_json_next(one)) {
        char full_name[1000];
        struct tg_slice says = {0};
        tg_json_string(tg_json_get(one, "name"), &name, &says);
        snprintf(full_name, sizeof full_name, "%s: %.*s", file, TG_FMT(says));
        run(full_name, one);
        count++;
    }
    tg_json_finish(&doc);
    tg_buf_finish(&name);
    tg_buf_finish(&text);
    return count;
}

size_t tg_test_vectors_walk(const char *folder, tg_test_vector *run)
{
    DIR *entries = opendir(folder);
    size_t count = 0;
    if (entries == NULL) {
        give_up(folder, "cannot be opened");
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        if (end != NULL && strcmp(end, ".json") == 0) {
            count += walk_file(folder, entry->d_name, run);
        }
    }
    closedir(entries);
    return count;
}

/* UTF-8 of characters below U+0100 to a byte for each. */
static void add_latin(struct tg_slice text, struct tg_buf *out)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte >= 0x80 && i + 1 < text.size) {
            byte = (uint8_t)(byte << 6 | (text.data[++i] & 0x3f));
        }
        tg_buf_add_byte(out, byte);
    }
}

static unsigned nibble(uint8_t digit)
{
    return digit <= '9' ? digit - 0x30u : (digit | 0x20u) - 0x61u + 10u;
}

static void add_hex(struct tg_slice text, struct tg_buf *out)
{
    unsigned byte = 0;
    unsigned digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != ' ') {
            byte = byte << 4 | nibble(text.data[i]);
            digits++;
        }
        if (digits == 2) {
            tg_buf_add_byte(out, (uint8_t)byte);
            byte = digits = 0;
        }
    }
}

void tg_test_vectors_join(struct tg_json pieces, const char *kind, struct tg_buf *out)
{
    struct tg_buf scratch = {0};
    for (struct tg_json piece = tg_json_first(pieces);
         tg_json_kind(piece) != TG_JSON_NONE; piece = tg_json_next(piece)) {
        struct tg_slice text = {0};
        int64_t times = 1;
        struct tg_json source = piece;
        if (tg_json_kind(piece) == TG_JSON_OBJECT) {
            tg_json_int(tg_json_get(piece, "repeat"), &times);
            source = tg_json_get(piece, kind);
        }
        tg_json_string(source, &scratch, &text);
        for (int64_t i = 0; i < times; i++) {
            if (strcmp(kind, "hex") == 0) {
                add_hex(text, out);
            } else {
                add_latin(text, out);
            }
        }
    }
    tg_buf_finish(&scratch);
}

bool tg_test_vectors_has(struct tg_json value, int64_t number)
{
    int64_t found;
    if (tg_json_kind(value) != TG_JSON_ARRAY) {
        return tg_json_int(value, &found) && found == number;
    }
    for (struct tg_json item = tg_json_first(value); tg_json_kind(item) != TG_JSON_NONE;
         item = tg_json_next(item)) {
        if (tg_json_int(item, &found) && found == number) {
            return true;
        }
    }
    return false;
}
