#include "engine/codec/extensions.h"

/* What one offer asks for. A number of bits is 0 if it is not mentioned. */
struct offer {
    bool ours;  /* It is permessage-deflate. */
    bool valid; /* No parameter of it is unknown, repeated or has a wrong value. */
    bool server_no_context_takeover;
    bool client_no_context_takeover;
    uint8_t server_max_window_bits;
    uint8_t client_max_window_bits;
};

static void skip_space(struct tg_slice *rest)
{
    while (rest->size != 0 && (rest->data[0] == ' ' || rest->data[0] == '\t')) {
        *rest = tg_slice(rest->data + 1, rest->size - 1);
    }
}

/* Pass over `byte` and the white space after it; false if it is not next. */
static bool take_byte(struct tg_slice *rest, uint8_t byte)
{
    if (rest->size == 0 || rest->data[0] != byte) {
        return false;
    }
    *rest = tg_slice(rest->data + 1, rest->size - 1);
    skip_space(rest);
    return true;
}

static bool take_token(struct tg_slice *rest, struct tg_slice *token)
{
    size_t size = 0;
    while (size < rest->size && tg_http_is_token(tg_slice(rest->data + size, 1))) {
        size++;
    }
    *token = tg_slice(rest->data, size);
    *rest = tg_slice(rest->data + size, rest->size - size);
    skip_space(rest);
    return size != 0;
}

/* A token, or a token in quotes (RFC 6455 9.1: nothing else may stand between them). */
static bool take_value(struct tg_slice *rest, struct tg_slice *value)
{
    if (rest->size == 0 || rest->data[0] != '"') {
        return take_token(rest, value);
    }
    const uint8_t *begin = rest->data + 1;
    const uint8_t *end = memchr(begin, '"', rest->size - 1);
    if (end == NULL) {
        return false;
    }
    *value = tg_slice(begin, (size_t)(end - begin));
    *rest = tg_slice(end + 1, rest->size - value->size - 2);
    skip_space(rest);
    return tg_http_is_token(*value);
}

/* 8 to 15 without a leading zero, or 0. */
static uint8_t window_bits(struct tg_slice value)
{
    if (value.size == 1 && (value.data[0] == '8' || value.data[0] == '9')) {
        return (uint8_t)(value.data[0] - '0');
    }
    if (value.size == 2 && value.data[0] == '1' && value.data[1] >= '0' &&
        value.data[1] <= '5') {
        return (uint8_t)(10 + value.data[1] - '0');
    }
    return 0;
}

static bool set_flag(bool *flag, bool has_value)
{
    if (*flag || has_value) {
        return false;
    }
    *flag = true;
    return true;
}

/* Note one parameter; false if it makes the offer invalid (RFC 7692 7). */
static bool offer_note(struct offer *offer, struct tg_slice name, bool has_value,
                       struct tg_slice value)
{
    if (tg_slice_is(name, "server_no_context_takeover")) {
        return set_flag(&offer->server_no_context_takeover, has_value);
    }
    if (tg_slice_is(name, "client_no_context_takeover")) {
        return set_flag(&offer->client_no_context_takeover, has_value);
    }
    uint8_t bits = window_bits(value);
    if (tg_slice_is(name, "server_max_window_bits") &&
        offer->server_max_window_bits == 0) {
        offer->server_max_window_bits = bits;
        return bits != 0;
    }
    if (tg_slice_is(name, "client_max_window_bits") &&
        offer->client_max_window_bits == 0) {
        /* Without a value: the client can follow any number. */
        offer->client_max_window_bits = has_value ? bits : 15;
        return offer->client_max_window_bits != 0;
    }
    return false;
}

static bool take_offer(struct tg_slice *rest, struct offer *offer)
{
    struct tg_slice name;
    if (!take_token(rest, &name)) {
        return false;
    }
    *offer =
        (struct offer){.ours = tg_slice_is(name, "permessage-deflate"), .valid = true};
    while (take_byte(rest, ';')) {
        struct tg_slice value = {0};
        if (!take_token(rest, &name)) {
            return false;
        }
        bool has_value = take_byte(rest, '=');
        if (has_value && !take_value(rest, &value)) {
            return false;
        }
        if (offer->ours && offer->valid) {
            offer->valid = offer_note(offer, name, has_value, value);
        }
    }
    return true;
}

static uint8_t smaller(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

/* RFC 7692 7.1. A client that does not mention client_max_window_bits cannot be told a
 * number; the server's own window may be stated always. */
static struct tg_ws_deflate offer_agree(const struct offer *offer,
                                        const struct tg_ws_deflate *policy)
{
    uint8_t server_asked = offer->server_max_window_bits;
    uint8_t client_asked = offer->client_max_window_bits;
    struct tg_ws_deflate agreed = {
        .on = true,
        .server_no_context_takeover = offer->server_no_context_takeover ||
                                      policy->server_no_context_takeover,
        .client_no_context_takeover = offer->client_no_context_takeover ||
                                      policy->client_no_context_takeover,
        .server_max_window_bits = smaller(server_asked != 0 ? server_asked : 15,
                                          policy->server_max_window_bits),
        .client_max_window_bits =
            client_asked != 0 ? smaller(client_asked, policy->client_max_window_bits)
                              : 15,
    };
    agreed.say_server_max_window_bits = server_asked != 0 ||
                                        agreed.server_max_window_bits < 15;
    agreed.say_client_max_window_bits = agreed.client_max_window_bits < 15;
    return agreed;
}

/* One header: a list in which empty elements are passed over, but commas must part
 * offers. */
static enum tg_err judge_header(struct tg_slice rest, const struct tg_ws_deflate *policy,
                                struct tg_ws_deflate *deflate)
{
    skip_space(&rest);
    while (rest.size != 0) {
        if (take_byte(&rest, ',')) {
            continue;
        }
        struct offer offer;
        if (!take_offer(&rest, &offer) || (rest.size != 0 && rest.data[0] != ',')) {
            return TG_EPROTO;
        }
        if (offer.ours && offer.valid && policy != NULL && policy->on && !deflate->on) {
            *deflate = offer_agree(&offer, policy);
        }
    }
    return TG_OK;
}

enum tg_err tg_ws_extensions_judge(const struct tg_http_headers *headers,
                                   const struct tg_ws_deflate *policy,
                                   struct tg_ws_deflate *deflate)
{
    struct tg_ws_deflate agreed = {0};
    for (size_t i = 0; i < headers->count; i++) {
        if (!tg_http_same_text(headers->list[i].name,
                               TG_LIT("sec-websocket-extensions"))) {
            continue;
        }
        enum tg_err err = judge_header(headers->list[i].value, policy, &agreed);
        if (err != TG_OK) {
            return err;
        }
    }
    *deflate = agreed;
    return TG_OK;
}
