/* How long it takes to read one event of 200 bytes, ours against jansson; and to read it
 * and judge it, which is what ingest does with every event.
 *
 * Back of the envelope: 200 bytes are 25 words to look at and about 25 tokens to write,
 * some 10 ns each: 250 ns. jansson makes an allocation for each value and each name,
 * about 50, at 40 ns each with their release, and copies and hashes: 3 us.
 *
 * Prints the median of the rounds, in CPU time; the readers take turns, so that a machine
 * that slows down slows all of them. */
#include "engine/catalogue/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "engine/base/mem.h"

enum { ROUNDS = 15, EVENTS = 100000 };

static const char event[] =
    "{\"type\":\"board.Order\",\"op\":\"update\",\"id\":\"7d4e0a51b2c3\",\"time\":"
    "\"2026-11-23T02:16:34.120331Z\",\"data\":{\"id\":7,\"status\":\"paid\",\"total\":"
    "\"99.95\","
    "\"note\":\"ring twice\"},\"changed\":[\"status\"],\"old\":{\"status\":\"new\"}}";

static size_t allocations;

static void *count_resize(void *context, void *memory, size_t size)
{
    (void)context;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    allocations++;
    return realloc(memory, size);
}

static void *count_alloc(size_t size)
{
    allocations++;
    return malloc(size);
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static size_t read_ours(void)
{
    static struct tg_json_doc doc;
    if (tg_json_parse(&doc, TG_LIT(event), NULL, NULL) != TG_OK) {
        abort();
    }
    return tg_json_size(tg_json_root(&doc));
}

static size_t read_jansson(void)
{
    json_t *root = json_loadb(event, sizeof event - 1, JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL) {
        abort();
    }
    size_t size = json_object_size(root);
    json_decref(root);
    return size;
}

static struct tg_catalogue *catalogue_of_board(void)
{
    static const char document[] =
        "{\"app\":\"board\",\"types\":[{\"name\":\"board.Order\",\"operations\":["
        "\"create\","
        "\"update\",\"delete\"],\"key\":[\"id\"],\"fields\":[{\"name\":\"id\",\"type\":"
        "\"int\"},"
        "{\"name\":\"status\",\"type\":\"string\"},{\"name\":\"total\",\"type\":"
        "\"decimal\"},"
        "{\"name\":\"note\",\"type\":\"string\",\"nullable\":true}]}]}";
    struct tg_catalogue *empty = tg_catalogue_create();
    struct tg_catalogue *catalogue = NULL;
    struct tg_refusal refusal;
    bool changed;
    if (empty == NULL ||
        tg_catalogue_replace(empty, TG_LIT("board"), TG_LIT(document), NULL, &catalogue,
                             &refusal, &changed) != TG_OK) {
        abort();
    }
    tg_catalogue_unref(empty);
    return catalogue;
}

static size_t read_and_judge(void)
{
    static struct tg_json_doc doc;
    static struct tg_catalogue *catalogue;
    if (catalogue == NULL) {
        catalogue = catalogue_of_board();
    }
    struct tg_event_fields fields;
    struct tg_refusal refusal;
    if (tg_json_parse(&doc, TG_LIT(event), NULL, NULL) != TG_OK ||
        tg_event_read(catalogue, TG_LIT("board"), NULL, &doc, &fields, &refusal) !=
            TG_OK) {
        abort();
    }
    return tg_json_size(tg_json_root(&doc));
}

static double measure(size_t (*read)(void))
{
    size_t members = 0;
    double begin = now_ns();
    for (int i = 0; i < EVENTS; i++) {
        members += read();
    }
    double spent = now_ns() - begin;
    if (members != (size_t)EVENTS * 7) {
        abort();
    }
    return spent / EVENTS;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, double *rounds, size_t allocated)
{
    qsort(rounds, ROUNDS, sizeof *rounds, by_value);
    printf(
        "%-12s %5.0f ns an event (%.0f to %.0f), %.0f MB/s, %.1f allocations an event\n",
        name, rounds[ROUNDS / 2], rounds[0], rounds[ROUNDS - 1],
        (double)(sizeof event - 1) * 1e3 / rounds[ROUNDS / 2],
        (double)allocated / ((double)ROUNDS * EVENTS));
}

int main(void)
{
    static const struct tg_heap counting = {count_resize, NULL};
    static const struct {
        const char *name;
        size_t (*read)(void);
    } readers[] = {
        {"ours", read_ours}, {"ours, judged", read_and_judge}, {"jansson", read_jansson}};
    enum { READERS = sizeof readers / sizeof *readers };
    static double spent[READERS][ROUNDS];
    size_t allocated[READERS] = {0};
    tg_heap_use(&counting);
    json_set_alloc_funcs(count_alloc, free);
    for (int reader = 0; reader < READERS; reader++) {
        readers[reader].read();
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int reader = 0; reader < READERS; reader++) {
            allocations = 0;
            spent[reader][round] = measure(readers[reader].read);
            allocated[reader] += allocations;
        }
    }
    printf("%zu bytes\n", sizeof event - 1);
    for (int reader = 0; reader < READERS; reader++) {
        report(readers[reader].name, spent[reader], allocated[reader]);
    }
    return 0;
}
