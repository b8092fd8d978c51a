#include "engine/cel/values.h"

enum { DAY_S = 24 * 60 * 60, ZONE_HOURS_MAX = 23 };

/* What a clock and a calendar on the wall show. */
struct wall {
    struct tg_civil date;
    int64_t days; /* Since 1970-01-01. */
    int64_t second_of_day;
    int64_t milliseconds;
};

static int two_digits(const uint8_t *at)
{
    bool digits = at[0] >= '0' && at[0] <= '9' && at[1] >= '0' && at[1] <= '9';
    return digits ? (at[0] - '0') * 10 + (at[1] - '0') : -1;
}

/* "+01:00", "-09:30", "02:00", "UTC": seconds east of Greenwich. The engine reads no
 * file, so that it knows no other zone by name. */
static bool read_zone(struct tg_slice zone, int64_t *offset)
{
    if (tg_slice_is(zone, "UTC") || tg_slice_is(zone, "Z")) {
        *offset = 0;
        return true;
    }
    bool west = zone.size > 0 && zone.data[0] == '-';
    if (west || (zone.size > 0 && zone.data[0] == '+')) {
        zone = tg_slice(zone.data + 1, zone.size - 1);
    }
    if (zone.size != 5 || zone.data[2] != ':') {
        return false;
    }
    int hours = two_digits(zone.data);
    int minutes = two_digits(zone.data + 3);
    if (hours < 0 || hours > ZONE_HOURS_MAX || minutes < 0 || minutes > 59) {
        return false;
    }
    *offset = (hours * 60 + minutes) * (west ? -60 : 60);
    return true;
}

static struct wall wall_of(struct tg_timestamp timestamp, int64_t offset)
{
    /* From the day before year 1 on, which a zone may reach. */
    int64_t since = timestamp.seconds + offset - TG_TIMESTAMP_SECONDS_MIN + DAY_S;
    struct wall wall = {.second_of_day = since % DAY_S,
                        .milliseconds = timestamp.nanos / 1000000};
    wall.days = since / DAY_S - 1 + TG_TIMESTAMP_SECONDS_MIN / DAY_S;
    wall.date = tg_civil_of_days(wall.days);
    return wall;
}

static struct tg_value getter(const struct tg_value *arguments, uint32_t count,
                              int64_t (*look)(const struct wall *wall))
{
    int64_t offset = 0;
    if (arguments[0].kind != TG_VALUE_TIMESTAMP ||
        (count == 2 && arguments[1].kind != TG_VALUE_STRING)) {
        return tg_value_error(tg_no_overload);
    }
    if (count == 2 && !read_zone(arguments[1].text, &offset)) {
        return tg_value_error("unknown time zone");
    }
    struct wall wall = wall_of(arguments[0].timestamp, offset);
    return tg_value_int(look(&wall));
}

static int64_t full_year(const struct wall *wall)
{
    return wall->date.year;
}

static int64_t month(const struct wall *wall)
{
    return wall->date.month - 1;
}

static int64_t day_of_year(const struct wall *wall)
{
    struct tg_civil first = {wall->date.year, 1, 1};
    return wall->days - tg_civil_days(first);
}

static int64_t day_of_month(const struct wall *wall)
{
    return wall->date.day - 1;
}

static int64_t date(const struct wall *wall)
{
    return wall->date.day;
}

/* 1970-01-01 was a Thursday; Sunday is 0. */
static int64_t day_of_week(const struct wall *wall)
{
    return ((wall->days + 4) % 7 + 7) % 7;
}

static int64_t hours(const struct wall *wall)
{
    return wall->second_of_day / 3600;
}

static int64_t minutes(const struct wall *wall)
{
    return wall->second_of_day / 60 % 60;
}

static int64_t seconds(const struct wall *wall)
{
    return wall->second_of_day % 60;
}

static int64_t milliseconds(const struct wall *wall)
{
    return wall->milliseconds;
}

#define OF_TIMESTAMP(name, look)                                                     \
    struct tg_value tg_call_##name(struct tg_work *work,                             \
                                   const struct tg_value *arguments, uint32_t count) \
    {                                                                                \
        (void)work;                                                                  \
        return getter(arguments, count, look);                                       \
    }

/* Of a duration these are the whole of it in that unit, milliseconds aside, which are
 * what is left of a second. */
#define OF_BOTH(name, look, whole)                                                   \
    struct tg_value tg_call_##name(struct tg_work *work,                             \
                                   const struct tg_value *arguments, uint32_t count) \
    {                                                                                \
        (void)work;                                                                  \
        if (arguments[0].kind == TG_VALUE_DURATION && count == 1) {                  \
            struct tg_duration duration = arguments[0].duration;                     \
            return tg_value_int(whole);                                              \
        }                                                                            \
        return getter(arguments, count, look);                                       \
    }

OF_TIMESTAMP(getFullYear, full_year)
OF_TIMESTAMP(getMonth, month)
OF_TIMESTAMP(getDayOfYear, day_of_year)
OF_TIMESTAMP(getDayOfMonth, day_of_month)
OF_TIMESTAMP(getDate, date)
OF_TIMESTAMP(getDayOfWeek, day_of_week)
OF_BOTH(getHours, hours, duration.seconds / 3600)
OF_BOTH(getMinutes, minutes, duration.seconds / 60)
OF_BOTH(getSeconds, seconds, duration.seconds)
OF_BOTH(getMilliseconds, milliseconds, duration.nanos / 1000000)
