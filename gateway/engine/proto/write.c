#include "engine/proto/write.h"

static void write_kind(struct tg_buf *buf, const char *kind)
{
    tg_buf_add_text(buf, "{\"kind\":\"");
    tg_buf_add_text(buf, kind);
    tg_buf_add_byte(buf, '"');
}

static void write_number(struct tg_buf *buf, const char *opening, uint64_t number)
{
    tg_buf_add_text(buf, opening);
    tg_buf_add_u64(buf, number);
}

static void write_id(struct tg_buf *buf, const struct tg_message_id *id)
{
    if (id->size != 0) {
        tg_buf_add_text(buf, ",\"id\":");
        tg_buf_add(buf, id->text, id->size);
    }
}

static const char *reset_text(enum tg_reset reset)
{
    static const char *const texts[] = {
        [TG_RESET_NONE] = "",
        [TG_RESET_EPOCH] = "epoch",
        [TG_RESET_TRIMMED] = "trimmed",
        [TG_RESET_LIMIT] = "limit",
        [TG_RESET_QUERY_CHANGED] = "query_changed",
        [TG_RESET_FORBIDDEN] = "forbidden",
        [TG_RESET_CLOSED] = "closed",
    };
    return texts[reset];
}

void tg_write_connected(struct tg_buf *buf, const struct tg_message_id *id,
                        const struct tg_connected *connected)
{
    write_kind(buf, "connected");
    write_id(buf, id);
    tg_buf_printf(buf, ",\"client\":\"c-%016llx\"",
                  (unsigned long long)connected->client);
    tg_buf_add_text(buf, ",\"gateway\":{\"name\":\"telegraphy\",\"version\":\"" TG_VERSION
                         "\"}");
    write_number(buf, ",\"catalogue\":", connected->catalogue);
    write_number(buf, ",\"ping_interval_ms\":", connected->ping_interval_ms);
    write_number(buf, ",\"limits\":{\"message_bytes\":", connected->message_bytes_max);
    write_number(buf, ",\"subscriptions\":", connected->subscriptions_max);
    tg_buf_add_byte(buf, '}');
    if (connected->user.size != 0) {
        tg_buf_add_text(buf, ",\"user\":");
        tg_json_write_string(buf, connected->user);
    }
    if (connected->token != NULL) {
        tg_buf_add_text(buf, ",\"session\":{\"token\":\"");
        tg_buf_add_text(buf, connected->token);
        write_number(buf, "\",\"expires_in_ms\":", (uint64_t)connected->expires_in_ms);
        tg_buf_add_byte(buf, '}');
    }
    tg_buf_add_byte(buf, '}');
}

void tg_write_subscribed(struct tg_buf *buf, const struct tg_subscribed *subscribed)
{
    write_kind(buf, "subscribed");
    write_id(buf, &subscribed->request->id);
    write_number(buf, ",\"cohort\":", subscribed->cohort);
    tg_buf_add_text(buf, ",\"type\":\"");
    tg_buf_add_slice(buf, subscribed->type);
    tg_buf_add_text(buf, "\",\"position\":{\"epoch\":\"");
    tg_buf_add_slice(buf, subscribed->epoch);
    write_number(buf, "\",\"offset\":", subscribed->offset);
    tg_buf_add_text(buf, "},\"delivery\":\"");
    tg_buf_add_text(buf, subscribed->delivery);
    tg_buf_add_byte(buf, '"');
    if (subscribed->request->has_since) {
        if (subscribed->reset == TG_RESET_NONE) {
            tg_buf_add_text(buf, ",\"resume\":\"resumed\"");
        } else {
            tg_buf_add_text(buf, ",\"resume\":\"reset\",\"reason\":\"");
            tg_buf_add_text(buf, reset_text(subscribed->reset));
            tg_buf_add_byte(buf, '"');
        }
    }
    tg_buf_add_byte(buf, '}');
}

void tg_write_done(struct tg_buf *buf, const char *kind, const struct tg_message_id *id)
{
    write_kind(buf, kind);
    write_id(buf, id);
    tg_buf_add_byte(buf, '}');
}

void tg_write_types_begin(struct tg_buf *buf, const struct tg_message_id *id,
                          uint64_t catalogue)
{
    write_kind(buf, "types");
    write_id(buf, id);
    write_number(buf, ",\"catalogue\":", catalogue);
    tg_buf_add_text(buf, ",\"types\":[");
}

void tg_write_types_end(struct tg_buf *buf)
{
    tg_buf_add_text(buf, "]}");
}

void tg_write_event(struct tg_buf *buf, uint64_t cohort, uint64_t prev,
                    struct tg_slice tail)
{
    write_kind(buf, "event");
    write_number(buf, ",\"cohort\":", cohort);
    write_number(buf, ",\"prev\":", prev);
    tg_buf_add_byte(buf, ',');
    tg_buf_add_slice(buf, tail);
}

void tg_write_gap(struct tg_buf *buf, uint64_t cohort, struct tg_slice epoch,
                  uint64_t from, uint64_t to)
{
    write_kind(buf, "gap");
    write_number(buf, ",\"cohort\":", cohort);
    tg_buf_add_text(buf, ",\"epoch\":\"");
    tg_buf_add_slice(buf, epoch);
    write_number(buf, "\",\"from\":", from);
    write_number(buf, ",\"to\":", to);
    tg_buf_add_text(buf, ",\"reason\":\"slow\"}");
}

void tg_write_ended(struct tg_buf *buf, uint64_t cohort, enum tg_reset reason)
{
    write_kind(buf, "reset");
    write_number(buf, ",\"cohort\":", cohort);
    tg_buf_add_text(buf, ",\"reason\":\"");
    tg_buf_add_text(buf, reset_text(reason));
    tg_buf_add_text(buf, "\",\"ended\":true}");
}

void tg_write_types_changed(struct tg_buf *buf, uint64_t catalogue)
{
    write_kind(buf, "types_changed");
    write_number(buf, ",\"catalogue\":", catalogue);
    tg_buf_add_byte(buf, '}');
}

void tg_write_error(struct tg_buf *buf, const struct tg_message_id *id,
                    const struct tg_refusal *refusal)
{
    write_kind(buf, "error");
    write_id(buf, id);
    tg_buf_add_byte(buf, ',');
    tg_refusal_write(refusal, buf);
    tg_buf_add_byte(buf, '}');
}
