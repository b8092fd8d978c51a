/* Which events does a query match? An event a line on stdin, a word a line on stdout. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/query/query.h"

static const char order[] =
    "{\"name\": \"shop.Order\", \"operations\": [\"create\", \"update\", \"delete\"],"
    " \"key\": [\"id\"], \"fields\": ["
    "  {\"name\": \"id\", \"type\": \"int\"},"
    "  {\"name\": \"status\", \"type\": \"string\"},"
    "  {\"name\": \"total\", \"type\": \"decimal\", \"nullable\": true}]}";

/* Everything that may go wrong says what and where. */
static int fail(const struct tg_refusal *refusal)
{
    fprintf(stderr, "%s: %s\n", tg_code_text(refusal->code), refusal->message);
    for (unsigned i = 0; i < refusal->nearest_count; i++) {
        fprintf(stderr, "did you mean %s?\n", refusal->nearest[i]);
    }
    return EXIT_FAILURE;
}

static int run(const struct tg_query_schema *schema, const char *where)
{
    struct tg_refusal refusal;
    struct tg_query *query;
    struct tg_query_text text = {
        .schema = tg_query_schema_get(schema),
        .where = tg_slice_of(where),
    };
    if (tg_query_compile(&text, &query, &refusal) != TG_OK) {
        return fail(&refusal);
    }
    int result = EXIT_SUCCESS;
    char line[65536];
    while (result == EXIT_SUCCESS && fgets(line, sizeof line, stdin) != NULL) {
        struct tg_query_answer answer;
        if (tg_query_ask(query, tg_slice_of(line), &answer, &refusal) == TG_OK) {
            puts(tg_query_told_text(answer.told));
        } else {
            result = fail(&refusal);
        }
    }
    tg_query_destroy(query);
    return result;
}

int main(int argc, char **argv)
{
    struct tg_refusal refusal;
    struct tg_query_schema *schema;
    if (argc != 2) {
        fprintf(stderr, "usage: %s QUERY < EVENTS\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (tg_query_schema_read(tg_slice_of(order), tg_slice_of(""), &schema, &refusal) !=
        TG_OK) {
        return fail(&refusal);
    }
    int result = run(schema, argv[1]);
    tg_query_schema_destroy(schema);
    return result;
}
