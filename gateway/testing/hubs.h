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
    uint64_t now_ms; /* When messages come. */
    /* Whom the ticket or session "good" shows, with the token "tgs_next"; NULL: nobody.
     * Every other is refused. */
    struct tg_identity *shown;
    uint32_t connections_max; /* Of its client; 0: no limit. */
    uint64_t random;          /* The next "random" bits: 1, 2, 3, … */
};

/* Limits: 16 KiB a peer, 4 KiB before connect, 3 subscriptions, 4 of a client, 2 bad
 * messages, 3 refused connects, 100 of static cost; claims are believed. */
void hubs_init(struct hubs *t);
/* With the limits of the default configuration, but for bad messages. */
void hubs_init_usual(struct hubs *t, bool claims_believed);
/* With these limits. */
void hubs_init_with(struct hubs *t, struct tg_hub_config config);
void hubs_finish(struct hubs *t);

/* The `frame` of a hub that is made otherwise. */
struct tg_frame *hubs_frame(void *context, struct tg_slice message);

/* Hand in a catalogue for `app`, and let the hub follow. The answer of the sequencer. */
enum tg_err hubs_catalogue(struct hubs *t, const char *app, const char *document);
/* Publish NDJSON for `app` at 2026-11-23T02:16:34.120331Z; the hub delivers. */
enum tg_err hubs_publish(struct hubs *t, const char *app, const char *lines);

/* The peer says `message`. */
void hubs_say(struct hubs *t, struct tg_peer *peer, const char *message);
/* Join and connect; with claims, an object's JSON. */
void hubs_connect(struct hubs *t, struct tg_peer *peer);
void hubs_connect_as(struct hubs *t, struct tg_peer *peer, const char *claims);
/* Join and connect with the ticket of `identity`, whose reference stays the caller's. */
void hubs_connect_with(struct hubs *t, struct tg_peer *peer,
                       struct tg_identity *identity);
/* What waits for the peer is exactly `lines` (one message a line); it is read. */
void hubs_expect(struct hubs *t, struct tg_peer *peer, const char *lines);
/* Read what waits, whatever it is; borrowed until the next call. */
const char *hubs_read(struct hubs *t, struct tg_peer *peer);

#endif
