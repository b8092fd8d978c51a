#include "engine/match/private.h"

static void write_slot(struct tg_buf *buf, const struct tg_schema *schema, uint16_t slot)
{
    static const char *const event[] = {"event.op", "event.time", "event.changed"};
    if (slot >= TG_SLOT_OP) {
        tg_buf_add_text(buf, event[slot - TG_SLOT_OP]);
        return;
    }
    tg_buf_add_text(buf, slot >= TG_SLOT_OLD ? "old." : "");
    tg_buf_add_slice(buf, schema->fields[slot % TG_SLOT_OLD].name);
}

static bool same_shape(const struct tg_access *a, const struct tg_access *b)
{
    return a->shape.mode == b->shape.mode && a->shape.count == b->shape.count &&
           a->shape.length == b->shape.length && a->range_slot == b->range_slot &&
           memcmp(a->shape.slots, b->shape.slots, sizeof a->shape.slots) == 0;
}

/* How a line begins, and what stands after the slots. */
static const char *const begins[] = {
    [TG_SHAPE_TUPLE] = "key ",
    [TG_SHAPE_ITEM] = "item of ",
    [TG_SHAPE_PREFIX] = "prefix of ",
    [TG_SHAPE_HERE] = "every event with ",
    [TG_SHAPE_NULL] = "every event with ",
    [TG_SHAPE_SAID] = "every event with ",
    [TG_SHAPE_ABSENT] = "every event without ",
    [TG_SHAPE_RANGE] = "range of ",
    [TG_SHAPE_GRID] = "ranges, first of ",
    [TG_SHAPE_ALL] = "every event",
};

static void write_access(struct tg_buf *buf, const struct tg_schema *schema,
                         const struct tg_access *access, uint32_t values)
{
    tg_buf_add_text(buf, begins[access->shape.mode]);
    for (uint32_t i = 0; i < access->shape.count; i++) {
        tg_buf_add_text(buf, i == 0 ? "" : " + ");
        write_slot(buf, schema, access->shape.slots[i]);
    }
    if (access->shape.mode == TG_SHAPE_PREFIX) {
        tg_buf_printf(buf, ", %u bytes", access->shape.length);
    } else if (access->shape.mode == TG_SHAPE_NULL) {
        tg_buf_add_text(buf, " null");
    }
    if (values > 1) {
        tg_buf_printf(buf, ", %u values", values);
    }
    if (access->range_slot != TG_NO_SLOT && access->shape.mode != TG_SHAPE_RANGE) {
        tg_buf_add_text(buf, ", then range of ");
        write_slot(buf, schema, access->range_slot);
    }
    tg_buf_add_byte(buf, '\n');
}

void tg_matcher_explain(const struct tg_matcher *matcher, const struct tg_filter *filter,
                        struct tg_buf *buf)
{
    struct tg_draft draft = {0};
    struct tg_cover cover = {0};
    struct tg_cover_context context = {&matcher->intern, &matcher->stats,
                                       &matcher->postings, matcher->counts.filters};
    if (tg_draft_begin(&draft, filter) != TG_OK ||
        tg_cover_look_up(&draft, &matcher->intern) != TG_OK ||
        tg_cover_choose(&cover, &draft, &context) != TG_OK) {
        buf->failed = true;
    }
    for (uint32_t i = 0; i < cover.count && !buf->failed;) {
        uint32_t values = 1;
        while (i + values < cover.count &&
               same_shape(&cover.accesses[i], &cover.accesses[i + values])) {
            values++;
        }
        write_access(buf, matcher->schema, &cover.accesses[i], values);
        i += values;
    }
    if (cover.count == 0 && !buf->failed) {
        tg_buf_add_text(buf, "no event\n");
    }
    tg_cover_finish(&cover);
    tg_draft_finish(&draft);
}
