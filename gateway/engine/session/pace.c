#include "engine/session/pace.h"

enum { SECOND_US = 1000000, MS_US = 1000 };

uint32_t tg_pace_take(struct tg_pace *pace, const struct tg_pace_limits *limits,
                      uint64_t now_us)
{
    if (limits->per_second == 0) {
        return 0;
    }
    uint64_t each_us = SECOND_US / limits->per_second;
    uint64_t others = limits->burst > 1 ? limits->burst - 1 : 0;
    uint64_t missing_us = pace->due_us > now_us ? pace->due_us - now_us : 0;
    if (missing_us > others * each_us) {
        return (uint32_t)((missing_us - others * each_us + MS_US - 1) / MS_US);
    }
    pace->due_us = now_us + missing_us + each_us;
    return 0;
}
