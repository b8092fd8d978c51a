/* The conversations of two clients: each line of the input is a message (of the second
 * one if it begins with a tab), or with `!` an errand of the management, against a hub
 * with a public type, one for users, one for those whose ticket names it, one with a rule
 * and a hidden field, and their events between any two lines. What a ticket is good for,
 * its bytes say.
 *
 * Every message is answered exactly once, with JSON that has a kind; nothing exceeds the
 * budget; nobody gets an event that is not theirs, and who is closed gets none; a hidden
 * field is in no event; a list shows an application nothing of another's; and all filters
 * and counts go with the peers. */
#include "engine/hub/errand.h"
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
    "{\"name\":\"a.Checked\",\"operations\":[\"event\"],\"checked\":true,\"fields\":["
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
    "{\"type\":\"a.Checked\",\"data\":{\"n\":3}}\n"
    "{\"type\":\"a.Row\",\"op\":\"create\",\"data\":{\"id\":1,\"owner\":7,\"name\":\"x\","
    "\"total\":\"99.95\",\"at\":\"2026-11-23T02:16:34.120331Z\",\"tags\":[\"a\",\"b\"],"
    "\"extra\":{\"a\":[1,2.5,null,\"b\"]}}}\n"
    "{\"type\":\"a.Row\",\"op\":\"update\",\"data\":{\"id\":1,\"owner\":8,\"name\":null},"
    "\"old\":{\"owner\":7,\"name\":\"x\"},\"changed\":[\"owner\",\"name\"]}\n"
    "{\"type\":\"a.Row\",\"op\":\"update\",\"data\":{\"id\":1,\"owner\":9},"
    "\"old\":{\"owner\":8},\"changed\":[\"owner\"]}\n"
    "{\"type\":\"a.Row\",\"op\":\"delete\",\"data\":{\"id\":1,\"owner\":9}}";

enum { EVENTS = 7, PEERS = 2 };

static struct tg_sequencer *sequencer;
static struct tg_hub *hub;
static struct tg_account *accounts[2];
static uint64_t now;

static uint64_t next_random(void *context)
{
    static uint64_t bits;
    (void)context;
    return ++bits;
}

static uint64_t now_ms(void *context)
{
    (void)context;
    return now;
}

static struct tg_frame *plain_frame(void *context, struct tg_slice message)
{
    (void)context;
    return tg_frame_of(message);
}

/* The first byte of the ticket (or token) says what it is good for; the rest is the user.
 */
static enum tg_err identify(void *context, struct tg_peer *peer,
                            struct tg_credentials *credentials,
                            struct tg_admission *admission, struct tg_refusal *refusal)
{
    static const struct tg_slice types[] = {TG_LIT_INIT("a.Checked")};
    struct tg_slice shown = credentials->ticket.size != 0 ? credentials->ticket
                                                          : credentials->session;
    (void)context;
    MUST(shown.size != 0 && peer->identity == NULL);
    uint8_t what = shown.data[0];
    size_t user = shown.size - 1 < TG_USER_BYTES_MAX ? shown.size - 1 : TG_USER_BYTES_MAX;
    const struct tg_identity_facts facts = {
        .client = 7,
        .app = (what & 2) != 0 ? TG_LIT("board") : TG_LIT("other"),
        .user = tg_slice(shown.data + 1, user),
        .session = tg_slice(shown.data + 1, user < 8 ? user : 8),
        .claims = (what & 4) != 0 ? TG_LIT("{\"user\":7}") : TG_LIT("{\"staff\":true}"),
        .types = types,
        .types_count = (what & 8) != 0,
    };
    struct tg_account *account = accounts[(what & 16) != 0];
    if ((what & 1) == 0 || user == 0) {
        tg_refusal_set(refusal, TG_CODE_UNAUTHENTICATED, NULL, "no");
        return TG_EINVAL;
    }
    if (!tg_account_connect(account, 1)) {
        tg_refusal_set(refusal, TG_CODE_TOO_MANY_CONNECTIONS, NULL, "enough");
        return TG_ELIMIT;
    }
    admission->identity = tg_identity_create(&facts, account);
    MUST(admission->identity != NULL);
    memcpy(admission->token, "tgs_x", sizeof "tgs_x");
    return TG_OK;
}

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
        .client_subscriptions_max = 2,
        .bad_messages_max = 20,
        .refused_connects_max = 3,
        .messages = {.per_second = 1000, .burst = 4},
        .message_bytes_max = 65536,
        .ping_interval_ms = 25000,
        .query_cost_max = 10000,
        .queries = tg_query_limits_default,
        .claims_believed = true,
        .identify = identify,
        .now_ms = now_ms,
        .random = next_random,
        .frame = plain_frame,
    });
    accounts[0] = tg_account_create();
    accounts[1] = tg_account_create();
    MUST(sequencer != NULL && hub != NULL && accounts[0] != NULL && accounts[1] != NULL);
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

static bool may_have(const struct tg_peer *peer, struct tg_slice type)
{
    const struct tg_identity *identity = peer->identity;
    return tg_slice_is(type, "a.Note") ||
           (identity != NULL && tg_identity_is_of(identity, TG_LIT("board")) &&
            (!tg_slice_is(type, "a.Checked") || tg_identity_has_type(identity, type)));
}

/* Read what waits for the peer; how many of the messages are no events. */
static int read_answers(struct tg_peer *peer, bool open)
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
            MUST(open && tg_json_string(tg_json_get(root, "type"), NULL, &type));
            MUST(may_have(peer, type));
            MUST(memmem(message.data, message.size, "owner", 5) == NULL);
        }
        tg_hub_sent(hub, peer, message.size);
    }
    return answers;
}

/* A list is JSON in the order of the numbers, and of this application alone. */
static void check_list(const struct tg_errand *errand,
                       const struct tg_errand_result *result)
{
    static struct tg_json_doc doc;
    uint64_t last = errand->after;
    MUST(!result->failed && result->items_count <= errand->limit);
    for (uint32_t i = 0; i < result->items_count; i++) {
        struct tg_errand_item item = result->items[i];
        struct tg_slice text = tg_slice(result->text.data + item.at, item.size);
        struct tg_json_error error;
        MUST(item.connection > last);
        last = item.connection;
        MUST(tg_json_parse(&doc, text, NULL, &error) == TG_OK);
        struct tg_json list = tg_json_get(tg_json_root(&doc), "subscriptions");
        MUST(tg_json_kind(list) == TG_JSON_ARRAY);
        MUST(tg_slice_is(errand->selection.app, "board") || tg_json_size(list) == 0);
    }
}

/* The bytes after the `!`: what, for whom, which. */
static void run(struct tg_peer *peers, struct tg_slice line)
{
    struct tg_errand_result result = {0};
    struct tg_errand errand = {.limit = 2, .text_max = 4096};
    uint8_t what = line.size > 1 ? line.data[1] : 0;
    struct tg_slice rest = line.size > 2 ? tg_slice(line.data + 2, line.size - 2)
                                         : tg_slice(NULL, 0);
    errand.kind = (enum tg_errand_kind)(what % 3);
    errand.selection.app = (what & 4) != 0 ? TG_LIT("board") : TG_LIT("other");
    errand.selection.user = (what & 8) != 0 ? rest : tg_slice(NULL, 0);
    errand.selection.session = (what & 16) != 0 ? rest : tg_slice(NULL, 0);
    errand.selection.client = (what & 32) != 0 ? peers[0].session.client : 0;
    errand.type = (what & 64) != 0 ? TG_LIT("a.Note") : tg_slice(NULL, 0);
    errand.after = (what & 128) != 0 ? peers[0].number : 0;
    errand.close_code = TG_CLOSE_UNAUTHENTICATED;
    errand.connection = peers[what & 1].number;
    errand.subscription.size =
        (uint16_t)(rest.size < TG_MESSAGE_ID_TEXT_MAX ? rest.size : 0);
    if (errand.subscription.size != 0) {
        memcpy(errand.subscription.text, rest.data, errand.subscription.size);
    }
    tg_hub_run(hub, &errand, &result);
    check_list(&errand, &result);
    int resets = read_answers(&peers[0], false) + read_answers(&peers[1], false);
    MUST(resets == (errand.kind == TG_ERRAND_UNSUBSCRIBE && result.count == 1 ? 1 : 0));
    MUST(result.count <= PEERS);
    tg_errand_result_finish(&result);
}

static void say(struct tg_peer *peers, struct tg_slice line)
{
    bool second = line.size != 0 && line.data[0] == '\t';
    now += line.size != 0 && line.data[0] == ' ' ? 0 : 1;
    if (peers[second].close_code != 0) {
        return;
    }
    tg_hub_receive(hub, &peers[second], line);
    MUST(read_answers(&peers[second], false) == 1);
    MUST(read_answers(&peers[!second], false) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tg_peer peers[PEERS];
    begin_once();
    tg_hub_join(hub, &peers[0]);
    tg_hub_join(hub, &peers[1]);
    while (size > 0 && (peers[0].close_code == 0 || peers[1].close_code == 0)) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t line = end == NULL ? size : (size_t)(end - data);
        if (line != 0 && data[0] == '!') {
            run(peers, tg_slice(data, line));
        } else {
            say(peers, tg_slice(data, line));
        }
        publish();
        MUST(read_answers(&peers[0], peers[0].close_code == 0) == 0);
        MUST(read_answers(&peers[1], peers[1].close_code == 0) == 0);
        size_t used = end == NULL ? size : line + 1;
        data += used;
        size -= used;
    }
    tg_hub_leave(hub, &peers[0]);
    tg_hub_leave(hub, &peers[1]);
    struct tg_hub_counts counts = tg_hub_counts(hub);
    MUST(counts.subscriptions == 0 && counts.queries == 0);
    MUST(counts.filters == 0 && counts.opaque == 0 && counts.peers == 0);
    MUST(accounts[0]->connections == 0 && accounts[0]->subscriptions == 0);
    MUST(accounts[1]->connections == 0 && accounts[1]->subscriptions == 0);
    return 0;
}
