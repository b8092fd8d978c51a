/* Catalogue documents: each is accepted whole or refused with a reason. The input is one
 * document, or two with a NUL between them, of which the second replaces the first. */
#include "engine/catalogue/catalogue.h"

#include "engine/catalogue/typescript.h"
#include "engine/json/json.h"
#include "parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tg_json_doc doc;
static struct tg_buf buf;

static void check_refusal(const struct tg_refusal *refusal)
{
    tg_buf_clear(&buf);
    tg_buf_add_byte(&buf, '{');
    tg_refusal_write(refusal, &buf);
    tg_buf_add_byte(&buf, '}');
    MUST(tg_json_parse(&doc, tg_buf_slice(&buf), NULL, NULL) == TG_OK);
    MUST(refusal->message[0] != '\0' && refusal->nearest_count <= TG_REFUSAL_NEAREST_MAX);
    MUST(refusal->code == TG_CODE_INVALID_JSON ||
         refusal->code == TG_CODE_INVALID_CATALOGUE ||
         refusal->code == TG_CODE_TYPE_TAKEN || refusal->code == TG_CODE_NOT_SUPPORTED ||
         refusal->code == TG_CODE_TOO_LARGE);
    /* What stands in the document is named by its place. */
    MUST(refusal->code == TG_CODE_INVALID_JSON || refusal->code == TG_CODE_TOO_LARGE ||
         refusal->member[0] != '\0' || strstr(refusal->message, "\"\"") != NULL ||
         strstr(refusal->message, "document") != NULL ||
         strstr(refusal->message, "no member") != NULL);
}

static void check_type(const struct tg_catalogue *catalogue, size_t at)
{
    const struct tg_type *type = tg_catalogue_at(catalogue, at);
    MUST(tg_catalogue_get(catalogue, type->schema.name) == type);
    MUST(type->schema.operations != 0 &&
         type->version <= tg_catalogue_version(catalogue));
    MUST((type->keys_count == 0) == tg_type_has_op(type, TG_OP_EVENT));
    for (uint32_t i = 0; i < type->keys_count; i++) {
        MUST(type->keys[i] < type->schema.fields_count &&
             !type->schema.fields[type->keys[i]].nullable);
    }
    for (uint32_t i = 0; i < type->schema.fields_count; i++) {
        MUST(tg_type_field(type, type->schema.fields[i].name) == &type->schema.fields[i]);
    }
    tg_buf_clear(&buf);
    tg_type_write(type, true, &buf);
    MUST(tg_json_parse(&doc, tg_buf_slice(&buf), NULL, NULL) == TG_OK);
    MUST(tg_json_size(tg_json_get(tg_json_root(&doc), "fields")) ==
         type->schema.fields_count - type->hidden_count);
}

/* The first byte after the comment or literal that begins at `at`; `at` if none does. No
 * line ends within one. */
static const char *skip(const char *at)
{
    char quote = *at;
    const char *end = at;
    if (strncmp(at, "//", 2) == 0) {
        return strchr(at, '\n');
    }
    if (strncmp(at, "/*", 2) == 0) {
        end = strstr(at + 2, "*/") + 2;
    } else if (quote == '"' || quote == '\'') {
        for (end++; *end != quote; end++) {
            MUST((unsigned char)*end >= ' ' && *end != 0x7f);
            end += *end == '\\' ? 1 : 0;
        }
        end++;
    }
    MUST(memchr(at, '\n', (size_t)(end - at)) == NULL);
    return end;
}

/* Whatever the document says: outside of comments and literals there is nothing but names
 * and the few signs that types are made of, and each brace is closed. */
static void check_typescript(const struct tg_catalogue *catalogue)
{
    static const char signs[] = "{}[]:;|?.-+_ \n";
    int depth = 0;
    tg_buf_clear(&buf);
    tg_typescript_write(catalogue, &buf);
    tg_buf_add_byte(&buf, '\0');
    MUST(!buf.failed && strlen((const char *)buf.data) == buf.size - 1);
    for (const char *at = (const char *)buf.data; *at != '\0';) {
        const char *after = skip(at);
        if (after == at) {
            bool word = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                        (*at >= '0' && *at <= '9');
            MUST(word || strchr(signs, *at) != NULL);
            depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
            MUST(depth >= 0 && depth <= 4);
            after++;
        }
        at = after;
    }
    MUST(depth == 0);
}

static void check_catalogue(const struct tg_catalogue *catalogue)
{
    check_typescript(catalogue);
    for (size_t i = 0; i < tg_catalogue_size(catalogue); i++) {
        check_type(catalogue, i);
        if (i > 0) {
            struct tg_slice a = tg_catalogue_at(catalogue, i - 1)->schema.name;
            struct tg_slice b = tg_catalogue_at(catalogue, i)->schema.name;
            size_t shorter = a.size < b.size ? a.size : b.size;
            int order = memcmp(a.data, b.data, shorter);
            MUST(order < 0 || (order == 0 && a.size < b.size));
        }
    }
}

/* `old` with `board`'s types as in the document; takes the reference. */
static struct tg_catalogue *feed(struct tg_catalogue *old, struct tg_slice document)
{
    struct tg_catalogue *next = NULL;
    struct tg_refusal refusal = {0};
    bool changed = false;
    uint64_t version = tg_catalogue_version(old);
    enum tg_err err = tg_catalogue_replace(old, TG_LIT("board"), document, NULL, &next,
                                           &refusal, &changed);
    if (err != TG_OK) {
        MUST(err == TG_EINVAL && next == NULL);
        check_refusal(&refusal);
        return old;
    }
    MUST(changed == (next != old));
    MUST(tg_catalogue_version(next) == version + (changed ? 1 : 0));
    check_catalogue(next);
    tg_catalogue_unref(old);

    struct tg_catalogue *again = NULL;
    MUST(tg_catalogue_replace(next, TG_LIT("board"), document, NULL, &again, &refusal,
                              &changed) == TG_OK);
    MUST(!changed && again == next);
    tg_catalogue_unref(again);
    return next;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char shop[] = "{\"app\":\"shop\",\"types\":[{\"name\":\"shop.Cart\","
                               "\"operations\":[\"event\"],\"fields\":[]}]}";
    struct tg_catalogue *empty = tg_catalogue_create();
    struct tg_catalogue *catalogue = NULL;
    struct tg_refusal refusal;
    bool changed;
    MUST(empty != NULL && tg_catalogue_replace(empty, TG_LIT("shop"), TG_LIT(shop), NULL,
                                               &catalogue, &refusal, &changed) == TG_OK);
    tg_catalogue_unref(empty);

    const uint8_t *nul = size == 0 ? NULL : memchr(data, 0, size);
    size_t first = nul == NULL ? size : (size_t)(nul - data);
    catalogue = feed(catalogue, tg_slice(data, first));
    if (nul != NULL) {
        catalogue = feed(catalogue, tg_slice(nul + 1, size - first - 1));
    }
    struct tg_nearest nearest;
    tg_nearest_init(&nearest, tg_slice(data, size));
    tg_catalogue_nearest(catalogue, NULL, NULL, &nearest);
    MUST(tg_catalogue_get(catalogue, TG_LIT("shop.Cart")) != NULL);
    tg_catalogue_unref(catalogue);
    return 0;
}
