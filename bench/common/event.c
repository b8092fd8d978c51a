#include "common/event.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void event_data_write(char *out, size_t bytes, uint64_t seq, uint64_t at_ns)
{
    assert(bytes >= EVENT_DATA_MIN && bytes <= EVENT_DATA_MAX);
    int head =
        sprintf(out,
                "{\"seq\":%llu,\"at\":%llu,\"status\":\"paid\",\"total\":\"18.44\","
                "\"customer\":\"Ada Lovelace\",\"note\":\"",
                (unsigned long long)seq, (unsigned long long)at_ns);
    for (size_t i = (size_t)head; i < bytes - 2; i++)
        out[i] = (char)('a' + i % 26);
    memcpy(out + bytes - 2, "\"}", 3);
}

size_t event_line_write(char *out, size_t data_bytes, const char *run, uint64_t seq,
                        uint64_t at_ns)
{
    int head =
        sprintf(out, "{\"type\":\"" EVENT_TYPE "\",\"id\":\"%.40s-%llu\",\"data\":", run,
                (unsigned long long)seq);
    event_data_write(out + head, data_bytes, seq, at_ns);
    size_t length = (size_t)head + data_bytes;
    memcpy(out + length, "}", 2);
    return length + 1;
}

static bool number_after(const char *message, size_t length, const char *name,
                         size_t name_length, uint64_t *number)
{
    const char *end = message + length;
    const char *at = memmem(message, length, name, name_length);
    if (!at)
        return false;
    at += name_length;
    while (at < end && *at == ' ')
        at++;
    const char *first = at;
    uint64_t value = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    *number = value;
    return at > first;
}

bool event_find(const char *message, size_t length, uint64_t *seq, uint64_t *at_ns)
{
    return number_after(message, length, "\"seq\":", 6, seq) &&
           number_after(message, length, "\"at\":", 5, at_ns);
}
