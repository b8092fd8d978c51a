#include "engine/codec/handshake.h"

#include <stdio.h>

#include "engine/codec/answer.h"
#include "testing/cmocka.h"

/* The key and its answer of RFC 6455 1.3. */
#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static struct tg_http_request request;
static struct tg_ws_handshake handshake;
static const struct tg_ws_deflate policy = {
    .on = true,
    .server_max_window_bits = 15,
    .client_max_window_bits = 15,
};

/* Judge the request; `subprotocol` as tg_ws_handshake_check has it. */
static enum tg_err judge(const char *text, const char *subprotocol,
                         const struct tg_ws_deflate *with)
{
    struct tg_http_parser parser = {0};
    size_t used;
    assert_int_equal(tg_http_feed(&parser, tg_slice_of(text), &used, &request), TG_OK);
    return tg_ws_handshake_check(&request, subprotocol, with, &handshake);
}

#define HEAD     "GET /v1/websocket HTTP/1.1\r\nHost: a\r\n"
#define UPGRADE  "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define VERSION  "Sec-WebSocket-Version: 13\r\n"
#define WITH_KEY "Sec-WebSocket-Key: " KEY "\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: telegraphy.v1\r\n"

static void accepts_what_browsers_send(void **state)
{
    (void)state;
    assert_int_equal(
        judge(HEAD "upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
                   "Origin: http://a\r\nSec-WebSocket-Protocol: x, telegraphy.v1\r\n"
                   "Sec-WebSocket-Extensions: permessage-deflate; "
                   "client_max_window_bits\r\n" VERSION WITH_KEY "\r\n",
              "telegraphy.v1", NULL),
        TG_OK);
    assert_slice(handshake.key, KEY);
    assert_false(handshake.deflate.on);
}

static void takes_any_subprotocol_if_none_is_asked_for(void **state)
{
    (void)state;
    assert_int_equal(judge(HEAD UPGRADE VERSION WITH_KEY "\r\n", NULL, NULL), TG_OK);
    assert_int_equal(judge(HEAD UPGRADE VERSION WITH_KEY "\r\n", "telegraphy.v1", NULL),
                     TG_EPROTO);
    assert_int_equal(handshake.status, 400);
}

static void refuses_with_the_status_of_the_contract(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned status;
    } cases[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\n" UPGRADE VERSION WITH_KEY PROTOCOL "\r\n", 426},
        {"GET / HTTP/1.0\r\nHost: a\r\n" UPGRADE VERSION WITH_KEY PROTOCOL "\r\n", 426},
        {HEAD VERSION WITH_KEY PROTOCOL "\r\n", 426},
        {HEAD "Upgrade: websocket\r\n" VERSION WITH_KEY PROTOCOL "\r\n", 426},
        {HEAD "Connection: Upgrade\r\n" VERSION WITH_KEY PROTOCOL "\r\n", 426},
        {HEAD "Connection: Upgrade\r\nUpgrade: h2c\r\n" VERSION WITH_KEY PROTOCOL "\r\n",
         426},
        {HEAD UPGRADE WITH_KEY PROTOCOL "\r\n", 426},
        {HEAD UPGRADE "Sec-WebSocket-Version: 8\r\n" WITH_KEY PROTOCOL "\r\n", 426},
        {HEAD UPGRADE "Sec-WebSocket-Version: 13, 8\r\n" WITH_KEY PROTOCOL "\r\n", 426},
        {HEAD UPGRADE VERSION VERSION WITH_KEY PROTOCOL "\r\n", 426},
        {HEAD UPGRADE VERSION PROTOCOL "\r\n", 400},
        {HEAD UPGRADE VERSION WITH_KEY WITH_KEY PROTOCOL "\r\n", 400},
        {HEAD UPGRADE VERSION PROTOCOL "Sec-WebSocket-Key:\r\n\r\n", 400},
        {HEAD UPGRADE VERSION PROTOCOL "Sec-WebSocket-Key: c2hvcnQ=\r\n\r\n", 400},
        {HEAD UPGRADE VERSION PROTOCOL
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=A\r\n\r\n",
         400},
        {HEAD UPGRADE VERSION PROTOCOL
         "Sec-WebSocket-Key: dGhlIHNhbXBsZS!ub25jZQ==\r\n\r\n",
         400},
        {HEAD UPGRADE VERSION PROTOCOL
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAAAA==\r\n"
         "\r\n",
         400},
        {HEAD UPGRADE VERSION WITH_KEY PROTOCOL "Content-Length: 1\r\n\r\n", 400},
        {HEAD UPGRADE VERSION WITH_KEY "Sec-WebSocket-Protocol: telegraphy.v2\r\n\r\n",
         400},
        {HEAD UPGRADE VERSION WITH_KEY "Sec-WebSocket-Protocol: Telegraphy.v1\r\n\r\n",
         400},
        {HEAD UPGRADE VERSION WITH_KEY PROTOCOL "Sec-WebSocket-Extensions: a b\r\n\r\n",
         400},
        {HEAD UPGRADE VERSION WITH_KEY PROTOCOL "Sec-WebSocket-Extensions: a; =b\r\n\r\n",
         400},
        {HEAD UPGRADE VERSION WITH_KEY PROTOCOL
         "Sec-WebSocket-Extensions: a; b=\"c\r\n\r\n",
         400},
        {HEAD UPGRADE VERSION WITH_KEY PROTOCOL
         "Sec-WebSocket-Extensions: a; b=\"\"\r\n\r\n",
         400},
        {HEAD UPGRADE VERSION WITH_KEY PROTOCOL "Sec-WebSocket-Extensions: ;\r\n\r\n",
         400},
        {HEAD UPGRADE VERSION WITH_KEY PROTOCOL "Sec-WebSocket-Extensions: a;\r\n\r\n",
         400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(judge(cases[i].text, "telegraphy.v1", NULL), TG_EPROTO);
        if (handshake.status != cases[i].status) {
            fail_msg("%u instead of %u (%s): %s", handshake.status, cases[i].status,
                     handshake.message, cases[i].text);
        }
        assert_non_null(handshake.message);
    }
}

/* The extension header of the answer to an offer, "" for none. */
static const char *agreed(const char *offer, const struct tg_ws_deflate *with)
{
    static char text[1000];
    snprintf(text, sizeof text,
             HEAD UPGRADE VERSION WITH_KEY "Sec-WebSocket-Extensions: %s\r\n\r\n", offer);
    assert_int_equal(judge(text, NULL, with), TG_OK);
    struct tg_buf buf = {0};
    tg_ws_handshake_response(&buf, TG_LIT(ACCEPT), NULL, &handshake.deflate);
    tg_buf_add_byte(&buf, '\0');
    assert_false(buf.failed);
    snprintf(text, sizeof text, "%s", (char *)buf.data);
    tg_buf_finish(&buf);
    char *name = strstr(text, "Sec-WebSocket-Extensions: ");
    if (name == NULL) {
        return "";
    }
    name += strlen("Sec-WebSocket-Extensions: ");
    *strchr(name, '\r') = '\0';
    return name;
}

static void agrees_to_the_first_offer_that_can_be_met(void **state)
{
    (void)state;
    static const struct {
        const char *offer;
        const char *answer;
    } cases[] = {
        {"permessage-deflate", "permessage-deflate"},
        {"permessage-deflate; client_max_window_bits", "permessage-deflate"},
        {"permessage-deflate;client_max_window_bits=15", "permessage-deflate"},
        {"permessage-deflate; client_max_window_bits=10",
         "permessage-deflate; client_max_window_bits=10"},
        {"permessage-deflate; client_max_window_bits=\"9\"",
         "permessage-deflate; client_max_window_bits=9"},
        {"permessage-deflate; server_max_window_bits=8",
         "permessage-deflate; server_max_window_bits=8"},
        {"permessage-deflate; server_max_window_bits=15",
         "permessage-deflate; server_max_window_bits=15"},
        {"permessage-deflate; server_no_context_takeover; client_no_context_takeover",
         "permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
        {"x-other, permessage-deflate", "permessage-deflate"},
        {", ,permessage-deflate;server_max_window_bits=9 ,",
         "permessage-deflate; server_max_window_bits=9"},
        {"permessage-deflate; unknown, permessage-deflate; server_no_context_takeover",
         "permessage-deflate; server_no_context_takeover"},
        {"permessage-deflate; server_max_window_bits=10, permessage-deflate",
         "permessage-deflate; server_max_window_bits=10"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(agreed(cases[i].offer, &policy), cases[i].answer);
    }
}

static void declines_offers_with_a_wrong_parameter(void **state)
{
    (void)state;
    const char *const offers[] = {
        "x-other",
        "permessage-deflate2",
        "Permessage-Deflate; Unknown",
        "permessage-deflate; unknown",
        "permessage-deflate; unknown=1",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=100",
        "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=0",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=x",
    };
    for (size_t i = 0; i < sizeof offers / sizeof *offers; i++) {
        assert_string_equal(agreed(offers[i], &policy), "");
        assert_false(handshake.deflate.on);
    }
    assert_string_equal(agreed("permessage-deflate", NULL), "");
    assert_string_equal(agreed("permessage-deflate", &(struct tg_ws_deflate){0}), "");
}

static void asks_for_what_its_policy_says(void **state)
{
    (void)state;
    const struct tg_ws_deflate small = {
        .on = true,
        .server_no_context_takeover = true,
        .client_no_context_takeover = true,
        .server_max_window_bits = 11,
        .client_max_window_bits = 10,
    };
    assert_string_equal(agreed("permessage-deflate; client_max_window_bits", &small),
                        "permessage-deflate; server_no_context_takeover; "
                        "client_no_context_takeover; server_max_window_bits=11; "
                        "client_max_window_bits=10");
    assert_string_equal(agreed("permessage-deflate; client_max_window_bits=9; "
                               "server_max_window_bits=10",
                               &small),
                        "permessage-deflate; server_no_context_takeover; "
                        "client_no_context_takeover; server_max_window_bits=10; "
                        "client_max_window_bits=9");
    /* A client that does not say the word cannot be bound, so a window of 15 must be
     * held. */
    assert_string_equal(agreed("permessage-deflate", &small),
                        "permessage-deflate; server_no_context_takeover; "
                        "client_no_context_takeover; server_max_window_bits=11");
    assert_int_equal(handshake.deflate.client_max_window_bits, 15);
}

static void offers_may_come_in_several_headers(void **state)
{
    (void)state;
    assert_int_equal(judge(HEAD UPGRADE VERSION WITH_KEY
                           "Sec-WebSocket-Extensions: x\r\n"
                           "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
                           NULL, &policy),
                     TG_OK);
    assert_true(handshake.deflate.on);
}

static void writes_the_101(void **state)
{
    (void)state;
    struct tg_buf buf = {0};
    tg_ws_handshake_response(&buf, TG_LIT(ACCEPT), "telegraphy.v1", NULL);
    assert_slice(tg_buf_slice(&buf), "HTTP/1.1 101 Switching Protocols\r\n"
                                     "Upgrade: websocket\r\n"
                                     "Connection: Upgrade\r\n"
                                     "Sec-WebSocket-Accept: " ACCEPT "\r\n"
                                     "Sec-WebSocket-Protocol: telegraphy.v1\r\n"
                                     "\r\n");
    tg_buf_finish(&buf);
}

static void a_refusal_says_what_would_be_right(void **state)
{
    (void)state;
    struct tg_buf buf = {0};
    tg_ws_handshake_refuse(&buf,
                           &(struct tg_ws_handshake){.status = 426, .message = "no"});
    assert_slice(tg_buf_slice(&buf), "HTTP/1.1 426 Upgrade Required\r\n"
                                     "Connection: Upgrade, close\r\n"
                                     "Upgrade: websocket\r\n"
                                     "Sec-WebSocket-Version: 13\r\n"
                                     "Content-Type: text/plain; charset=utf-8\r\n"
                                     "Content-Length: 2\r\n"
                                     "\r\n"
                                     "no");
    tg_buf_clear(&buf);
    tg_ws_handshake_refuse(&buf,
                           &(struct tg_ws_handshake){.status = 400, .message = "no"});
    assert_slice(tg_buf_slice(&buf), "HTTP/1.1 400 Bad Request\r\n"
                                     "Content-Type: text/plain; charset=utf-8\r\n"
                                     "Content-Length: 2\r\n"
                                     "Connection: close\r\n"
                                     "\r\n"
                                     "no");
    tg_buf_finish(&buf);
}

static void a_client_and_a_server_agree(void **state)
{
    (void)state;
    struct tg_buf buf = {0};
    struct tg_http_parser parser = {0};
    static struct tg_http_reply reply;
    const char *message = NULL;
    size_t used;
    tg_ws_handshake_request(&buf, "localhost:1844", "/v1/websocket", TG_LIT(KEY),
                            "telegraphy.v1", "http://localhost");
    tg_buf_add_byte(&buf, '\0');
    assert_int_equal(judge((char *)buf.data, "telegraphy.v1", &policy), TG_OK);
    assert_slice(request.host, "localhost:1844");
    assert_slice(request.path, "/v1/websocket");
    assert_slice(tg_http_header(&request.headers, "origin")->value, "http://localhost");
    tg_buf_clear(&buf);
    tg_ws_handshake_response(&buf, TG_LIT(ACCEPT), "telegraphy.v1", &handshake.deflate);
    assert_int_equal(tg_http_feed_reply(&parser, tg_buf_slice(&buf), &used, &reply),
                     TG_OK);
    assert_int_equal(
        tg_ws_handshake_accepted(&reply, TG_LIT(ACCEPT), "telegraphy.v1", &message),
        TG_OK);
    assert_int_equal(
        tg_ws_handshake_accepted(&reply, TG_LIT(KEY), "telegraphy.v1", &message),
        TG_EPROTO);
    assert_string_equal(message, "Sec-WebSocket-Accept does not belong to the key");
    assert_int_equal(tg_ws_handshake_accepted(&reply, TG_LIT(ACCEPT), "other", &message),
                     TG_EPROTO);
    assert_int_equal(tg_ws_handshake_accepted(&reply, TG_LIT(ACCEPT), NULL, &message),
                     TG_EPROTO);
    tg_buf_finish(&buf);
}

static void a_client_refuses_other_answers(void **state)
{
    (void)state;
    static struct tg_http_reply reply;
    static const char *const replies[] = {
        "HTTP/1.1 200 OK\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " ACCEPT
        "\r\n\r\n",
        "HTTP/1.1 101 x\r\n" UPGRADE "\r\n",
        "HTTP/1.1 101 x\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        struct tg_http_parser parser = {0};
        const char *message = NULL;
        size_t used;
        assert_int_equal(
            tg_http_feed_reply(&parser, tg_slice_of(replies[i]), &used, &reply), TG_OK);
        assert_int_equal(tg_ws_handshake_accepted(&reply, TG_LIT(ACCEPT), NULL, &message),
                         TG_EPROTO);
        assert_non_null(message);
    }
}

static void an_origin_is_compared_by_host_alone(void **state)
{
    (void)state;
    static const struct {
        const char *origin;
        const char *host;
        bool same;
    } cases[] = {
        {"http://example.org", "example.org", true},
        {"http://example.org:8000", "example.org:1844", true},
        {"https://EXAMPLE.org", "example.ORG:443", true},
        {"HTTP://example.org", "example.org", true},
        {"http://127.0.0.1:8000", "127.0.0.1:1844", true},
        {"http://[::1]:8000", "[::1]:1844", true},
        {"http://[fe80::A]", "[FE80::a]:1", true},
        {"http://[::1]", "[::2]", false},
        {"http://[::1]", "::1", false},
        {"null", "null", false},
        {"", "", false},
        {"http://", "", false},
        {"http://a", "", false},
        {"example.org", "example.org", false},
        {"//example.org", "example.org", false},
        {"ftp://example.org", "example.org", false},
        {"chrome-extension://example.org", "example.org", false},
        {"http://evil.example", "example.org", false},
        {"http://example.org.evil.example", "example.org", false},
        {"http://evil-example.org", "example.org", false},
        {"http://example.org@evil.example", "example.org", false},
        {"http://evil.example/example.org", "example.org", false},
        {"http://example.org/", "example.org", false},
        {"http://example.org:x", "example.org", false},
        {"http://example.org, http://b", "example.org", false},
        {"http://example.org http://b", "example.org", false},
        {"http://[::1", "[::1", false},
        {"http://localhost:8000", "127.0.0.1:1844", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool same =
            tg_origin_same_host(tg_slice_of(cases[i].origin), tg_slice_of(cases[i].host));
        if (same != cases[i].same) {
            fail_msg("%s at %s", cases[i].origin, cases[i].host);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_browsers_send),
        cmocka_unit_test(takes_any_subprotocol_if_none_is_asked_for),
        cmocka_unit_test(refuses_with_the_status_of_the_contract),
        cmocka_unit_test(agrees_to_the_first_offer_that_can_be_met),
        cmocka_unit_test(declines_offers_with_a_wrong_parameter),
        cmocka_unit_test(asks_for_what_its_policy_says),
        cmocka_unit_test(offers_may_come_in_several_headers),
        cmocka_unit_test(writes_the_101),
        cmocka_unit_test(a_refusal_says_what_would_be_right),
        cmocka_unit_test(a_client_and_a_server_agree),
        cmocka_unit_test(a_client_refuses_other_answers),
        cmocka_unit_test(an_origin_is_compared_by_host_alone),
    };
    return cmocka_run_group_tests_name("handshake", tests, NULL, NULL);
}
