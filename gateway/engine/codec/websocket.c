#include "engine/codec/websocket.h"

#include <assert.h>

#include "engine/base/mem.h"
#include "engine/base/utf8.h"

enum {
    FIN = 0x80,
    RSV1 = 0x40,
    RSV2_RSV3 = 0x30,
    OPCODE = 0x0f,
    MASKED = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126, /* The length is in the two bytes that follow; */
    LENGTH_64 = 127, /* in the eight. */
};

enum state {
    IN_HEAD,
    IN_PAYLOAD,
    CLOSED, /* The peer's close frame has come. */
    FAILED,
};

/* Every way to fail: name, code to close with, text. */
#define FAILURES(X)                                                                    \
    X(FAIL_RSV, 1002, "a reserved bit is set")                                         \
    X(FAIL_OPCODE, 1002, "a reserved opcode")                                          \
    X(FAIL_CONTROL_FRAGMENT, 1002, "a control frame in fragments")                     \
    X(FAIL_CONTROL_LENGTH, 1002, "a control frame of more than 125 bytes")             \
    X(FAIL_CONTINUATION, 1002, "a continuation frame without a message to go on with") \
    X(FAIL_INTERLEAVED, 1002, "a new message before the last one is complete")         \
    X(FAIL_UNMASKED, 1002, "a client's frame without a mask")                          \
    X(FAIL_MASKED, 1002, "a server's frame with a mask")                               \
    X(FAIL_LENGTH_FORM, 1002, "a length that is not in its shortest form")             \
    X(FAIL_LENGTH_SIGN, 1002, "a length of more than 63 bits")                         \
    X(FAIL_CLOSE_LENGTH, 1002, "a close frame of one byte")                            \
    X(FAIL_CLOSE_CODE, 1002, "a close code that may not be sent")                      \
    X(FAIL_CLOSE_UTF8, 1007, "the reason of a close frame is not UTF-8")               \
    X(FAIL_TEXT_UTF8, 1007, "a text message that is not UTF-8")                        \
    X(FAIL_MESSAGE_MAX, 1009, "the message is too big")                                \
    X(FAIL_FRAGMENTS_MAX, 1009, "the message has too many fragments")                  \
    X(FAIL_MEMORY, 1011, "there is no memory for the message")

enum failure {
    FAIL_NOT,
#define FAILURE_ENUM(name, code, text) name,
    FAILURES(FAILURE_ENUM)
#undef FAILURE_ENUM
};

static const struct {
    uint16_t code;
    const char *text;
} failures[] = {
#define FAILURE_ROW(name, code, text) [name] = {code, text},
    FAILURES(FAILURE_ROW)
#undef FAILURE_ROW
};

/* What a frame or message that has begun needs beyond the decoder. */
struct tg_ws_partial {
    struct tg_buf message; /* Its bytes so far. */
    uint32_t fragments;
    struct tg_utf8 utf8;
    uint8_t opcode; /* TEXT or BINARY; 0: no message has begun. */
    bool compressed;
    uint8_t control_size; /* A control frame that came in parts. */
    uint8_t control[TG_WS_CONTROL_MAX];
};

void tg_ws_decoder_init(struct tg_ws_decoder *decoder, enum tg_ws_role role,
                        const struct tg_ws_limits *limits, bool allow_rsv1)
{
    *decoder = (struct tg_ws_decoder){
        .limits = limits,
        .role = (uint8_t)role,
        .allow_rsv1 = allow_rsv1,
    };
}

static void partial_free(struct tg_ws_decoder *decoder)
{
    if (decoder->partial != NULL) {
        tg_buf_finish(&decoder->partial->message);
        tg_free(decoder->partial);
        decoder->partial = NULL;
    }
}

void tg_ws_decoder_finish(struct tg_ws_decoder *decoder)
{
    partial_free(decoder);
    *decoder = (struct tg_ws_decoder){0};
}

size_t tg_ws_decoder_pinned(const struct tg_ws_decoder *decoder)
{
    if (decoder->partial == NULL) {
        return 0;
    }
    size_t capacity = decoder->partial->message.capacity;
    return sizeof *decoder->partial + TG_HEAP_OVERHEAD +
           (capacity == 0 ? 0 : capacity + TG_HEAP_OVERHEAD);
}

static bool in_message(const struct tg_ws_decoder *decoder)
{
    return decoder->partial != NULL && decoder->partial->opcode != 0;
}

static bool is_control(uint8_t head)
{
    return (head & 0x08) != 0;
}

/* NULL if there is no memory. */
static struct tg_ws_partial *partial_get(struct tg_ws_decoder *decoder)
{
    if (decoder->partial == NULL) {
        decoder->partial = tg_zalloc(1, sizeof *decoder->partial);
    }
    return decoder->partial;
}

/* Give back what the last item borrowed. */
static void end_loan(struct tg_ws_decoder *decoder)
{
    if (!decoder->lent && decoder->state != CLOSED) {
        return;
    }
    decoder->lent = false;
    if (in_message(decoder) && decoder->state != CLOSED) {
        decoder->partial->control_size = 0;
    } else {
        partial_free(decoder);
    }
}

static enum failure judge_opcode(struct tg_ws_decoder *decoder, uint8_t head)
{
    if ((head & RSV2_RSV3) != 0) {
        return FAIL_RSV;
    }
    uint8_t opcode = head & OPCODE;
    /* RFC 7692 6.1: only the first frame of a message carries the bit. */
    bool may_rsv1 = decoder->allow_rsv1 &&
                    (opcode == TG_WS_OP_TEXT || opcode == TG_WS_OP_BINARY);
    if ((head & RSV1) != 0 && !may_rsv1) {
        return FAIL_RSV;
    }
    switch (opcode) {
    case TG_WS_OP_CONTINUATION:
        if (!in_message(decoder)) {
            return FAIL_CONTINUATION;
        }
        if (decoder->partial->fragments >= decoder->limits->fragments_max) {
            return FAIL_FRAGMENTS_MAX;
        }
        decoder->partial->fragments++;
        return FAIL_NOT;
    case TG_WS_OP_TEXT:
    case TG_WS_OP_BINARY:
        return in_message(decoder) ? FAIL_INTERLEAVED : FAIL_NOT;
    case TG_WS_OP_CLOSE:
    case TG_WS_OP_PING:
    case TG_WS_OP_PONG:
        return (head & FIN) == 0 ? FAIL_CONTROL_FRAGMENT : FAIL_NOT;
    default:
        return FAIL_OPCODE;
    }
}

static enum failure judge_mask(const struct tg_ws_decoder *decoder, uint8_t second)
{
    bool masked = (second & MASKED) != 0;
    if (decoder->role == TG_WS_SERVER && !masked) {
        return FAIL_UNMASKED;
    }
    if (decoder->role == TG_WS_CLIENT && masked) {
        return FAIL_MASKED;
    }
    if (is_control(decoder->head[0]) && (second & LENGTH) > TG_WS_CONTROL_MAX) {
        return FAIL_CONTROL_LENGTH;
    }
    return FAIL_NOT;
}

/* Bytes of the header up to the end of its length. */
static size_t length_end(const struct tg_ws_decoder *decoder)
{
    switch (decoder->head[1] & LENGTH) {
    case LENGTH_16:
        return 4;
    case LENGTH_64:
        return 10;
    default:
        return 2;
    }
}

/* The length, once it is there; against the limit before a byte of it is stored. */
static enum failure judge_length(struct tg_ws_decoder *decoder)
{
    uint64_t length = decoder->head[1] & LENGTH;
    if (length >= LENGTH_16) {
        uint64_t least = length == LENGTH_16 ? LENGTH_16 : 0x10000;
        length = 0;
        for (size_t i = 2; i < length_end(decoder); i++) {
            length = length << 8 | decoder->head[i];
        }
        if (length >> 63 != 0) {
            return FAIL_LENGTH_SIGN;
        }
        /* RFC 6455 5.2: the minimal number of bytes must be used. */
        if (length < least) {
            return FAIL_LENGTH_FORM;
        }
    }
    decoder->left = length;
    if (is_control(decoder->head[0])) {
        return FAIL_NOT;
    }
    size_t before = in_message(decoder) ? decoder->partial->message.size : 0;
    return before + length > decoder->limits->message_max ? FAIL_MESSAGE_MAX : FAIL_NOT;
}

/* Take bytes of the header, each judged as it comes; then the payload is next. */
static enum failure take_head(struct tg_ws_decoder *decoder, const uint8_t *data,
                              size_t size, size_t *at)
{
    size_t mask_size = decoder->role == TG_WS_SERVER ? 4 : 0;
    while (*at < size) {
        decoder->head[decoder->head_size++] = data[(*at)++];
        enum failure failure = FAIL_NOT;
        if (decoder->head_size == 1) {
            failure = judge_opcode(decoder, decoder->head[0]);
        } else if (decoder->head_size == 2) {
            failure = judge_mask(decoder, decoder->head[1]);
        }
        if (failure == FAIL_NOT && decoder->head_size >= 2 &&
            decoder->head_size == length_end(decoder)) {
            failure = judge_length(decoder);
        }
        if (failure != FAIL_NOT) {
            return failure;
        }
        if (decoder->head_size >= 2 &&
            decoder->head_size == length_end(decoder) + mask_size) {
            decoder->mask_at = 0;
            decoder->state = IN_PAYLOAD;
            break;
        }
    }
    return FAIL_NOT;
}

static void unmask(struct tg_ws_decoder *decoder, uint8_t *data, size_t size)
{
    if (decoder->role == TG_WS_SERVER) {
        tg_ws_mask(data, size, decoder->head + length_end(decoder), decoder->mask_at);
        decoder->mask_at = (uint8_t)((decoder->mask_at + size) & 3);
    }
}

static void frame_end(struct tg_ws_decoder *decoder)
{
    decoder->state = IN_HEAD;
    decoder->head_size = 0;
}

/* RFC 6455 5.5.1 and 7.4. */
static enum failure read_close(struct tg_ws_decoder *decoder, struct tg_slice payload,
                               struct tg_ws_item *item)
{
    uint16_t code = TG_WS_CODE_NONE;
    struct tg_slice reason = {0};
    if (payload.size == 1) {
        return FAIL_CLOSE_LENGTH;
    }
    if (payload.size >= 2) {
        code = (uint16_t)(payload.data[0] << 8 | payload.data[1]);
        reason = tg_slice(payload.data + 2, payload.size - 2);
        if (!tg_ws_code_valid(code)) {
            return FAIL_CLOSE_CODE;
        }
        if (!tg_utf8_valid(reason)) {
            return FAIL_CLOSE_UTF8;
        }
    }
    decoder->state = CLOSED;
    *item = (struct tg_ws_item){.kind = TG_WS_CLOSE, .payload = reason, .code = code};
    return FAIL_NOT;
}

/* Take bytes of a control frame; an item when it is whole. */
static enum failure take_control(struct tg_ws_decoder *decoder, uint8_t *data,
                                 size_t size, struct tg_ws_item *item)
{
    if (size == 0 && decoder->left != 0) {
        return FAIL_NOT;
    }
    unmask(decoder, data, size);
    struct tg_slice payload = tg_slice(data, size);
    bool begun = decoder->partial != NULL && decoder->partial->control_size != 0;
    if (begun || size < decoder->left) {
        struct tg_ws_partial *partial = partial_get(decoder);
        if (partial == NULL) {
            return FAIL_MEMORY;
        }
        memcpy(partial->control + partial->control_size, data, size);
        partial->control_size = (uint8_t)(partial->control_size + size);
        payload = tg_slice(partial->control, partial->control_size);
    }
    decoder->left -= size;
    if (decoder->left != 0) {
        return FAIL_NOT;
    }
    decoder->lent = payload.data != data;
    uint8_t opcode = decoder->head[0] & OPCODE;
    frame_end(decoder);
    if (opcode == TG_WS_OP_CLOSE) {
        return read_close(decoder, payload, item);
    }
    *item = (struct tg_ws_item){
        .kind = opcode == TG_WS_OP_PING ? TG_WS_PING : TG_WS_PONG,
        .payload = payload,
    };
    return FAIL_NOT;
}

/* The common case: a message in one frame that lies whole in the bytes at hand. */
static enum failure take_whole(struct tg_ws_decoder *decoder, uint8_t *data, size_t size,
                               struct tg_ws_item *item)
{
    uint8_t head = decoder->head[0];
    bool compressed = (head & RSV1) != 0;
    bool text = (head & OPCODE) == TG_WS_OP_TEXT;
    unmask(decoder, data, size);
    if (text && !compressed && !tg_utf8_valid(tg_slice(data, size))) {
        return FAIL_TEXT_UTF8;
    }
    decoder->left = 0;
    frame_end(decoder);
    *item = (struct tg_ws_item){
        .kind = text ? TG_WS_TEXT : TG_WS_BINARY,
        .payload = tg_slice(data, size),
        .compressed = compressed,
    };
    return FAIL_NOT;
}

/* The first frame of a message that does not lie whole in the bytes at hand. */
static enum failure message_begin(struct tg_ws_decoder *decoder)
{
    struct tg_ws_partial *partial = partial_get(decoder);
    if (partial == NULL) {
        return FAIL_MEMORY;
    }
    partial->opcode = decoder->head[0] & OPCODE;
    partial->compressed = (decoder->head[0] & RSV1) != 0;
    partial->fragments = 1;
    partial->message.limit = decoder->limits->message_max;
    return FAIL_NOT;
}

static void message_end(struct tg_ws_decoder *decoder, struct tg_ws_item *item)
{
    struct tg_ws_partial *partial = decoder->partial;
    *item = (struct tg_ws_item){
        .kind = partial->opcode == TG_WS_OP_TEXT ? TG_WS_TEXT : TG_WS_BINARY,
        .payload = tg_buf_slice(&partial->message),
        .compressed = partial->compressed,
    };
    partial->opcode = 0;
    decoder->lent = true;
}

/* Take bytes of a data frame; an item when the message is whole. */
static enum failure take_data(struct tg_ws_decoder *decoder, uint8_t *data, size_t size,
                              struct tg_ws_item *item)
{
    bool fin = (decoder->head[0] & FIN) != 0;
    if (!in_message(decoder)) {
        if (fin && size == decoder->left) {
            return take_whole(decoder, data, size, item);
        }
        if (size == 0 && decoder->left != 0) {
            return FAIL_NOT;
        }
        enum failure failure = message_begin(decoder);
        if (failure != FAIL_NOT) {
            return failure;
        }
    }
    struct tg_ws_partial *partial = decoder->partial;
    bool judge_utf8 = partial->opcode == TG_WS_OP_TEXT && !partial->compressed;
    unmask(decoder, data, size);
    if (judge_utf8 && !tg_utf8_feed(&partial->utf8, tg_slice(data, size))) {
        return FAIL_TEXT_UTF8;
    }
    tg_buf_add(&partial->message, data, size);
    if (partial->message.failed) {
        return FAIL_MEMORY;
    }
    decoder->left -= size;
    if (decoder->left != 0) {
        return FAIL_NOT;
    }
    frame_end(decoder);
    if (!fin) {
        return FAIL_NOT;
    }
    if (judge_utf8 && !tg_utf8_complete(&partial->utf8)) {
        return FAIL_TEXT_UTF8;
    }
    message_end(decoder, item);
    return FAIL_NOT;
}

static void fail(struct tg_ws_decoder *decoder, enum failure failure)
{
    partial_free(decoder);
    decoder->lent = false;
    decoder->state = FAILED;
    decoder->failure = (uint8_t)failure;
}

void tg_ws_decode(struct tg_ws_decoder *decoder, uint8_t *data, size_t size, size_t *used,
                  struct tg_ws_item *item)
{
    *item = (struct tg_ws_item){.kind = TG_WS_MORE};
    end_loan(decoder);
    size_t at = 0;
    while (item->kind == TG_WS_MORE && decoder->state < CLOSED) {
        enum failure failure;
        if (decoder->state == IN_HEAD) {
            failure = take_head(decoder, data, size, &at);
        } else {
            size_t step = size - at < decoder->left ? size - at : (size_t)decoder->left;
            uint8_t *payload = step == 0 ? data : data + at;
            failure = is_control(decoder->head[0])
                          ? take_control(decoder, payload, step, item)
                          : take_data(decoder, payload, step, item);
            at += step;
        }
        if (failure != FAIL_NOT) {
            fail(decoder, failure);
        }
        bool empty_frame = decoder->state == IN_PAYLOAD && decoder->left == 0;
        if (at == size && !empty_frame) {
            break;
        }
    }
    if (decoder->state == FAILED) {
        *item = (struct tg_ws_item){
            .kind = TG_WS_FAIL,
            .message = failures[decoder->failure].text,
            .code = failures[decoder->failure].code,
        };
    }
    *used = decoder->state == CLOSED ? size : at;
}
