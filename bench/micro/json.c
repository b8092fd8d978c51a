/* How long it takes to read one event of 200 bytes, ours against jansson.
 *
 * Back of the envelope: 200 bytes are 25 words to look at and about 25 tokens to write,
 * some 10 ns each: 250 ns. jansson makes about 20 allocations of the same text, 20 to
 * 40 ns each with their release, and copies every string: about 1 us.
 *
 * Prints the median of the rounds; the two readers take turns, so that a machine that
 * slows down slows both. Build: see the decision record 0001. */
#include "engine/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "engine/base/mem.h"

enum { ROUNDS = 15, EVENTS = 100000 };

static const char event[] =
    "{\"type\":\"board.Order\",\"op\":\"update\",\"id\":\"7d4e0a51b2c3\",\"time\":"
    "\"2026-11-23T02:16:34.120331Z\",\"data\":{\"id\":7,\"status\":\"paid\",\"total\":\"99.95\","
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
    printf("%-8s %7.0f ns an event (%.0f to %.0f), %.0f MB/s, %.1f allocations an event\n", name,
           rounds[ROUNDS / 2], rounds[0], rounds[ROUNDS - 1],
           (double)(sizeof event - 1) * 1e3 / rounds[ROUNDS / 2],
           (double)allocated / ((double)ROUNDS * EVENTS));
}

int main(void)
{
    static const struct tg_heap counting = {count_resize, NULL};
    static double ours[ROUNDS];
    static double theirs[ROUNDS];
    size_t allocated[2] = {0, 0};
    tg_heap_use(&counting);
    json_set_alloc_funcs(count_alloc, free);
    read_ours();
    for (int i = 0; i < ROUNDS; i++) {
        allocations = 0;
        ours[i] = measure(read_ours);
        allocated[0] += allocations;
        allocations = 0;
        theirs[i] = measure(read_jansson);
        allocated[1] += allocations;
    }
    printf("%zu bytes\n", sizeof event - 1);
    report("ours", ours, allocated[0]);
    report("jansson", theirs, allocated[1]);
    return 0;
}
