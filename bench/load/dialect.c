#include "load/dialect.h"

#include <string.h>

#include "common/event.h"

static bool holds(const char *message, size_t length, const char *text)
{
    return memmem(message, length, text, strlen(text)) != NULL;
}

static bool starts(const char *message, size_t length, const char *text)
{
    size_t size = strlen(text);
    return length >= size && memcmp(message, text, size) == 0;
}

/* PROTOCOL.md 2: connect -> connected, subscribe -> subscribed, then events. */
static enum verdict judge_telegraphy(const char *message, size_t length,
                                     const char **reply)
{
    /* The kind comes first in what the gateway writes, but nothing promises that. */
    if (holds(message, length, "\"kind\":\"event\""))
        return VERDICT_EVENT;
    if (holds(message, length, "\"kind\":\"connected\"")) {
        *reply = "{\"kind\":\"subscribe\",\"id\":2,\"type\":\"" EVENT_TYPE "\"}";
        return VERDICT_NOTHING;
    }
    if (holds(message, length, "\"kind\":\"subscribed\""))
        return VERDICT_READY;
    if (holds(message, length, "\"kind\":\"gap\"") ||
        holds(message, length, "\"kind\":\"reset\""))
        return VERDICT_LOSS;
    if (holds(message, length, "\"kind\":\"error\""))
        return VERDICT_FAIL;
    return VERDICT_NOTHING;
}

/* Engine.IO 4 under Socket.IO 5: `0{…}` opened, `40` joins the default namespace and is
 * answered with `40{…}`, `2` is a ping to be answered with `3`, `42[…]` an event. */
static enum verdict judge_socketio(const char *message, size_t length, const char **reply)
{
    if (starts(message, length, "42"))
        return VERDICT_EVENT;
    if (starts(message, length, "40"))
        return VERDICT_READY;
    if (starts(message, length, "44"))
        return VERDICT_FAIL;
    if (starts(message, length, "0"))
        *reply = "40";
    else if (starts(message, length, "2"))
        *reply = "3";
    return VERDICT_NOTHING;
}

/* Whatever comes is an event. */
static enum verdict judge_plain(const char *message, size_t length, const char **reply)
{
    (void)message, (void)length, (void)reply;
    return VERDICT_EVENT;
}

/* These apps say "ready" when the subscription stands: the upgrade alone doesn't prove
 * it. */
static enum verdict judge_ready_first(const char *message, size_t length,
                                      const char **reply)
{
    (void)reply;
    return starts(message, length, "ready") ? VERDICT_READY : VERDICT_EVENT;
}

static const struct dialect dialects[] = {
    {"telegraphy", "/v1/websocket", "telegraphy.v1",
     "{\"kind\":\"connect\",\"id\":1,\"client\":\"telegraphy-bench\"}", judge_telegraphy},
    {"floor", "/", NULL, NULL, judge_plain},
    {"nchan", "/subscribe", NULL, NULL, judge_plain},
    {"socketio", "/socket.io/?EIO=4&transport=websocket", NULL, "", judge_socketio},
    {"channels", "/subscribe", NULL, "", judge_ready_first},
    {"socketify", "/subscribe", NULL, "", judge_ready_first},
};

const char dialect_names[] = "telegraphy floor nchan socketio channels socketify";

const struct dialect *dialect_get(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (strcmp(dialects[i].name, name) == 0)
            return &dialects[i];
    return NULL;
}
