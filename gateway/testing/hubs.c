#include "testing/hubs.h"

#include <stdio.h>

#include "testing/cmocka.h"

/* 2026-11-23T02:16:34.120331Z */
static const int64_t PUBLISHED_US = INT64_C(1795400194120331);

static uint64_t next_random(void *context)
{
    return ++((struct hubs *)context)->random;
}

/* A frame is the message and a newline, so that what waits reads as lines. */
struct tg_frame *hubs_frame(void *context, struct tg_slice message)
{
    (void)context;
    struct tg_frame *frame = tg_frame_create(message.size + 1);
    if (frame != NULL) {
        memcpy(frame->bytes, message.data, message.size);
        frame->bytes[message.size] = '\n';
    }
    return frame;
}

static void take(struct hubs *t, struct tg_peer *peer, struct tg_buf *to)
{
    struct tg_slice slice;
    while (tg_outbox_peek(&peer->outbox, &slice, 1) == 1) {
        tg_buf_add_slice(to, slice);
        tg_hub_sent(t->hub, peer, slice.size);
    }
}

static void relieve(void *context, struct tg_peer *peer)
{
    struct hubs *t = context;
    if (peer == t->prompt) {
        take(t, peer, &t->taken);
    }
}

static uint64_t now_ms(void *context)
{
    return ((struct hubs *)context)->now_ms;
}

static enum tg_err identify(void *context, struct tg_peer *peer,
                            struct tg_credentials *credentials,
                            struct tg_admission *admission, struct tg_refusal *refusal)
{
    struct hubs *t = context;
    assert_null(peer->identity);
    if (t->shown == NULL || (!tg_slice_is(credentials->ticket, "good") &&
                             !tg_slice_is(credentials->session, "good"))) {
        tg_refusal_set(refusal, TG_CODE_UNAUTHENTICATED, NULL, "no");
        return TG_EINVAL;
    }
    if (!tg_account_connect(t->shown->account, t->connections_max)) {
        tg_refusal_set(refusal, TG_CODE_TOO_MANY_CONNECTIONS, NULL, "enough");
        return TG_ELIMIT;
    }
    tg_identity_ref(t->shown);
    admission->identity = t->shown;
    memcpy(admission->token, "tgs_next", sizeof "tgs_next");
    admission->expires_in_ms = 1000;
    return TG_OK;
}

/* Of whoever has an identity; where the others are is unknown. */
static void address(void *context, const struct tg_peer *peer,
                    char text[TG_HUB_ADDRESS_SIZE])
{
    (void)context;
    if (peer->identity != NULL) {
        memcpy(text, "192.0.2.7", sizeof "192.0.2.7");
    }
}

void hubs_init_with(struct hubs *t, struct tg_hub_config config)
{
    *t = (struct hubs){.now_us = PUBLISHED_US};
    t->sequencer = tg_sequencer_create(&(struct tg_sequencer_config){
        .batch_events_max = 100,
        .dedup_window = 4,
        .random = next_random,
        .context = t,
    });
    config.bad_messages_max = 2;
    config.refused_connects_max = 3;
    config.number_first = 1;
    config.identify = identify;
    config.address = address;
    config.now_ms = now_ms;
    config.message_bytes_max = 65536;
    config.ping_interval_ms = 25000;
    config.queries = tg_query_limits_default;
    config.random = next_random;
    config.frame = hubs_frame;
    config.relieve = relieve;
    config.context = t;
    t->hub = tg_hub_create(&config);
    assert_non_null(t->sequencer);
    assert_non_null(t->hub);
}

void hubs_init(struct hubs *t)
{
    hubs_init_with(t, (struct tg_hub_config){
                          .connection_bytes_max = 16384,
                          .unconnected_bytes_max = 4096,
                          .subscriptions_max = 3,
                          .client_subscriptions_max = 4,
                          .query_cost_max = 100,
                          .claims_believed = true,
                      });
}

void hubs_init_usual(struct hubs *t, bool claims_believed)
{
    hubs_init_with(t, (struct tg_hub_config){
                          .connection_bytes_max = 1048576,
                          .unconnected_bytes_max = 16384,
                          .subscriptions_max = 100,
                          .client_subscriptions_max = 400,
                          .query_cost_max = 100000,
                          .claims_believed = claims_believed,
                      });
}

void hubs_finish(struct hubs *t)
{
    tg_hub_destroy(t->hub);
    tg_sequencer_destroy(t->sequencer);
    tg_buf_finish(&t->answer);
    tg_buf_finish(&t->seen);
    tg_buf_finish(&t->taken);
}

enum tg_err hubs_catalogue(struct hubs *t, const char *app, const char *document)
{
    struct tg_roster *roster = NULL;
    enum tg_err err = tg_sequencer_replace(t->sequencer, tg_slice_of(app),
                                           tg_slice_of(document), &roster, &t->refusal);
    if (roster != NULL) {
        assert_int_equal(tg_hub_follow(t->hub, roster), TG_OK);
        tg_roster_unref(roster);
    }
    return err;
}

enum tg_err hubs_publish(struct hubs *t, const char *app, const char *lines)
{
    struct tg_batch *batch = NULL;
    struct tg_publish_summary summary;
    tg_buf_clear(&t->answer);
    enum tg_err err = tg_sequencer_publish(t->sequencer, tg_slice_of(app),
                                           tg_slice_of(lines), true, PUBLISHED_US,
                                           &t->answer, &batch, &summary, &t->refusal);
    if (batch != NULL) {
        tg_hub_deliver(t->hub, batch, t->now_us);
        tg_batch_unref(batch);
    }
    tg_buf_add_byte(&t->answer, 0);
    return err;
}

void hubs_say(struct hubs *t, struct tg_peer *peer, const char *message)
{
    tg_hub_receive(t->hub, peer, tg_slice_of(message));
}

void hubs_connect(struct hubs *t, struct tg_peer *peer)
{
    tg_hub_join(t->hub, peer);
    hubs_say(t, peer, "{\"kind\":\"connect\",\"id\":1}");
    assert_non_null(strstr(hubs_read(t, peer), "\"kind\":\"connected\""));
}

void hubs_connect_as(struct hubs *t, struct tg_peer *peer, const char *claims)
{
    char message[4096];
    snprintf(message, sizeof message, "{\"kind\":\"connect\",\"id\":1,\"claims\":%s}",
             claims);
    tg_hub_join(t->hub, peer);
    hubs_say(t, peer, message);
    assert_non_null(strstr(hubs_read(t, peer), "\"kind\":\"connected\""));
}

void hubs_connect_with(struct hubs *t, struct tg_peer *peer, struct tg_identity *identity)
{
    t->shown = identity;
    tg_hub_join(t->hub, peer);
    hubs_say(t, peer, "{\"kind\":\"connect\",\"id\":1,\"ticket\":\"good\"}");
    assert_non_null(strstr(hubs_read(t, peer), "\"kind\":\"connected\""));
}

const char *hubs_read(struct hubs *t, struct tg_peer *peer)
{
    tg_buf_clear(&t->seen);
    take(t, peer, &t->seen);
    tg_buf_add_byte(&t->seen, 0);
    return (const char *)t->seen.data;
}

void hubs_expect(struct hubs *t, struct tg_peer *peer, const char *lines)
{
    assert_string_equal(hubs_read(t, peer), lines);
}
