/* Rows, users and queries for tests of live queries, with ' for " as in catalogues.h:
 *
 *   say(&ada, SUBSCRIBE("7", "shop.Item", "status == \\'paid\\'"));
 *   publish("{'type':'shop.Item','op':'create','data':{'id':1,'status':'new'}}"); */
#ifndef TG_TESTING_ROWS_H
#define TG_TESTING_ROWS_H

#include "testing/catalogues.h"
#include "testing/hubs.h"

#define ITEM_FIELDS                                                 \
    "{'name':'id','type':'int'},{'name':'status','type':'string'}," \
    "{'name':'total','type':'decimal','nullable':true}"
#define MODEL "'operations':['create','update','delete'],'key':['id']"
#define ITEM_OF(fields, access) \
    "{'name':'shop.Item'," MODEL ",'access':" access ",'fields':[" fields "]}"
#define ITEM       ITEM_OF(ITEM_FIELDS, "'public'")
#define ORDER_RULE "owner_id == auth.user_id || auth.staff"
#define ORDER_OF(rule)                                                           \
    "{'name':'shop.Order'," MODEL ",'access':{'rule':'" rule "'},'fields':["     \
    "{'name':'id','type':'int'},{'name':'owner_id','type':'int','hidden':true}," \
    "{'name':'status','type':'string'}]}"
#define SHOP(types) "{'app':'shop','types':[" types "]}"

#define ITEM_EPOCH  "0000000000000001"
#define ORDER_EPOCH "0000000000000002"
#define TIME        "2026-11-23T02:16:34.120331Z"

#define PAID "status == \\'paid\\'"

#define SUBSCRIBE(id, type, where) \
    "{'kind':'subscribe','id':" id ",'type':'" type "','where':'" where "'}"
#define SUBSCRIBE_ALL(id, type) "{'kind':'subscribe','id':" id ",'type':'" type "'}"
#define SUBSCRIBED(id, cohort, type, epoch, offset)                      \
    "{'kind':'subscribed','id':" id ",'cohort':" cohort ",'type':'" type \
    "','position':{'epoch':'" epoch "','offset':" offset "},'delivery':'live'}\n"
/* `rest`: from data on. */
#define EVENT(cohort, prev, type, op, epoch, offset, id, rest)                           \
    "{'kind':'event','cohort':" cohort ",'prev':" prev ",'type':'" type "','op':'" op    \
    "','position':{'epoch':'" epoch "','offset':" offset "},'id':'" id "','time':'" TIME \
    "'," rest "}\n"
#define ENDED(cohort, reason) \
    "{'kind':'reset','cohort':" cohort ",'reason':'" reason "','ended':true}\n"

static struct hubs t;

static inline const char *quoted(const char *text)
{
    return (const char *)json_of(text).data;
}

static inline void say(struct tg_peer *peer, const char *message)
{
    hubs_say(&t, peer, quoted(message));
}

static inline void expect(struct tg_peer *peer, const char *lines)
{
    hubs_expect(&t, peer, quoted(lines));
}

static inline void publish(const char *lines)
{
    assert_int_equal(hubs_publish(&t, "shop", quoted(lines)), TG_OK);
    if (strstr((const char *)t.answer.data, "\"refused\"") != NULL) {
        fail_msg("%s", (const char *)t.answer.data);
    }
}

static inline void declare(const char *types)
{
    struct tg_buf document = {0};
    tg_buf_printf(&document, SHOP("%s"), types);
    tg_buf_add_byte(&document, 0);
    enum tg_err err = hubs_catalogue(&t, "shop", quoted((const char *)document.data));
    tg_buf_finish(&document);
    if (err != TG_OK) {
        fail_msg("%s", refusal_text(&t.refusal));
    }
}

static inline int begin(void **state)
{
    (void)state;
    hubs_init(&t);
    declare(ITEM "," ORDER_OF(ORDER_RULE));
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    hubs_finish(&t);
    return 0;
}

#endif
