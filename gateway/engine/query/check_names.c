/* Names: fields, `data`, `old`, `event`, `auth`, variables of macros. */
#include "engine/query/check.h"

static uint8_t type_of_kind(enum tg_field_kind kind)
{
    static const uint8_t types[TG_FIELD_KIND_COUNT] = {
        [TG_FIELD_INT] = TG_KNOWN_INT,         [TG_FIELD_DOUBLE] = TG_KNOWN_DOUBLE,
        [TG_FIELD_DECIMAL] = TG_KNOWN_DECIMAL, [TG_FIELD_STRING] = TG_KNOWN_STRING,
        [TG_FIELD_BOOL] = TG_KNOWN_BOOL,       [TG_FIELD_TIMESTAMP] = TG_KNOWN_TIMESTAMP,
        [TG_FIELD_DATE] = TG_KNOWN_DATE,       [TG_FIELD_DURATION] = TG_KNOWN_DURATION,
        [TG_FIELD_UUID] = TG_KNOWN_UUID,       [TG_FIELD_JSON] = TG_KNOWN_ANY,
        [TG_FIELD_LIST] = TG_KNOWN_LIST,
    };
    return types[kind];
}

/* --- Fields ---------------------------------------------------------------------- */

static bool is_known(const struct tg_checker *c, const struct tg_field *field)
{
    return c->is_rule || !field->hidden;
}

static int find_field(const struct tg_checker *c, struct tg_slice name)
{
    for (uint32_t i = 0; i < c->schema->fields_count; i++) {
        const struct tg_field *field = &c->schema->fields[i];
        if (is_known(c, field) && tg_slice_equal(field->name, name)) {
            return (int)i;
        }
    }
    return -1;
}

static void mean_field(const struct tg_checker *c, struct tg_meaning *meaning, int field,
                       bool old)
{
    const struct tg_field *f = &c->schema->fields[field];
    meaning->is = TG_MEANS_SLOT;
    meaning->slot = (uint16_t)(field + (old ? TG_SLOT_OLD : 0));
    meaning->type = type_of_kind(f->kind);
    meaning->items = f->kind == TG_FIELD_LIST ? type_of_kind(f->items) : TG_KNOWN_ANY;
    meaning->nullable = f->nullable || f->kind == TG_FIELD_JSON;
}

/* `total` of `total__gt`, as Django's lookups are spelled. */
static struct tg_slice before_lookup(struct tg_slice name)
{
    for (size_t i = 1; i + 1 < name.size; i++) {
        if (name.data[i] == '_' && name.data[i + 1] == '_') {
            return tg_slice(name.data, i);
        }
    }
    return name;
}

static void offer_fields(const struct tg_checker *c, struct tg_nearest *nearest)
{
    int field = find_field(c, before_lookup(nearest->wanted));
    if (field >= 0) {
        tg_hint_only(nearest, c->schema->fields[field].name);
        return;
    }
    for (uint32_t i = 0; i < c->schema->fields_count; i++) {
        if (is_known(c, &c->schema->fields[i])) {
            tg_nearest_offer(nearest, c->schema->fields[i].name);
        }
    }
}

static enum tg_err unknown_field(struct tg_checker *c, uint32_t place,
                                 struct tg_slice name)
{
    struct tg_nearest nearest;
    tg_nearest_init(&nearest, name);
    offer_fields(c, &nearest);
    enum tg_err err = tg_check_refuse(c, TG_CODE_QUERY_FIELD, place,
                                      "there is no field \"%.*s\"",
                                      TG_FMT(tg_refusal_quote(name)));
    tg_refusal_suggest_all(c->refusal, &nearest);
    return err;
}

enum tg_err tg_check_field(struct tg_checker *c, uint32_t place, struct tg_slice name)
{
    return find_field(c, name) < 0 ? unknown_field(c, place, name) : TG_OK;
}

bool tg_check_is_text_field(const struct tg_checker *c, struct tg_slice name)
{
    int field = find_field(c, name);
    return field >= 0 && c->schema->fields[field].kind == TG_FIELD_STRING;
}

/* --- NAME ------------------------------------------------------------------------ */

static const struct {
    struct tg_slice name;
    uint8_t is;
    bool in_rules;
} roots[] = {
    {TG_LIT_INIT("data"), TG_MEANS_DATA, true},
    {TG_LIT_INIT("old"), TG_MEANS_OLD, false},
    {TG_LIT_INIT("event"), TG_MEANS_EVENT, false},
    {TG_LIT_INIT("auth"), TG_MEANS_AUTH, true},
};
enum { ROOTS = sizeof roots / sizeof *roots };

/* The macro around this name whose variable it is. */
static const struct tg_ast_node *find_macro(const struct tg_checker *c, uint32_t at,
                                            uint32_t *index)
{
    const struct tg_ast_node *name = &c->ast->nodes[at];
    for (uint32_t macro = c->nodes[at].macro; macro != 0 && !name->absolute;
         macro = c->nodes[macro - 1].macro) {
        const struct tg_ast_node *node = &c->ast->nodes[macro - 1];
        if (tg_slice_equal(node->text, name->text)) {
            *index = macro - 1;
            return node;
        }
    }
    return NULL;
}

static bool mean_local(struct tg_checker *c, uint32_t at)
{
    uint32_t index;
    const struct tg_ast_node *macro = find_macro(c, at, &index);
    if (macro == NULL) {
        return false;
    }
    c->nodes[at].is = TG_MEANS_LOCAL;
    c->nodes[at].type = tg_check_child(c, macro, 0)->items;
    c->nodes[at].slot = tg_check_child(c, macro, 0)->slot;
    c->nodes[at].nullable = c->nodes[at].type == TG_KNOWN_ANY;
    return true;
}

static enum tg_err unknown_name(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    struct tg_slice name = tg_refusal_quote(node->text);
    struct tg_slice value = tg_hint_value(node->text);
    bool is_text = value.size == 0 && tg_hint_is_text(c, at);
    struct tg_nearest nearest;
    tg_nearest_init(&nearest, node->text);
    offer_fields(c, &nearest);
    for (size_t i = 0; i < ROOTS; i++) {
        if (!c->is_rule || roots[i].in_rules) {
            tg_nearest_offer(&nearest, roots[i].name);
        }
    }
    if (value.size != 0) {
        tg_hint_only(&nearest, value);
    }
    enum tg_err err = tg_check_refuse(
        c, TG_CODE_QUERY_FIELD, node->mark,
        "there is no field or variable \"%.*s\"%s%.*s%s", TG_FMT(name),
        is_text ? "; a text is written in quotes: \"" : "", is_text ? (int)name.size : 0,
        (const char *)name.data, is_text ? "\"" : "");
    tg_refusal_suggest_all(c->refusal, &nearest);
    return err;
}

enum tg_err tg_check_name(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    if (mean_local(c, at)) {
        return TG_OK;
    }
    for (size_t i = 0; i < ROOTS; i++) {
        if (!tg_slice_equal(node->text, roots[i].name)) {
            continue;
        }
        if (c->is_rule && !roots[i].in_rules) {
            return tg_check_refuse(c, TG_CODE_QUERY_FIELD, node->mark,
                                   "a rule is about rows: it has no \"%.*s\"",
                                   TG_FMT(node->text));
        }
        c->nodes[at].is = roots[i].is;
        return TG_OK;
    }
    int field = find_field(c, node->text);
    if (field < 0) {
        return unknown_name(c, at);
    }
    mean_field(c, &c->nodes[at], field, false);
    return TG_OK;
}

/* --- SELECT and INDEX ------------------------------------------------------------ */

static enum tg_err select_event(struct tg_checker *c, uint32_t at, uint32_t place,
                                struct tg_slice name)
{
    static const struct {
        struct tg_slice name;
        struct tg_meaning meaning;
    } members[] = {
        {TG_LIT_INIT("type"), {.is = TG_MEANS_TYPE, .type = TG_KNOWN_STRING}},
        {TG_LIT_INIT("op"),
         {.is = TG_MEANS_SLOT, .type = TG_KNOWN_STRING, .slot = TG_SLOT_OP}},
        {TG_LIT_INIT("time"),
         {.is = TG_MEANS_SLOT, .type = TG_KNOWN_TIMESTAMP, .slot = TG_SLOT_TIME}},
        {TG_LIT_INIT("changed"),
         {.is = TG_MEANS_SLOT,
          .type = TG_KNOWN_LIST,
          .items = TG_KNOWN_STRING,
          .slot = TG_SLOT_CHANGED}},
    };
    struct tg_nearest nearest;
    tg_nearest_init(&nearest, name);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (tg_slice_equal(name, members[i].name)) {
            uint32_t macro = c->nodes[at].macro;
            c->nodes[at] = members[i].meaning;
            c->nodes[at].macro = macro;
            return TG_OK;
        }
        tg_nearest_offer(&nearest, members[i].name);
    }
    enum tg_err err =
        tg_check_refuse(c, TG_CODE_QUERY_FIELD, place,
                        "\"event\" has no \"%.*s\": it has type, op, time and changed",
                        TG_FMT(tg_refusal_quote(name)));
    tg_refusal_suggest_all(c->refusal, &nearest);
    return err;
}

static enum tg_err refuse_member(struct tg_checker *c, const struct tg_ast_node *node,
                                 uint32_t place, struct tg_slice name)
{
    uint32_t of = tg_ast_child_index(c->ast, node, 0);
    uint8_t type = c->nodes[of].type;
    bool has_size = (tg_type_is_text(type) || type == TG_KNOWN_LIST) &&
                    tg_slice_is(tg_hint_function(name), "size");
    struct tg_slice source = tg_check_source(c, of);
    char text[TG_CHECK_TEXT_MAX];
    return tg_check_refuse(
        c, TG_CODE_QUERY_TYPE, place, "%s has no members, so no \"%.*s\"%s%.*s%s",
        tg_check_text(c, of, text), TG_FMT(tg_refusal_quote(name)),
        has_size ? "; write size(" : "", has_size ? (int)source.size : 0,
        (const char *)source.data, has_size ? ")" : "");
}

/* Take `name` out of what child 0 is: at `at`, pointing at `place` if it is not there. */
static enum tg_err select_from(struct tg_checker *c, uint32_t at, uint32_t place,
                               struct tg_slice name)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    const struct tg_meaning *from = tg_check_child(c, node, 0);
    struct tg_meaning *meaning = &c->nodes[at];
    if (from->is == TG_MEANS_DATA || from->is == TG_MEANS_OLD) {
        int field = find_field(c, name);
        if (field < 0) {
            return unknown_field(c, place, name);
        }
        mean_field(c, meaning, field, from->is == TG_MEANS_OLD);
        return TG_OK;
    }
    if (from->is == TG_MEANS_EVENT) {
        return select_event(c, at, place, name);
    }
    meaning->nullable = true;
    if (from->is == TG_MEANS_AUTH || from->is == TG_MEANS_CLAIM) {
        meaning->is = TG_MEANS_CLAIM;
        return TG_OK;
    }
    if (from->type != TG_KNOWN_ANY) {
        return refuse_member(c, node, place, name);
    }
    return TG_OK;
}

enum tg_err tg_check_select(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    return select_from(c, at, node->mark, node->text);
}

static enum tg_err index_list(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    const struct tg_meaning *list = tg_check_child(c, node, 0);
    const struct tg_meaning *key = tg_check_child(c, node, 1);
    const struct tg_ast_node *key_node = tg_ast_child(c->ast, node, 1);
    c->nodes[at].type = list->type == TG_KNOWN_LIST ? list->items : TG_KNOWN_ANY;
    c->nodes[at].nullable = c->nodes[at].type == TG_KNOWN_ANY;
    char text[TG_CHECK_TEXT_MAX];
    if (list->type != TG_KNOWN_LIST && list->type != TG_KNOWN_ANY) {
        return tg_check_refuse(
            c, TG_CODE_QUERY_TYPE, node->mark, "%s is no list and no map: it has no [ ]",
            tg_check_text(c, tg_ast_child_index(c->ast, node, 0), text));
    }
    if (list->type == TG_KNOWN_LIST && key->type != TG_KNOWN_ANY &&
        !tg_type_is_number(key->type)) {
        return tg_check_refuse(
            c, TG_CODE_QUERY_TYPE, key_node->at,
            "a list is indexed by a number, not by %s",
            tg_check_text(c, tg_ast_child_index(c->ast, node, 1), text));
    }
    return TG_OK;
}

enum tg_err tg_check_index(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    const struct tg_ast_node *key = tg_ast_child(c->ast, node, 1);
    uint8_t is = tg_check_child(c, node, 0)->is;
    bool has_names = is >= TG_MEANS_DATA && is <= TG_MEANS_AUTH;
    if (has_names && key->kind != TG_AST_STRING) {
        return tg_check_refuse(c, TG_CODE_QUERY_UNSUPPORTED, key->at,
                               "\"%.*s\" takes a literal name in [ ]",
                               TG_FMT(tg_ast_child(c->ast, node, 0)->text));
    }
    if (has_names || (is == TG_MEANS_CLAIM && key->kind == TG_AST_STRING)) {
        return select_from(c, at, key->at, key->text);
    }
    return index_list(c, at);
}

enum tg_err tg_check_has(struct tg_checker *c, uint32_t at)
{
    const struct tg_ast_node *node = &c->ast->nodes[at];
    uint8_t from = tg_check_child(c, node, 0)->is;
    if (from == TG_MEANS_EVENT) {
        return tg_check_refuse(c, TG_CODE_QUERY_UNSUPPORTED, node->mark,
                               "has() is of data, old, auth and JSON: members of "
                               "\"event\" are always there");
    }
    enum tg_err err = select_from(c, at, node->mark, node->text);
    struct tg_meaning *meaning = &c->nodes[at];
    switch (meaning->is) {
    case TG_MEANS_SLOT:
        meaning->is = TG_MEANS_HAS;
        break;
    case TG_MEANS_CLAIM:
        meaning->is = TG_MEANS_HAS_CLAIM;
        break;
    default:
        meaning->is = TG_MEANS_VALUE;
        break;
    }
    meaning->type = TG_KNOWN_BOOL;
    meaning->nullable = false;
    return err;
}
