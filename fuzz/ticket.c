/* What makes somebody of a client: ticket requests, signed tickets, session tokens, and
 * the records of sessions in the file. The first byte says which of them the rest is:
 *
 *     r  a ticket request
 *     j  a signed ticket, as a client shows it
 *     s  header and claims of one, a NUL between, which is signed here: so that what is
 *        behind the signature is met too
 *     t  a ticket, NUL, a session token, NUL, an Origin, shown to a gateway
 *     f  a record, which is signed here */
#include "engine/base/base64url.h"
#include "parts.h"
#include "server/identity/identities.h"
#include "server/identity/record.h"
#include "server/identity/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char secret[] = "a secret of this fuzzer, 32 byte";
static uint8_t public_key[32] = {0xd7, 0x5a, 0x98, 0x01};
static struct tg_config_token_key keys[] = {
    {"shop", "h1", (uint8_t *)secret, 32, TG_TOKEN_HS256},
    {"shop", "e1", public_key, 32, TG_TOKEN_EDDSA},
};
static const struct tg_config config = {
    .tickets = {.life_ms = 30000, .waiting_max = 4},
    .sessions = {.life_ms = 3600000, .grace_ms = 10000, .sessions_max = 4, .user_max = 3},
    .tokens = {.keys = {keys, 2},
               .signed_max = 4,
               .life_max_ms = 300000,
               .skew_ms = 5000},
    .limits = {.client_connections_max = 2},
};
enum { NOW_S = 1795000000 };
static const struct tg_token_times times = {.now_us = NOW_S * INT64_C(1000000),
                                            .later_us = NOW_S * INT64_C(1000000),
                                            .started_us =
                                                (NOW_S - 1000) * INT64_C(1000000)};

static struct tg_json_doc doc;
static struct tg_buf buf;

static void check_refusal(const struct tg_refusal *refusal)
{
    tg_buf_clear(&buf);
    tg_buf_add_byte(&buf, '{');
    tg_refusal_write(refusal, &buf);
    tg_buf_add_byte(&buf, '}');
    MUST(tg_json_parse(&doc, tg_buf_slice(&buf), NULL, NULL) == TG_OK);
    MUST(refusal->message[0] != '\0');
}

static void check_facts(const struct tg_identity_facts *facts)
{
    MUST(facts->user.size >= 1 && facts->user.size <= TG_USER_BYTES_MAX);
    MUST(facts->session.size <= TG_SESSION_NAME_BYTES_MAX);
    MUST(facts->claims.size <= TG_IDENTITY_CLAIMS_MAX);
    MUST(facts->types_count <= TG_IDENTITY_TYPES_MAX);
    for (uint32_t i = 0; i < facts->types_count; i++) {
        MUST(facts->types[i].size >= 1 && facts->types[i].size <= 128);
    }
}

static void check_request(const struct tg_request *request)
{
    struct tg_identity *identity = tg_request_identity(request, TG_LIT("shop"));
    MUST(identity != NULL && request->origin.size <= TG_ORIGIN_BYTES_MAX);
    MUST(request->life_ms >= 0 && tg_request_session_life_us(request) >= 0);
    check_facts(&identity->facts);
    /* As the hub reads them when somebody subscribes. */
    MUST(tg_json_parse(&doc, identity->facts.claims, NULL, NULL) == TG_OK);
    MUST(tg_json_kind(tg_json_root(&doc)) == TG_JSON_OBJECT);
    for (uint32_t i = 0; i < identity->facts.types_count; i++) {
        MUST(tg_identity_has_type(identity, request->types[i]));
    }
    tg_identity_unref(identity);
}

static void feed_request(struct tg_slice text)
{
    struct tg_request request;
    struct tg_refusal refusal;
    enum tg_err err = tg_request_read(text, &request, &refusal);
    if (err == TG_OK) {
        check_request(&request);
    } else {
        MUST(err == TG_EINVAL);
        MUST(refusal.code == TG_CODE_INVALID_JSON ||
             refusal.code == TG_CODE_INVALID_MESSAGE ||
             refusal.code == TG_CODE_UNKNOWN_MEMBER);
        check_refusal(&refusal);
    }
    tg_request_finish(&request);
}

static struct tg_token token;

/* `is_ours`: it was signed with the secret. */
static void feed_token(struct tg_slice text, bool is_ours)
{
    MUST(tg_token_read(&config.tokens, text, &times, &token) == TG_OK);
    if (token.fault == NULL) {
        MUST(is_ours && tg_slice_is(token.app, "shop"));
        MUST(token.jti_size >= 1 && token.jti_size <= TG_JTI_BYTES_MAX);
        MUST(token.made_us <= times.now_us + 5000000 && token.expires_us > times.now_us &&
             token.made_us >= times.started_us);
        MUST(token.expires_us - token.made_us <= 305000000);
        check_request(&token.request);
    }
    tg_token_finish(&token);
}

static void add_base64(struct tg_buf *to, struct tg_slice bytes)
{
    if (bytes.size != 0) {
        uint8_t *room = tg_buf_room(to, TG_BASE64URL_SIZE(bytes.size));
        MUST(room != NULL);
        to->size += tg_base64url_write(bytes, (char *)room);
    }
}

static void feed_signed(struct tg_slice header, struct tg_slice payload)
{
    static struct tg_buf text;
    uint8_t mac[TG_MAC_BYTES];
    tg_buf_clear(&text);
    add_base64(&text, header);
    tg_buf_add_byte(&text, '.');
    add_base64(&text, payload);
    tg_secrets_mac(tg_slice(secret, 32), tg_buf_slice(&text), mac);
    tg_buf_add_byte(&text, '.');
    add_base64(&text, tg_slice(mac, sizeof mac));
    MUST(!text.failed);
    feed_token(tg_buf_slice(&text), true);
}

static void feed_credentials(struct tg_slice ticket, struct tg_slice session,
                             struct tg_slice origin)
{
    static struct tg_identities *identities;
    static const struct tg_identities_hooks hooks = {0};
    struct tg_credentials credentials = {ticket, session, origin};
    struct tg_admission admission;
    struct tg_refusal refusal;
    char why[100];
    if (identities == NULL) {
        identities =
            tg_identities_open(&config, &hooks, times.started_us, why, sizeof why);
    }
    /* Nobody can guess what a gateway made, or sign in another's name. */
    MUST(identities != NULL && tg_identities_admit(identities, &credentials, times.now_us,
                                                   &admission, &refusal) == TG_EINVAL);
    MUST(refusal.code == TG_CODE_UNAUTHENTICATED);
    MUST(strcmp(refusal.message,
                "this ticket or session token is not good, or not any more") == 0);
    check_refusal(&refusal);
}

static void feed_record(struct tg_slice bytes)
{
    static struct tg_record record;
    static struct tg_buf text;
    const struct tg_clocks clocks = {.steady_us = 1000000, .wall_us = times.now_us};
    tg_buf_clear(&text);
    tg_buf_add_slice(&text, bytes);
    tg_buf_add(&text, (uint8_t[TG_MAC_BYTES]){0}, TG_MAC_BYTES);
    MUST(!text.failed);
    tg_record_sign(tg_slice(secret, 32), text.data, text.size);
    if (tg_record_read(tg_buf_slice(&text), tg_slice(secret, 32), &clocks, &record)) {
        check_facts(&record.facts);
        MUST(record.facts.app.size >= 1 && record.facts.app.size <= TG_APP_BYTES_MAX);
        MUST(record.facts.client == tg_session_client(record.id));
        text.data[0]++;
        MUST(
            !tg_record_read(tg_buf_slice(&text), tg_slice(secret, 32), &clocks, &record));
    }
}

/* What is before the next NUL of `rest`, which is left with what is after it. */
static struct tg_slice next_part(struct tg_slice *rest)
{
    const uint8_t *nul = rest->size == 0 ? NULL : memchr(rest->data, 0, rest->size);
    size_t size = nul == NULL ? rest->size : (size_t)(nul - rest->data);
    struct tg_slice part = tg_slice(rest->data, size);
    size_t used = nul == NULL ? size : size + 1;
    *rest = tg_slice(rest->data + used, rest->size - used);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct tg_slice rest = tg_slice(data + 1, size - 1);
    struct tg_slice first;
    struct tg_slice second;
    switch (data[0]) {
    case 'r':
        feed_request(rest);
        break;
    case 'j':
        feed_token(rest, false);
        break;
    case 's':
        first = next_part(&rest);
        feed_signed(first, rest);
        break;
    case 't':
        first = next_part(&rest);
        second = next_part(&rest);
        feed_credentials(first, second, rest);
        break;
    case 'f':
        feed_record(rest);
        break;
    default:
        break;
    }
    return 0;
}
