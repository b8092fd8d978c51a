/* A client's whole conversation: each line of the input is a message, against a hub with
 * a public type, one for users, one with a rule and a hidden field, and their events
 * between any two messages. Every message is answered exactly once, with JSON that has a
 * kind; nothing exceeds the budget; who has no claims gets nothing of the types that want
 * some; a hidden field is in no event; and all filters go with the peer. */
#include "engine/hub/hub.h"
#include "engine/stream/sequencer.h"

#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BUDGET = 16384 };

static const char document[] =
    "{\"app\":\"board\",\"types\":["
    "{\"name\":\"a.Note\",\"operations\":[\"event\"],\"access\":\"public\",\"fields\":["
    "{\"name\":\"n\",\"type\":\"int\"}]},"
    "{\"name\":\"a.Secret\",\"operations\":[\"event\"],\"fields\":["
    "{\"name\":\"n\",\"type\":\"int\"}]},"
    "{\"name\":\"a.Row\",\"operations\":[\"create\",\"update\",\"delete\"],"
    "\"key\":[\"id\"],\"access\":{\"rule\":\"owner == auth.user || auth.staff\"},"
    "\"fields\":[{\"name\":\"id\",\"type\":\"int\"},"
    "{\"name\":\"owner\",\"type\":\"int\",\"hidden\":true},"
    "{\"name\":\"name\",\"type\":\"string\",\"nullable\":true},"
    "{\"name\":\"total\",\"type\":\"decimal\",\"nullable\":true},"
    "{\"name\":\"at\",\"type\":\"timestamp\",\"nullable\":true},"
    "{\"name\":\"tags\",\"type\":\"list\",\"items\":\"string\",\"nullable\":true},"
    "{\"name\":\"extra\",\"type\":\"json\",\"nullable\":true}]}]}";

static const char events[] =
    "{\"type\":\"a.Note\",\"data\":{\"n\":1}}\n"
    "{\"type\":\"a.Secret\",\"data\":{\"n\":2}}\n"
    "{\"type\":\"a.Row\",\"op\":\"create\",\"data\":{\"id\":1,\"owner\":7,\"name\":\"x\","
    "\"total\":\"99.95\",\"at\":\"2026-11-23T02:16:34.120331Z\",\"tags\":[\"a\",\"b\"],"
    "\"extra\":{\"a\":[1,2.5,null,\"b\"]}}}\n"
    "{\"type\":\"a.Row\",\"op\":\"update\",\"data\":{\"id\":1,\"owner\":8,\"name\":null},"
    "\"old\":{\"owner\":7,\"name\":\"x\"},\"changed\":[\"owner\",\"name\"]}\n"
    "{\"type\":\"a.Row\",\"op\":\"update\",\"data\":{\"id\":1,\"owner\":9},"
    "\"old\":{\"owner\":8},\"changed\":[\"owner\"]}\n"
    "{\"type\":\"a.Row\",\"op\":\"delete\",\"data\":{\"id\":1,\"owner\":9}}";

enum { EVENTS = 6 };

static uint64_t next_random(void *context)
{
    static uint64_t bits;
    (void)context;
    return ++bits;
}

static struct tg_frame *plain_frame(void *context, struct tg_slice message)
{
    (void)context;
    return tg_frame_of(message);
}

static struct tg_sequencer *sequencer;
static struct tg_hub *hub;

static void begin_once(void)
{
    struct tg_roster *roster;
    struct tg_refusal refusal;
    if (hub != NULL) {
        return;
    }
    sequencer = tg_sequencer_create(&(struct tg_sequencer_config){
        .batch_events_max = 10, .dedup_window = 4, .random = next_random});
    hub = tg_hub_create(&(struct tg_hub_config){
        .connection_bytes_max = BUDGET,
        .unconnected_bytes_max = BUDGET,
        .subscriptions_max = 3,
        .bad_messages_max = 20,
        .message_bytes_max = 65536,
        .ping_interval_ms = 25000,
        .query_cost_max = 10000,
        .queries = tg_query_limits_default,
        .claims_believed = true,
        .random = next_random,
        .frame = plain_frame,
    });
    MUST(sequencer != NULL && hub != NULL);
    MUST(tg_sequencer_replace(sequencer, TG_LIT("board"), TG_LIT(document), &roster,
                              &refusal) == TG_OK);
    MUST(tg_hub_follow(hub, roster) == TG_OK);
    tg_roster_unref(roster);
}

static void publish(void)
{
    struct tg_buf answer = {0};
    struct tg_batch *batch;
    struct tg_publish_summary summary;
    struct tg_refusal refusal;
    MUST(tg_sequencer_publish(sequencer, TG_LIT("board"), TG_LIT(events), true, 0,
                              &answer, &batch, &summary, &refusal) == TG_OK);
    MUST(summary.accepted == EVENTS);
    tg_hub_deliver(hub, batch, 0);
    tg_batch_unref(batch);
    tg_buf_finish(&answer);
}

/* Read what waits for the peer; how many of the messages are answers. */
static int read_answers(struct tg_peer *peer)
{
    static struct tg_json_doc doc;
    struct tg_slice message;
    int answers = 0;
    MUST(peer->outbox.size <= BUDGET);
    while (tg_outbox_peek(&peer->outbox, &message, 1) == 1) {
        struct tg_json_error error;
        struct tg_slice kind;
        struct tg_slice type;
        MUST(tg_json_parse(&doc, message, NULL, &error) == TG_OK);
        struct tg_json root = tg_json_root(&doc);
        MUST(tg_json_string(tg_json_get(root, "kind"), NULL, &kind));
        if (!tg_slice_is(kind, "event")) {
            answers++;
        } else {
            MUST(tg_json_string(tg_json_get(root, "type"), NULL, &type));
            MUST(tg_slice_is(type, "a.Note") || peer->identity != NULL);
            MUST(memmem(message.data, message.size, "owner", 5) == NULL);
        }
        tg_hub_sent(hub, peer, message.size);
    }
    return answers;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_peer peer;
    begin_once();
    tg_hub_join(hub, &peer);
    while (size > 0 && peer.close_code == 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t line = end == NULL ? size : (size_t)(end - data);
        tg_hub_receive(hub, &peer, tg_slice(data, line));
        MUST(read_answers(&peer) == 1);
        publish();
        MUST(read_answers(&peer) == 0);
        size_t used = end == NULL ? size : line + 1;
        data += used;
        size -= used;
    }
    tg_hub_leave(hub, &peer);
    struct tg_hub_counts counts = tg_hub_counts(hub);
    MUST(counts.subscriptions == 0 && counts.queries == 0);
    MUST(counts.filters == 0 && counts.opaque == 0);
    return 0;
}
