#include "engine/match/view.h"

void tg_uses_add(struct tg_uses *uses, uint16_t slot, bool equal)
{
    if (uses->any[slot]++ == 0) {
        uses->place[slot] = (uint16_t)uses->count;
        uses->listed[uses->count++] = slot;
    }
    uses->equal[slot] += equal;
}

void tg_uses_remove(struct tg_uses *uses, uint16_t slot, bool equal)
{
    uses->equal[slot] -= equal;
    if (--uses->any[slot] == 0) {
        uint16_t last = uses->listed[--uses->count];
        uses->listed[uses->place[slot]] = last;
        uses->place[last] = uses->place[slot];
    }
}

static void view_cell(struct tg_view *view, uint16_t slot, const struct tg_cell *cell,
                      bool equal, const struct tg_intern *intern)
{
    view->state[slot] = cell->state;
    view->number[slot] = 0;
    view->id[slot] = 0;
    if (cell->state != TG_CELL_HERE) {
        return;
    }
    switch (cell->kind) {
    case TG_FIELD_STRING:
    case TG_FIELD_UUID:
        view->id[slot] = equal ? tg_intern_find_text(intern, cell->text) : 0;
        break;
    case TG_FIELD_JSON:
    case TG_FIELD_LIST:
        break;
    default:
        view->number[slot] = cell->number;
        view->id[slot] = equal ? tg_intern_find_number(intern, cell->number) : 0;
        break;
    }
}

void tg_view_fill(struct tg_view *view, const struct tg_row *row,
                  const struct tg_uses *uses, const struct tg_intern *intern,
                  const struct tg_bands *bands, const struct tg_view *other,
                  uint64_t changed)
{
    view->row = row;
    for (uint32_t i = 0; i < uses->count; i++) {
        uint16_t slot = uses->listed[i];
        if (other != NULL && slot < TG_SLOT_OLD && (tg_slot_bit(slot) & changed) == 0) {
            view->state[slot] = other->state[slot];
            view->number[slot] = other->number[slot];
            view->id[slot] = other->id[slot];
        } else {
            view_cell(view, slot, tg_row_cell(row, slot), uses->equal[slot] != 0, intern);
        }
        if (bands->cuts[slot] != NULL) {
            view->band[slot] = view->state[slot] == TG_CELL_HERE
                                   ? tg_band_of(bands, slot, view->number[slot])
                                   : (uint8_t)TG_NO_BAND;
        }
    }
}
