#include "load/publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct publisher {
    const struct publisher_kind *kind;
    void *self;
    uint64_t refused;
};

struct publisher *publisher_open(uv_loop_t *loop, const struct publisher_options *options)
{
    static const struct {
        const char *prefix;
        const struct publisher_kind *kind;
    } kinds[] = {{"zmq:", &publisher_zmq},
                 {"http:", &publisher_http},
                 {"stream:", &publisher_stream}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i].prefix);
        if (strncmp(options->target, kinds[i].prefix, length) != 0)
            continue;
        struct publisher *p = calloc(1, sizeof *p);
        if (!p)
            abort();
        p->kind = kinds[i].kind;
        p->self = p->kind->open(loop, options, options->target + length, p);
        if (p->self)
            return p;
        free(p);
        return NULL;
    }
    fprintf(
        stderr,
        "load: \"%s\" is no publisher; zmq:ENDPOINT, http:PORT/PATH or stream:PORT is\n",
        options->target);
    return NULL;
}

void publisher_send(struct publisher *p, uint64_t seq, uint64_t at_ns)
{
    p->kind->send(p->self, seq, at_ns);
}

uint64_t publisher_refused(const struct publisher *p)
{
    return p->refused;
}

void publisher_refuse(struct publisher *p, const char *why, const char *detail,
                      size_t length)
{
    if (p->refused++ < 5)
        fprintf(stderr, "load: an event was not taken: %s %.*s\n", why, (int)length,
                detail);
}
