/* The desk with real shards: threads, sockets, WebSockets. Clients are anonymous. */
#include "server/sequencer/desk.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/log/log.h"
#include "server/net/addresses.h"
#include "testing/catalogues.h"

enum { SHARDS = 3, CLIENTS = 24, TIMEOUT_MS = 20000 };

static struct tg_config config;
static struct tg_shard_common common;
static struct tg_net net;
static struct tg_shard *shards[SHARDS];
static struct tg_desk *desk;
static uint16_t port;
static atomic_uint ended;

/* Answers: what the last one said, and how many there were. */
static char answer_kind[32];
static struct tg_buf answer_members;
static unsigned answers;

static void on_answered(void *context, const struct tg_manage_answer *answer)
{
    (void)context;
    answers++;
    snprintf(answer_kind, sizeof answer_kind, "%s", answer->kind);
    tg_buf_clear(&answer_members);
    if (answer->refusal != NULL) {
        tg_refusal_write(answer->refusal, &answer_members);
    } else {
        tg_buf_add_slice(&answer_members, answer->members);
    }
    tg_buf_add_byte(&answer_members, '\0');
}

static enum tg_err ask(enum tg_errand_kind kind, const char *document)
{
    struct tg_refusal refusal;
    enum tg_err err = tg_desk_manage(desk, kind, TG_LIT("shop"), json_of(document),
                                     &(struct tg_manage_asker){.answered = on_answered},
                                     &refusal);
    if (err != TG_OK) {
        snprintf(answer_kind, sizeof answer_kind, "refused");
        tg_buf_clear(&answer_members);
        tg_refusal_write(&refusal, &answer_members);
        tg_buf_add_byte(&answer_members, '\0');
    }
    return err;
}

static void wait_for_answers(unsigned count)
{
    while (answers < count) {
        uv_run(&net.loop, UV_RUN_ONCE);
    }
}

/* Ask, and what is answered. */
static const char *told(enum tg_errand_kind kind, const char *document)
{
    unsigned before = answers;
    if (ask(kind, document) == TG_OK) {
        assert_int_equal(answers, before);
        wait_for_answers(before + 1);
    }
    return (const char *)answer_members.data;
}

/* A client that waits for what it wants, and speaks as much of WebSocket as it needs. */
struct client {
    int fd;
    uint8_t bytes[4096]; /* Read, and not taken yet. */
    size_t size;
    size_t at;
    char id[24];
    uint64_t connection;
};

enum { TEXT = 0x81, CLOSE = 0x88, TEXT_MAX = 2048 };

static struct client clients[CLIENTS];

static void client_write(const struct client *client, const void *data, size_t size)
{
    assert_int_equal(write(client->fd, data, size), size);
}

/* A short message, with a mask of zeros. */
static void client_say(const struct client *client, const char *message)
{
    struct tg_slice text = json_of(message);
    uint8_t frame[6 + 125] = {TEXT, 0x80 | (uint8_t)text.size};
    assert_true(text.size <= 125);
    memcpy(frame + 6, text.data, text.size);
    client_write(client, frame, 6 + text.size);
}

static void client_read(struct client *client)
{
    ssize_t size = read(client->fd, client->bytes, sizeof client->bytes);
    assert_true(size > 0);
    client->size = (size_t)size;
    client->at = 0;
}

static uint8_t client_byte(struct client *client)
{
    if (client->at == client->size) {
        client_read(client);
    }
    return client->bytes[client->at++];
}

/* The next message or close frame: its first byte. The payload ends with a NUL. */
static uint8_t client_next(struct client *client, char text[TEXT_MAX])
{
    uint8_t first = client_byte(client);
    size_t size = client_byte(client);
    if (size == 126) {
        size = (size_t)client_byte(client) << 8;
        size |= client_byte(client);
    }
    assert_true(size < TEXT_MAX);
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)client_byte(client);
    }
    text[size] = '\0';
    return first;
}

static void client_expect(struct client *client, const char *part)
{
    char text[TEXT_MAX];
    if (client_next(client, text) != TEXT || strstr(text, part) == NULL) {
        fail_msg("wanted %s in %s", part, text);
    }
}

static void client_expect_close(struct client *client, unsigned code)
{
    char text[TEXT_MAX];
    if (client_next(client, text) != CLOSE) {
        fail_msg("wanted a close, got %s", text);
    }
    assert_int_equal((uint8_t)text[0] << 8 | (uint8_t)text[1], code);
}

static void client_handshake(struct client *client)
{
    static const char request[] =
        "GET /v1/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: telegraphy.v1\r\n\r\n";
    client_write(client, request, sizeof request - 1);
    client_read(client); /* The head comes alone: nothing follows before `connect`. */
    assert_memory_equal(client->bytes, "HTTP/1.1 101", 12);
    client->at = client->size;
}

static void client_open(struct client *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {TIMEOUT_MS / 1000, 0};
    char text[TEXT_MAX];
    *client = (struct client){0};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client->fd >= 0);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(
        connect(client->fd, (const struct sockaddr *)&address, sizeof address), 0);
    client_handshake(client);
    client_say(client, "{'kind':'connect','id':1}");
    assert_int_equal(client_next(client, text), TEXT);
    const char *id = strstr(text, "\"client\":\"c-");
    assert_non_null(id);
    snprintf(client->id, sizeof client->id, "%.18s", id + 10);
    client_say(client, "{'kind':'subscribe','id':2,'type':'shop.Note'}");
    client_expect(client, "\"kind\":\"subscribed\"");
}

static void client_close(struct client *client)
{
    close(client->fd);
}

static void publish(const char *event)
{
    struct tg_buf answer = {0};
    struct tg_publish_summary summary;
    struct tg_refusal refusal;
    assert_int_equal(tg_desk_publish(desk, TG_LIT("shop"), json_of(event), false, &answer,
                                     &summary, &refusal),
                     TG_OK);
    assert_int_equal(summary.accepted, 1);
    tg_buf_finish(&answer);
}

#define NOTE(n) "{'type':'shop.Note','data':{'n':" n "}}"

/* The whole. */

static void on_shard_ended(void *context)
{
    (void)context;
    atomic_fetch_add(&ended, 1);
}

static void on_resumed(void *context)
{
    (void)context;
}

static void load_config(void)
{
    char *flags[] = {"--shards", "3", "--log-level", "error"};
    struct tg_mistakes mistakes = {0};
    assert_int_equal(
        tg_config_load(&config,
                       &(struct tg_config_input){.flag_count = 4, .flags = flags},
                       &mistakes),
        TG_OK);
    tg_mistakes_finish(&mistakes);
}

static void create_shards(void)
{
    for (uint32_t i = 0; i < SHARDS; i++) {
        int fd = tg_listen("127.0.0.1", port, 128, true);
        assert_true(fd >= 0);
        if (port == 0) {
            struct sockaddr_in address;
            socklen_t size = sizeof address;
            assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
            port = ntohs(address.sin_port);
        }
        shards[i] = tg_shard_create(&common, i, fd, -1);
        assert_non_null(shards[i]);
    }
}

static void declare_types(void)
{
    struct tg_buf answer = {0};
    struct tg_refusal refusal;
    assert_int_equal(
        tg_desk_replace(desk, TG_LIT("shop"),
                        json_of("{'app':'shop','types':[{'name':'shop.Note','operations':"
                                "['event'],'access':'public','fields':[{'name':'n',"
                                "'type':'int'}]}]}"),
                        &answer, &refusal),
        TG_OK);
    tg_buf_finish(&answer);
}

static int begin(void **state)
{
    (void)state;
    port = 0;
    answers = 0;
    atomic_store(&ended, 0);
    config = (struct tg_config){0};
    tg_log_setup(TG_LOG_ERROR, TG_LOG_LOGFMT);
    load_config();
    common = (struct tg_shard_common){.config = &config,
                                      .connections_max = 1000,
                                      .ended = on_shard_ended,
                                      .addresses = tg_addresses_create(&config.limits)};
    assert_non_null(common.addresses);
    assert_int_equal(tg_net_init(&net, NULL, NULL), TG_OK);
    create_shards();
    desk = tg_desk_create(&(struct tg_desk_config){.config = &config,
                                                   .net = &net,
                                                   .shards = shards,
                                                   .shard_count = SHARDS,
                                                   .resumed = on_resumed});
    assert_non_null(desk);
    declare_types();
    for (uint32_t i = 0; i < SHARDS; i++) {
        assert_int_equal(tg_shard_run(shards[i]), TG_OK);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        client_open(&clients[i]);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        client_close(&clients[i]);
    }
    atomic_store(&common.ending, true);
    for (uint32_t i = 0; i < SHARDS; i++) {
        tg_shard_end(shards[i]);
    }
    for (uint32_t i = 0; i < SHARDS; i++) {
        tg_shard_join(shards[i]);
    }
    assert_int_equal(atomic_load(&ended), SHARDS);
    tg_desk_close(desk);
    tg_net_finish(&net);
    tg_desk_destroy(desk);
    tg_addresses_destroy(common.addresses);
    tg_config_finish(&config);
    tg_buf_finish(&answer_members);
    return 0;
}

/* The numbers of the connections of the answer, in its order; where the client of each
 * is, it is noted there. */
static uint32_t listed(uint64_t *numbers, uint32_t max)
{
    const char *at = (const char *)answer_members.data;
    uint32_t count = 0;
    while ((at = strstr(at, "{\"connection\":")) != NULL && count < max) {
        at += 14;
        numbers[count] = strtoull(at, NULL, 10);
        const char *id = strstr(at, "\"client\":\"") + 10;
        for (uint32_t i = 0; i < CLIENTS; i++) {
            if (strncmp(id, clients[i].id, 18) == 0) {
                clients[i].connection = numbers[count];
            }
        }
        count++;
    }
    return count;
}

static void clients_of_all_shards_are_listed_page_by_page_in_order(void **state)
{
    (void)state;
    uint64_t numbers[CLIENTS + 1], after = 0;
    uint32_t count = 0, pages = 0;
    bool more = true;
    while (more) {
        char document[64];
        snprintf(document, sizeof document, "{'limit':5,'after':%llu}",
                 (unsigned long long)after);
        const char *answer = told(TG_ERRAND_LIST, document);
        assert_string_equal(answer_kind, "clients");
        uint32_t page = listed(numbers + count, CLIENTS + 1 - count);
        more = strstr(answer, "\"next\":null") == NULL;
        assert_true(page <= 5 && (page == 5 || !more));
        count += page;
        after = numbers[count - 1];
        pages++;
    }
    assert_int_equal(count, CLIENTS);
    assert_int_equal(pages, (CLIENTS + 4) / 5);
    bool shard_has[SHARDS] = {false};
    for (uint32_t i = 0; i < count; i++) {
        assert_true(i == 0 || numbers[i] > numbers[i - 1]);
        shard_has[(numbers[i] - 1) % SHARDS] = true;
    }
    /* The kernel has spread them: what was merged came from more than one. */
    assert_true(shard_has[0] + shard_has[1] + shard_has[2] >= 2);
}

static void a_type_has_its_subscribers(void **state)
{
    (void)state;
    uint64_t numbers[CLIENTS];
    client_say(&clients[3], "{'kind':'unsubscribe','id':3,'subscription':2}");
    client_expect(&clients[3], "\"kind\":\"unsubscribed\"");
    told(TG_ERRAND_LIST, "{'type':'shop.Note'}");
    assert_int_equal(listed(numbers, CLIENTS), CLIENTS - 1);
    told(TG_ERRAND_LIST, "{'type':'shop.Nott'}");
    assert_string_equal(answer_kind, "refused");
    assert_non_null(strstr((const char *)answer_members.data, "\"unknown_type\""));
    assert_non_null(strstr((const char *)answer_members.data, "\"shop.Note\""));
}

static void what_is_published_after_a_disconnect_does_not_reach_who_was_meant(
    void **state)
{
    (void)state;
    char document[64];
    for (uint32_t i = 0; i < CLIENTS; i += 2) {
        snprintf(document, sizeof document, "{'client':'%s'}", clients[i].id);
        publish(NOTE("1"));
        assert_int_equal(ask(TG_ERRAND_CLOSE, document), TG_OK);
        publish(NOTE("2")); /* Before the answer: the errand has its place. */
    }
    wait_for_answers(CLIENTS / 2);
    assert_string_equal(answer_kind, "disconnected");
    assert_string_equal((const char *)answer_members.data,
                        "\"sessions\":0,\"connections\":1");
    for (uint32_t i = 0; i < CLIENTS; i += 2) {
        for (uint32_t j = 0; j < i; j += 2) {
            client_expect(&clients[i], "\"n\":1");
            client_expect(&clients[i], "\"n\":2");
        }
        client_expect(&clients[i], "\"n\":1");
        client_expect_close(&clients[i], 4401);
        client_expect(&clients[i + 1], "\"n\":1");
        client_expect(&clients[i + 1], "\"n\":2");
    }
    assert_string_equal(told(TG_ERRAND_CLOSE, "{'user':'7'}"),
                        "\"sessions\":0,\"connections\":0");
}

static void one_subscription_is_ended_and_no_other(void **state)
{
    (void)state;
    uint64_t numbers[CLIENTS];
    char document[64];
    told(TG_ERRAND_LIST, "{}");
    assert_int_equal(listed(numbers, CLIENTS), CLIENTS);
    snprintf(document, sizeof document, "{'connection':%llu,'subscription':2}",
             (unsigned long long)clients[5].connection);
    told(TG_ERRAND_UNSUBSCRIBE, document);
    assert_string_equal(answer_kind, "unsubscribed");
    client_expect(&clients[5], "\"kind\":\"reset\"");
    publish(NOTE("1"));
    client_expect(&clients[4], "\"n\":1");
    client_say(&clients[5], "{'kind':'ping','id':9}");
    client_expect(&clients[5], "\"kind\":\"pong\"");
    told(TG_ERRAND_UNSUBSCRIBE, document);
    assert_string_equal(answer_kind, "refused");
    assert_non_null(strstr((const char *)answer_members.data, "\"not_found\""));
    told(TG_ERRAND_UNSUBSCRIBE, "{'connection':9007199254740991,'subscription':2}");
    assert_non_null(strstr((const char *)answer_members.data, "\"not_found\""));
}

static void more_than_may_be_under_way_are_refused_and_the_others_answered_once(
    void **state)
{
    (void)state;
    for (unsigned i = 0; i < TG_ERRANDS_MAX; i++) {
        assert_int_equal(ask(TG_ERRAND_LIST, "{}"), TG_OK);
    }
    assert_int_equal(ask(TG_ERRAND_LIST, "{}"), TG_ELIMIT);
    assert_non_null(strstr((const char *)answer_members.data, "\"overloaded\""));
    assert_non_null(strstr((const char *)answer_members.data, "\"retry_after_ms\""));
    assert_int_equal(answers, 0);
    wait_for_answers(TG_ERRANDS_MAX);
    told(TG_ERRAND_LIST, "{}");
    assert_int_equal(answers, TG_ERRANDS_MAX + 1);
}

static void *end_sessions(void *context)
{
    uint32_t first = *(const uint32_t *)context;
    for (uint32_t i = first; i < CLIENTS; i += 4) {
        tg_desk_session_ended(desk, &(struct tg_selection){
                                        .app = TG_LIT("shop"),
                                        .client = strtoull(clients[i].id + 2, NULL, 16)});
    }
    return NULL;
}

static void sessions_may_end_on_any_thread_while_all_errands_are_out(void **state)
{
    (void)state;
    pthread_t threads[4];
    uint32_t firsts[4] = {0, 1, 2, 3};
    for (unsigned i = 0; i < TG_ERRANDS_MAX; i++) {
        assert_int_equal(ask(TG_ERRAND_LIST, "{}"), TG_OK);
    }
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, end_sessions, &firsts[i]), 0);
    }
    wait_for_answers(TG_ERRANDS_MAX);
    for (uint32_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    while (strstr(told(TG_ERRAND_LIST, "{}"), "\"clients\":[],") == NULL) {}
    for (uint32_t i = 0; i < CLIENTS; i++) {
        client_expect_close(&clients[i], 4401);
    }
}

static bool asks_on;

static void on_answered_again(void *context, const struct tg_manage_answer *answer);

static enum tg_err ask_on(void)
{
    struct tg_refusal refusal;
    return tg_desk_manage(desk, TG_ERRAND_LIST, TG_LIT("shop"), TG_LIT("{}"),
                          &(struct tg_manage_asker){.answered = on_answered_again},
                          &refusal);
}

/* Whoever is answered asks for the next at once. */
static void on_answered_again(void *context, const struct tg_manage_answer *answer)
{
    on_answered(context, answer);
    asks_on = asks_on && answers < 10000 &&
              strstr((const char *)answer_members.data, "\"clients\":[],") == NULL;
    if (asks_on) {
        enum tg_err err = ask_on();
        assert_true(err == TG_OK || err == TG_ELIMIT);
    }
}

static void those_who_never_stop_asking_do_not_keep_sessions_from_ending(void **state)
{
    (void)state;
    asks_on = true;
    for (unsigned i = 0; i < TG_ERRANDS_MAX; i++) {
        assert_int_equal(ask_on(), TG_OK);
    }
    for (uint32_t first = 0; first < 4; first++) {
        end_sessions(&first);
    }
    while (asks_on) {
        uv_run(&net.loop, UV_RUN_ONCE);
    }
    assert_true(answers < 10000);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        client_expect_close(&clients[i], 4401);
    }
}

/* `end` finds them under way. */
static void what_is_under_way_at_the_end_is_answered(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TG_ERRANDS_MAX; i++) {
        assert_int_equal(ask(TG_ERRAND_LIST, "{}"), TG_OK);
    }
    end_sessions(&(uint32_t){0});
}

static int end_with_answers(void **state)
{
    int result = end(state);
    assert_int_equal(answers, TG_ERRANDS_MAX);
    return result;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(clients_of_all_shards_are_listed_page_by_page_in_order),
        TEST(a_type_has_its_subscribers),
        TEST(what_is_published_after_a_disconnect_does_not_reach_who_was_meant),
        TEST(one_subscription_is_ended_and_no_other),
        TEST(more_than_may_be_under_way_are_refused_and_the_others_answered_once),
        TEST(sessions_may_end_on_any_thread_while_all_errands_are_out),
        TEST(those_who_never_stop_asking_do_not_keep_sessions_from_ending),
        cmocka_unit_test_setup_teardown(what_is_under_way_at_the_end_is_answered, begin,
                                        end_with_answers),
    };
    return cmocka_run_group_tests_name("desk", tests, NULL, NULL);
}
