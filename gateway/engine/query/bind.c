#include "engine/query/bind.h"

#include "engine/base/mem.h"
#include "engine/cel/decimal.h"

struct tg_keep_block {
    struct tg_keep_block *next;
    size_t used;
    size_t size;
    uint8_t bytes[];
};

/* --- Texts that stay ------------------------------------------------------------- */

struct tg_slice tg_keep_copy(struct tg_keep *keep, struct tg_slice text)
{
    enum { BLOCK = 4096 };
    struct tg_keep_block *block = keep->blocks;
    if (block == NULL || block->size - block->used < text.size + 1) {
        size_t size = text.size + 1 > BLOCK ? text.size + 1 : BLOCK;
        block = tg_alloc(sizeof *block + size);
        if (block == NULL) {
            return tg_slice(NULL, 0);
        }
        *block = (struct tg_keep_block){.next = keep->blocks, .size = size};
        keep->blocks = block;
    }
    uint8_t *at = block->bytes + block->used;
    if (text.size != 0) {
        memcpy(at, text.data, text.size);
    }
    block->used += text.size + 1;
    return tg_slice(at, text.size);
}

void tg_keep_finish(struct tg_keep *keep)
{
    while (keep->blocks != NULL) {
        struct tg_keep_block *next = keep->blocks->next;
        tg_free(keep->blocks);
        keep->blocks = next;
    }
}

/* --- Nodes ----------------------------------------------------------------------- */

static bool make_room(struct tg_bound *bound, uint32_t links)
{
    struct tg_ast *tree = &bound->tree;
    if (tree->count == tree->capacity) {
        uint32_t capacity = tree->capacity == 0 ? 64 : tree->capacity * 2;
        struct tg_ast_node *nodes = tg_resize(tree->nodes, capacity * sizeof *nodes);
        if (nodes == NULL) {
            return false;
        }
        tree->nodes = nodes;
        struct tg_bound_node *more = tg_resize(bound->nodes, capacity * sizeof *more);
        if (more == NULL) {
            return false;
        }
        bound->nodes = more;
        tree->capacity = capacity;
    }
    if (tree->links_capacity - tree->links_count < links) {
        uint32_t capacity = (tree->links_count + links) * 2;
        uint32_t *more = tg_resize(tree->links, capacity * sizeof *more);
        if (more == NULL) {
            return false;
        }
        tree->links = more;
        tree->links_capacity = capacity;
    }
    return true;
}

/* Add `node`, whose children are the `count` of `children` (may be NULL: of `node`). */
enum tg_err tg_bind_add(struct tg_binder *b, struct tg_ast_node node,
                        const uint32_t *children, uint32_t count)
{
    struct tg_ast *tree = &b->bound->tree;
    if (tree->count >= b->bound->nodes_max) {
        return TG_ELIMIT;
    }
    if (!make_room(b->bound, count)) {
        return TG_ENOMEM;
    }
    bool is_macro = node.kind >= TG_AST_ALL && node.kind <= TG_AST_MAP_EACH;
    struct tg_bound_node info = {
        .variable = -1, .is_constant = node.kind != TG_AST_NAME && !is_macro, .size = 1};
    if (node.kind == TG_AST_METHOD || node.kind == TG_AST_CALL) {
        info.size += tg_slice_is(node.text, "matches") ? TG_BOUND_PATTERN : 0;
    }
    uint8_t depth = 0;
    node.count = count;
    node.first = tree->links_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct tg_bound_node *child = &b->bound->nodes[children[i]];
        uint8_t below = tree->nodes[children[i]].depth;
        depth = below > depth ? below : depth;
        info.is_constant = info.is_constant && child->is_constant;
        info.about_event = info.about_event || child->about_event;
        info.slots |= child->slots;
        info.size += child->size;
        tree->links[tree->links_count++] = children[i];
    }
    node.depth = depth == UINT8_MAX ? depth : depth + 1;
    b->bound->nodes[tree->count] = info;
    tree->nodes[tree->count++] = node;
    return TG_OK;
}

enum tg_err tg_bind_text(struct tg_binder *b, const struct tg_ast_node *from,
                         struct tg_slice text)
{
    struct tg_ast_node node = *from;
    node.kind = TG_AST_STRING;
    node.text = text;
    return tg_bind_add(b, node, NULL, 0);
}

enum tg_err tg_bind_variable(struct tg_binder *b, const struct tg_ast_node *from,
                             uint32_t variable)
{
    char digits[TG_U64_DIGITS + 1] = "#";
    size_t size = 1 + tg_u64_write(variable, digits + 1);
    struct tg_ast_node node = *from;
    node.kind = TG_AST_NAME;
    node.absolute = false;
    node.text = tg_keep_copy(&b->bound->keep, tg_slice(digits, size));
    if (node.text.data == NULL) {
        return TG_ENOMEM;
    }
    enum tg_err err = tg_bind_add(b, node, NULL, 0);
    if (err != TG_OK) {
        return err;
    }
    struct tg_bound_node *info = &b->bound->nodes[b->bound->tree.count - 1];
    info->variable = (int32_t)variable;
    info->is_constant = variable >= TG_VARIABLE_MISSING;
    if (!info->is_constant) {
        uint32_t slot = variable % TG_VARIABLE_HAS;
        info->slots = tg_slot_bit((uint16_t)slot);
        info->about_event = slot >= TG_SLOT_OLD;
    }
    return TG_OK;
}

enum tg_err tg_bind_known(struct tg_binder *b, const struct tg_ast_node *from,
                          struct tg_value value)
{
    struct tg_bound *bound = b->bound;
    if (bound->known_count == bound->known_capacity) {
        uint32_t capacity = bound->known_capacity == 0 ? 16 : bound->known_capacity * 2;
        struct tg_value *more = tg_resize(bound->known, capacity * sizeof *more);
        if (more == NULL) {
            return TG_ENOMEM;
        }
        bound->known = more;
        bound->known_capacity = capacity;
    }
    bound->known[bound->known_count] = value;
    return tg_bind_variable(b, from, TG_VARIABLE_KNOWN + bound->known_count++);
}

/* --- Literals beside fields ------------------------------------------------------ */

/* The decimal of `text`, or `other` if it has too many digits. */
enum tg_err tg_bind_decimal(struct tg_binder *b, const struct tg_ast_node *other,
                            struct tg_slice text)
{
    struct tg_decimal_text digits;
    if (!tg_decimal_canonical(text, &digits)) {
        return tg_bind_add(b, *other, NULL, 0);
    }
    struct tg_slice kept =
        tg_keep_copy(&b->bound->keep, tg_slice(digits.data, digits.size));
    return kept.data == NULL
               ? TG_ENOMEM
               : tg_bind_known(b, other, tg_value_text(TG_VALUE_DECIMAL, kept));
}

static enum tg_err add_decimal_literal(struct tg_binder *b,
                                       const struct tg_ast_node *node)
{
    struct tg_decimal_text digits;
    switch (node->kind) {
    case TG_AST_INT: /* It may be hexadecimal. */
        tg_decimal_of_int(node->integer, &digits);
        return tg_bind_decimal(b, node, tg_slice(digits.data, digits.size));
    case TG_AST_UINT:
        tg_decimal_of_uint(node->unsigned_integer, &digits);
        return tg_bind_decimal(b, node, tg_slice(digits.data, digits.size));
    default:
        return tg_bind_decimal(b, node, tg_ast_source(b->ast, node));
    }
}

/* timestamp("…") */
static enum tg_err add_call(struct tg_binder *b, const struct tg_ast_node *from,
                            const char *function, struct tg_slice text)
{
    struct tg_ast_node call = *from;
    enum tg_err err = tg_bind_text(b, from, text);
    uint32_t argument = b->bound->tree.count - 1;
    call.kind = TG_AST_CALL;
    call.absolute = false;
    call.text = tg_slice_of(function);
    return err == TG_OK ? tg_bind_add(b, call, &argument, 1) : err;
}

static enum tg_err add_uuid(struct tg_binder *b, const struct tg_ast_node *from,
                            struct tg_slice text)
{
    uint8_t lower[36];
    for (size_t i = 0; i < sizeof lower; i++) {
        uint8_t byte = text.data[i];
        lower[i] = byte >= 'A' && byte <= 'F' ? byte | 0x20 : byte;
    }
    struct tg_slice kept = tg_keep_copy(&b->bound->keep, tg_slice(lower, sizeof lower));
    return kept.data == NULL ? TG_ENOMEM : tg_bind_text(b, from, kept);
}

/* A string as a value of the type beside it, if it has the form. */
enum tg_err tg_bind_text_as(struct tg_binder *b, const struct tg_ast_node *from,
                            struct tg_slice text, uint8_t read_as)
{
    struct tg_timestamp timestamp;
    struct tg_duration duration;
    int64_t days;
    if (read_as == TG_KNOWN_DATE && tg_date_read(text, &days)) {
        return add_call(b, from, "date", text);
    }
    if (read_as == TG_KNOWN_TIMESTAMP && tg_timestamp_read(text, &timestamp)) {
        return add_call(b, from, "timestamp", text);
    }
    if (read_as == TG_KNOWN_DURATION && tg_duration_read(text, &duration)) {
        return add_call(b, from, "duration", text);
    }
    if (read_as == TG_KNOWN_DECIMAL && tg_decimal_valid(text)) {
        struct tg_ast_node plain = *from;
        plain.kind = TG_AST_STRING;
        plain.text = text;
        return tg_bind_decimal(b, &plain, text);
    }
    if (read_as == TG_KNOWN_UUID && tg_check_is_uuid(text)) {
        return add_uuid(b, from, text);
    }
    return tg_bind_text(b, from, text);
}

/* --- One node of the source ------------------------------------------------------ */

static enum tg_err bind_value(struct tg_binder *b, uint32_t at)
{
    const struct tg_ast_node *node = &b->ast->nodes[at];
    uint8_t read_as = b->meanings[at].read_as;
    if (node->kind == TG_AST_STRING && read_as != TG_KNOWN_ANY) {
        return tg_bind_text_as(b, node, node->text, read_as);
    }
    if (read_as == TG_KNOWN_DECIMAL) {
        return add_decimal_literal(b, node);
    }
    uint32_t few[8];
    uint32_t *children = few;
    if (node->count > sizeof few / sizeof *few) {
        children = tg_alloc(node->count * sizeof *children);
        if (children == NULL) {
            return TG_ENOMEM;
        }
    }
    for (uint32_t i = 0; i < node->count; i++) {
        children[i] = b->bound->places[tg_ast_child_index(b->ast, node, i)];
    }
    enum tg_err err = tg_bind_add(b, *node, children, node->count);
    if (children != few) {
        tg_free(children);
    }
    return err;
}

static enum tg_err bind_node(struct tg_binder *b, uint32_t at)
{
    const struct tg_ast_node *node = &b->ast->nodes[at];
    const struct tg_meaning *meaning = &b->meanings[at];
    uint32_t slot = meaning->slot;
    slot += slot < TG_SLOT_OLD ? b->shift : 0;
    switch ((enum tg_meaning_kind)meaning->is) {
    case TG_MEANS_SLOT:
        return tg_bind_variable(b, node, slot);
    case TG_MEANS_HAS:
        return tg_bind_variable(b, node, TG_VARIABLE_HAS + slot);
    case TG_MEANS_TYPE:
        return tg_bind_text(b, node, b->schema->name);
    case TG_MEANS_HAS_CLAIM:
        return tg_bind_has_claim(b, node);
    case TG_MEANS_CLAIM:
        return tg_bind_claim(b, at);
    default:
        return bind_value(b, at);
    }
}

/* --- The whole tree -------------------------------------------------------------- */

static const uint32_t unused = UINT32_MAX;

/* Which nodes are needed: not those that only named something. */
static bool find_needed(struct tg_binder *b)
{
    struct tg_bound *bound = b->bound;
    uint32_t count = b->ast->count;
    if (bound->places_capacity < count) {
        uint32_t *more = tg_resize(bound->places, count * 2 * sizeof *more);
        if (more == NULL) {
            return false;
        }
        bound->places = more;
        bound->places_capacity = count * 2;
    }
    for (uint32_t i = 0; i < count; i++) {
        bound->places[i] = i == count - 1 ? 0 : unused;
    }
    for (uint32_t at = count; at-- > 0;) {
        const struct tg_ast_node *node = &b->ast->nodes[at];
        bool has_values = bound->places[at] != unused &&
                          b->meanings[at].is == TG_MEANS_VALUE;
        for (uint32_t i = 0; i < node->count && has_values; i++) {
            bound->places[tg_ast_child_index(b->ast, node, i)] = 0;
        }
    }
    return true;
}

enum tg_err tg_bind(struct tg_bound *bound, const struct tg_ast *ast,
                    const struct tg_check *check, const struct tg_schema *schema,
                    struct tg_json claims, uint16_t shift)
{
    struct tg_binder b = {bound, ast, check->nodes, schema, claims, shift};
    bound->tree.count = 0;
    bound->tree.links_count = 0;
    bound->tree.source = ast->source;
    bound->known_count = 0;
    /* A literal may become a call of it: date("…"). */
    bound->nodes_max = ast->count * 2 + TG_BOUND_CLAIMS_MAX;
    tg_keep_finish(&bound->keep);
    tg_buf_clear(&bound->scratch);
    if (!find_needed(&b)) {
        return TG_ENOMEM;
    }
    for (uint32_t at = 0; at < ast->count; at++) {
        if (bound->places[at] == unused) {
            continue;
        }
        enum tg_err err = bind_node(&b, at);
        if (err != TG_OK) {
            return err;
        }
        bound->places[at] = bound->tree.count - 1;
    }
    return TG_OK;
}

void tg_bound_finish(struct tg_bound *bound)
{
    tg_ast_finish(&bound->tree);
    tg_free(bound->nodes);
    tg_free(bound->known);
    tg_free(bound->places);
    tg_keep_finish(&bound->keep);
    tg_buf_finish(&bound->scratch);
    *bound = (struct tg_bound){0};
}

/* --- For programs ---------------------------------------------------------------- */

static int32_t find_variable(void *context, struct tg_slice name)
{
    (void)context;
    int32_t number = 0;
    if (name.size < 2 || name.data[0] != '#') {
        return -1;
    }
    for (size_t i = 1; i < name.size; i++) {
        if (name.data[i] < '0' || name.data[i] > '9') {
            return -1;
        }
        number = number * 10 + (name.data[i] - '0');
    }
    return number;
}

static bool find_known(void *context, int32_t variable, struct tg_value *value)
{
    const struct tg_bound *bound = context;
    if (variable < TG_VARIABLE_KNOWN) {
        return false;
    }
    *value = bound->known[variable - TG_VARIABLE_KNOWN];
    return true;
}

struct tg_scope tg_bound_scope(const struct tg_bound *bound)
{
    return (struct tg_scope){
        .find = find_variable, .context = (void *)(uintptr_t)bound, .known = find_known};
}
