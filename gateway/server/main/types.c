#include "server/main/types.h"

#include "engine/catalogue/typescript.h"
#include "server/client/show.h"
#include "server/config/given.h"
#include "server/main/check.h"

const char tg_types_usage[] =
    "usage: telegraphy types [--typescript] FILE...\n"
    "\n"
    "Tell what clients may know of the event types in catalogue documents (JSON, as\n"
    "applications send them to the gateway), on stdout: names, fields, operations. No\n"
    "gateway is needed.\n"
    "\n"
    "  --typescript  declare them for the compiler: save it as a .d.ts file, and\n"
    "                telegraphy.subscribe() knows names, fields and operations\n";

enum { DONE = 0, FAILED = 1, MISUSED = 2 };

/* As the gateway answers `types`. */
static void write_json(const struct tg_catalogue *catalogue, struct tg_buf *out)
{
    tg_buf_add_text(out, "{\"types\":[");
    for (size_t i = 0; i < tg_catalogue_size(catalogue); i++) {
        tg_buf_add_text(out, i == 0 ? "\n" : ",\n");
        tg_type_write(tg_catalogue_at(catalogue, i), true, out);
    }
    tg_buf_add_text(out, "\n]}\n");
}

static int misused(const char *what, const char *argument)
{
    char shown[TG_SHOWN_MAX];
    fprintf(stderr, "telegraphy: %s%s\ntelegraphy: telegraphy help types says more\n",
            what,
            argument[0] == '\0' ? "" : tg_config_show(shown, tg_slice_of(argument)));
    return MISUSED;
}

static int tell(const struct tg_catalogue *catalogue, bool typescript)
{
    struct tg_buf out = {0};
    if (typescript) {
        tg_typescript_write(catalogue, &out);
    } else {
        write_json(catalogue, &out);
    }
    bool whole = !out.failed;
    if (whole) {
        tg_show_out(&out, stdout);
    }
    tg_buf_finish(&out);
    return whole && fflush(stdout) == 0 && !ferror(stdout) ? DONE : FAILED;
}

int tg_types_main(int count, char **arguments)
{
    bool typescript = false;
    int files = 0;
    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], "--typescript") == 0) {
            typescript = true;
        } else if (arguments[i][0] == '-') {
            return misused("types has no option ", arguments[i]);
        } else {
            files++;
        }
    }
    if (files == 0) {
        return misused("which catalogue document?", "");
    }
    struct tg_catalogue *catalogue = tg_catalogue_create();
    /* What a rule may cost is for the gateway to say that is to keep it. */
    const struct tg_catalogue_limits limits = {.rules = tg_query_limits_wide};
    struct tg_buf err = {0};
    bool right = catalogue != NULL;
    for (int i = 0; catalogue != NULL && i < count; i++) {
        if (arguments[i][0] != '-') {
            right = tg_check_document(&catalogue, arguments[i], &limits, &err) && right;
        }
    }
    tg_show_out(&err, stderr);
    int result = right ? tell(catalogue, typescript) : FAILED;
    tg_buf_finish(&err);
    tg_catalogue_unref(catalogue);
    return result;
}
