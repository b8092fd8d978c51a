#include "server/client/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/config/values.h"

/* The host in front of `*text`, which moves behind it; a name or an address. */
static bool read_host(const char **text, struct tg_url *url, bool *bracketed)
{
    *bracketed = **text == '[';
    const char *host = *text + (*bracketed ? 1 : 0);
    size_t size = strcspn(host, *bracketed ? "]" : ":/");
    if (size == 0 || size >= sizeof url->host || (*bracketed && host[size] != ']')) {
        return false;
    }
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_";
    if (!*bracketed && strspn(host, letters) < size) {
        return false;
    }
    memcpy(url->host, host, size);
    url->host[size] = '\0';
    *text = host + size + (*bracketed ? 1 : 0);
    return !*bracketed ||
           (strchr(url->host, ':') != NULL && tg_config_is_address(url->host));
}

/* ":1845" or nothing. */
static bool read_port(const char **text, struct tg_url *url)
{
    if (**text != ':') {
        return true;
    }
    size_t size = strspn(*text + 1, "0123456789");
    url->port = size >= 1 && size <= 5 ? (uint32_t)strtoul(*text + 1, NULL, 10) : 0;
    *text += 1 + size;
    return url->port >= 1 && url->port <= 65535;
}

bool tg_url_read(const char *text, const char *scheme, uint32_t port, struct tg_url *url,
                 const char **why)
{
    size_t size = strlen(scheme);
    bool bracketed;
    bool named = strncmp(text, scheme, size) == 0;
    bool secure = named && text[size] == 's';
    *url = (struct tg_url){.port = secure ? 443 : port, .secure = secure};
    text += named ? size + (secure ? 1 : 0) : 0;
    if (!named || strncmp(text, "://", 3) != 0) {
        *why = strcmp(scheme, "ws") == 0 ? "an address begins with ws:// or wss://"
                                         : "an address begins with http:// or https://";
        return false;
    }
    text += 3;
    if (!read_host(&text, url, &bracketed)) {
        *why = "after :// comes a host, such as 127.0.0.1 or [::1]";
        return false;
    }
    if (!read_port(&text, url)) {
        *why = "a port is a number from 1 to 65535";
        return false;
    }
    size_t path = strlen(text);
    if ((path != 0 && text[0] != '/') || path >= sizeof url->path) {
        *why = "after the port comes a path that begins with /";
        return false;
    }
    for (size_t i = 0; i < path; i++) {
        if (text[i] <= ' ' || text[i] > '~' || strchr("#\"<>\\^`{|}", text[i]) != NULL) {
            *why = "a path has no blanks and no other characters than those of a URL";
            return false;
        }
    }
    memcpy(url->path, text, path + 1);
    snprintf(url->authority, sizeof url->authority, bracketed ? "[%s]:%u" : "%s:%u",
             url->host, url->port);
    return true;
}

bool tg_url_is_local(const struct tg_url *url)
{
    return tg_config_is_loopback(url->host) || strcmp(url->host, "localhost") == 0;
}
