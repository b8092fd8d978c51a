#include "server/main/query.h"

#include <stdio.h>

#include "engine/catalogue/event.h"
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

/* `path`: the file that is wrong; NULL: what was written on the command line is. */
static int refuse(struct inquiry *inquiry, const char *path, struct tg_slice source)
{
    const struct tg_refusal *refusal = &inquiry->refusal;
    struct tg_buf *err = &inquiry->err;
    tg_buf_printf(err, "telegraphy: %s%s", path == NULL ? "" : path,
                  path == NULL ? "" : ": ");
    tg_buf_printf(err, "%s: ", tg_code_text(refusal->code));
    tg_show_text(err, tg_slice_of(refusal->message));
    if (refusal->code == TG_CODE_UNKNOWN_MEMBER) {
        tg_buf_add_text(err, " (at ");
        tg_show_text(err, tg_slice_of(refusal->member));
        tg_buf_add_text(err, ")");
    }
    for (uint32_t i = 0; i < refusal->nearest_count; i++) {
        tg_buf_add_text(err, i == 0 ? "; did you mean " : " or ");
        tg_show_text(err, tg_slice_of(refusal->nearest[i]));
    }
    tg_buf_add_text(err, refusal->nearest_count != 0 ? "?\n" : "\n");
    tg_show_place(err, source, refusal->line, refusal->column);
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

static struct tg_slice rule_of(const struct inquiry *inquiry)
{
    const char *rule = inquiry->options.rule;
    return rule != NULL ? tg_slice_of(rule) : tg_query_schema_rule(inquiry->schema);
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

/* Without claims a rule lets hardly anything through: say so. */
static void show_rule(struct inquiry *inquiry)
{
    struct tg_slice rule = rule_of(inquiry);
    if (rule.size != 0 && inquiry->options.claims == NULL) {
        tg_buf_add_text(&inquiry->out, "rule: ");
        tg_show_text(&inquiry->out, rule);
        tg_buf_add_text(&inquiry->out, " (no claims given: --claims FILE)\n");
    }
}

static int explain(struct inquiry *inquiry)
{
    const struct tg_schema *schema = tg_query_schema_get(inquiry->schema);
    const struct tg_filter *filter = tg_query_filter(inquiry->query);
    struct tg_matcher *matcher = tg_matcher_create(schema);
    struct tg_buf *out = &inquiry->out;
    show_rule(inquiry);
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

/* The event as one is published: with its type. */
static void write_event(struct inquiry *inquiry, struct tg_json event, struct tg_buf *buf)
{
    static const char *const members[] = {"op", "id", "time", "data", "old", "changed"};
    tg_buf_add_text(buf, "{\"type\":");
    tg_json_write_string(buf, tg_query_schema_get(inquiry->schema)->name);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct tg_json value = tg_json_get(event, members[i]);
        if (tg_json_kind(value) != TG_JSON_NONE) {
            tg_json_write_name(buf, members[i]);
            tg_buf_add_slice(buf, tg_json_raw(value));
        }
    }
    tg_buf_add_text(buf, "}");
}

/* A catalogue of the schema's types, whatever document it is. NULL: it is none. */
static struct tg_catalogue *catalogue_of(const struct inquiry *inquiry)
{
    struct tg_json_doc doc = {0};
    struct tg_json_limits limits = {.values_max = 1000000};
    struct tg_catalogue *empty = tg_catalogue_create();
    struct tg_catalogue *made = NULL;
    struct tg_buf text = {0};
    struct tg_refusal unheard;
    bool changed;
    if (empty != NULL && tg_json_parse(&doc, tg_buf_slice(&inquiry->schema_text), &limits,
                                       NULL) == TG_OK) {
        struct tg_json types = tg_json_get(tg_json_root(&doc), "types");
        bool is_one = tg_json_kind(types) != TG_JSON_ARRAY;
        tg_buf_add_text(&text, "{\"app\":\"app\",\"types\":");
        tg_buf_add_text(&text, is_one ? "[" : "");
        tg_buf_add_slice(&text, tg_json_raw(is_one ? tg_json_root(&doc) : types));
        tg_buf_add_text(&text, is_one ? "]}" : "}");
        if (text.failed ||
            tg_catalogue_replace(empty, TG_LIT("app"), tg_buf_slice(&text), NULL, &made,
                                 &unheard, &changed) != TG_OK) {
            made = NULL;
        }
    }
    tg_json_finish(&doc);
    tg_buf_finish(&text);
    tg_catalogue_unref(empty);
    return made;
}

/* The event was refused: what would `publish` have been told of it? */
static void explain_event(struct inquiry *inquiry)
{
    struct tg_catalogue *catalogue = catalogue_of(inquiry);
    struct tg_json_doc doc = {0};
    struct tg_buf text = {0};
    struct tg_event_fields fields;
    struct tg_refusal refusal;
    if (catalogue != NULL &&
        tg_json_parse(&doc, tg_buf_slice(&inquiry->event), NULL, NULL) == TG_OK) {
        write_event(inquiry, tg_json_root(&doc), &text);
        if (!text.failed &&
            tg_json_parse(&doc, tg_buf_slice(&text), NULL, NULL) == TG_OK &&
            tg_event_read(catalogue, TG_LIT("app"), NULL, &doc, &fields, &refusal) ==
                TG_EINVAL) {
            inquiry->refusal = refusal;
        }
    }
    tg_json_finish(&doc);
    tg_buf_finish(&text);
    tg_catalogue_unref(catalogue);
}

static int ask(struct inquiry *inquiry)
{
    struct tg_query_answer answer;
    if (tg_query_ask(inquiry->query, tg_buf_slice(&inquiry->event), &answer,
                     &inquiry->refusal) != TG_OK) {
        if (inquiry->refusal.code == TG_CODE_INVALID_EVENT) {
            explain_event(inquiry);
        }
        return refuse(inquiry, inquiry->options.event, tg_slice(NULL, 0));
    }
    show_rule(inquiry);
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
    bool is_error = false;
    if (tg_query_evaluate(source, &value, &is_error, &inquiry->refusal) != TG_OK) {
        tg_buf_finish(&value);
        if (inquiry->refusal.code == TG_CODE_QUERY_FIELD) {
            tg_buf_add_text(&inquiry->err,
                            "telegraphy: without --schema there are no fields: for a "
                            "query give --schema FILE --event FILE\n");
        }
        return refuse(inquiry, NULL, source);
    }
    struct tg_buf *to = is_error ? &inquiry->err : &inquiry->out;
    tg_buf_add_text(to, is_error ? "telegraphy: " : "");
    tg_show_text(to, tg_buf_slice(&value));
    tg_buf_add_byte(to, '\n');
    tg_buf_finish(&value);
    return is_error ? FAILED : DONE;
}

/* Make the query of what was read. */
static int compile(struct inquiry *inquiry)
{
    const struct tg_query_options *options = &inquiry->options;
    struct tg_slice type = tg_slice_of(options->type == NULL ? "" : options->type);
    if (tg_query_schema_read(tg_buf_slice(&inquiry->schema_text), type, &inquiry->schema,
                             &inquiry->refusal) != TG_OK) {
        refuse(inquiry, options->schema, tg_slice(NULL, 0));
        if (strcmp(inquiry->refusal.member, "types") == 0) {
            tg_buf_add_text(&inquiry->err, "telegraphy: name one with --type\n");
        }
        return FAILED;
    }
    struct tg_query_text text = {
        .schema = tg_query_schema_get(inquiry->schema),
        .where = tg_slice_of(options->text),
        .access = rule_of(inquiry),
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

/* Is the query, whatever the rule says, true of all or of nothing? */
static void warn_of_constant(struct inquiry *inquiry)
{
    const struct tg_query_options *options = &inquiry->options;
    struct tg_query_text text = {.schema = tg_query_schema_get(inquiry->schema),
                                 .where = tg_slice_of(options->text),
                                 .claims = tg_buf_slice(&inquiry->claims)};
    struct tg_query *query = NULL;
    struct tg_refusal unheard;
    struct tg_buf normal = {0};
    if (tg_query_compile(&text, &query, &unheard) != TG_OK) {
        return;
    }
    tg_query_write(query, &normal);
    bool is_false = tg_slice_is(tg_buf_slice(&normal), "false");
    if (is_false || tg_slice_is(tg_buf_slice(&normal), "true")) {
        bool is_open = options->claims == NULL && strstr(options->text, "auth") != NULL;
        tg_buf_printf(&inquiry->err, "telegraphy: warning: this query matches %s%s\n",
                      is_false ? "no event" : "every event",
                      is_open ? " of a client without claims (--claims FILE)" : "");
    }
    tg_buf_finish(&normal);
    tg_query_destroy(query);
}

static int check(struct inquiry *inquiry)
{
    tg_buf_add_text(&inquiry->out, "telegraphy: the query is right\n");
    warn_of_constant(inquiry);
    return DONE;
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
        return check(inquiry);
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
    whole = fflush(stdout) == 0 && whole; /* What stderr has stands below. */
    tg_show_out(&inquiry.err, stderr);
    finish(&inquiry);
    return whole && ferror(stdout) == 0 ? result : FAILED;
}
