#include "engine/base/err.h"

const char *tg_err_text(enum tg_err err)
{
    static const char *const texts[] = {
#define TG_ERR_TEXT(code, text) [code] = text,
        TG_ERRS(TG_ERR_TEXT)
#undef TG_ERR_TEXT
    };
    if ((unsigned)err >= sizeof texts / sizeof *texts) {
        return "unknown error";
    }
    return texts[err];
}
