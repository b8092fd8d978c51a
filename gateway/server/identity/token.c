#include "server/identity/token.h"

#include "engine/base/base64url.h"
#include "engine/identity/tickets.h"
#include "server/identity/secrets.h"

enum { SIGNATURE_MAX = TG_ED25519_SIGNATURE_BYTES };

/* RFC 7519 section 2: seconds since 1970, here until the year 9999. */
static const int64_t seconds_max = INT64_C(253402300799);

struct reader {
    const struct tg_config_tokens *config;
    struct tg_token *token;
    struct tg_slice content; /* What is signed. */
    struct tg_slice header;
    struct tg_slice payload;
    uint8_t signature[SIGNATURE_MAX];
    size_t signature_size;
    const struct tg_config_token_key *key;
    struct tg_json_doc doc;
    struct tg_buf scratch;
    bool starved;
};

/* The first thing that is wrong is what is told; the rest is looked at all the same. */
static void fault_if(struct reader *r, bool wrong, const char *fault)
{
    if (wrong && r->token->fault == NULL) {
        r->token->fault = fault;
    }
}

/* --- The three parts --------------------------------------------------------------- */

static void split(struct reader *r, struct tg_slice text)
{
    size_t dots[3] = {0};
    size_t count = 0;
    for (size_t i = 0; i < text.size && count < 3; i++) {
        if (text.data[i] == '.') {
            dots[count++] = i;
        }
    }
    bool right = count == 2 && text.size <= TG_SIGNED_BYTES_MAX;
    fault_if(r, !right, "is no JWT in compact form");
    if (!right) {
        return;
    }
    const uint8_t *at = text.data;
    size_t header = 0;
    size_t payload = 0;
    uint8_t signature[TG_SIGNED_BYTES_MAX];
    r->content = tg_slice(at, dots[1]);
    bool read = tg_base64url_read(tg_slice(at, dots[0]), r->token->text, &header) &&
                tg_base64url_read(tg_slice(at + dots[0] + 1, dots[1] - dots[0] - 1),
                                  r->token->text + header, &payload) &&
                tg_base64url_read(tg_slice(at + dots[1] + 1, text.size - dots[1] - 1),
                                  signature, &r->signature_size);
    fault_if(r, !read, "is not in base64url");
    if (!read) {
        r->signature_size = 0;
        return;
    }
    r->header = tg_slice(r->token->text, header);
    r->payload = tg_slice(r->token->text + header, payload);
    if (r->signature_size <= sizeof r->signature) {
        memcpy(r->signature, signature, r->signature_size);
    }
}

static struct tg_json parse(struct reader *r, struct tg_slice text, const char *fault)
{
    struct tg_json_error error;
    enum tg_err err = tg_json_parse(&r->doc, text, NULL, &error);
    struct tg_json root = err == TG_OK ? tg_json_root(&r->doc) : (struct tg_json){0};
    r->starved |= err == TG_ENOMEM;
    fault_if(r, tg_json_kind(root) != TG_JSON_OBJECT, fault);
    return tg_json_kind(root) == TG_JSON_OBJECT ? root : (struct tg_json){0};
}

/* A string's text, empty if it is none; good until the next one. */
static struct tg_slice text_of(struct reader *r, struct tg_json value)
{
    struct tg_slice text = {NULL, 0};
    tg_json_string(value, &r->scratch, &text);
    r->starved |= r->scratch.failed;
    return text;
}

/* --- Who signed it ----------------------------------------------------------------- */

static void read_header(struct reader *r)
{
    static const struct tg_slice algorithms[] = {
        [TG_TOKEN_HS256] = TG_LIT_INIT("HS256"), [TG_TOKEN_EDDSA] = TG_LIT_INIT("EdDSA")};
    struct tg_json header = parse(r, r->header, "has a header that is no JSON object");
    struct tg_slice kid = text_of(r, tg_json_get(header, "kid"));
    for (size_t i = 0; i < r->config->keys.count; i++) {
        const struct tg_config_token_key *key = &r->config->keys.items[i];
        r->key = tg_slice_is(kid, key->kid) ? key : r->key;
    }
    fault_if(r, r->key == NULL, "has a kid that names no key");
    /* RFC 8725 section 3.1: the key says which algorithm it is for, not the token. */
    struct tg_slice alg = text_of(r, tg_json_get(header, "alg"));
    fault_if(r, r->key != NULL && !tg_slice_equal(alg, algorithms[r->key->algorithm]),
             "has an alg that is not its key's");
    fault_if(r, tg_json_kind(tg_json_get(header, "crit")) != TG_JSON_NONE, "has crit");
}

/* With the key that it names, or any: it takes its time whatever was wrong before. */
static void check_signature(struct reader *r)
{
    static const struct tg_config_token_key none = {.key = (uint8_t *)"",
                                                    .algorithm = TG_TOKEN_HS256};
    const struct tg_config_token_key *key = r->key;
    if (key == NULL) {
        key = r->config->keys.count != 0 ? &r->config->keys.items[0] : &none;
    }
    bool right;
    if (key->algorithm == TG_TOKEN_HS256) {
        uint8_t mac[TG_MAC_BYTES];
        tg_secrets_mac(tg_slice(key->key, key->key_size), r->content, mac);
        right = tg_same_secret(mac, r->signature, sizeof mac) &&
                r->signature_size == sizeof mac;
        explicit_bzero(mac, sizeof mac);
    } else {
        right = tg_secrets_verify(key->key, r->content, r->signature) &&
                r->signature_size == TG_ED25519_SIGNATURE_BYTES;
    }
    fault_if(r, !right, "is not signed with its key");
    if (r->key != NULL) {
        r->token->app = tg_slice_of(r->key->app);
    }
}

/* --- What it claims ---------------------------------------------------------------- */

/* A time in microseconds; false if it is none. */
static bool read_time(struct tg_json value, int64_t *us)
{
    double seconds = -1;
    int64_t whole;
    if (tg_json_int(value, &whole)) {
        *us = whole >= 0 && whole <= seconds_max ? whole * 1000000 : 0;
        return whole >= 0 && whole <= seconds_max;
    }
    if (!tg_json_double(value, &seconds) || !(seconds >= 0) ||
        seconds > (double)seconds_max) {
        return false;
    }
    *us = (int64_t)(seconds * 1e6);
    return true;
}

static void check_times(struct reader *r, struct tg_json claims,
                        const struct tg_token_times *times)
{
    struct tg_token *token = r->token;
    int64_t skew_us = (int64_t)r->config->skew_ms * 1000;
    int64_t made_us = 0;
    int64_t expires_us = 0;
    int64_t good_us = 0;
    struct tg_json nbf = tg_json_get(claims, "nbf");
    fault_if(r, !read_time(tg_json_get(claims, "iat"), &made_us), "has no right iat");
    fault_if(r, !read_time(tg_json_get(claims, "exp"), &expires_us), "has no right exp");
    fault_if(r, tg_json_kind(nbf) != TG_JSON_NONE && !read_time(nbf, &good_us),
             "has no right nbf");
    fault_if(r, expires_us < made_us, "expires before it was made");
    fault_if(r, expires_us - made_us > (int64_t)r->config->life_max_ms * 1000,
             "lives longer than tokens.life_max_ms");
    fault_if(r, expires_us + skew_us <= times->later_us, "has expired");
    fault_if(r, made_us > times->now_us + skew_us, "was made in the future");
    fault_if(r, good_us > times->now_us + skew_us, "is not good yet (nbf)");
    fault_if(r, made_us < times->started_us + skew_us,
             "was made before this gateway started, or may have been");
    token->made_us = made_us;
    token->expires_us = expires_us + skew_us;
}

static bool is_for_us(struct reader *r, struct tg_json audience)
{
    if (tg_json_kind(audience) != TG_JSON_ARRAY) {
        return tg_slice_is(text_of(r, audience), "telegraphy");
    }
    bool found = false;
    for (struct tg_json item = tg_json_first(audience);
         tg_json_kind(item) != TG_JSON_NONE; item = tg_json_next(item)) {
        found |= tg_slice_is(text_of(r, item), "telegraphy");
    }
    return found;
}

static void read_claims(struct reader *r, const struct tg_token_times *times)
{
    struct tg_token *token = r->token;
    struct tg_refusal refusal;
    struct tg_json claims = parse(r, r->payload, "has claims that are no JSON object");
    fault_if(r, !tg_slice_equal(text_of(r, tg_json_get(claims, "iss")), token->app),
             "has an iss that is not its key's app");
    fault_if(r, !is_for_us(r, tg_json_get(claims, "aud")),
             "has an aud without telegraphy");
    check_times(r, claims, times);
    struct tg_slice jti = text_of(r, tg_json_get(claims, "jti"));
    bool right = jti.size >= 1 && jti.size <= TG_JTI_BYTES_MAX;
    fault_if(r, !right, "has no jti of 1 to 64 bytes");
    if (right) {
        memcpy(token->jti, jti.data, jti.size);
        token->jti_size = (uint32_t)jti.size;
    }
    enum tg_err err = tg_request_read_claims(claims, &token->request, &refusal);
    r->starved |= err == TG_ENOMEM;
    fault_if(r, err != TG_OK,
             "has a sub, claims, types, origin, session or session_life_ms that is not "
             "as it must be");
}

enum tg_err tg_token_read(const struct tg_config_tokens *config, struct tg_slice text,
                          const struct tg_token_times *times, struct tg_token *token)
{
    struct reader r = {.config = config, .token = token};
    token->fault = NULL;
    token->app = tg_slice(NULL, 0);
    token->request = (struct tg_request){0};
    token->jti_size = 0;
    split(&r, text);
    read_header(&r);
    check_signature(&r);
    read_claims(&r, times);
    tg_json_finish(&r.doc);
    tg_buf_finish(&r.scratch);
    return r.starved ? TG_ENOMEM : TG_OK;
}

void tg_token_finish(struct tg_token *token)
{
    tg_request_finish(&token->request);
    explicit_bzero(token->text, sizeof token->text);
}
