/* A hub, the sequencer that feeds it, and peers that are strings: so that a test of
 * delivery reads as a transcript.
 *
 *   hubs_say(&t, &peer, "{\"kind\":\"ping\",\"id\":1}");
 *   hubs_expect(&t, &peer, "{\"kind\":\"pong\",\"id\":1}\n"); */
#ifndef TG_TESTING_HUBS_H
#define TG_TESTING_HUBS_H

#include "engine/hub/hub.h"
#include "engine/stream/sequencer.h"

struct hubs {
    struct tg_sequencer *sequencer;
    struct tg_hub *hub;
    struct tg_buf answer; /* Of the last publish or catalogue. */
    struct tg_buf seen;
    struct tg_refusal refusal;
    struct tg_peer *prompt; /* This peer's socket takes all it is given, when relieved. */
    struct tg_buf taken;    /* What it took so. */
    int64_t now_us;  /* When the hub delivers; at first the moment of publishing. */
    uint64_t random; /* The next "random" bits: 1, 2, 3, … */
};

/* Limits: 16 KiB a peer, 4 KiB before connect, 3 subscriptions, 2 bad messages, 100 of
 * static cost; claims are believed. */
void hubs_init(struct hubs *t);
/* With the limits of the default configuration, but for bad messages. */
void hubs_init_usual(struct hubs *t, bool claims_believed);
void hubs_finish(struct hubs *t);

/* Hand in a catalogue for `app`, and let the hub follow. The answer of the sequencer. */
enum tg_err hubs_catalogue(struct hubs *t, const char *app, const char *document);
/* Publish NDJSON for `app` at 2026-11-23T02:16:34.120331Z; the hub delivers. */
enum tg_err hubs_publish(struct hubs *t, const char *app, const char *lines);

/* The peer says `message`. */
void hubs_say(struct hubs *t, struct tg_peer *peer, const char *message);
/* Join and connect; with claims, an object's JSON. */
void hubs_connect(struct hubs *t, struct tg_peer *peer);
void hubs_connect_as(struct hubs *t, struct tg_peer *peer, const char *claims);
/* What waits for the peer is exactly `lines` (one message a line); it is read. */
void hubs_expect(struct hubs *t, struct tg_peer *peer, const char *lines);
/* Read what waits, whatever it is; borrowed until the next call. */
const char *hubs_read(struct hubs *t, struct tg_peer *peer);

#endif
