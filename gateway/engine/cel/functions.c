#include "engine/cel/values.h"

#define ARGUMENTS struct tg_work *work, const struct tg_value *arguments, uint32_t count

static struct tg_value overload(void)
{
    return tg_value_error(tg_no_overload);
}

static struct tg_value dyn(ARGUMENTS)
{
    (void)work;
    (void)count;
    return arguments[0];
}

/* Code points of what is UTF-8: bytes that do not go on with one. */
static int64_t points_of(struct tg_slice text)
{
    int64_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += (text.data[i] & 0xc0) != 0x80;
    }
    return count;
}

static struct tg_value size(ARGUMENTS)
{
    (void)count;
    switch ((enum tg_value_kind)arguments[0].kind) {
    case TG_VALUE_STRING:
        return tg_spend_bytes(work, arguments[0].text.size)
                   ? tg_value_int(points_of(arguments[0].text))
                   : tg_value_error(tg_no_steps);
    case TG_VALUE_BYTES:
        return tg_value_int((int64_t)arguments[0].text.size);
    case TG_VALUE_LIST:
    case TG_VALUE_MAP:
        return tg_value_int(tg_value_count(arguments[0]));
    default:
        return overload();
    }
}

/* Both are strings, and looking at them is paid for. */
static bool are_strings(struct tg_work *work, const struct tg_value *arguments,
                        struct tg_value *error)
{
    if (arguments[0].kind != TG_VALUE_STRING || arguments[1].kind != TG_VALUE_STRING) {
        *error = overload();
        return false;
    }
    *error = tg_value_error(tg_no_steps);
    return tg_spend_bytes(work, arguments[0].text.size + arguments[1].text.size);
}

static struct tg_value contains(ARGUMENTS)
{
    struct tg_value result;
    (void)count;
    if (!are_strings(work, arguments, &result)) {
        return result;
    }
    return tg_value_bool(tg_slice_contains(arguments[0].text, arguments[1].text));
}

static struct tg_value starts_with(ARGUMENTS)
{
    struct tg_value result;
    (void)count;
    if (!are_strings(work, arguments, &result)) {
        return result;
    }
    return tg_value_bool(tg_slice_begins(arguments[0].text, arguments[1].text));
}

static struct tg_value ends_with(ARGUMENTS)
{
    struct tg_value result;
    (void)count;
    if (!are_strings(work, arguments, &result)) {
        return result;
    }
    return tg_value_bool(tg_slice_ends(arguments[0].text, arguments[1].text));
}

/* Of ASCII letters only: no locale, and no table of Unicode. */
static struct tg_value in_case(struct tg_work *work, struct tg_value text, uint8_t first)
{
    if (text.kind != TG_VALUE_STRING) {
        return overload();
    }
    size_t length = text.text.size;
    if (!tg_spend_bytes(work, length)) {
        return tg_value_error(tg_no_steps);
    }
    uint8_t *copy = tg_space_take(work->space, length);
    if (copy == NULL) {
        return tg_value_error(tg_no_memory);
    }
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = text.text.data[i];
        copy[i] = byte >= first && byte < first + 26 ? byte ^ 0x20 : byte;
    }
    return tg_value_string(tg_slice(copy, length));
}

static struct tg_value lower_ascii(ARGUMENTS)
{
    (void)count;
    return in_case(work, arguments[0], 'A');
}

static struct tg_value upper_ascii(ARGUMENTS)
{
    (void)count;
    return in_case(work, arguments[0], 'a');
}

static struct tg_value matches(ARGUMENTS)
{
    struct tg_value result;
    (void)count;
    if (!are_strings(work, arguments, &result)) {
        return result;
    }
    return tg_value_error("a pattern must be a constant");
}

#define GETTER(name) {#name, 1, 2, false, true, tg_call_##name},

const struct tg_function tg_functions[] = {
    {"size", 1, 1, true, true, size},
    {"contains", 2, 2, false, true, contains},
    {"startsWith", 2, 2, false, true, starts_with},
    {"endsWith", 2, 2, false, true, ends_with},
    {"matches", 2, 2, true, true, matches},
    {"lowerAscii", 1, 1, false, true, lower_ascii},
    {"upperAscii", 1, 1, false, true, upper_ascii},
    {"dyn", 1, 1, true, false, dyn},
    {"type", 1, 1, true, false, tg_to_type},
    {"bool", 1, 1, true, false, tg_to_bool},
    {"int", 1, 1, true, false, tg_to_int},
    {"uint", 1, 1, true, false, tg_to_uint},
    {"double", 1, 1, true, false, tg_to_double},
    {"string", 1, 1, true, false, tg_to_string},
    {"bytes", 1, 1, true, false, tg_to_bytes},
    {"timestamp", 1, 1, true, false, tg_to_timestamp},
    {"duration", 1, 1, true, false, tg_to_duration},
    {"date", 1, 1, true, false, tg_to_date},
    TG_GETTERS(GETTER)};
enum { FUNCTIONS_COUNT = sizeof tg_functions / sizeof *tg_functions };

int tg_function_find(struct tg_slice name, bool is_method, uint32_t count)
{
    for (int i = 0; i < FUNCTIONS_COUNT; i++) {
        const struct tg_function *f = &tg_functions[i];
        if (tg_slice_is(name, f->name)) {
            bool used_so = is_method ? f->is_method : f->is_function;
            return used_so && count >= f->least && count <= f->most ? i : -1;
        }
    }
    return -1;
}

bool tg_function_exists(struct tg_slice name)
{
    for (int i = 0; i < FUNCTIONS_COUNT; i++) {
        if (tg_slice_is(name, tg_functions[i].name)) {
            return true;
        }
    }
    return false;
}
