#include "server/client/manage.h"

#include "engine/json/json.h"
#include "server/client/show.h"

/* `&name=value`, coded as forms are. */
static void add_pair(struct tg_buf *path, const char *name, const char *value)
{
    static const char hex[] = "0123456789ABCDEF";
    if (value == NULL) {
        return;
    }
    tg_buf_printf(path, "&%s=", name);
    for (const uint8_t *at = (const uint8_t *)value; *at != '\0'; at++) {
        bool plain = (*at >= '0' && *at <= '9') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= 'a' && *at <= 'z') || strchr("-._", *at) != NULL;
        if (plain) {
            tg_buf_add_byte(path, *at);
        } else {
            tg_buf_printf(path, "%%%c%c", hex[*at >> 4], hex[*at & 15]);
        }
    }
}

void tg_manage_clients_path(const struct tg_manage_options *options, uint64_t after,
                            struct tg_buf *path)
{
    tg_buf_printf(path, "/api/v1/clients?after=%llu", (unsigned long long)after);
    add_pair(path, "user", options->user);
    add_pair(path, "client", options->client);
    add_pair(path, "type", options->type);
}

static void add_member(struct tg_buf *body, const char *name, const char *value)
{
    if (value != NULL) {
        tg_json_write_name(body, name);
        tg_json_write_text(body, value);
    }
}

void tg_manage_disconnect_body(const struct tg_manage_options *options,
                               struct tg_buf *body)
{
    tg_buf_add_byte(body, '{');
    add_member(body, "user", options->user);
    add_member(body, "client", options->client);
    add_member(body, "reason", options->changed ? "changed" : NULL);
    tg_buf_add_byte(body, '}');
}

/* A member that is a text, or `otherwise`. */
static void show_member(struct tg_buf *out, struct tg_json object, const char *name,
                        const char *otherwise)
{
    struct tg_buf scratch = {0};
    struct tg_slice text;
    if (tg_json_string(tg_json_get(object, name), &scratch, &text)) {
        tg_show_text(out, text);
    } else {
        tg_buf_add_text(out, otherwise);
    }
    tg_buf_finish(&scratch);
}

/* 12 c-7f31c0de9b2a44d1 7 192.0.2.7 telegraphy-js/0.1.0 2026-11-23T02:16:34.120331Z
 *   2 board.Order total > 100 */
static void show_client(struct tg_buf *out, struct tg_json client)
{
    static const char *const members[] = {"client", "user", "address", "program",
                                          "connected_at"};
    tg_show_json(out, tg_json_raw(tg_json_get(client, "connection")));
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        tg_buf_add_byte(out, ' ');
        show_member(out, client, members[i], "-");
    }
    tg_buf_add_byte(out, '\n');
    for (struct tg_json one = tg_json_first(tg_json_get(client, "subscriptions"));
         tg_json_kind(one) != TG_JSON_NONE; one = tg_json_next(one)) {
        tg_buf_add_text(out, "  ");
        tg_show_json(out, tg_json_raw(tg_json_get(one, "id")));
        tg_buf_add_byte(out, ' ');
        show_member(out, one, "type", "-");
        tg_buf_add_byte(out, ' ');
        show_member(out, one, "where", "");
        out->size -= out->size != 0 && out->data[out->size - 1] == ' ' ? 1 : 0;
        tg_buf_add_byte(out, '\n');
    }
}

static bool show_clients(const struct tg_manage_options *options, struct tg_json answer,
                         uint64_t *after, struct tg_buf *out)
{
    struct tg_json clients = tg_json_get(answer, "clients");
    int64_t next = 0;
    if (tg_json_kind(clients) != TG_JSON_ARRAY) {
        return false;
    }
    for (struct tg_json one = tg_json_first(clients); tg_json_kind(one) != TG_JSON_NONE;
         one = tg_json_next(one)) {
        if (options->json) {
            tg_show_json(out, tg_json_raw(one));
            tg_buf_add_byte(out, '\n');
        } else {
            show_client(out, one);
        }
    }
    if (tg_json_int(tg_json_get(answer, "next"), &next) && next > (int64_t)*after) {
        *after = (uint64_t)next;
    } else {
        *after = 0;
    }
    return true;
}

static bool show_disconnected(struct tg_json answer, uint64_t *after, struct tg_buf *out)
{
    int64_t sessions, connections;
    if (!tg_json_int(tg_json_get(answer, "sessions"), &sessions) ||
        !tg_json_int(tg_json_get(answer, "connections"), &connections)) {
        return false;
    }
    *after = 0;
    tg_buf_printf(out, "ended: %lld session%s, %lld connection%s\n", (long long)sessions,
                  sessions == 1 ? "" : "s", (long long)connections,
                  connections == 1 ? "" : "s");
    return true;
}

bool tg_manage_answer(const struct tg_manage_options *options, unsigned status,
                      struct tg_slice body, uint64_t *after, struct tg_buf *out,
                      struct tg_buf *err)
{
    struct tg_json_doc doc = {0};
    struct tg_json_error error;
    enum tg_err result = tg_json_parse(
        &doc, body, &(struct tg_json_limits){.values_max = 10000000}, &error);
    struct tg_json answer = tg_json_root(&doc);
    bool done = result == TG_OK && (show_clients(options, answer, after, out) ||
                                    show_disconnected(answer, after, out));
    if (!done && result == TG_OK &&
        tg_json_kind(tg_json_get(answer, "code")) == TG_JSON_STRING) {
        tg_buf_add_text(err, "telegraphy: ");
        tg_show_refusal(err, answer);
        tg_buf_add_text(err, "\n");
    } else if (!done) {
        tg_buf_printf(err,
                      "telegraphy: %s answered with status %u, not as a gateway does; is "
                      "this its ingest port?\n",
                      options->url.authority, status);
    }
    tg_json_finish(&doc);
    return done;
}
