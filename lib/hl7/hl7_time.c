#include "hl7_time.h"

#include "rfc3339.h"

enum { OFFSET_MAX_MIN = 14 * 60 };

struct civil {
    int year, month, day, hour, minute, second, ms;
    int offset_min;
    enum hl7_precision precision;
    unsigned flags;
};

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take(struct slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    s->p++;
    s->n--;
    return true;
}

static bool two_digits(struct slice s, size_t at)
{
    return s.n >= at + 2 && digit(s.p[at]) && digit(s.p[at + 1]);
}

static bool take2(struct slice *s, int *ret)
{
    if (!two_digits(*s, 0))
        return false;
    *ret = (s->p[0] - '0') * 10 + (s->p[1] - '0');
    s->p += 2;
    s->n -= 2;
    return true;
}

/* "2025-05" and "2025-05-05" have dashes; in "2025-0500" it begins an offset. */
static bool dashed(struct slice after_year)
{
    return after_year.n >= 3 && after_year.p[0] == '-' && two_digits(after_year, 1) &&
           (after_year.n == 3 || after_year.p[3] == '-');
}

/* NULL, or what is wrong. */
static const char *take_date(struct slice *s, struct civil *c)
{
    int century, year;
    if (!take2(s, &century) || !take2(s, &year))
        return "a time begins with a year of four digits";
    c->year = century * 100 + year;
    c->month = c->day = 1;
    c->precision = HL7_YEAR;
    bool dashes = dashed(*s);
    if (dashes)
        take(s, '-');
    if (take2(s, &c->month)) {
        c->precision = HL7_MONTH;
        if (dashes)
            take(s, '-');
        if (take2(s, &c->day))
            c->precision = HL7_DAY;
    }
    if (c->year == 0)
        return "there is no year 0000";
    if (c->month < 1 || c->month > 12)
        return "the month is not 01 to 12";
    if (c->day < 1 || c->day > rfc3339_month_days(c->year, c->month))
        return "the month has no such day";
    return NULL;
}

static void take_fraction(struct slice *s, struct civil *c)
{
    int scale = 100;
    for (; s->n && digit(s->p[0]); s->p++, s->n--, scale /= 10)
        c->ms += (s->p[0] - '0') * scale;
    c->precision = HL7_FRACTION;
}

static const char *take_clock(struct slice *s, struct civil *c)
{
    if (s->n > 1 && (s->p[0] == ' ' || s->p[0] == 'T') && digit(s->p[1]))
        take(s, s->p[0]);
    if (!take2(s, &c->hour))
        return NULL;
    c->precision = HL7_HOUR;
    bool colons = take(s, ':');
    if (take2(s, &c->minute)) {
        c->precision = HL7_MINUTE;
        if (colons && take(s, ':') && !two_digits(*s, 0))
            return "no seconds behind the colon";
        if (take2(s, &c->second)) {
            c->precision = HL7_SECOND;
            if (s->n > 1 && s->p[0] == '.' && digit(s->p[1])) {
                take(s, '.');
                take_fraction(s, c);
            }
        }
    } else if (colons) {
        return "no minutes behind the colon";
    }
    if (c->hour > 23)
        return "the hour is not 00 to 23";
    if (c->minute > 59)
        return "the minute is not 00 to 59";
    return c->second > 59 ? "the second is not 00 to 59" : NULL;
}

static const char *take_offset(struct slice *s, struct civil *c)
{
    int h, m = 0;
    if (take(s, 'Z')) {
        c->flags |= HL7_TIME_OFFSET_SENT;
        return NULL;
    }
    bool minus = s->n && s->p[0] == '-';
    if (!take(s, '-') && !take(s, '+'))
        return NULL;
    if (!take2(s, &h))
        return "the offset from UTC is not ±HHMM";
    bool colon = take(s, ':');
    if (!take2(s, &m) && colon)
        return "the offset from UTC is not ±HHMM";
    if (m > 59 || h * 60 + m > OFFSET_MAX_MIN)
        return "no place is that far from UTC";
    c->offset_min = (h * 60 + m) * (minus ? -1 : 1);
    c->flags |= HL7_TIME_OFFSET_SENT;
    if (minus && c->offset_min == 0)
        c->flags |= HL7_TIME_OFFSET_NONE;
    return NULL;
}

static const char *read_civil(struct slice text, struct civil *c)
{
    *c = (struct civil){0};
    text = slice_trim(text);
    const char *fault = take_date(&text, c);
    if (!fault && c->precision == HL7_DAY)
        fault = take_clock(&text, c);
    if (!fault)
        fault = take_offset(&text, c);
    if (!fault && text.n)
        fault = "what follows the time is no part of it";
    return fault;
}

int hl7_time_read(struct slice text, const struct hl7_time_rules *rules, struct hl7_time *ret,
                  struct err *reterr)
{
    struct civil c;
    const char *fault = read_civil(text, &c);
    if (fault)
        return err_set(reterr, ERR_INPUT, "%s", fault);
    int64_t local =
        rfc3339_days(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
    if ((c.flags & HL7_TIME_OFFSET_SENT) && !rules->ignore_offset) {
        local -= (int64_t)c.offset_min * 60;
    } else {
        struct zone_reading r = zone_from_local(rules->zone, local);
        c.flags = r.fit == ZONE_TWICE   ? HL7_TIME_AMBIGUOUS
                  : r.fit == ZONE_NEVER ? HL7_TIME_SHIFTED
                                        : 0;
        c.offset_min = r.offset_min;
        local = r.instant_s;
    }
    *ret = (struct hl7_time){local * 1000 + c.ms, c.offset_min, c.precision, c.flags};
    return 0;
}

int hl7_time_check(struct slice text, struct err *reterr)
{
    struct civil c;
    const char *fault = read_civil(text, &c);
    return fault ? err_set(reterr, ERR_INPUT, "%s", fault) : 0;
}

/* Times, offsets and stray marks as feeds put them behind a date of birth. */
static bool time_like(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!digit(s.p[i]) && !memchr("+-:. TZ", s.p[i], 7))
            return false;
    return true;
}

static char *put2(char *to, int v)
{
    to[0] = (char)('0' + v / 10 % 10);
    to[1] = (char)('0' + v % 10);
    return to + 2;
}

int hl7_date_read(struct slice text, char out[HL7_DATE_SIZE], struct slice *ret, struct err *reterr)
{
    struct civil c = {0};
    text = slice_trim(text);
    const char *fault = take_date(&text, &c);
    if (!fault && (!time_like(text) || (c.precision < HL7_DAY && text.n && digit(text.p[0]))))
        fault = "what follows the date is no time";
    if (fault)
        return err_set(reterr, ERR_INPUT, "%s", fault);
    char *to = put2(put2(out, c.year / 100), c.year % 100);
    if (c.precision >= HL7_MONTH) {
        *to++ = '-';
        to = put2(to, c.month);
    }
    if (c.precision >= HL7_DAY) {
        *to++ = '-';
        to = put2(to, c.day);
    }
    *to = 0;
    *ret = slice_make(out, (size_t)(to - out));
    return 0;
}

struct slice hl7_time_write(int64_t wall_ms, int offset_min, char out[HL7_TIME_SIZE])
{
    char text[RFC3339_SIZE];
    /* "2026-03-03T08:12:00+00:00" with the marks left out. */
    static const unsigned char keep[] = {0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18};
    rfc3339_write(wall_ms - (wall_ms % 1000 + 1000) % 1000, offset_min, text);
    char *to = out;
    for (size_t i = 0; i < sizeof(keep); i++)
        *to++ = text[keep[i]];
    int away = offset_min < 0 ? -offset_min : offset_min;
    *to++ = offset_min < 0 ? '-' : '+';
    to = put2(put2(to, away / 60), away % 60);
    *to = 0;
    return slice_make(out, (size_t)(to - out));
}
