#include "engine/catalogue/catalogue.h"

#include <stdio.h>

#include "testing/catalogues.h"
#include "testing/heap.h"

static const char order[] =
    "{'name':'board.Order','verbose_name':'order','verbose_name_plural':'orders',"
    "'operations':['create','update','delete'],'key':['id'],'access':'public',"
    "'delivery':'live','ttl_ms':null,"
    "'fields':[{'name':'id','type':'int'},"
    "{'name':'status','type':'string','verbose_name':'state','choices':"
    "[{'value':'new','label':'New'},{'value':'paid','label':'Paid \\u20ac'}]},"
    "{'name':'total','type':'decimal','nullable':true},"
    "{'name':'tags','type':'list','items':'string'}]}";

static const char tick[] =
    "{'name':'board.tick.Tick','operations':['event'],'fields':[]}";

static const char *document_of(const char *types)
{
    static char text[8192];
    snprintf(text, sizeof text, "{'app':'board','types':[%s]}", types);
    return text;
}

static struct tg_catalogue *board(void)
{
    char types[4096];
    snprintf(types, sizeof types, "%s,%s", order, tick);
    return replaced(tg_catalogue_create(), "board", document_of(types));
}

static void the_first_catalogue_is_empty_and_of_version_0(void **state)
{
    (void)state;
    struct tg_catalogue *catalogue = tg_catalogue_create();
    assert_int_equal(tg_catalogue_version(catalogue), 0);
    assert_int_equal(tg_catalogue_size(catalogue), 0);
    assert_null(tg_catalogue_get(catalogue, TG_LIT("board.Order")));
    tg_catalogue_unref(catalogue);
}

static void a_type_has_what_its_document_says(void **state)
{
    (void)state;
    struct tg_catalogue *catalogue = board();
    assert_int_equal(tg_catalogue_version(catalogue), 1);
    assert_int_equal(tg_catalogue_size(catalogue), 2);
    struct tg_type *type = tg_catalogue_get(catalogue, TG_LIT("board.Order"));
    assert_ptr_equal(type, tg_catalogue_at(catalogue, 0));
    assert_slice(type->app, "board");
    assert_slice(tg_type_name(type), "board.Order");
    assert_slice(type->verbose_name_plural, "orders");
    assert_int_equal(type->version, 1);
    assert_int_equal(type->access, TG_ACCESS_PUBLIC);
    assert_int_equal(type->delivery, TG_DELIVERY_LIVE);
    assert_int_equal(type->ttl_ms, 0);
    assert_true(tg_type_has_op(type, TG_OP_DELETE));
    assert_false(tg_type_has_op(type, TG_OP_EVENT));
    assert_int_equal(type->keys_count, 1);
    assert_int_equal(type->keys[0], 0);
    assert_int_equal(type->schema.fields_count, 4);
    const struct tg_field *tags = tg_type_field(type, TG_LIT("tags"));
    assert_int_equal(tags->kind, TG_FIELD_LIST);
    assert_int_equal(tags->items, TG_FIELD_STRING);
    assert_true(tg_type_field(type, TG_LIT("total"))->nullable);
    assert_null(tg_type_field(type, TG_LIT("tota")));
    tg_catalogue_unref(catalogue);
}

static void metadata_are_as_the_protocol_has_them(void **state)
{
    (void)state;
    struct tg_catalogue *catalogue = board();
    struct tg_buf buf = {0};
    tg_type_write(tg_catalogue_at(catalogue, 0), false, &buf);
    struct tg_slice expected = json_of(
        "{'name':'board.Order','verbose_name':'order','verbose_name_plural':'orders',"
        "'operations':['create','update','delete'],'key':['id'],'fields':["
        "{'name':'id','type':'int','nullable':false,'verbose_name':'id'},"
        "{'name':'status','type':'string','nullable':false,'verbose_name':'state',"
        "'choices':[{'value':'new','label':'New'},{'value':'paid','label':'Paid "
        "\xe2\x82\xac'}]},"
        "{'name':'total','type':'decimal','nullable':true,'verbose_name':'total'},"
        "{'name':'tags','type':'list','nullable':false,'verbose_name':'tags','items':'"
        "string'}],"
        "'delivery':'live','ttl_ms':null,'access':'public'}");
    assert_slice(tg_buf_slice(&buf), (const char *)expected.data);
    tg_buf_clear(&buf);
    tg_type_write(tg_catalogue_at(catalogue, 1), true, &buf);
    expected =
        json_of("{'app':'board','name':'board.tick.Tick','verbose_name':'Tick',"
                "'verbose_name_plural':'Ticks','operations':['event'],'key':[],"
                "'fields':[],'delivery':'live','ttl_ms':null,'access':'authenticated'}");
    assert_slice(tg_buf_slice(&buf), (const char *)expected.data);
    tg_buf_finish(&buf);
    tg_catalogue_unref(catalogue);
}

static void a_rule_is_kept_and_not_shown(void **state)
{
    (void)state;
    struct tg_catalogue *catalogue =
        replaced(tg_catalogue_create(), "board",
                 document_of("{'name':'a.B','operations':['event'],'ttl_ms':300000,"
                             "'access':{'rule':'id == auth.id'},'fields':["
                             "{'name':'id','type':'int'}]}"));
    struct tg_type *type = tg_catalogue_at(catalogue, 0);
    struct tg_buf buf = {0};
    assert_int_equal(type->access, TG_ACCESS_RULE);
    assert_slice(type->rule, "id == auth.id");
    assert_int_equal(type->ttl_ms, 300000);
    tg_type_write(type, true, &buf);
    tg_buf_add_byte(&buf, '\0');
    assert_null(strstr((const char *)buf.data, "auth.id"));
    assert_non_null(
        strstr((const char *)buf.data, "\"ttl_ms\":300000,\"access\":\"rule\""));
    tg_buf_finish(&buf);
    tg_catalogue_unref(catalogue);
}

static void types_stand_in_the_order_of_their_names(void **state)
{
    (void)state;
    struct tg_catalogue *catalogue = board();
    catalogue = replaced(catalogue, "shop",
                         "{'app':'shop','types':[{'name':'z.A','operations':['event'],"
                         "'fields':[]},{'name':'a.Z','operations':['event'],'fields':[]},"
                         "{'name':'board.Orde','operations':['event'],'fields':[]}]}");
    static const char *const names[] = {"a.Z", "board.Orde", "board.Order",
                                        "board.tick.Tick", "z.A"};
    assert_int_equal(tg_catalogue_size(catalogue), 5);
    assert_int_equal(tg_catalogue_version(catalogue), 2);
    for (size_t i = 0; i < 5; i++) {
        assert_slice(tg_type_name(tg_catalogue_at(catalogue, i)), names[i]);
    }
    tg_catalogue_unref(catalogue);
}

static void the_same_document_changes_nothing(void **state)
{
    (void)state;
    struct tg_catalogue *catalogue = board();
    /* Another order of types and members, other escapes, defaults written out. */
    char types[4096];
    snprintf(
        types, sizeof types, "%s , %s",
        "{'fields':[],'name':'board.tick.T\\u0069ck','operations':['event'],'key':[],"
        "'access':'authenticated','verbose_name':'Tick','ttl_ms':null}",
        order);
    struct tg_catalogue *next = NULL;
    struct tg_refusal refusal;
    bool changed = true;
    assert_int_equal(tg_catalogue_replace(catalogue, TG_LIT("board"),
                                          json_of(document_of(types)), NULL, &next,
                                          &refusal, &changed),
                     TG_OK);
    assert_false(changed);
    assert_ptr_equal(next, catalogue);
    tg_catalogue_unref(next);
    tg_catalogue_unref(catalogue);
}

static void a_type_that_did_not_change_stays_the_same_object(void **state)
{
    (void)state;
    struct tg_catalogue *old = board();
    tg_catalogue_ref(old);
    struct tg_catalogue *now =
        replaced(old, "board",
                 document_of("{'name':'board.tick.Tick','operations':['event'],'fields':["
                             "{'name':'at','type':'timestamp'}]},{'name':'board.New',"
                             "'operations':['event'],'fields':[]}"));
    const struct tg_slice name = TG_LIT("board.tick.Tick");
    struct tg_type *order_type = tg_catalogue_get(old, TG_LIT("board.Order"));
    struct tg_type *present = tg_catalogue_get(now, name);
    assert_null(tg_catalogue_get(now, TG_LIT("board.Order")));
    assert_ptr_not_equal(present, tg_catalogue_get(old, name));
    assert_int_equal(present->version, 2);

    now = replaced(now, "shop",
                   "{'app':'shop','types':[{'name':'shop.X',"
                   "'operations':['event'],'fields':[]}]}");
    assert_int_equal(tg_catalogue_version(now), 3);
    assert_ptr_equal(tg_catalogue_get(now, name), present);
    assert_int_equal(present->version, 2);
    tg_catalogue_unref(now);
    /* The old one is whole, and so is its type. */
    assert_slice(tg_type_name(order_type), "board.Order");
    tg_catalogue_unref(old);
}

static void a_changed_rule_is_a_change(void **state)
{
    (void)state;
    static const char before[] = "{'name':'a.B','operations':['event'],'fields':[],"
                                 "'access':{'rule':'auth.x'}}";
    static const char after[] = "{'name':'a.B','operations':['event'],'fields':[],"
                                "'access':{'rule':'auth.y'}}";
    struct tg_catalogue *catalogue =
        replaced(tg_catalogue_create(), "board", document_of(before));
    catalogue = replaced(catalogue, "board", document_of(after));
    assert_int_equal(tg_catalogue_version(catalogue), 2);
    assert_slice(tg_catalogue_at(catalogue, 0)->rule, "auth.y");
    tg_catalogue_unref(catalogue);
}

/* Metadata do not tell hidden fields, but queries are compiled with them. */
static void a_changed_hidden_field_is_a_change(void **state)
{
    (void)state;
    static const char before[] =
        "{'name':'a.B','operations':['event'],'fields':[{'name':'n','type':'int'},"
        "{'name':'owner','type':'int','hidden':true}]}";
    static const char after[] =
        "{'name':'a.B','operations':['event'],'fields':[{'name':'n','type':'int'},"
        "{'name':'owner','type':'string','hidden':true}]}";
    static const char labelled[] =
        "{'name':'a.B','operations':['event'],'fields':[{'name':'n','type':'int',"
        "'verbose_name':'N'},{'name':'owner','type':'int','hidden':true}]}";
    struct tg_catalogue *first =
        replaced(tg_catalogue_create(), "board", document_of(before));
    tg_catalogue_ref(first);
    struct tg_catalogue *second = replaced(first, "board", document_of(after));
    assert_int_equal(tg_catalogue_version(second), 2);
    struct tg_type *type = tg_catalogue_at(first, 0);
    assert_false(tg_type_same_for_queries(type, tg_catalogue_at(second, 0)));
    second = replaced(second, "board", document_of(labelled));
    assert_ptr_not_equal(tg_catalogue_at(second, 0), type);
    assert_true(tg_type_same_for_queries(type, tg_catalogue_at(second, 0)));
    tg_catalogue_unref(first);
    tg_catalogue_unref(second);
}

static void a_hidden_field_is_in_the_schema_and_in_no_metadata(void **state)
{
    (void)state;
    struct tg_catalogue *catalogue =
        replaced(tg_catalogue_create(), "board",
                 document_of("{'name':'a.B','operations':['create'],'key':['id'],"
                             "'access':{'rule':'owner == auth.id'},'fields':["
                             "{'name':'owner','type':'int','hidden':true,"
                             "'choices':[{'value':1,'label':'Ada'}]},"
                             "{'name':'id','type':'int','hidden':false}]}"));
    struct tg_type *type = tg_catalogue_at(catalogue, 0);
    struct tg_buf buf = {0};
    assert_int_equal(type->schema.fields_count, 2);
    assert_int_equal(type->hidden_count, 1);
    assert_true(tg_type_field(type, TG_LIT("owner"))->hidden);
    assert_false(tg_type_field(type, TG_LIT("id"))->hidden);
    tg_type_write(type, true, &buf);
    tg_buf_add_byte(&buf, '\0');
    assert_null(strstr((const char *)buf.data, "owner"));
    assert_null(strstr((const char *)buf.data, "Ada"));
    assert_non_null(strstr((const char *)buf.data, "\"fields\":[{\"name\":\"id\""));
    tg_buf_finish(&buf);
    tg_catalogue_unref(catalogue);
}

static void a_rule_is_judged_with_its_document(void **state)
{
    (void)state;
    struct tg_catalogue *old = tg_catalogue_create();
    struct tg_catalogue *next = NULL;
    struct tg_refusal refusal;
    bool changed;
    static const struct {
        const char *rule;
        uint32_t line, column;
        const char *nearest;
    } cases[] = {
        {"ownr == auth.id", 1, 1, "owner"},
        {"auth.staff ||\\n ownr == 1", 2, 2, "owner"},
        {"owner ==", 1, 9, NULL},
        {"owner == old.owner", 1, 10, NULL},
        {"owner", 1, 1, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char type[256];
        snprintf(type, sizeof type,
                 "{'name':'a.B','operations':['event'],'access':{'rule':'%s'},"
                 "'fields':[{'name':'owner','type':'int','hidden':true}]}",
                 cases[i].rule);
        assert_int_equal(tg_catalogue_replace(old, TG_LIT("board"),
                                              json_of(document_of(type)), NULL, &next,
                                              &refusal, &changed),
                         TG_EINVAL);
        assert_int_equal(refusal.code, TG_CODE_INVALID_CATALOGUE);
        assert_string_equal(refusal.member, "types[0].access.rule");
        assert_int_equal(refusal.line, cases[i].line);
        assert_int_equal(refusal.column, cases[i].column);
        assert_int_equal(refusal.nearest_count, cases[i].nearest != NULL ? 1 : 0);
        if (cases[i].nearest != NULL) {
            assert_string_equal(refusal.nearest[0], cases[i].nearest);
        }
    }
    tg_catalogue_unref(old);
}

static void an_application_can_take_its_types_away(void **state)
{
    (void)state;
    struct tg_catalogue *catalogue = board();
    catalogue = replaced(catalogue, "board", document_of(""));
    assert_int_equal(tg_catalogue_size(catalogue), 0);
    assert_int_equal(tg_catalogue_version(catalogue), 2);
    catalogue = replaced(catalogue, "board", document_of(""));
    assert_int_equal(tg_catalogue_version(catalogue), 2);
    tg_catalogue_unref(catalogue);
}

static void defaults_of_the_longest_names_have_room(void **state)
{
    (void)state;
    char name[TG_TYPE_NAME_MAX + 1];
    char type[4096];
    memset(name, 'n', sizeof name);
    name[1] = '.';
    name[TG_TYPE_NAME_MAX] = '\0';
    snprintf(type, sizeof type, "{'name':'%s','operations':['event'],'fields':[]}", name);
    struct tg_catalogue *catalogue =
        replaced(tg_catalogue_create(), "board", document_of(type));
    assert_int_equal(tg_catalogue_at(catalogue, 0)->verbose_name_plural.size,
                     TG_TYPE_NAME_MAX - 1);
    char verbose[TG_VERBOSE_NAME_MAX + 1];
    memset(verbose, 'v', sizeof verbose);
    verbose[TG_VERBOSE_NAME_MAX] = '\0';
    snprintf(type, sizeof type,
             "{'name':'a.b','verbose_name':'%s','operations':['event'],'fields':[]}",
             verbose);
    catalogue = replaced(catalogue, "board", document_of(type));
    assert_int_equal(tg_catalogue_at(catalogue, 0)->verbose_name_plural.size,
                     TG_VERBOSE_NAME_MAX + 1);
    tg_catalogue_unref(catalogue);
}

static void many_fields_are_found_as_few_are(void **state)
{
    (void)state;
    struct tg_buf text = {0};
    struct tg_catalogue *catalogue = tg_catalogue_create();
    for (int count = 1; count <= 256; count += count < 20 ? 1 : 59) {
        tg_buf_clear(&text);
        tg_buf_add_text(&text,
                        "{'name':'a.B','operations':['update'],'key':['f0'],'fields':[");
        for (int i = 0; i < count; i++) {
            tg_buf_printf(&text, "%s{'name':'f%d','type':'int'}", i == 0 ? "" : ",", i);
        }
        tg_buf_add(&text, "]}", 3);
        struct tg_buf document = {0};
        tg_buf_printf(&document, "{'app':'board','types':[%s]}", (const char *)text.data);
        tg_buf_add_byte(&document, '\0');
        catalogue = replaced(catalogue, "board", (const char *)document.data);
        tg_buf_finish(&document);
        struct tg_type *type = tg_catalogue_at(catalogue, 0);
        for (int i = 0; i < count; i++) {
            char name[16];
            snprintf(name, sizeof name, "f%d", i);
            assert_ptr_equal(tg_type_field(type, tg_slice_of(name)),
                             &type->schema.fields[i]);
        }
        assert_null(tg_type_field(type, TG_LIT("g")));
    }
    tg_buf_finish(&text);
    tg_catalogue_unref(catalogue);
}

static const char *refused(const char *document)
{
    struct tg_catalogue *old = replaced(tg_catalogue_create(), "shop",
                                        "{'app':'shop','types':[{'name':'shop.Cart','"
                                        "operations':['event'],'fields':[]}]}");
    struct tg_catalogue *next = NULL;
    static struct tg_refusal refusal;
    bool changed = true;
    enum tg_err err = tg_catalogue_replace(old, TG_LIT("board"), json_of(document), NULL,
                                           &next, &refusal, &changed);
    if (err != TG_EINVAL) {
        fail_msg("it was not refused: %s", document);
    }
    assert_null(next);
    assert_int_equal(tg_catalogue_size(old), 1);
    tg_catalogue_unref(old);
    return refusal_text(&refusal);
}

/* A document, or a type of one, or a field of a type; and what it is refused with. */
static const struct {
    const char *document;
    const char *type;
    const char *field;
    const char *refusal;
} bad[] = {
    {"", 0, 0, "invalid_json : the catalogue document, byte 0: there is no value"},
    {"{'app':", 0, 0,
     "invalid_json : the catalogue document, byte 7: the text ends too early"},
    {"[]", 0, 0,
     "invalid_catalogue : a catalogue document should be an object, not a list"},
    {"{}", 0, 0, "invalid_catalogue app: app is missing: it should be a string"},
    {"{'app':7,'types':[]}", 0, 0,
     "invalid_catalogue app: app should be a string, not an integer"},
    {"{'app':'shop','types':[]}", 0, 0,
     "invalid_catalogue app: the ingest key is of the application \"board\", not "
     "\"shop\""},
    {"{'app':'board'}", 0, 0,
     "invalid_catalogue types: types is missing: it should be a list"},
    {"{'app':'board','types':{}}", 0, 0,
     "invalid_catalogue types: types should be a list, not an object"},
    {"{'app':'board','type':[]}", 0, 0,
     "invalid_catalogue type: there is no member \"type\" here [types]"},
    {"{'app':'board','types':[7]}", 0, 0,
     "invalid_catalogue types[0]: this should be an object, not an integer"},
    {0, "{}", 0,
     "invalid_catalogue types[0].fields: fields is missing: it should be a list"},
    {0, "{'fields':[]}", 0,
     "invalid_catalogue types[0].name: name is missing: it should be a "
     "string"},
    {0, "{'name':'Order','fields':[]}", 0,
     "invalid_catalogue types[0].name: \"Order\" is no name of an event type: it should "
     "be two "
     "or more words joined by dots, as board.Order, of at most 128 bytes"},
    {0, "{'name':'board.','fields':[]}", 0,
     "invalid_catalogue types[0].name: \"board.\" is no name of an event type: it should "
     "be two "
     "or more words joined by dots, as board.Order, of at most 128 bytes"},
    {0, "{'name':'board..Order','fields':[]}", 0,
     "invalid_catalogue types[0].name: \"board..Order\" is no name of an event type: it "
     "should "
     "be two or more words joined by dots, as board.Order, of at most 128 bytes"},
    {0, "{'name':'board.7up','fields':[]}", 0,
     "invalid_catalogue types[0].name: \"board.7up\" is no name of an event type: it "
     "should be "
     "two or more words joined by dots, as board.Order, of at most 128 bytes"},
    {0, "{'name':'a.B','fields':[],'operation':['event']}", 0,
     "invalid_catalogue types[0].operation: there is no member \"operation\" here "
     "[operations]"},
    {0, "{'name':'a.B','fields':[]}", 0,
     "invalid_catalogue types[0].operations: operations is missing: it should be a list "
     "with "
     "event, or with some of create, update, delete"},
    {0, "{'name':'a.B','fields':[],'operations':[]}", 0,
     "invalid_catalogue types[0].operations: operations is empty: it should be a list "
     "with "
     "event, or with some of create, update, delete"},
    {0, "{'name':'a.B','fields':[],'operations':['create','updte']}", 0,
     "invalid_catalogue types[0].operations[1]: \"updte\" is not known here: it should "
     "be one of "
     "create, update, delete, event [update]"},
    {0, "{'name':'a.B','fields':[],'operations':['create','create']}", 0,
     "invalid_catalogue types[0].operations[1]: create is there twice"},
    {0, "{'name':'a.B','fields':[],'operations':['event','create']}", 0,
     "invalid_catalogue types[0].operations[1]: event does not go with create, update or "
     "delete"},
    {0, "{'name':'a.B','fields':[],'operations':['create']}", 0,
     "invalid_catalogue types[0].key: key is missing: it should name the fields that "
     "identify a "
     "row, since the operations are not [\"event\"]"},
    {0, "{'name':'a.B','fields':[],'operations':['create'],'key':'id'}", 0,
     "invalid_catalogue types[0].key: key should be a list of names of fields, not a "
     "string"},
    {0,
     "{'name':'a.B','operations':['create'],'key':['idd'],'fields':[{'name':'id','type':'"
     "int'}]}",
     0, "invalid_catalogue types[0].key[0]: there is no field \"idd\" [id]"},
    {0,
     "{'name':'a.B','operations':['create'],'key':['id','id'],"
     "'fields':[{'name':'id','type':'int'}]}",
     0, "invalid_catalogue types[0].key[1]: the field id is there twice"},
    {0,
     "{'name':'a.B','operations':['create'],'key':['id'],"
     "'fields':[{'name':'id','type':'int','nullable':true}]}",
     0,
     "invalid_catalogue types[0].key[0]: the field id is nullable, so it cannot identify "
     "a row"},
    {0,
     "{'name':'a.B','operations':['event'],'key':['id'],'fields':[{'name':'id','type':'"
     "int'}]}",
     0,
     "invalid_catalogue types[0].key: a custom event (operations: [\"event\"]) has no "
     "key"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'access':'private'}", 0,
     "invalid_catalogue types[0].access: \"private\" is not known here: it should be one "
     "of "
     "public, authenticated"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'access':'publik'}", 0,
     "invalid_catalogue types[0].access: \"publik\" is not known here: it should be one "
     "of "
     "public, authenticated [public]"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'access':null}", 0,
     "invalid_catalogue types[0].access: access should be \"public\", \"authenticated\" "
     "or "
     "{\"rule\": \"…\"}, not null"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'access':{'rules':'x'}}", 0,
     "invalid_catalogue types[0].access.rules: there is no member \"rules\" here [rule]"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'access':{'rule':''}}", 0,
     "invalid_catalogue types[0].access.rule: the rule is empty"},
    {0,
     "{'name':'a.B','operations':['create'],'key':['a'],"
     "'fields':[{'name':'a','type':'int','hidden':true}]}",
     0,
     "invalid_catalogue types[0].key[0]: the field a is hidden, so it cannot tell "
     "subscribers which row it is"},
    {0, 0, "{'name':'a','type':'int','hidden':1}",
     "invalid_catalogue types[0].fields[0].hidden: hidden should be true or false, not "
     "an integer"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'access':{}}", 0,
     "invalid_catalogue types[0].access.rule: access.rule is missing: it should be a "
     "string"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'delivery':'guaranteed'}", 0,
     "not_supported types[0].delivery: this gateway has no store yet, so delivery can "
     "only be "
     "live, not guaranteed"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'delivery':'alive'}", 0,
     "invalid_catalogue types[0].delivery: \"alive\" is not known here: it should be one "
     "of "
     "live, recoverable, guaranteed [live]"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'ttl_ms':0}", 0,
     "invalid_catalogue types[0].ttl_ms: ttl_ms should be an integer above 0, or null"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'ttl_ms':1.5}", 0,
     "invalid_catalogue types[0].ttl_ms: ttl_ms should be an integer above 0, or null"},
    {0, "{'name':'a.B','operations':['event'],'fields':[],'verbose_name':null}", 0,
     "invalid_catalogue types[0].verbose_name: verbose_name should be a string, not "
     "null"},
    {0,
     "{'name':'a.B','operations':['event'],'fields':[]},"
     "{'name':'a.B','operations':['event'],'fields':[]}",
     0,
     "invalid_catalogue types[1].name: the type a.B is there twice, first as types[0]"},
    {0, "{'name':'shop.Cart','operations':['event'],'fields':[]}", 0,
     "type_taken types[0].name: the event type shop.Cart belongs to the application "
     "\"shop\", "
     "which declared it first"},
    {0, 0, "7",
     "invalid_catalogue types[0].fields[0]: this should be an object, not an integer"},
    {0, 0, "{'type':'int'}",
     "invalid_catalogue types[0].fields[0].name: name is missing: it should be a string"},
    {0, 0, "{'name':'a.b','type':'int'}",
     "invalid_catalogue types[0].fields[0].name: \"a.b\" is no name of a field: it "
     "should be 1 "
     "to 64 letters, digits and underscores, not beginning with a digit"},
    {0, 0, "{'name':'','type':'int'}",
     "invalid_catalogue types[0].fields[0].name: \"\" is no name of a field: it should "
     "be 1 to "
     "64 letters, digits and underscores, not beginning with a digit"},
    {0, 0, "{'name':'a','type':'int'},{'name':'b'}",
     "invalid_catalogue types[0].fields[1].type: type is missing: it should be one of "
     "int, "
     "double, decimal, string, bool, timestamp, date, duration, uuid, json, list"},
    {0, 0, "{'name':'a','type':'sting'}",
     "invalid_catalogue types[0].fields[0].type: \"sting\" is not known here: it should "
     "be one "
     "of int, double, decimal, string, bool, timestamp, date, duration, uuid, json, list "
     "[string]"},
    {0, 0, "{'name':'a','type':'int','items':'int'}",
     "invalid_catalogue types[0].fields[0].items: items is for a field of the type list "
     "only"},
    {0, 0, "{'name':'a','type':'list'}",
     "invalid_catalogue types[0].fields[0].items: items is missing: it should be one of "
     "int, "
     "double, decimal, string, bool, timestamp, date, duration, uuid, json"},
    {0, 0, "{'name':'a','type':'list','items':'list'}",
     "invalid_catalogue types[0].fields[0].items: \"list\" is not known here: it should "
     "be one "
     "of int, double, decimal, string, bool, timestamp, date, duration, uuid, json "
     "[int]"},
    {0, 0, "{'name':'a','type':'int','nullable':1}",
     "invalid_catalogue types[0].fields[0].nullable: nullable should be true or false, "
     "not an "
     "integer"},
    {0, 0, "{'name':'a','type':'int','null':true}",
     "invalid_catalogue types[0].fields[0].null: there is no member \"null\" here"},
    {0, 0, "{'name':'a','type':'int'},{'name':'a','type':'int'}",
     "invalid_catalogue types[0].fields[1].name: the field a is there twice"},
    {0, 0, "{'name':'a','type':'int','choices':{}}",
     "invalid_catalogue types[0].fields[0].choices: choices should be a list of {value, "
     "label}, "
     "not an object"},
    {0, 0, "{'name':'a','type':'int','choices':[{'value':1,'label':'x'},{'value':[]}]}",
     "invalid_catalogue types[0].fields[0].choices[1].value: choices[1].value should be "
     "a "
     "string, a number, true, false or null, not a list"},
    {0, 0, "{'name':'a','type':'int','choices':[{'value':1}]}",
     "invalid_catalogue types[0].fields[0].choices[0].label: choices[0].label is "
     "missing: it "
     "should be a string"},
    {0, 0, "{'name':'a','type':'int','choices':[['a','b']]}",
     "invalid_catalogue types[0].fields[0].choices[0]: choices[0] should be an object, "
     "not a "
     "list"},
};

static void a_bad_document_is_refused_by_name_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[4096];
        if (bad[i].document != NULL) {
            snprintf(text, sizeof text, "%s", bad[i].document);
        } else if (bad[i].type != NULL) {
            snprintf(text, sizeof text, "{'app':'board','types':[%s]}", bad[i].type);
        } else {
            snprintf(text, sizeof text,
                     "{'app':'board','types':[{'name':'a.B','operations':['event'],"
                     "'fields':[%s]}]}",
                     bad[i].field);
        }
        assert_string_equal(refused(text), bad[i].refusal);
    }
}

/* `queries.bytes_max` is the limit of rules, too. */
static void a_rule_may_be_as_long_as_a_query(void **state)
{
    (void)state;
    enum { SPACES = 4200 };
    char document[SPACES + 256];
    snprintf(document, sizeof document,
             "{'app':'board','types':[{'name':'a.B','operations':['event'],"
             "'fields':[{'name':'a','type':'int'}],'access':{'rule':'%*sa == 1'}}]}",
             SPACES, "");
    assert_non_null(
        strstr(refused(document),
               "types[0].access.rule: the query is too long: 4206 bytes, at "
               "most 4096 may be (queries.bytes_max) at line 1, column 4097"));
    struct tg_catalogue_limits limits = {.rules = tg_query_limits_default};
    limits.rules.bytes_max = 8192;
    struct tg_catalogue *old = tg_catalogue_create();
    struct tg_catalogue *next = NULL;
    struct tg_refusal refusal;
    bool changed;
    assert_int_equal(tg_catalogue_replace(old, TG_LIT("board"), json_of(document),
                                          &limits, &next, &refusal, &changed),
                     TG_OK);
    tg_catalogue_unref(old);
    tg_catalogue_unref(next);
}

static void too_many_are_too_large(void **state)
{
    (void)state;
    struct tg_catalogue_limits limits = {
        .types_max = 1, .fields_max = 2, .values_max = 40};
    static const struct {
        const char *document;
        const char *refusal;
    } cases[] = {
        {"{'app':'board','types':[1,2]}", "too_large types: 2 types: more than 1"},
        {"{'app':'board','types':[{'fields':[1,2,3]}]}",
         "too_large types[0].fields: 3 fields: more than 2"},
        {"[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,"
         "0]",
         "too_large : the catalogue document, byte 79: too many values"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
         "invalid_json : the catalogue document, byte 32: too many levels of lists and "
         "objects"},
    };
    struct tg_catalogue *old = tg_catalogue_create();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tg_catalogue *next = NULL;
        struct tg_refusal refusal;
        bool changed;
        assert_int_equal(tg_catalogue_replace(old, TG_LIT("board"),
                                              json_of(cases[i].document), &limits, &next,
                                              &refusal, &changed),
                         TG_EINVAL);
        assert_string_equal(refusal_text(&refusal), cases[i].refusal);
    }
    tg_catalogue_unref(old);
}

static bool is_not_tick(void *context, const struct tg_type *type)
{
    (void)context;
    return !tg_slice_is(type->schema.name, "board.tick.Tick");
}

static void an_unknown_type_is_refused_with_the_nearest(void **state)
{
    (void)state;
    struct tg_catalogue *catalogue = board();
    struct tg_refusal refusal;
    tg_catalogue_refuse_type(catalogue, TG_LIT("board.Ordr"), "type", NULL, NULL,
                             &refusal);
    assert_string_equal(refusal_text(&refusal),
                        "unknown_type type: there is no event type \"board.Ordr\" "
                        "[board.Order]");
    tg_catalogue_refuse_type(catalogue, TG_LIT("Tick"), "type", NULL, NULL, &refusal);
    assert_string_equal(refusal_text(&refusal),
                        "unknown_type type: there is no event type \"Tick\" "
                        "[board.tick.Tick]");
    tg_catalogue_refuse_type(catalogue, TG_LIT("Tick"), "type", is_not_tick, NULL,
                             &refusal);
    assert_string_equal(refusal_text(&refusal),
                        "unknown_type type: there is no event type \"Tick\"");
    tg_catalogue_refuse_type(catalogue, TG_LIT("pepitos"), "type", NULL, NULL, &refusal);
    assert_string_equal(refusal_text(&refusal),
                        "unknown_type type: there is no event type \"pepitos\"");
    tg_catalogue_unref(catalogue);
}

static void memory_that_ends_leaves_the_old_catalogue_whole(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct tg_test_heap heap;
        tg_test_heap_begin(&heap, 0);
        struct tg_catalogue *old = board();
        heap.fail_at = heap.calls + n;
        struct tg_catalogue *next = NULL;
        struct tg_refusal refusal;
        bool changed = false;
        char types[4096];
        snprintf(
            types, sizeof types, "%s,%s,%s", order, tick,
            "{'name':'a.\\u0042','operations':['event'],'access':{'rule':'\\u0061 == 1'},"
            "'fields':[{'name':'\\u0061','type':'int','choices':[{'value':1,"
            "'label':'\\n'}]},"
            "{'name':'b','type':'int'},{'name':'c','type':'int'},{'name':'d','type':"
            "'int'},"
            "{'name':'e','type':'int'},{'name':'f','type':'int'},{'name':'g','type':"
            "'int'},"
            "{'name':'h','type':'int'},{'name':'i','type':'int'},{'name':'j','type':"
            "'int'},"
            "{'name':'k','type':'int'},{'name':'l','type':'int'},{'name':'m','type':"
            "'int'},"
            "{'name':'n','type':'int'}]}");
        enum tg_err err = tg_catalogue_replace(old, TG_LIT("board"),
                                               json_of(document_of(types)), NULL, &next,
                                               &refusal, &changed);
        if (err != TG_OK) {
            assert_int_equal(err, TG_ENOMEM);
            assert_int_equal(refusal.code, TG_CODE_OVERLOADED);
            assert_null(next);
            assert_int_equal(tg_catalogue_size(old), 2);
        }
        tg_catalogue_unref(old);
        tg_catalogue_unref(next);
        assert_true(tg_test_heap_end(&heap));
        if (err == TG_OK) {
            assert_true(changed);
            assert_true(n > 10);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_catalogue_is_empty_and_of_version_0),
        cmocka_unit_test(a_type_has_what_its_document_says),
        cmocka_unit_test(metadata_are_as_the_protocol_has_them),
        cmocka_unit_test(a_rule_is_kept_and_not_shown),
        cmocka_unit_test(types_stand_in_the_order_of_their_names),
        cmocka_unit_test(the_same_document_changes_nothing),
        cmocka_unit_test(a_type_that_did_not_change_stays_the_same_object),
        cmocka_unit_test(a_changed_rule_is_a_change),
        cmocka_unit_test(a_changed_hidden_field_is_a_change),
        cmocka_unit_test(a_hidden_field_is_in_the_schema_and_in_no_metadata),
        cmocka_unit_test(a_rule_is_judged_with_its_document),
        cmocka_unit_test(a_rule_may_be_as_long_as_a_query),
        cmocka_unit_test(an_application_can_take_its_types_away),
        cmocka_unit_test(defaults_of_the_longest_names_have_room),
        cmocka_unit_test(many_fields_are_found_as_few_are),
        cmocka_unit_test(a_bad_document_is_refused_by_name_and_reason),
        cmocka_unit_test(too_many_are_too_large),
        cmocka_unit_test(an_unknown_type_is_refused_with_the_nearest),
        cmocka_unit_test(memory_that_ends_leaves_the_old_catalogue_whole),
    };
    return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
