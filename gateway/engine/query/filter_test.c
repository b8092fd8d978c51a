/* From text to matches: what a query means. */
#include "engine/query/filter.h"

#include "testing/heap.h"
#include "testing/queries.h"

static struct tg_compiler *compiler;
static struct tg_space space;
static struct tg_rows rows;
static struct tg_json_doc claims_doc;
static struct tg_buf text;
static const char *rule;
static struct tg_json claims;
static const struct tg_query_limits *limits;

static int setup(void **state)
{
    (void)state;
    compiler = tg_compiler_create();
    assert_non_null(compiler);
    rule = "";
    claims = (struct tg_json){0};
    limits = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tg_compiler_destroy(compiler);
    tg_space_finish(&space);
    tg_rows_finish(&rows);
    tg_json_finish(&claims_doc);
    tg_buf_finish(&text);
    return 0;
}

static void with_claims(const char *json)
{
    static char kept[4096];
    struct tg_slice slice = quoted(json);
    memcpy(kept, slice.data, slice.size);
    slice.data = (const uint8_t *)kept;
    assert_int_equal(tg_json_parse(&claims_doc, slice, NULL, NULL), TG_OK);
    claims = tg_json_root(&claims_doc);
}

static const char *refusal_line(const struct tg_refusal *refusal)
{
    tg_buf_clear(&text);
    tg_buf_printf(&text, "%s %u:%u %s", tg_code_text(refusal->code), refusal->line,
                  refusal->column, refusal->message);
    for (uint32_t i = 0; i < refusal->nearest_count; i++) {
        tg_buf_printf(&text, "%s%s", i == 0 ? " [" : ", ", refusal->nearest[i]);
    }
    tg_buf_add_text(&text, refusal->nearest_count == 0 ? "" : "]");
    tg_buf_add_byte(&text, 0);
    return (const char *)text.data;
}

static struct tg_filter_request request_of(const char *where)
{
    return (struct tg_filter_request){.schema = &orders_schema,
                                      .access = quoted(rule),
                                      .where = quoted(where),
                                      .claims = claims,
                                      .limits = limits};
}

static struct tg_filter *compiled(const char *where)
{
    struct tg_filter *filter = NULL;
    struct tg_refusal refusal;
    struct tg_filter_request request = request_of(where);
    if (tg_filter_compile(compiler, &request, &filter, &refusal) != TG_OK) {
        fail_msg("%s: %s", where, refusal_line(&refusal));
    }
    return filter;
}

static bool is_true_of(const struct tg_filter *filter, const char *data)
{
    struct tg_event_parts parts = parts_of(TG_OP_CREATE, data, NULL, NULL);
    assert_int_equal(tg_rows_read(&rows, &orders_schema, &parts), TG_OK);
    return tg_filter_is_true(filter, &orders_schema, &rows.after, &space);
}

static void expect(const char *where, const char *data, bool truth)
{
    struct tg_filter *filter = compiled(where);
    if (is_true_of(filter, data) != truth) {
        fail_msg("%s of %s is not %d", where, data, truth);
    }
    tg_free(filter);
}

#define matches(where, data)     expect((where), (data), true)
#define matches_not(where, data) expect((where), (data), false)
/* Neither it nor its negation matches. */
#define matches_neither(where, data)           \
    do {                                       \
        expect((where), (data), false);        \
        expect("!(" where ")", (data), false); \
    } while (0)
#define decides(where, data, truth)               \
    do {                                          \
        expect((where), (data), (truth));         \
        expect("!(" where ")", (data), !(truth)); \
    } while (0)

static void refuses(const char *where, const char *line)
{
    struct tg_filter *filter = NULL;
    struct tg_refusal refusal;
    struct tg_filter_request request = request_of(where);
    enum tg_err err = tg_filter_compile(compiler, &request, &filter, &refusal);
    if (err == TG_OK) {
        fail_msg("%s is accepted", where);
    }
    assert_null(filter);
    const char *got = refusal_line(&refusal);
    if (strncmp(got, line, strlen(line)) != 0) {
        fail_msg("%s:\n  %s\nbut expected\n  %s", where, got, line);
    }
}

static void comparisons_look_at_one_field(void **state)
{
    (void)state;
    decides("id == 7", "{'id':7}", true);
    decides("id == 7", "{'id':8}", false);
    decides("7 < id", "{'id':8}", true);
    decides("id <= 7", "{'id':7}", true);
    decides("status == 'paid'", "{'status':'paid'}", true);
    decides("status < 'b'", "{'status':'a'}", true);
    decides("status >= 'b'", "{'status':'a'}", false);
    decides("paid", "{'paid':true}", true);
    decides("paid", "{'paid':false}", false);
    decides("paid != true", "{'paid':false}", true);
    decides("day == '2026-11-23'", "{'day':'2026-11-23'}", true);
    decides("day < date('2026-11-23')", "{'day':'2026-11-22'}", true);
    decides("created > timestamp('2026-11-23T00:00:00Z')",
            "{'created':'2026-11-23T01:30:00+01:00'}", true);
    decides("took < duration('1m')", "{'took':'59.9s'}", true);
    decides("owner == '01234567-89AB-cdef-0123-456789abcdef'",
            "{'owner':'01234567-89ab-cdef-0123-456789abcdef'}", true);
}

static void a_missing_field_matches_nothing_not_even_a_negation(void **state)
{
    (void)state;
    matches_neither("priority == 1", "{}");
    matches_neither("priority != 1", "{}");
    matches_neither("priority < 1", "{}");
    matches_neither("priority in [1]", "{}");
    matches_neither("priority in []", "{}");
    matches_neither("priority == 1.5", "{}");
    matches_neither("priority == null", "{}");
    matches_neither("paid", "{}");
    matches_neither("'a' in tags", "{}");
    matches_neither("size(tags) == 0", "{}");
    matches_neither("data['in'] == 'a'", "{}");
    matches("priority == 1 || true", "{}");
    matches_not("priority == 1 && true", "{}");
    decides("priority == 1 && false", "{}", false);
}

static void null_is_different_from_everything(void **state)
{
    (void)state;
    decides("priority == 1", "{'priority':null}", false);
    decides("priority != 1", "{'priority':null}", true);
    decides("priority == 1.5", "{'priority':null}", false);
    decides("priority in [1, 2]", "{'priority':null}", false);
    decides("priority in [1, null]", "{'priority':null}", true);
    decides("priority == null", "{'priority':null}", true);
    decides("priority == null", "{'priority':1}", false);
    matches_neither("priority < 1", "{'priority':null}");
    matches_neither("paid", "{'paid':null}");
    matches_neither("data['in'].startsWith('a')", "{'in':null}");
    matches_neither("'a' in tags", "{'tags':null}");
    matches_neither("size(tags) == 0", "{'tags':null}");
    decides("has(data.priority)", "{'priority':null}", true);
    decides("has(data.priority)", "{}", false);
}

static void numbers_are_one_line(void **state)
{
    (void)state;
    decides("id < 1.5", "{'id':1}", true);
    decides("id < 1.5", "{'id':2}", false);
    decides("id == 1.5", "{'id':1}", false);
    decides("id == 1.0", "{'id':1}", true);
    decides("id < 9223372036854775808u", "{'id':1}", true);
    decides("id > 9223372036854775808u", "{'id':1}", false);
    decides("id < 1e300", "{'id':1}", true);
    decides("id > -1e300", "{'id':1}", true);
    decides("id == 9007199254740993", "{'id':'9007199254740993'}", true);
    decides("id == 9007199254740992.0", "{'id':'9007199254740993'}", false);
    decides("weight == 9007199254740993", "{'weight':9007199254740992}", false);
    decides("weight < 9007199254740993", "{'weight':9007199254740992}", true);
    decides("weight > 9007199254740993", "{'weight':9007199254740992}", false);
    decides("weight >= 9007199254740993", "{'weight':9007199254740994}", true);
    decides("weight <= -9007199254740993", "{'weight':-9007199254740994}", true);
    decides("weight > 18446744073709551615u", "{'weight':18446744073709551616}", true);
    decides("weight == 0.0", "{'weight':-0.0}", true);
    decides("total == 99.95", "{'total':'99.950'}", true);
    decides("total == 1e2", "{'total':'100'}", true);
    decides("total < 0.1", "{'total':'0.09999999999999999999'}", true);
    decides("total >= 0.1", "{'total':'0.1'}", true);
    decides("total in [1, 2.5, 0x10]", "{'total':'16.00'}", true);
    decides("total > -3", "{'total':'-3.0'}", false);
    decides("total == double('0.5')", "{'total':'0.50'}", true);
    decides("total < double('1e300')", "{'total':'99999999999999999999'}", true);
    decides("total > double('1e-300')", "{'total':'0.00000000000000000001'}", true);
    decides("total > double('-1e-300')", "{'total':'0'}", true);
    decides("total > double('inf')", "{'total':'99999999999999999999'}", false);
}

static void lists_are_looked_through(void **state)
{
    (void)state;
    decides("status in ['a', 'b']", "{'status':'b'}", true);
    decides("status in ['a', 'b']", "{'status':'c'}", false);
    decides("id in [1, 2.0, 3u, 4.5]", "{'id':3}", true);
    decides("id in []", "{'id':3}", false);
    decides("'a' in tags", "{'tags':['b','a']}", true);
    decides("'a' in tags", "{'tags':[]}", false);
    decides("2 in counts", "{'counts':[1,2]}", true);
    decides("2.5 in counts", "{'counts':[1,2]}", false);
    decides("size(tags) == 0", "{'tags':[]}", true);
    decides("tags.size() > 0", "{'tags':[]}", false);
    decides("1 <= size(tags)", "{'tags':['a']}", true);
    decides("status.startsWith('pa')", "{'status':'paid'}", true);
    decides("status.endsWith('d')", "{'status':'paid'}", true);
    decides("status.contains('x')", "{'status':'paid'}", false);
}

/* Whom a row is for, as scopes; and what scopes a client has. */
static void lists_may_have_something_in_common(void **state)
{
    (void)state;
    with_claims("{'scopes':['a','b'],'odd':['a',7,null,['b']],'none':[],'text':'a'}");
    decides("auth.scopes.exists(s, s in tags)", "{'tags':['x','b']}", true);
    decides("auth.scopes.exists(s, s in tags)", "{'tags':['x']}", false);
    decides("auth.scopes.exists(s, s in tags)", "{'tags':[]}", false);
    decides("auth.scopes.all(s, s in tags)", "{'tags':['b','a']}", true);
    decides("auth.scopes.all(s, s in tags)", "{'tags':['b']}", false);
    decides("auth.odd.exists(s, s in tags)", "{'tags':['a']}", true);
    decides("auth.odd.all(s, s in tags)", "{'tags':['a']}", false);
    decides("tags.exists(t, t in auth.scopes)", "{'tags':['x','b']}", true);
    decides("tags.exists(t, t in auth.odd)", "{'tags':['b']}", false);
    decides("tags.all(t, t in auth.scopes)", "{'tags':['b']}", true);
    decides("auth.none.exists(s, s in tags)", "{}", false);
    decides("auth.none.all(s, s in tags)", "{}", true);
    decides("tags.exists(t, t in auth.none)", "{'tags':['a']}", false);
    matches_neither("tags.exists(t, t in auth.none)", "{}");
    matches_neither("auth.scopes.exists(s, s in tags)", "{}");
    matches_neither("auth.scopes.exists(s, s in tags)", "{'tags':null}");
    matches_neither("auth.nobody.exists(s, s in tags)", "{'tags':['a']}");
    matches_neither("auth.text.exists(s, s in tags)", "{'tags':['a']}");
    decides("auth.scopes.exists(s, s == status)", "{'status':'b'}", true);
}

static void logic_is_of_three_values(void **state)
{
    (void)state;
    decides("id == 1 || (status == 'a' && !(priority < 3))",
            "{'id':2,'status':'a','priority':3}", true);
    matches_neither("id == 1 || priority < 3", "{'id':2}");
    decides("id == 1 || priority < 3", "{'id':1}", true);
    decides("id == 2 ? status == 'a' : status == 'b'", "{'id':2,'status':'a'}", true);
    decides("id == 2 ? status == 'a' : status == 'b'", "{'id':1,'status':'a'}", false);
    matches_neither("priority == 2 ? true : true", "{}");
    decides("!!!(id == 1)", "{'id':2}", true);
}

static void claims_are_constants(void **state)
{
    (void)state;
    with_claims("{'sub':'ann','is_staff':false,'teams':['a','b'],'org':{'id':7},"
                "'day':'2026-11-23','limit':'99.95','u':'\\u0061'}");
    decides("status == auth.sub", "{'status':'ann'}", true);
    decides("auth.is_staff || status == auth.sub", "{'status':'ann'}", true);
    decides("auth.is_admin || status == auth.sub", "{'status':'ann'}", true);
    matches_neither("auth.is_admin || status == auth.sub", "{'status':'bob'}");
    decides("status in auth.teams", "{'status':'b'}", true);
    decides("id == auth.org.id", "{'id':7}", true);
    decides("id == auth['org']['id']", "{'id':7}", true);
    decides("id == auth.sub", "{'id':7}", false);
    matches_neither("id < auth.sub", "{'id':7}");
    decides("day == auth.day", "{'day':'2026-11-23'}", true);
    decides("total <= auth.limit", "{'total':'99.95'}", true);
    decides("has(auth.sub)", "{'id':7}", true);
    decides("has(auth.nobody)", "{'id':7}", false);
    decides("status == auth.u", "{'status':'a'}", true);
}

/* {'list':[1,1,…]}, {'map':{'0':1,'1':1,…}} */
static const char *claims_of(const char *begin, const char *end, bool keys,
                             uint32_t count)
{
    static char json[8192];
    size_t at = (size_t)snprintf(json, sizeof json, "%s", begin);
    for (uint32_t i = 0; i < count; i++) {
        at += (size_t)snprintf(json + at, sizeof json - at, i == 0 ? "" : ",");
        at += keys ? (size_t)snprintf(json + at, sizeof json - at, "'%x':1", i)
                   : (size_t)snprintf(json + at, sizeof json - at, "1");
    }
    snprintf(json + at, sizeof json - at, "%s", end);
    return json;
}

/* A claim's number is its own, whatever digits its name ends with. */
static void claims_are_not_read_from_their_names(void **state)
{
    (void)state;
    with_claims("{'x1':2.5,'e5':-2.5,'list9':[2.5,0.1]}");
    decides("dyn(total) == auth.x1", "{'total':'2.50'}", true);
    decides("dyn(total) == auth.x1", "{'total':'1'}", false);
    decides("dyn(total) == auth.e5", "{'total':'-2.5'}", true);
    decides("dyn(total) in auth.list9", "{'total':'2.5'}", true);
    decides("dyn(total) in auth.list9", "{'total':'9'}", false);
    decides("total == auth.x1", "{'total':'2.5'}", true);
    decides("total in auth.list9", "{'total':'0.1'}", true);
}

static void large_claims_are_not_named_again_and_again(void **state)
{
    (void)state;
#define TWICE(x) x " || " x
    with_claims(claims_of("{'list':[", "]}", false, 1000));
    decides(TWICE(TWICE("id in auth.list")), "{'id':1}", true);
    refuses(TWICE(TWICE(TWICE(TWICE("id in auth.list")))),
            "query_limit 1:1 the claims that it names are too large in all");
#undef TWICE
}

/* Each of their keys is looked for among the others. */
static void objects_among_claims_are_dear(void **state)
{
    (void)state;
    with_claims(claims_of("{'map':{", "}}", true, 20));
    matches_not("meta == auth.map", "{'meta':{'1':1}}");
    decides("meta == auth.map", claims_of("{'meta':{", "}}", true, 20), true);
    with_claims(claims_of("{'map':{", "}}", true, 400));
    refuses("meta == auth.map", "query_limit 1:1 the query costs 20");
    /* Against a typed field nobody looks into them. */
    decides("id == auth.map", "{'id':1}", false);
    decides("id in auth.map.x || id == 1", "{'id':1}", true);
}

static void without_claims_every_claim_is_an_error(void **state)
{
    (void)state;
    matches_neither("status == auth.sub", "{'status':'ann'}");
    decides("has(auth.sub)", "{'id':7}", false);
}

static void hidden_fields_are_known_to_the_rule_alone(void **state)
{
    (void)state;
    rule = "secret == auth.sub";
    with_claims("{'sub':'ann'}");
    matches("", "{'secret':'ann'}");
    matches_not("", "{'secret':'bob'}");
    matches("id == 1", "{'id':1,'secret':'ann'}");
    matches_not("id == 1", "{'id':1,'secret':'bob'}");
}

static void a_rule_that_is_not_understood_lets_nothing_through(void **state)
{
    (void)state;
    rule = "nobody ==";
    matches_not("", "{'id':1}");
}

static bool event_matches(const char *where, enum tg_op op, const char *data,
                          const char *old, const char *changed)
{
    struct tg_filter *filter = compiled(where);
    struct tg_event_parts parts = parts_of(op, data, old, changed);
    assert_int_equal(tg_rows_read(&rows, &orders_schema, &parts), TG_OK);
    assert_true(filter->about_event);
    bool truth = tg_filter_is_true(filter, &orders_schema,
                                   rows.has_after ? &rows.after : &rows.before, &space);
    tg_free(filter);
    return truth;
}

static void queries_may_be_about_what_happened(void **state)
{
    (void)state;
    assert_true(event_matches("old.status == 'new' && status == 'paid'", TG_OP_UPDATE,
                              "{'status':'paid'}", "{'status':'new'}", "['status']"));
    assert_true(
        event_matches("event.op == 'delete'", TG_OP_DELETE, "{'id':1}", NULL, NULL));
    assert_true(event_matches("'status' in event.changed", TG_OP_UPDATE,
                              "{'status':'paid'}", "{'status':'new'}", "['status']"));
    assert_true(event_matches("event.time > timestamp('2026-11-23T00:00:00Z') && "
                              "event.type == 'shop.Order'",
                              TG_OP_CREATE, "{'id':1}", NULL, NULL));
    assert_true(event_matches("!has(old.status)", TG_OP_CREATE, "{'id':1}", NULL, NULL));
}

static void what_old_says_must_have_been_theirs_to_see(void **state)
{
    (void)state;
    rule = "data['in'] == 'mine'";
    const char *where = "old.status == 'new'";
    assert_true(event_matches(where, TG_OP_UPDATE, "{'in':'mine','status':'paid'}",
                              "{'status':'new'}", "['status']"));
    assert_false(event_matches(where, TG_OP_UPDATE, "{'in':'mine','status':'paid'}",
                               "{'in':'theirs','status':'new'}", "['in','status']"));
    assert_false(event_matches(where, TG_OP_UPDATE, "{'in':'mine','status':'paid'}",
                               "{'status':'new'}", "['in','status']"));
    assert_true(
        event_matches("event.op == 'create'", TG_OP_CREATE, "{'in':'mine'}", NULL, NULL));
    assert_false(event_matches("event.op == 'create'", TG_OP_CREATE, "{'in':'theirs'}",
                               NULL, NULL));
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    (void)state;
    refuses("totl > 100", "query_field 1:1 there is no field or variable \"totl\"");
    refuses("data.totl > 100", "query_field 1:6 there is no field \"totl\"");
    refuses("data['totl'] > 100", "query_field 1:6 there is no field \"totl\"");
    refuses("secret == 'a'", "query_field 1:1 there is no field or variable \"secret\"");
    refuses("data.secret == 'a'", "query_field 1:6 there is no field \"secret\"");
    refuses("has(data.secret)", "query_field 1:10 there is no field \"secret\"");
    refuses("old.secret == 'a'", "query_field 1:5 there is no field \"secret\"");
    refuses("event.tipe == 'a'", "query_field 1:7 \"event\" has no \"tipe\"");
    refuses("total == 'a'", "query_type 1:10 total (decimal) is not comparable with");
    refuses("created < '2026-11-23'", "query_type 1:11 created (timestamp) is not");
    refuses("owner == 'a'", "query_type 1:10 a uuid should be 36 characters");
    refuses("day == 'a'", "query_type 1:8 a date should be a day");
    refuses("id == null", "query_type 1:4 id (int) is never null");
    refuses("status in ['a', 1]", "query_type 1:17 1 (int) is not comparable");
    refuses("status && paid", "query_type 1:1 status (string) is no bool");
    refuses("id", "query_type 1:1 id (int) is no bool");
    refuses("data", "query_type 1:1 \"data\" is no value");
    refuses("data == old", "query_type 1:1 \"data\" is no value");
    refuses("total / 2 == 1", "query_type 1:7 total (decimal) and 2 (decimal) have no");
    refuses("id + 1.5 == 2.5", "query_type 1:4 id (int) and 1.5 (double) have no such");
    refuses("timestamp('x') == created", "query_type 1:11 timestamp takes an RFC 3339");
    refuses("status.startWith('a')",
            "query_unsupported 1:8 there is no function \"startWith\"");
    refuses("status.matches('a')", "query_unsupported 1:8 \"matches\" is not allowed");
    refuses("tags.map(t, t == 'a')", "query_unsupported");
    refuses("meta.list.exists(t, t == 'a')", "query_unsupported");
    refuses("{'a': 1}.a == 1", "query_unsupported 1:1 maps are not");
    refuses("status.size(1) == 1", "query_type 1:8 size takes 0 arguments, not 1");
    refuses("id ==", "query_syntax 1:");
    refuses("id == 1 &&\n  totl > 1", "query_field 2:3 there is no");
}

static void a_pattern_that_is_none_is_refused(void **state)
{
    (void)state;
    struct tg_query_limits allowed = tg_query_limits_default;
    allowed.matches = true;
    limits = &allowed;
    matches("status.matches('^pa+id$')", "{'status':'paaaid'}");
    matches_not("status.matches('^pa+id$')", "{'status':'paid '}");
    refuses("status.matches('(')", "query_type 1:16 \"matches\" takes no such pattern: ");
    refuses("status.matches('(?=a)')", "query_type 1:16 \"matches\" takes no such");
    refuses("status.matches('(a{1000}){1000}')", "query_limit 1:16 \"matches\" takes no");
    refuses("status.matches(status)", "query_unsupported 1:16 \"matches\" takes a lit");
    /* Short to write, long to compile. */
    refuses("status.matches('.{1000}.{1000}.{1000}.{1000}') || "
            "status.matches('.{1000}.{1000}.{1000}.{1000}') || "
            "status.matches('.{1000}.{1000}.{1000}.{1000}')",
            "query_limit 1:116 the patterns up to here cost 12003 steps, and the query "
            "may cost 10000");
    struct tg_filter *once =
        compiled("(((status.matches('a{1000}') ? paid : id == 1) ? paid : id == 2) ? "
                 "paid : id == 3)");
    assert_int_equal(once->programs, 1); /* Not one for each side of each condition. */
    tg_free(once);
}

/* An event may bring a list of any length: nobody can run through it for everyone. */
static void loops_in_one_another_are_dear(void **state)
{
    (void)state;
    struct tg_filter *once = compiled("tags.exists(a, a + 'x' == status)");
    struct tg_filter *twice = compiled("tags.exists(a, tags.exists(b, a == b + 'x'))");
    assert_in_range(once->cost, 16, 160);
    assert_in_range(twice->cost, 256, 2560);
    tg_free(once);
    tg_free(twice);
    refuses("tags.exists(a, tags.exists(b, tags.exists(c, a + b == c)))",
            "query_limit 1:1 the query costs ");
    refuses("tags.all(a,tags.all(b,tags.all(c,tags.all(d,tags.all(e,tags.all(f,"
            "tags.all(g,tags.all(h,tags.all(i,tags.all(j,a==b))))))))))",
            "query_limit 1:1 the query costs 1048");
}

/* {'counts':[1,1,…],'paid':true} */
static const char *event_of_ones(uint32_t count)
{
    static char event[4096];
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        at += (size_t)snprintf(event + at, sizeof event - at, "%s1",
                               i == 0 ? "{'paid':true,'counts':[" : ",");
    }
    snprintf(event + at, sizeof event - at, "]}");
    return event;
}

#define EACH_PAIR(condition) "counts.all(a, counts.all(b, " condition "))"

/* The budget is of all of a filter: each program has its part of it, whatever the others
 * need. */
static void steps_are_shared_by_the_programs_of_a_filter(void **state)
{
    (void)state;
    decides(EACH_PAIR("a + b == 2"), event_of_ones(100), true);
    matches_neither(EACH_PAIR("a + b == 2"), event_of_ones(1000));
    decides(EACH_PAIR("a + b == 2") " && " EACH_PAIR("a * b == 1"), event_of_ones(50),
            true);
    matches_neither(EACH_PAIR("a + b == 2") " && " EACH_PAIR("a * b == 1"),
                    event_of_ones(100));
    /* An error is false, and no more. */
    matches(EACH_PAIR("a + b == 2") " || " EACH_PAIR("a * b == 1") " || paid",
            event_of_ones(100));
    /* What is cheap is done beside what is dear. */
    matches(EACH_PAIR("a + b == 2") " || counts[0] + counts[1] == 2",
            event_of_ones(1000));
}

static void writes(const char *where, const char *normal)
{
    struct tg_filter *filter = compiled(where);
    tg_buf_clear(&text);
    tg_filter_write(filter, &orders_schema, &text);
    tg_buf_add_byte(&text, 0);
    if (strcmp((const char *)text.data, (const char *)quoted(normal).data) != 0) {
        fail_msg("%s is written\n  %s", where, (const char *)text.data);
    }
    tg_free(filter);
}

/* Nor does anybody learn how long a rule is. */
static void a_rule_is_no_part_of_what_a_query_may_cost(void **state)
{
    (void)state;
    const char *rules[] = {"", "id + 1 == size(status)", "id == 1", "id == 2",
                           "nobody =="};
    struct tg_query_limits small = tg_query_limits_default;
    limits = &small;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        rule = rules[i];
        small.cost_max = 12;
        tg_free(compiled("id == 1 && (id + 1 == 2 || size(status) == id)"));
        tg_free(compiled("id == 1 && (old.id + 1 == 2 || size(status) == id)"));
        small.cost_max = 11;
        refuses("id == 1 && (id + 1 == 2 || size(status) == id)",
                "query_limit 1:1 the query costs 12 steps, and may cost 11");
        refuses("id == 1 && (old.id + 1 == 2 || size(status) == id)",
                "query_limit 1:1 the query costs 12 steps, and may cost 11");
    }
}

static void a_filter_is_written_as_its_normal_form(void **state)
{
    (void)state;
    writes("", "true");
    writes("id == 1 && id == 2", "false");
    writes("!(id == 1 || status == 'a')", "id != 1 && status != 'a'");
    writes("id > 1 && id < 5", "id >= 2 && id <= 4");
    writes("id == 1 || id == 2 || id in [3, 2]", "id in [1, 2, 3]");
    writes("!(id in [1, 2])", "!(id in [1, 2])");
    writes("total >= 0.1 && total < 99.95", "total >= 0.1 && total < 99.95");
    writes("total == 1e-5 || total > 123456.789",
           "total == 0.00001 || total > 123456.789");
    writes("weight <= -0.5", "weight <= -0.5");
    writes("weight == 3", "weight == 3.0");
    writes("created < timestamp('2026-11-23T02:16:34.5+01:00')",
           "created < timestamp('2026-11-23T01:16:34.5Z')");
    writes("took >= duration('1h')", "took >= duration('3600s')");
    writes("day != '2026-11-23'", "day != date('2026-11-23')");
    writes("paid", "paid == true");
    writes("!paid", "paid == false");
    writes("status > 'a' && status <= 'b'", "status > 'a' && status <= 'b'");
    writes("!status.startsWith('a')", "!status.startsWith('a')");
    writes("!('a' in tags)", "!('a' in tags)");
    writes("2 in counts", "2 in counts");
    writes("size(tags) > 0", "tags != null && size(tags) != 0");
    writes("has(data.total) && !has(old.status)", "has(data.total) && !has(old.status)");
    writes("data['in'] == 'x'", "data['in'] == 'x'");
    writes("event.op == 'update' && 'status' in event.changed",
           "event.op == 'update' && 'status' in event.changed");
    writes("id == 1 && (status == 'a' || total == null)",
           "id == 1 && (status == 'a' || total == null)");
    writes("event.type == 'shop.Order' && id == 1 + 1", "id == 2");
    with_claims("{'scopes':['b','a','b']}");
    writes("auth.scopes.exists(s, s in tags)", "'a' in tags || 'b' in tags");
    writes("tags.exists(t, t in auth.scopes)", "'a' in tags || 'b' in tags");
    writes("!auth.scopes.exists(s, s in tags)", "!('a' in tags) && !('b' in tags)");
    writes("auth.scopes.all(s, s in tags)", "'a' in tags && 'b' in tags");
    writes("auth.nobody.exists(s, s in tags)", "false");
}

static enum tg_err compile_on(struct tg_test_heap *heap, size_t fail_at)
{
    struct tg_filter *filter = NULL;
    struct tg_refusal refusal = {.code = TG_CODE_INTERNAL};
    struct tg_filter_request request = {
        .schema = &orders_schema,
        .access = quoted("secret == auth.sub || status in auth.teams"),
        .where =
            quoted("(id in [1, 2, 3] || !(status in ['a', 'b'])) && total > 99.95 && "
                   "day == '2026-11-23' && id + 1 < size(status) && "
                   "auth.map.k == 'x' && event.op == 'upd' + 'ate' && "
                   "(old.paid ? paid : has(data.tags)) && auth.list.exists(x, x == 1) && "
                   "auth.teams.exists(x, x in tags)"),
        .claims = claims};
    tg_test_heap_begin(heap, fail_at);
    struct tg_compiler *made = tg_compiler_create();
    enum tg_err err = TG_ENOMEM;
    if (made != NULL) {
        err = tg_filter_compile(made, &request, &filter, &refusal);
        assert_true(err == TG_OK || refusal.code == TG_CODE_OVERLOADED);
        assert_true((filter != NULL) == (err == TG_OK));
        /* What failed once does not stand in the way of the next. */
        heap->fail_at = 0;
        tg_free(filter);
        filter = NULL;
        assert_int_equal(tg_filter_compile(made, &request, &filter, &refusal), TG_OK);
    }
    tg_free(filter);
    tg_compiler_destroy(made);
    assert_true(tg_test_heap_end(heap));
    return err;
}

static void without_memory_there_is_no_filter(void **state)
{
    (void)state;
    with_claims("{'sub':'ann','teams':['a','\\u0062'],'map':{'k':'x','l':[1]},"
                "'list':[1,{'a':'\\u0061'}]}");
    enum tg_err err = TG_ENOMEM;
    size_t fail_at = 1;
    for (; err != TG_OK; fail_at++) {
        struct tg_test_heap heap;
        err = compile_on(&heap, fail_at);
        assert_true(err == TG_OK || err == TG_ENOMEM);
        assert_true(fail_at < 1000);
    }
    assert_true(fail_at > 20);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(comparisons_look_at_one_field),
        TEST(a_missing_field_matches_nothing_not_even_a_negation),
        TEST(null_is_different_from_everything),
        TEST(numbers_are_one_line),
        TEST(lists_are_looked_through),
        TEST(lists_may_have_something_in_common),
        TEST(logic_is_of_three_values),
        TEST(claims_are_constants),
        TEST(claims_are_not_read_from_their_names),
        TEST(large_claims_are_not_named_again_and_again),
        TEST(objects_among_claims_are_dear),
        TEST(without_claims_every_claim_is_an_error),
        TEST(hidden_fields_are_known_to_the_rule_alone),
        TEST(a_rule_that_is_not_understood_lets_nothing_through),
        TEST(queries_may_be_about_what_happened),
        TEST(what_old_says_must_have_been_theirs_to_see),
        TEST(what_is_wrong_is_told_with_its_place),
        TEST(a_pattern_that_is_none_is_refused),
        TEST(loops_in_one_another_are_dear),
        TEST(steps_are_shared_by_the_programs_of_a_filter),
        TEST(a_rule_is_no_part_of_what_a_query_may_cost),
        TEST(a_filter_is_written_as_its_normal_form),
        TEST(without_memory_there_is_no_filter),
    };
    return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
