#include "server/main/query.h"

#include <stdio.h>

#include "engine/match/match.h"
#include "engine/query/query.h"
#include "server/client/options.h"
#include "server/client/show.h"
#include "server/main/check.h"

const char tg_query_usage[] =
    "usage: telegraphy query check QUERY --schema FILE [OPTIONS]\n"
    "       telegraphy query explain QUERY --schema FILE [OPTIONS]\n"
    "       telegraphy query eval QUERY --schema FILE --event FILE [OPTIONS]\n"
    "       telegraphy query eval EXPRESSION\n"
    "\n"
    "Check a query against an event type, without a gateway; explain what becomes of "
    "it;\n"
    "or try it on an event: what would a subscriber be told? Without a schema, eval "
    "says\n"
    "what an expression of CEL gives.\n"
    "\n"
    "  --schema FILE  a catalogue document, or one event type of it\n"
    "  --type NAME    which type of the document; may be left out if it has one\n"
    "  --event FILE   an event, as it is published\n"
    "  --claims FILE  the claims of the client, a JSON object; none if left out\n"
    "  --rule RULE    an access rule, in the stead of the type's own\n"
    "\n"
    "  telegraphy query check 'total > 100' --schema shop.json --type shop.Order\n";

enum { DONE = 0, FAILED = 1, MISUSED = 2 };

/* What was read from files, and what was made of it. */
struct inquiry {
    struct tg_query_options options;
    struct tg_buf schema_text;
    struct tg_buf event;
    struct tg_buf claims;
    struct tg_query_schema *schema;
    struct tg_query *query;
    struct tg_refusal refusal;
    struct tg_buf out;
    struct tg_buf err;
};

/* --- What is wrong --------------------------------------------------------------- */

static bool is_word(uint8_t byte)
{
    bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    return letter || (byte >= '0' && byte <= '9') || byte == '_' || byte >= 0x80;
}

/* How many bytes to point at: a name, a number, a string, or one sign. */
static size_t size_of_token(struct tg_slice rest)
{
    size_t size = 0;
    if (rest.size == 0) {
        return 0;
    }
    uint8_t first = rest.data[0];
    if (first == '"' || first == '\'') {
        for (size = 1; size < rest.size && rest.data[size] != first; size++) {}
        return size < rest.size ? size + 1 : size;
    }
    while (size < rest.size && is_word(rest.data[size])) {
        size++;
    }
    return size > 0 ? size : 1;
}

static size_t count_characters(struct tg_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += (text.data[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

/* The part of `line` before its `column`-th character. */
static struct tg_slice before_column(struct tg_slice line, uint32_t column)
{
    size_t at = 0;
    for (uint32_t seen = 0; at < line.size; at++) {
        seen += (line.data[at] & 0xc0) != 0x80 ? 1 : 0;
        if (seen == column) {
            break;
        }
    }
    return tg_slice(line.data, at);
}

static bool ends_line(struct tg_slice source, size_t at)
{
    bool is_half = source.data[at] == '\r' && at + 1 < source.size &&
                   source.data[at + 1] == '\n';
    return source.data[at] == '\n' || (source.data[at] == '\r' && !is_half);
}

/* Lines end with CR LF, CR or LF. */
static struct tg_slice line_of(struct tg_slice source, uint32_t line)
{
    size_t at = 0;
    for (uint32_t i = 1; i < line && at < source.size; at++) {
        i += ends_line(source, at) ? 1 : 0;
    }
    size_t stop = at;
    while (stop < source.size && source.data[stop] != '\n' && source.data[stop] != '\r') {
        stop++;
    }
    return tg_slice(source.data + at, stop - at);
}

/* The line with ^^^ below what is meant. */
static void show_place(struct tg_buf *buf, struct tg_slice source,
                       const struct tg_refusal *refusal)
{
    struct tg_slice line = line_of(source, refusal->line);
    struct tg_slice before = before_column(line, refusal->column);
    struct tg_slice rest = tg_slice(line.data + before.size, line.size - before.size);
    struct tg_buf shown = {0};
    tg_buf_add_text(buf, "  ");
    tg_show_text(buf, line);
    tg_buf_add_text(buf, "\n  ");
    tg_show_text(&shown, before);
    size_t indent = count_characters(tg_buf_slice(&shown));
    tg_buf_clear(&shown);
    tg_show_text(&shown, tg_slice(rest.data, size_of_token(rest)));
    size_t width = count_characters(tg_buf_slice(&shown));
    for (size_t i = 0; i < indent; i++) {
        tg_buf_add_byte(buf, ' ');
    }
    for (size_t i = 0; i < width || i < 1; i++) {
        tg_buf_add_byte(buf, '^');
    }
    tg_buf_add_byte(buf, '\n');
    tg_buf_finish(&shown);
}

/* `path`: the file that is wrong; NULL: what was written on the command line is. */
static int refuse(struct inquiry *inquiry, const char *path, struct tg_slice source)
{
    const struct tg_refusal *refusal = &inquiry->refusal;
    struct tg_buf *err = &inquiry->err;
    tg_buf_printf(err, "telegraphy: %s%s", path == NULL ? "" : path,
                  path == NULL ? "" : ": ");
    tg_buf_printf(err, "%s: ", tg_code_text(refusal->code));
    tg_show_text(err, tg_slice_of(refusal->message));
    for (uint32_t i = 0; i < refusal->nearest_count; i++) {
        tg_buf_add_text(err, i == 0 ? "; did you mean " : " or ");
        tg_show_text(err, tg_slice_of(refusal->nearest[i]));
    }
    tg_buf_add_text(err, refusal->nearest_count != 0 ? "?\n" : "\n");
    if (refusal->line != 0) {
        show_place(err, source, refusal);
    }
    return FAILED;
}

/* --- What was asked -------------------------------------------------------------- */

static bool read_file(struct inquiry *inquiry, const char *path, struct tg_buf *text)
{
    const char *fault = path == NULL ? NULL : tg_check_read(path, text);
    if (fault != NULL) {
        tg_buf_printf(&inquiry->err, "telegraphy: %s: %s\n", path, fault);
    }
    return fault == NULL;
}

static void show_programs(struct tg_buf *buf, struct tg_slice programs)
{
    size_t begin = 0;
    for (size_t i = 0; i < programs.size; i++) {
        if (programs.data[i] == '\n') {
            tg_buf_add_text(buf, "program ");
            tg_show_text(buf, tg_slice(programs.data + begin, i - begin));
            tg_buf_add_byte(buf, '\n');
            begin = i + 1;
        }
    }
}

static int explain(struct inquiry *inquiry)
{
    const struct tg_schema *schema = tg_query_schema_get(inquiry->schema);
    const struct tg_filter *filter = tg_query_filter(inquiry->query);
    struct tg_matcher *matcher = tg_matcher_create(schema);
    struct tg_buf *out = &inquiry->out;
    tg_buf_add_text(out, "filter: ");
    tg_query_write(inquiry->query, out);
    tg_buf_printf(out, "\nasked: %s\n",
                  filter->about_event ? "once, about the event"
                                      : "of the row before and of the row after");
    if (matcher != NULL) {
        tg_matcher_explain(matcher, filter, out);
    }
    show_programs(out, tg_query_programs(inquiry->query));
    tg_buf_printf(out, "cost: %u\nbytes: %u\n", filter->cost, filter->size);
    tg_matcher_destroy(matcher);
    return DONE;
}

static const char *truth_text(bool is_there, bool truth)
{
    return !is_there ? "-" : truth ? "true" : "false";
}

static int ask(struct inquiry *inquiry)
{
    struct tg_query_answer answer;
    if (tg_query_ask(inquiry->query, tg_buf_slice(&inquiry->event), &answer,
                     &inquiry->refusal) != TG_OK) {
        return refuse(inquiry, inquiry->options.event, tg_slice(NULL, 0));
    }
    bool about = tg_query_filter(inquiry->query)->about_event;
    bool asks_before = answer.has_before && !(about && answer.has_after);
    tg_buf_printf(&inquiry->out, "before: %s\nafter: %s\ntold: %s\n",
                  truth_text(asks_before, answer.before),
                  truth_text(answer.has_after, answer.after),
                  tg_query_told_text(answer.told));
    return DONE;
}

static int evaluate(struct inquiry *inquiry)
{
    struct tg_slice source = tg_slice_of(inquiry->options.text);
    struct tg_buf value = {0};
    if (tg_query_evaluate(source, &value, &inquiry->refusal) != TG_OK) {
        tg_buf_finish(&value);
        return refuse(inquiry, NULL, source);
    }
    tg_show_text(&inquiry->out, tg_buf_slice(&value));
    tg_buf_add_byte(&inquiry->out, '\n');
    tg_buf_finish(&value);
    return DONE;
}

/* Make the query of what was read. */
static int compile(struct inquiry *inquiry)
{
    const struct tg_query_options *options = &inquiry->options;
    struct tg_slice type = tg_slice_of(options->type == NULL ? "" : options->type);
    if (tg_query_schema_read(tg_buf_slice(&inquiry->schema_text), type, &inquiry->schema,
                             &inquiry->refusal) != TG_OK) {
        return refuse(inquiry, options->schema, tg_slice(NULL, 0));
    }
    struct tg_query_text text = {
        .schema = tg_query_schema_get(inquiry->schema),
        .where = tg_slice_of(options->text),
        .access = options->rule != NULL ? tg_slice_of(options->rule)
                                        : tg_query_schema_rule(inquiry->schema),
        .claims = tg_buf_slice(&inquiry->claims),
    };
    if (tg_query_compile(&text, &inquiry->query, &inquiry->refusal) == TG_OK) {
        return DONE;
    }
    bool is_rule = strcmp(inquiry->refusal.member, "access") == 0;
    bool is_claims = strcmp(inquiry->refusal.member, "claims") == 0;
    return refuse(inquiry,
                  is_claims                          ? options->claims
                  : is_rule && options->rule == NULL ? options->schema
                                                     : NULL,
                  is_rule ? text.access : text.where);
}

static int answer(struct inquiry *inquiry)
{
    const struct tg_query_options *options = &inquiry->options;
    if (options->schema == NULL) {
        return evaluate(inquiry);
    }
    if (!read_file(inquiry, options->schema, &inquiry->schema_text) ||
        !read_file(inquiry, options->event, &inquiry->event) ||
        !read_file(inquiry, options->claims, &inquiry->claims)) {
        return FAILED;
    }
    int result = compile(inquiry);
    if (result != DONE) {
        return result;
    }
    if (strcmp(options->what, "check") == 0) {
        tg_buf_add_text(&inquiry->out, "telegraphy: the query is right\n");
        return DONE;
    }
    return strcmp(options->what, "explain") == 0 ? explain(inquiry) : ask(inquiry);
}

static void finish(struct inquiry *inquiry)
{
    tg_query_destroy(inquiry->query);
    tg_query_schema_destroy(inquiry->schema);
    tg_buf_finish(&inquiry->schema_text);
    tg_buf_finish(&inquiry->event);
    tg_buf_finish(&inquiry->claims);
    tg_buf_finish(&inquiry->out);
    tg_buf_finish(&inquiry->err);
}

int tg_query_main(int count, char **arguments)
{
    struct inquiry inquiry = {.query = NULL};
    char why[TG_OPTIONS_WHY_MAX];
    if (!tg_query_options_read(&inquiry.options, count, arguments, why)) {
        fprintf(stderr, "telegraphy: query: %s\n", why);
        return MISUSED;
    }
    int result = answer(&inquiry);
    bool whole = !inquiry.out.failed && !inquiry.err.failed;
    tg_show_out(&inquiry.out, stdout);
    tg_show_out(&inquiry.err, stderr);
    finish(&inquiry);
    return whole && fflush(stdout) == 0 && ferror(stdout) == 0 ? result : FAILED;
}
