/* What can go wrong, as values that functions return.
 *
 * A function that can fail returns `enum tg_err` and gives its results through
 * pointers, which it leaves untouched on failure. What cannot fail returns `void`
 * or its result. */
#ifndef TG_BASE_ERR_H
#define TG_BASE_ERR_H

#define TG_ERRS(X)                              \
    X(TG_OK, "ok")                              \
    X(TG_ENOMEM, "out of memory")               \
    X(TG_EPROTO, "the peer broke the protocol") \
    X(TG_EINVAL, "not a valid value")           \
    X(TG_ELIMIT, "over a stated limit")         \
    X(TG_EMORE, "more bytes are needed")        \
    X(TG_EFULL, "the queue is full")            \
    X(TG_ENOENT, "there is no such thing")      \
    X(TG_EEXIST, "it exists already")           \
    X(TG_EIO, "the operating system refused")

enum tg_err {
#define TG_ERR_ENUM(code, text) code,
    TG_ERRS(TG_ERR_ENUM)
#undef TG_ERR_ENUM
};

/* Ask the compiler to refuse a call whose result is thrown away. */
#define TG_MUST_USE __attribute__((warn_unused_result))

/* The text of `err`: a static string, never NULL. */
const char *tg_err_text(enum tg_err err);

#endif
