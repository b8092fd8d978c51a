#include "server/log/log.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static atomic_int log_level = TG_LOG_INFO;
static atomic_int log_format = TG_LOG_LOGFMT;
static atomic_int log_fd = STDERR_FILENO;
static _Atomic(struct tg_log_limit *) limits;

/* Lines that found no room; and who writes: between asking for room and using it nobody
 * else may take it. */
static atomic_uint_fast64_t lost;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

/* A line under construction. What does not fit into `end` sets `full`. */
struct line {
    char bytes[TG_LOG_LINE_MAX];
    size_t size;
    size_t end;
    bool full;
    bool json;
};

/* Room kept for " truncated=true\n" or ",\"truncated\":true}\n". */
enum { TAIL_MAX = 24, CODE_MAX = 12 };

void tg_log_setup(enum tg_log_level level, enum tg_log_format format)
{
    atomic_store(&log_level, (int)level);
    atomic_store(&log_format, (int)format);
}

void tg_log_use_fd(int fd)
{
    atomic_store(&log_fd, fd);
}

bool tg_log_wants(enum tg_log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

static void line_add(struct line *line, const void *bytes, size_t size)
{
    if (line->full || size > line->end - line->size) {
        line->full = true;
        return;
    }
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
}

static void line_text(struct line *line, const char *text)
{
    line_add(line, text, strlen(text));
}

/* The length of the UTF-8 sequence at the front of `bytes` and its code point, or 0 if
 * there is none (RFC 3629: no surrogates, no longer form than needed). */
static size_t utf8_front(struct tg_slice bytes, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = bytes.data[0];
    size_t size = lead < 0x80   ? 1
                  : lead < 0xc0 ? 0
                  : lead < 0xe0 ? 2
                  : lead < 0xf0 ? 3
                                : 4;
    if (size == 0 || lead > 0xf4 || size > bytes.size) {
        return 0;
    }
    uint32_t value = size == 1 ? lead : lead & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes.data[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (bytes.data[i] & 0x3f);
    }
    if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    *code = value;
    return size;
}

/* May this character stand in a line as it is? Not what ends a line, drives a terminal,
 * or makes text read in another order than it is written. */
static bool is_plain(uint32_t code)
{
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    bool order = code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
                 (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
    return !control && !order;
}

/* How the character at the front of `bytes` is written between quotes: into `out`, its
 * size into `out_size`. Returns how many bytes it stood for. */
static size_t escape_front(struct tg_slice bytes, bool json, char out[CODE_MAX],
                           size_t *out_size)
{
    uint32_t code = 0;
    size_t size = utf8_front(bytes, &code);
    int written;
    if (size == 0) {
        written = json ? snprintf(out, CODE_MAX, "\\ufffd")
                       : snprintf(out, CODE_MAX, "\\x%02x", bytes.data[0]);
        size = 1;
    } else if (code == '"' || code == '\\') {
        written = snprintf(out, CODE_MAX, "\\%c", (char)code);
    } else if (code == '\n' || code == '\r' || code == '\t') {
        written = snprintf(out, CODE_MAX, "\\%c",
                           code == '\n'   ? 'n'
                           : code == '\r' ? 'r'
                                          : 't');
    } else if (!is_plain(code)) {
        written = snprintf(out, CODE_MAX, "\\u%04x", code);
    } else {
        memcpy(out, bytes.data, size);
        written = (int)size;
    }
    *out_size = (size_t)written;
    return size;
}

/* Between quotes, cut where more than TG_LOG_VALUE_MAX bytes would be written. */
static void line_quoted(struct line *line, struct tg_slice bytes)
{
    line_text(line, "\"");
    size_t room = TG_LOG_VALUE_MAX;
    while (bytes.size != 0) {
        char code[CODE_MAX];
        size_t code_size;
        size_t used = escape_front(bytes, line->json, code, &code_size);
        if (code_size > room) {
            line_text(line, "…");
            break;
        }
        line_add(line, code, code_size);
        room -= code_size;
        bytes = tg_slice(bytes.data + used, bytes.size - used);
    }
    line_text(line, "\"");
}

/* Can it stand in logfmt without quotes? */
static bool is_bare(struct tg_slice bytes)
{
    if (bytes.size == 0 || bytes.size > TG_LOG_VALUE_MAX || tg_slice_is(bytes, "null")) {
        return false;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        if (byte <= ' ' || byte > '~' || byte == '"' || byte == '=' || byte == '\\') {
            return false;
        }
    }
    return true;
}

static void line_value(struct line *line, const struct tg_log_field *field)
{
    char digits[32] = "null";
    switch (field->kind) {
    case TG_LOG_KIND_INT:
        snprintf(digits, sizeof digits, "%lld", (long long)field->value.integer);
        break;
    case TG_LOG_KIND_UINT:
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)field->value.natural);
        break;
    case TG_LOG_KIND_DOUBLE:
        if (isfinite(field->value.real)) {
            snprintf(digits, sizeof digits, "%.6g", field->value.real);
        }
        break;
    case TG_LOG_KIND_BOOL:
        line_text(line, field->value.truth ? "true" : "false");
        return;
    case TG_LOG_KIND_BYTES:
        if (field->value.bytes.data == NULL) {
            break;
        }
        if (!line->json && is_bare(field->value.bytes)) {
            line_add(line, field->value.bytes.data, field->value.bytes.size);
        } else {
            line_quoted(line, field->value.bytes);
        }
        return;
    case TG_LOG_KIND_END:
        break;
    }
    line_text(line, digits);
}

static void line_field(struct line *line, const struct tg_log_field *field)
{
    line_text(line, line->json ? ",\"" : " ");
    line_text(line, field->name);
    line_text(line, line->json ? "\":" : "=");
    line_value(line, field);
}

static void line_begin(struct line *line, enum tg_log_level level, const char *event)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    char time[40];
    size_t size = strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(time + size, sizeof time - size, ".%03dZ", (int)(now.tv_nsec / 1000000));
    line_text(line, line->json ? "{\"time\":\"" : "");
    line_text(line, time);
    line_text(line, line->json ? "\",\"level\":\"" : " ");
    line_text(line, level_names[level]);
    line_text(line, line->json ? "\",\"event\":\"" : " ");
    line_text(line, event);
    line_text(line, line->json ? "\"" : "");
}

/* Write without ever waiting: who reads our lines may be stuck, and we must not be. A
 * pipe that polls as writable has room for PIPE_BUF bytes, so for a whole line. */
static bool line_write(const struct line *line)
{
    struct pollfd room = {.fd = atomic_load(&log_fd), .events = POLLOUT};
    pthread_mutex_lock(&writing);
    bool ready = poll(&room, 1, 0) != 0;
    ssize_t written = 0;
    while (ready && (written = write(room.fd, line->bytes, line->size)) < 0 &&
           errno == EINTR) {}
    ready = ready && (written >= 0 || errno != EAGAIN);
    pthread_mutex_unlock(&writing);
    return ready;
}

static bool event_write(enum tg_log_level level, const char *event,
                        const struct tg_log_field *fields)
{
    struct line line;
    line.size = 0;
    line.end = sizeof line.bytes - TAIL_MAX;
    line.full = false;
    line.json = atomic_load(&log_format) == TG_LOG_JSON;
    line_begin(&line, level, event);
    bool truncated = false;
    for (; fields->name != NULL; fields++) {
        size_t before = line.size;
        line_field(&line, fields);
        if (line.full) { /* A field is written whole or not at all. */
            line.size = before;
            line.full = false;
            truncated = true;
        }
    }
    line.end = sizeof line.bytes;
    if (truncated) {
        line_text(&line, line.json ? ",\"truncated\":true" : " truncated=true");
    }
    line_text(&line, line.json ? "}\n" : "\n");
    return line_write(&line);
}

/* Tell how many lines found no room, if there is some again. */
static void tell_lost(void)
{
    uint64_t count = atomic_exchange(&lost, 0);
    const struct tg_log_field fields[] = {TG_F("of", "*"), TG_F("count", count),
                                          TG_F("reason", "stderr takes no more"),
                                          TG_LOG_END};
    if (count != 0 && !event_write(TG_LOG_WARN, "log.suppressed", fields)) {
        atomic_fetch_add(&lost, count);
    }
}

void tg_log_write(enum tg_log_level level, const char *event,
                  const struct tg_log_field *fields)
{
    int saved_errno = errno;
    if (atomic_load(&lost) != 0) {
        tell_lost();
    }
    if (!event_write(level, event, fields)) {
        atomic_fetch_add(&lost, 1);
    }
    errno = saved_errno;
}

static uint64_t now_second(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec + 1; /* Never 0, which a fresh limit holds. */
}

static void limit_tell(struct tg_log_limit *limit, enum tg_log_level level,
                       const char *event)
{
    uint64_t count = atomic_exchange(&limit->left_out, 0);
    if (count != 0) {
        tg_log(level, "log.suppressed", TG_F("of", event), TG_F("count", count));
    }
}

/* Into the list that tg_log_tick walks; once, and for good: limits are static. */
static void limit_list(struct tg_log_limit *limit, enum tg_log_level level,
                       const char *event)
{
    if (atomic_exchange(&limit->listed, true)) {
        return;
    }
    limit->event = event;
    limit->level = level;
    limit->next = atomic_load(&limits);
    while (!atomic_compare_exchange_weak(&limits, &limit->next, limit)) {}
}

bool tg_log_allow(struct tg_log_limit *limit, enum tg_log_level level, const char *event)
{
    uint64_t now = now_second();
    uint_fast64_t second = atomic_load(&limit->second);
    /* Of the threads that see a new second, one begins it. A line that another counts
     * meanwhile is one too many or too few, which nobody minds. */
    if (second != now && atomic_compare_exchange_strong(&limit->second, &second, now)) {
        atomic_store(&limit->written, 0);
        limit_tell(limit, level, event);
    }
    if (atomic_fetch_add(&limit->written, 1) < TG_LOG_PER_SECOND) {
        return true;
    }
    atomic_fetch_add(&limit->left_out, 1);
    limit_list(limit, level, event);
    return false;
}

void tg_log_tick(bool all)
{
    uint64_t now = now_second();
    for (struct tg_log_limit *limit = atomic_load(&limits); limit != NULL;
         limit = limit->next) {
        if (all || atomic_load(&limit->second) != now) {
            limit_tell(limit, limit->level, limit->event);
        }
    }
    tell_lost();
}
