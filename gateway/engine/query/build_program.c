#include "engine/query/build_parts.h"

void tg_build_program(struct tg_builder *builder, const struct tg_program *program,
                      uint64_t slots, bool about_event, bool negated)
{
    struct tg_build_part *part =
        tg_build_make(builder, TG_TERM_PROGRAM, 0, negated,
                      tg_slice(program, tg_program_size(program)));
    if (part != NULL) {
        part->slots = slots;
        part->about_event = about_event;
        part->cost = tg_program_cost(program);
        part->programs = 1;
    }
    tg_build_add(builder, part);
}
