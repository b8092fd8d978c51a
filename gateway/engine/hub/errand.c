#include "engine/hub/errand.h"

#include <stdlib.h>

#include "engine/base/instant.h"
#include "engine/base/mem.h"
#include "engine/hub/private.h"

void tg_errand_result_finish(struct tg_errand_result *result)
{
    tg_free(result->items);
    tg_buf_finish(&result->text);
    *result = (struct tg_errand_result){0};
}

/* Is it one of those that are meant, connected, and not about to go? */
static bool is_meant(const struct tg_peer *peer, const struct tg_selection *selection)
{
    return peer->session.state == TG_SESSION_OPEN && peer->close_code == 0 &&
           tg_selection_has(selection, peer->identity, peer->session.client);
}

/* LIST. */

/* The peers of a list, by ascending number. */
struct list {
    struct tg_peer **peers;
    uint32_t count;
    uint32_t capacity;
};

static enum tg_err list_add(struct list *list, struct tg_peer *peer)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct tg_peer **peers =
            tg_resize(list->peers, capacity * sizeof(struct tg_peer *));
        if (peers == NULL) {
            return TG_ENOMEM;
        }
        list->peers = peers;
        list->capacity = capacity;
    }
    list->peers[list->count++] = peer;
    return TG_OK;
}

static int by_number(const void *a, const void *b)
{
    const struct tg_peer *x = *(struct tg_peer *const *)a;
    const struct tg_peer *y = *(struct tg_peer *const *)b;
    return (x->number > y->number) - (x->number < y->number);
}

static const struct tg_type *type_of(const struct tg_hub_member *member)
{
    return member->cohort->stream->type;
}

/* Is it one that the errand asks for? */
static bool is_wanted(const struct tg_peer *peer, const struct tg_errand *errand,
                      const struct tg_hub_stream *stream)
{
    const struct tg_hub_member *member = peer->members;
    if (peer->number <= errand->after || !is_meant(peer, &errand->selection)) {
        return false;
    }
    while (stream != NULL && member != NULL && member->cohort->stream != stream) {
        member = member->next;
    }
    return stream == NULL || member != NULL;
}

/* Those to be listed, and one more if there are more. */
static enum tg_err list_fill(struct tg_hub *hub, const struct tg_errand *errand,
                             struct list *list)
{
    struct tg_hub_walk walk = groups_walk(hub, &errand->selection);
    bool ordered = walk.head == &hub->peers; /* Who came first has the lower number. */
    const struct tg_hub_stream *stream = NULL;
    enum tg_err err = TG_OK;
    if (errand->type.size != 0) {
        const struct tg_type *type = hub_type(hub, errand->type);
        if (type == NULL || !tg_slice_equal(type->app, errand->selection.app)) {
            return TG_OK;
        }
        stream = stream_of(hub, type);
    }
    for (struct tg_peer *peer; err == TG_OK &&
                               !(ordered && list->count > errand->limit) &&
                               (peer = walk_next(&walk)) != NULL;) {
        if (is_wanted(peer, errand, stream)) {
            err = list_add(list, peer);
        }
    }
    if (!ordered && list->count > 1) {
        qsort(list->peers, list->count, sizeof *list->peers, by_number);
    }
    return err;
}

static void write_string(struct tg_buf *buf, const char *name, struct tg_slice string)
{
    tg_json_write_name(buf, name);
    if (string.size == 0) {
        tg_buf_add_text(buf, "null");
    } else {
        tg_json_write_string(buf, string);
    }
}

static void write_subscription(const struct tg_hub_member *member,
                               const struct tg_hub_subscription *subscription,
                               struct tg_buf *buf)
{
    tg_json_write_comma(buf);
    tg_buf_add_text(buf, "{\"id\":");
    tg_buf_add(buf, subscription->text, subscription->id_size);
    tg_json_write_name(buf, "type");
    tg_json_write_string(buf, tg_type_name(type_of(member)));
    if (subscription->where_size != 0) {
        tg_json_write_name(buf, "where");
        tg_json_write_string(buf, tg_slice(subscription->text + subscription->id_size,
                                           subscription->where_size));
    }
    tg_json_write_name(buf, "cohort");
    tg_buf_add_u64(buf, member->cohort->number);
    tg_buf_add_byte(buf, '}');
}

/* Those to types of the application that asks. */
static void write_subscriptions(const struct tg_peer *peer, struct tg_slice app,
                                struct tg_buf *buf)
{
    tg_json_write_name(buf, "subscriptions");
    tg_buf_add_byte(buf, '[');
    for (const struct tg_hub_member *member = peer->members; member != NULL;
         member = member->next) {
        const struct tg_hub_subscription *subscription = member->subscriptions;
        for (; subscription != NULL && tg_slice_equal(type_of(member)->app, app);
             subscription = subscription->next) {
            write_subscription(member, subscription, buf);
        }
    }
    tg_buf_add_byte(buf, ']');
}

/* One of `clients` (INGEST.md 7). */
static void write_peer(const struct tg_hub *hub, const struct tg_peer *peer,
                       struct tg_slice app, struct tg_buf *buf)
{
    char at[TG_INSTANT_TEXT_SIZE];
    char address[TG_HUB_ADDRESS_SIZE] = "";
    if (hub->config.address != NULL) {
        hub->config.address(hub->config.context, peer, address);
    }
    tg_buf_add_text(buf, "{\"connection\":");
    tg_buf_add_u64(buf, peer->number);
    tg_buf_printf(buf, ",\"client\":\"c-%016llx\"",
                  (unsigned long long)peer->session.client);
    write_string(buf, "user",
                 peer->identity == NULL ? TG_LIT("") : peer->identity->facts.user);
    write_string(buf, "address", tg_slice_of(address));
    write_string(buf, "program", peer->program);
    tg_json_write_name(buf, "connected_at");
    tg_json_write_string(buf, tg_slice(at, tg_instant_write(peer->connected_us, at)));
    write_subscriptions(peer, app, buf);
    tg_buf_add_byte(buf, '}');
}

static void list_write(const struct tg_hub *hub, const struct list *list,
                       const struct tg_errand *errand, struct tg_errand_result *result)
{
    uint32_t most = list->count < errand->limit ? list->count : errand->limit;
    struct tg_buf *text = &result->text;
    result->items = tg_zalloc(most + (size_t)1, sizeof *result->items);
    result->failed = result->items == NULL;
    for (uint32_t i = 0;
         i < most && !result->failed && (i == 0 || text->size < errand->text_max); i++) {
        size_t at = text->size;
        write_peer(hub, list->peers[i], errand->selection.app, text);
        result->items[result->items_count++] = (struct tg_errand_item){
            .connection = list->peers[i]->number, .at = at, .size = text->size - at};
        result->failed = text->failed;
    }
    result->more = result->items_count < list->count;
}

static void run_list(struct tg_hub *hub, const struct tg_errand *errand,
                     struct tg_errand_result *result)
{
    struct list list = {0};
    if (list_fill(hub, errand, &list) == TG_OK) {
        list_write(hub, &list, errand, result);
    } else {
        result->failed = true;
    }
    tg_free(list.peers);
}

/* CLOSE. */

static void run_close(struct tg_hub *hub, const struct tg_errand *errand,
                      struct tg_errand_result *result)
{
    struct tg_hub_walk walk = groups_walk(hub, &errand->selection);
    for (struct tg_peer *peer; (peer = walk_next(&walk)) != NULL;) {
        if (is_meant(peer, &errand->selection)) {
            peer_close(hub, peer, errand->close_code);
            result->count++;
        }
    }
}

/* UNSUBSCRIBE. */

static struct tg_peer *peer_find(struct tg_hub *hub, uint64_t number)
{
    struct tg_hub_walk walk = groups_walk(hub, &(struct tg_selection){0});
    struct tg_peer *peer;
    do {
        peer = walk_next(&walk);
    } while (peer != NULL && peer->number < number);
    return peer != NULL && peer->number == number ? peer : NULL;
}

static void run_unsubscribe(struct tg_hub *hub, const struct tg_errand *errand,
                            struct tg_errand_result *result)
{
    struct tg_hub_member *member;
    struct tg_peer *peer = peer_find(hub, errand->connection);
    if (peer == NULL || peer->close_code != 0 ||
        subscription_find(peer, &errand->subscription, &member) == NULL ||
        !tg_slice_equal(type_of(member)->app, errand->selection.app)) {
        return;
    }
    tg_buf_clear(&hub->text);
    tg_write_ended(&hub->text, member->cohort->number, TG_RESET_CLOSED);
    peer_answer(hub, peer);
    member_destroy(hub, member);
    result->count = 1;
}

void tg_hub_run(struct tg_hub *hub, const struct tg_errand *errand,
                struct tg_errand_result *result)
{
    switch (errand->kind) {
    case TG_ERRAND_LIST:
        run_list(hub, errand, result);
        break;
    case TG_ERRAND_CLOSE:
        run_close(hub, errand, result);
        break;
    case TG_ERRAND_UNSUBSCRIBE:
        run_unsubscribe(hub, errand, result);
        break;
    }
}
