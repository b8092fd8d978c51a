/* Where the gateway is, as one writes it: http://127.0.0.1:1845, wss://host:1844/path. */
#ifndef TG_CLIENT_URL_H
#define TG_CLIENT_URL_H

#include <stdbool.h>
#include <stdint.h>

enum { TG_URL_MAX = 512 };

struct tg_url {
    char host[256];        /* Without the brackets of an IPv6 address. */
    char authority[272];   /* "host:port", for the Host header. */
    char path[TG_URL_MAX]; /* "/v1/websocket", or "" if there is none. */
    uint32_t port;
    bool secure; /* https://, wss:// */
};

/* Read `text`, which must begin with `scheme` ("http", "ws"), perhaps an "s", and "://".
 * A port that is missing is `port`, or 443 with the "s". False: `*why` is a static phrase
 * that says what is wrong. */
bool tg_url_read(const char *text, const char *scheme, uint32_t port, struct tg_url *url,
                 const char **why);
/* Is it this machine for certain: a loopback address, or "localhost"? */
bool tg_url_is_local(const struct tg_url *url);

#endif
