#include "engine/query/query.h"

#include "testing/heap.h"
#include "testing/queries.h"

static struct tg_refusal refusal;

static const char order[] =
    "{'name':'shop.Order','operations':['create','update','delete'],'key':['id'],"
    "'access':{'rule':'owner == auth.user_id'},"
    "'fields':[{'name':'id','type':'int'},{'name':'tags','type':'list','items':'string'},"
    "{'name':'total','type':'decimal','nullable':true},"
    "{'name':'owner','type':'int','hidden':true}]}";

static struct tg_query_schema *schema_of(const char *document, const char *type)
{
    struct tg_query_schema *schema = NULL;
    enum tg_err err =
        tg_query_schema_read(quoted(document), tg_slice_of(type), &schema, &refusal);
    assert_true((schema != NULL) == (err == TG_OK));
    return schema;
}

static void refuses_schema(const char *document, const char *type, const char *message)
{
    assert_null(schema_of(document, type));
    if (strcmp(refusal.message, message) != 0) {
        fail_msg("%s: %s", document, refusal.message);
    }
}

static void a_schema_is_read_from_a_type(void **state)
{
    (void)state;
    struct tg_query_schema *read = schema_of(order, "");
    assert_non_null(read);
    const struct tg_schema *schema = tg_query_schema_get(read);
    assert_slice(schema->name, "shop.Order");
    assert_int_equal(schema->fields_count, 4);
    assert_int_equal(schema->fields[1].items, TG_FIELD_STRING);
    assert_true(schema->fields[2].nullable && schema->fields[3].hidden);
    assert_slice(tg_query_schema_rule(read), "owner == auth.user_id");
    tg_query_schema_destroy(read);
    tg_query_schema_destroy(NULL);
}

static void a_schema_is_found_in_a_catalogue(void **state)
{
    (void)state;
    static const char two[] =
        "{'app':'shop','types':[{'name':'shop.A','operations':['event'],'fields':"
        "[{'name':'a','type':'int'}]},{'name':'shop.B','operations':['event'],'fields':"
        "[{'name':'b','type':'int'}]}]}";
    struct tg_query_schema *read = schema_of(two, "shop.B");
    assert_slice(tg_query_schema_get(read)->fields[0].name, "b");
    tg_query_schema_destroy(read);
    refuses_schema(two, "", "the document has 2 types: say which");
    refuses_schema(two, "shop.C", "there is no event type \"shop.C\"");
    assert_int_equal(refusal.nearest_count, 2);
}

static void what_is_no_schema_is_named(void **state)
{
    (void)state;
    refuses_schema("{", "", "byte 1: the text ends too early");
    refuses_schema("[]", "", "a type should be an object with a name");
    refuses_schema("{'name':'a.B'}", "", "operations should be a list, and not empty");
    refuses_schema("{'name':'a.B','operations':['x']}", "",
                   "operations should be of create, update, delete, event");
    refuses_schema("{'name':'a.B','operations':['event']}", "",
                   "fields should be a list of 1 to 256 fields");
    refuses_schema("{'name':'a.B','operations':['event'],'fields':[{'name':'a-b'}]}", "",
                   "fields[0] should have a name of A-Z a-z 0-9 _");
    refuses_schema("{'name':'a.B','operations':['event'],'fields':[{'name':'a'}]}", "",
                   "fields[0] should have a type, as \"int\"");
    refuses_schema("{'name':'a.B','operations':['event'],'fields':[{'name':'a',"
                   "'type':'list'}]}",
                   "", "fields[0], a list, should have items, as \"int\"");
    refuses_schema("{'name':'a.B','operations':['event'],'fields':[{'name':'a',"
                   "'type':'int','hidden':1}]}",
                   "", "nullable and hidden of fields[0] are true or false");
}

static const char *told(struct tg_query *query, const char *event)
{
    struct tg_query_answer answer;
    enum tg_err err = tg_query_ask(query, quoted(event), &answer, &refusal);
    return err == TG_OK ? tg_query_told_text(answer.told) : refusal.message;
}

static void a_query_says_what_a_subscriber_is_told(void **state)
{
    (void)state;
    struct tg_query_schema *schema = schema_of(order, "");
    struct tg_query *query = NULL;
    struct tg_query_text text = {.schema = tg_query_schema_get(schema),
                                 .where = TG_LIT("total > 100"),
                                 .access = tg_query_schema_rule(schema),
                                 .claims = TG_LIT("{\"user_id\":7}")};
    assert_int_equal(tg_query_compile(&text, &query, &refusal), TG_OK);
    assert_string_equal(
        told(query, "{'op':'create','data':{'id':1,'total':'150','owner':7}}"), "add");
    assert_string_equal(
        told(query, "{'op':'create','data':{'id':1,'total':'150','owner':8}}"),
        "nothing");
    assert_string_equal(told(query, "{'op':'update','data':{'id':1,'total':'150',"
                                    "'owner':7},'old':{'total':'1'}}"),
                        "add");
    assert_string_equal(told(query, "{'op':'update','data':{'id':1,'total':'150',"
                                    "'owner':8},'old':{'owner':7},'changed':['owner']}"),
                        "remove");
    assert_string_equal(told(query, "{'op':'update','data':{'id':1,'total':'150',"
                                    "'owner':7},'changed':['owner'],'old':{'owner':7}}"),
                        "nothing");
    assert_string_equal(told(query, "{'op':'delete','data':{'id':1,'total':'150',"
                                    "'owner':7}}"),
                        "remove");
    assert_string_equal(told(query, "{'data':{}}"),
                        "op should be one of the type's operations");
    assert_string_equal(told(query, "[]"), "byte 0: an object should stand here");
    assert_string_equal(told(query, "{'op':'create','data':{'x':1}}"),
                        "it is no event of shop.Order: a member is unknown, or of "
                        "another type than the field");
    tg_query_destroy(query);
    tg_query_schema_destroy(schema);
}

static void refuses_rule(const char *rule, const char *message)
{
    struct tg_compiler *compiler = tg_compiler_create();
    enum tg_err err =
        tg_rule_check(compiler, &orders_schema, quoted(rule), NULL, &refusal);
    if ((err == TG_OK) != (message == NULL)) {
        fail_msg("%s: %s", rule, err == TG_OK ? "is right" : refusal.message);
    }
    if (message != NULL && strncmp(refusal.message, message, strlen(message)) != 0) {
        fail_msg("%s: %s", rule, refusal.message);
    }
    tg_compiler_destroy(compiler);
}

static void a_rule_knows_hidden_fields_and_no_event(void **state)
{
    (void)state;
    refuses_rule("secret == auth.sub || auth.is_staff", NULL);
    refuses_rule("id in auth.ids && has(auth.sub) && has(data.secret)", NULL);
    refuses_rule("auth.groups.exists(g, g == status)", NULL);
    refuses_rule("old.status == 'a'", "a rule is about rows: it has no \"old\"");
    refuses_rule("event.op == 'create'", "a rule is about rows: it has no \"event\"");
    refuses_rule("secrt == auth.sub", "there is no field or variable \"secrt\"");
    assert_string_equal(refusal.nearest[0], "secret");
    refuses_rule("id", "id (int) is no bool");
    refuses_rule("auth", "\"auth\" is no value: name one of its members");
    refuses_rule("auth.sub", NULL);
    refuses_rule("id = 1", "");
}

/* Dear rules would leave few steps to the queries beside them. */
static void a_rule_may_cost_no_more_than_a_query(void **state)
{
    (void)state;
    const char *three = "auth.a.all(a, auth.b.all(b, auth.c.all(c, a + b == c)))";
    refuses_rule("auth.a.all(a, auth.b.all(b, a == b)) && id == auth.id", NULL);
    refuses_rule(three, "the query costs ");
    assert_int_equal(refusal.code, TG_CODE_QUERY_LIMIT);
}

static void an_expression_has_a_value_without_a_schema(void **state)
{
    (void)state;
    struct tg_buf value = {0};
    assert_int_equal(tg_query_evaluate(TG_LIT("1 + 1 == 2"), &value, &refusal), TG_OK);
    assert_slice(tg_buf_slice(&value), "true");
    assert_int_equal(tg_query_evaluate(TG_LIT("x"), &value, &refusal), TG_EINVAL);
    tg_buf_finish(&value);
}

static enum tg_err all_of_it(void)
{
    struct tg_query_schema *schema = NULL;
    struct tg_query *query = NULL;
    struct tg_query_answer answer;
    enum tg_err err = tg_query_schema_read(quoted(order), TG_LIT(""), &schema, &refusal);
    if (err == TG_OK) {
        struct tg_query_text text = {.schema = tg_query_schema_get(schema),
                                     .where = TG_LIT("total > 100 && id + 1 > 2"),
                                     .access = tg_query_schema_rule(schema),
                                     .claims = TG_LIT("{\"user_id\":7}")};
        err = tg_query_compile(&text, &query, &refusal);
    }
    if (err == TG_OK) {
        err = tg_query_ask(query, quoted("{'op':'create','data':{'id':1,'total':'150'}}"),
                           &answer, &refusal);
    }
    tg_query_destroy(query);
    tg_query_schema_destroy(schema);
    return err;
}

static void without_memory_nothing_is_told(void **state)
{
    (void)state;
    enum tg_err err = TG_ENOMEM;
    for (size_t fail_at = 1; err != TG_OK; fail_at++) {
        struct tg_test_heap heap;
        tg_test_heap_begin(&heap, fail_at);
        err = all_of_it();
        assert_true(err == TG_OK || err == TG_ENOMEM);
        assert_true(err == TG_OK || refusal.code == TG_CODE_OVERLOADED);
        assert_true(tg_test_heap_end(&heap));
        assert_true(fail_at < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_is_read_from_a_type),
        cmocka_unit_test(a_schema_is_found_in_a_catalogue),
        cmocka_unit_test(what_is_no_schema_is_named),
        cmocka_unit_test(a_query_says_what_a_subscriber_is_told),
        cmocka_unit_test(a_rule_knows_hidden_fields_and_no_event),
        cmocka_unit_test(a_rule_may_cost_no_more_than_a_query),
        cmocka_unit_test(an_expression_has_a_value_without_a_schema),
        cmocka_unit_test(without_memory_nothing_is_told),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
