#include "engine/catalogue/event.h"

#include <stdio.h>

#include "testing/catalogues.h"
#include "testing/heap.h"

static const char document[] =
    "{'app':'board','types':["
    "{'name':'board.Order','operations':['create','update','delete'],'key':['id'],'"
    "fields':["
    "{'name':'id','type':'int'},{'name':'status','type':'string'},"
    "{'name':'total','type':'decimal','nullable':true},"
    "{'name':'at','type':'timestamp','nullable':true},"
    "{'name':'tags','type':'list','items':'date','nullable':true},"
    "{'name':'extra','type':'json','nullable':true}]},"
    "{'name':'board.Tick','operations':['event'],'fields':[{'name':'n','type':'int'}]},"
    "{'name':'board.Note','operations':['create','update','delete'],'key':['id'],"
    "'fields':[{'name':'id','type':'int'},{'name':'owner','type':'int','hidden':true},"
    "{'name':'text','type':'string','nullable':true}]}]}";

static struct tg_catalogue *catalogue;
static struct tg_json_doc doc;
static struct tg_event_fields fields;

static enum tg_err read_event(const char *text, struct tg_refusal *refusal)
{
    struct tg_json_error error;
    if (tg_json_parse(&doc, json_of(text), NULL, &error) != TG_OK) {
        fail_msg("%s: %s", text, error.message);
    }
    memset(&fields, 0xee, sizeof fields);
    return tg_event_read(catalogue, TG_LIT("board"), NULL, &doc, &fields, refusal);
}

static void accept(const char *text)
{
    struct tg_refusal refusal;
    if (read_event(text, &refusal) != TG_OK) {
        fail_msg("%s: %s", text, refusal_text(&refusal));
    }
}

static void an_event_is_taken_apart(void **state)
{
    (void)state;
    accept("{'type':'board.Order','op':'update','id':'7d4e','time':'2026-11-23T02:16:34."
           "12Z',"
           "'data':{ 'id':7, 'status':'paid' "
           "},'changed':['status'],'old':{'status':'new'}}");
    assert_slice(tg_type_name(fields.type), "board.Order");
    assert_int_equal(fields.op, TG_OP_UPDATE);
    assert_slice(fields.id, "7d4e");
    assert_slice(fields.time, "2026-11-23T02:16:34.12Z");
    assert_slice(fields.data, "{ \"id\":7, \"status\":\"paid\" }");
    assert_slice(fields.changed, "[\"status\"]");
    assert_slice(fields.old, "{\"status\":\"new\"}");
}

static void what_is_shown_has_no_hidden_fields(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        const char *data, *old, *changed;
        bool silent;
    } cases[] = {
        {"'op':'update','data':{ 'owner' : 1, 'id' : 7, 't\\u0065xt': 'a' },"
         "'old':{'owner':2,'text':null},'changed':['owner','text']",
         "{'id':7,'text':'a'}", "{'text':null}", "['text']", false},
        {"'op':'update','data':{'id':7,'owner':1},'old':{'owner':2},'changed':['owner']",
         "{'id':7}", "", "", true},
        {"'op':'update','data':{'id':7,'owner':1},'changed':[]", "{'id':7}", "", "",
         false},
        {"'op':'delete','data':{'id':7},'old':{'ow\\u006eer':1}", "{'id':7}", "", "",
         false},
    };
    struct tg_buf room = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        struct tg_event_shown shown;
        snprintf(text, sizeof text, "{'type':'board.Note',%s}", cases[i].event);
        accept(text);
        assert_int_equal(tg_event_show(&fields, &doc, &room, &shown), TG_OK);
        assert_slice(shown.data, (const char *)json_of(cases[i].data).data);
        assert_slice(shown.old, (const char *)json_of(cases[i].old).data);
        assert_slice(shown.changed, (const char *)json_of(cases[i].changed).data);
        assert_int_equal(shown.silent, cases[i].silent);
    }
    tg_buf_finish(&room);
    accept("{'type':'board.Tick','data':{ 'n': 1 }}");
    struct tg_event_shown shown;
    assert_int_equal(tg_event_show(&fields, &doc, &room, &shown), TG_OK);
    assert_ptr_equal(shown.data.data, fields.data.data);
    assert_null(room.data);
}

static void what_may_be_left_out_is_empty(void **state)
{
    (void)state;
    accept("{'data':{'n':1},'type':'board.Tick'}");
    assert_int_equal(fields.op, TG_OP_EVENT);
    assert_slice(fields.id, "");
    assert_slice(fields.time, "");
    assert_slice(fields.changed, "");
    assert_slice(fields.old, "");
    assert_slice(fields.data, "{\"n\":1}");
}

static void members_may_come_in_any_order(void **state)
{
    (void)state;
    accept(
        "{'old':{},'changed':[],'data':{'extra':{'a':[null]},'tags':[],'at':null,"
        "'status':'x','total':null,'id':1},'time':'2026-11-23T02:16:34Z','op':'update',"
        "'id':'a','type':'board.Order'}");
    assert_slice(fields.old, "{}");
    assert_slice(fields.changed, "[]");
}

static void escapes_are_read_before_anything_is_judged(void **state)
{
    (void)state;
    accept("{'t\\u0079pe':'board.\\u004frder','\\u006fp':'\\u0075pdate','id':'\\u0061-"
           "\\u0062',"
           "'time':'2026-11-23T02:16:34\\u005a','data':{'\\u0069d':1,'status':'\\u0000',"
           "'total':'1\\u002e5'},'changed':['\\u0069d'],'old':{'\\u0069d':2}}");
    assert_slice(fields.id, "a-b");
    assert_slice(fields.time, "2026-11-23T02:16:34Z");
    assert_int_equal(fields.op, TG_OP_UPDATE);
    assert_slice(fields.changed, "[\"\\u0069d\"]");
}

static void a_delete_needs_its_key_only(void **state)
{
    (void)state;
    accept("{'type':'board.Order','op':'delete','data':{'id':7}}");
    accept(
        "{'type':'board.Order','op':'delete','data':{'id':7,'status':'x'},'old':{'total':"
        "'1'}}");
}

static void an_id_has_up_to_64_characters_of_a_few(void **state)
{
    (void)state;
    accept("{'type':'board.Tick','id':'A-Za-z0-9_.:-','data':{'n':1}}");
    accept("{'type':'board.Tick','data':{'n':1},'id':"
           "'0123456789012345678901234567890123456789012345678901234567890123'}");
    assert_int_equal(fields.id.size, 64);
}

static const struct {
    const char *event;
    const char *refusal;
} bad[] = {
    {"[]", "invalid_event : an event should be an object, not a list"},
    {"{}", "invalid_event type: type is missing: it should be the name of an event type"},
    {"{'type':7}", "invalid_event type: type should be the name of an event type, not an "
                   "integer"},
    {"{'type':'board.Ordr'}",
     "unknown_type type: there is no event type \"board.Ordr\" [board.Order]"},
    {"{'type':'shop.Cart'}", "unknown_type type: there is no event type \"shop.Cart\""},
    {"{'type':''}", "unknown_type type: there is no event type \"\""},
    {"{'typ':'board.Order'}", "unknown_member typ: there is no member \"typ\" [type]"},
    {"{'type':'board.Tick','x\\ny':1}", "unknown_member x: there is no member \"x\""},
    {"{'type':'board.Tick','priority':1,'data':{'n':1}}",
     "unknown_member priority: there is no member \"priority\""},
    {"{'type':'board.Order','data':{}}",
     "invalid_event op: op is missing: it should be one of create, update, delete"},
    {"{'type':'board.Order','op':'event','data':{}}",
     "invalid_event op: \"event\" is no operation of board.Order: it should be one of "
     "create, "
     "update, delete"},
    {"{'type':'board.Tick','op':'create','data':{}}",
     "invalid_event op: \"create\" is no operation of board.Tick: it should be one of "
     "event"},
    {"{'type':'board.Tick','op':null,'data':{}}",
     "invalid_event op: op should be one of event, not null"},
    {"{'type':'board.Tick','id':'','data':{'n':1}}",
     "invalid_event id: id should be 1 to 64 of A-Z a-z 0-9 _ . : -, not \"\""},
    {"{'type':'board.Tick','id':'a b','data':{'n':1}}",
     "invalid_event id: id should be 1 to 64 of A-Z a-z 0-9 _ . : -, not \"a b\""},
    {"{'type':'board.Tick','id':'\\u00e9','data':{'n':1}}",
     "invalid_event id: id should be 1 to 64 of A-Z a-z 0-9 _ . : -, not \"\xc3\xa9\""},
    {"{'type':'board.Tick','data':{'n':1},'id':"
     "'01234567890123456789012345678901234567890123456789012345678901234'}",
     "invalid_event id: id should be 1 to 64 of A-Z a-z 0-9 _ . : -, not "
     "\"0123456789012345678901234567890123456789012345678901234567890123\""},
    {"{'type':'board.Tick','id':7,'data':{'n':1}}",
     "invalid_event id: id should be a string, not an integer"},
    {"{'type':'board.Tick','time':'yesterday','data':{'n':1}}",
     "invalid_event time: time should be an RFC 3339 time with offset, as "
     "\"2026-11-23T02:16:34.120331Z\", not \"yesterday\""},
    {"{'type':'board.Tick','time':1.5,'data':{'n':1}}",
     "invalid_event time: time should be an RFC 3339 time with offset, as "
     "\"2026-11-23T02:16:34.120331Z\", not a number"},
    {"{'type':'board.Tick','data':{'n':1},'time':"
     "'2026-11-23T02:16:34."
     "0123456789012345678901234567890123456789012345678901234567890123Z'}",
     "invalid_event time: time should be an RFC 3339 time with offset, as "
     "\"2026-11-23T02:16:34.120331Z\", not "
     "\"2026-11-23T02:16:34.01234567890123456789012345678901234567890123\""},
    {"{'type':'board.Tick'}", "invalid_event data: data is missing: it should be an "
                              "object with the type's fields"},
    {"{'type':'board.Tick','data':[]}",
     "invalid_event data: data should be an object with the type's fields, not a list"},
    {"{'type':'board.Tick','data':{}}",
     "invalid_event data.n: data.n is missing, but the field is not nullable"},
    {"{'type':'board.Order','op':'create','data':{'id':1}}",
     "invalid_event data.status: data.status is missing, but the field is not nullable"},
    {"{'type':'board.Order','op':'delete','data':{'status':'x'}}",
     "invalid_event data.id: data.id is missing, but a delete needs the whole key"},
    {"{'type':'board.Order','op':'create','data':{'id':1,'statu':'x'}}",
     "unknown_member data.statu: there is no field \"statu\" [status]"},
    {"{'type':'board.Order','op':'create','data':{'id':1,'':'x'}}",
     "unknown_member data.: there is no field \"\""},
    {"{'type':'board.Order','op':'create','data':{'\\u0069dd':1}}",
     "unknown_member data.idd: there is no field \"idd\" [id]"},
    {"{'type':'board.Order','op':'create','data':{'id':'x','status':'x'}}",
     "invalid_event data.id: data.id (int) should be a number without fraction or "
     "exponent "
     "(beyond 2^53-1, its digits in a string), not \"x\""},
    {"{'type':'board.Order','op':'create','data':{'id':1,'status':null}}",
     "invalid_event data.status: data.status is null, but the field is not nullable"},
    {"{'type':'board.Order','op':'create','data':{'id':1,'status':'x','total':99.95}}",
     "invalid_event data.total: data.total (decimal) should be a decimal number in a "
     "string, as "
     "\"-12.50\", not 99.95"},
    {"{'type':'board.Order','op':'create','data':{'id':1,'status':'x','tags':'2026-11-23'"
     "}}",
     "invalid_event data.tags: data.tags (list) should be a list, not \"2026-11-23\""},
    {"{'type':'board.Order','op':'create','data':{'id':1,'status':'x','tags':['2026-11-"
     "23',7]}}",
     "invalid_event data.tags[1]: data.tags[1] (date) should be a date, as "
     "\"2026-11-23\", not "
     "7"},
    {"{'type':'board.Order','op':'create','data':{'id':1,'status':'x','tags':[null]}}",
     "invalid_event data.tags[0]: data.tags[0] is null, but an item is never null"},
    {"{'type':'board.Order','op':'create','data':{'id':1,'status':'x'},'changed':['id']}",
     "invalid_event changed: changed is for update only, not for create"},
    {"{'type':'board.Order','op':'update','data':{'id':1,'status':'x'},'changed':'id'}",
     "invalid_event changed: changed should be a list of names of fields, not a string"},
    {"{'type':'board.Order','op':'update','data':{'id':1,'status':'x'},'changed':['id','"
     "totl']}",
     "invalid_event changed[1]: there is no field \"totl\" [total]"},
    {"{'type':'board.Order','op':'update','data':{'id':1,'status':'x'},'changed':[7]}",
     "invalid_event changed[0]: changed[0] should be the name of a field, not an "
     "integer"},
    {"{'type':'board.Order','op':'create','data':{'id':1,'status':'x'},'old':{}}",
     "invalid_event old: old is for update and delete only, not for create"},
    {"{'type':'board.Order','op':'update','data':{'id':1,'status':'x'},'old':null}",
     "invalid_event old: old should be an object with earlier values of fields, not "
     "null"},
    {"{'type':'board.Order','op':'update','data':{'id':1,'status':'x'},'old':{'status':7}"
     "}",
     "invalid_event old.status: old.status (string) should be a string, not 7"},
    {"{'type':'board.Order','op':'update','data':{'id':1,'status':'x'},'old':{'stats':'y'"
     "}}",
     "unknown_member old.stats: there is no field \"stats\" [status]"},
};

static void a_bad_event_is_refused_by_name_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tg_refusal refusal;
        assert_int_equal(read_event(bad[i].event, &refusal), TG_EINVAL);
        assert_string_equal(refusal_text(&refusal), bad[i].refusal);
    }
}

static bool id_is_taken(const char *id)
{
    struct tg_refusal refusal;
    char text[256];
    snprintf(text, sizeof text, "{'type':'board.Tick','data':{'n':1},'id':'%s'}", id);
    return read_event(text, &refusal) == TG_OK;
}

/* Ids are judged 8 bytes at a time: try every byte in every place of such a word. */
static void each_byte_of_an_id_is_judged_wherever_it_stands(void **state)
{
    static const size_t sizes[] = {1, 7, 8, 9, 16, 19};
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_.:-";
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t at = 0; at < sizes[i]; at++) {
            char id[32] = "0123456789abcdefXYZ";
            id[sizes[i]] = '\0';
            for (char byte = ' '; byte < 0x7f; byte++) {
                /* What JSON itself, or the test's way to write it, gives a meaning. */
                if (strchr("\"'\\%", byte) == NULL) {
                    id[at] = byte;
                    assert_int_equal(id_is_taken(id), strchr(good, byte) != NULL);
                }
            }
        }
    }
    assert_false(id_is_taken("0123456\xc3\xa9"));
    assert_false(id_is_taken("\xc3\xa9"
                             "0123456789"));
}

static void a_likely_type_is_only_a_guess(void **state)
{
    (void)state;
    struct tg_refusal refusal;
    accept("{'type':'board.Order','op':'delete','data':{'id':7}}");
    struct tg_type *order = fields.type;
    accept("{'type':'board.Tick','data':{'n':1}}");
    struct tg_type *tick = fields.type;
    assert_int_equal(
        tg_event_read(catalogue, TG_LIT("board"), order, &doc, &fields, &refusal), TG_OK);
    assert_ptr_equal(fields.type, tick);
    assert_int_equal(
        tg_event_read(catalogue, TG_LIT("board"), tick, &doc, &fields, &refusal), TG_OK);
    assert_ptr_equal(fields.type, tick);
    /* A right guess gives no right to another application. */
    assert_int_equal(
        tg_event_read(catalogue, TG_LIT("shop"), tick, &doc, &fields, &refusal),
        TG_EINVAL);
}

static void a_type_of_another_application_is_unknown(void **state)
{
    (void)state;
    struct tg_refusal refusal;
    assert_int_equal(
        tg_json_parse(&doc, json_of("{'type':'board.Tick','data':{'n':1}}"), NULL, NULL),
        TG_OK);
    assert_int_equal(
        tg_event_read(catalogue, TG_LIT("shop"), NULL, &doc, &fields, &refusal),
        TG_EINVAL);
    assert_string_equal(refusal_text(&refusal),
                        "unknown_type type: there is no event type \"board.Tick\"");
}

/* Every name and text has escapes, so all of them go through the scratch buffer. */
static void without_memory_an_event_is_overloaded_and_not_wrong(void **state)
{
    (void)state;
    static const char text[] =
        "{'type':'board.\\u004frder','op':'\\u0075pdate','id':'\\u0061','time':"
        "'2026-11-23T02:16:34\\u005a','data':{'id':1,'status':'x','total':"
        "'\\u0031234567890123456789012345678901234567890123456789012345678901234567890123"
        "456789'}"
        ",'changed':['\\u0069d']}";
    struct tg_slice json = json_of(text);
    for (size_t n = 1;; n++) {
        struct tg_test_heap heap;
        struct tg_refusal refusal = {0};
        struct tg_json_doc fresh = {0};
        tg_test_heap_begin(&heap, 0);
        assert_int_equal(tg_json_parse(&fresh, json, NULL, NULL), TG_OK);
        tg_buf_finish(&fresh.scratch);
        heap.fail_at = heap.calls + n;
        enum tg_err err =
            tg_event_read(catalogue, TG_LIT("board"), NULL, &fresh, &fields, &refusal);
        tg_json_finish(&fresh);
        assert_true(tg_test_heap_end(&heap));
        if (err == TG_OK) {
            assert_true(n > 1);
            return;
        }
        assert_int_equal(err, TG_ENOMEM);
        assert_int_equal(refusal.code, TG_CODE_OVERLOADED);
    }
}

static void a_plain_event_takes_no_memory(void **state)
{
    (void)state;
    struct tg_test_heap heap;
    struct tg_refusal refusal;
    assert_int_equal(
        tg_json_parse(&doc,
                      json_of("{'type':'board.Order','op':'create','data':{'id':1,"
                              "'status':'new','total':'1.50'}}"),
                      NULL, NULL),
        TG_OK);
    tg_test_heap_begin(&heap, 0);
    assert_int_equal(
        tg_event_read(catalogue, TG_LIT("board"), NULL, &doc, &fields, &refusal), TG_OK);
    assert_int_equal(heap.calls, 0);
    tg_test_heap_end(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_taken_apart),
        cmocka_unit_test(what_may_be_left_out_is_empty),
        cmocka_unit_test(what_is_shown_has_no_hidden_fields),
        cmocka_unit_test(members_may_come_in_any_order),
        cmocka_unit_test(escapes_are_read_before_anything_is_judged),
        cmocka_unit_test(a_delete_needs_its_key_only),
        cmocka_unit_test(an_id_has_up_to_64_characters_of_a_few),
        cmocka_unit_test(each_byte_of_an_id_is_judged_wherever_it_stands),
        cmocka_unit_test(a_likely_type_is_only_a_guess),
        cmocka_unit_test(a_bad_event_is_refused_by_name_and_reason),
        cmocka_unit_test(a_type_of_another_application_is_unknown),
        cmocka_unit_test(without_memory_an_event_is_overloaded_and_not_wrong),
        cmocka_unit_test(a_plain_event_takes_no_memory),
    };
    catalogue = tg_catalogue_create();
    catalogue = replaced(catalogue, "board", document);
    catalogue =
        replaced(catalogue, "shop",
                 "{'app':'shop','types':[{'name':'shop.Cart','operations':['event'],"
                 "'fields':[]}]}");
    int failed = cmocka_run_group_tests_name("event", tests, NULL, NULL);
    tg_catalogue_unref(catalogue);
    tg_json_finish(&doc);
    return failed;
}
