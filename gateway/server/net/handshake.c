#include "server/net/handshake.h"

#include <openssl/evp.h>

bool tg_handshake_accept(struct tg_slice key, char accept[TG_ACCEPT_SIZE + 1])
{
    uint8_t text[64];
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    struct tg_slice guid = TG_LIT(TG_WS_ACCEPT_GUID);
    if (key.size + guid.size > sizeof text) {
        return false;
    }
    memcpy(text, key.data, key.size);
    memcpy(text + key.size, guid.data, guid.size);
    if (EVP_Digest(text, key.size + guid.size, digest, &size, EVP_sha1(), NULL) != 1) {
        return false;
    }
    EVP_EncodeBlock((uint8_t *)accept, digest, (int)size);
    return true;
}

static bool is_https(struct tg_slice origin)
{
    struct tg_slice scheme = TG_LIT("https://");
    return origin.size > scheme.size &&
           tg_http_same_text(tg_slice(origin.data, scheme.size), scheme);
}

bool tg_origin_allowed(const struct tg_config_origins *allowed,
                       const struct tg_http_request *request, bool secure)
{
    const struct tg_http_header *origin = tg_http_header(&request->headers, "Origin");
    if (origin == NULL) {
        return true;
    }
    /* Of two, who knows which one somebody else has judged? */
    if (tg_http_header_count(&request->headers, "Origin") != 1) {
        return false;
    }
    if (allowed->any) {
        return true;
    }
    if (allowed->same_host && (!secure || is_https(origin->value)) &&
        tg_origin_same_host(origin->value, request->host)) {
        return true;
    }
    for (size_t i = 0; i < allowed->exact.count; i++) {
        if (tg_slice_is(origin->value, allowed->exact.items[i])) {
            return true;
        }
    }
    return false;
}
