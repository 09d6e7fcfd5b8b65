#include "zone_rule.h"

#include "rfc3339.h"

enum { HOUR_S = 3600, DAY_S = 86400 };

static bool take(struct slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = slice_sub(*s, 1, s->n);
    return true;
}

static bool take_number(struct slice *s, int least, int most, int *ret)
{
    int v = 0;
    size_t n = 0;
    for (; n < s->n && n < 4 && s->p[n] >= '0' && s->p[n] <= '9'; n++)
        v = v * 10 + (s->p[n] - '0');
    if (n == 0 || v < least || v > most)
        return false;
    *s = slice_sub(*s, n, s->n);
    *ret = v;
    return true;
}

/* [+-]hh[:mm[:ss]]; up to a week of hours (RFC 8536 §3.3.1). */
static bool take_time(struct slice *s, int *ret)
{
    int h, m = 0, sec = 0;
    bool minus = take(s, '-');
    if (!minus)
        take(s, '+');
    if (!take_number(s, 0, 167, &h))
        return false;
    if (take(s, ':') &&
        (!take_number(s, 0, 59, &m) || (take(s, ':') && !take_number(s, 0, 59, &sec))))
        return false;
    *ret = (h * HOUR_S + m * 60 + sec) * (minus ? -1 : 1);
    return true;
}

static bool letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Three letters or more, or anything in angle brackets. */
static bool take_name(struct slice *s)
{
    size_t n = 0;
    if (take(s, '<')) {
        n = slice_find(*s, '>');
        *s = slice_sub(*s, n, s->n);
        return n > 0 && take(s, '>');
    }
    while (n < s->n && letter(s->p[n]))
        n++;
    *s = slice_sub(*s, n, s->n);
    return n >= 3;
}

static bool take_change(struct slice *s, struct zone_change *ret)
{
    struct zone_change c = {.at_s = 2 * HOUR_S};
    bool ok = take(s, ',');
    if (ok && take(s, 'M')) {
        c.kind = ZONE_WEEKDAY;
        ok = take_number(s, 1, 12, &c.month) && take(s, '.') && take_number(s, 1, 5, &c.week) &&
             take(s, '.') && take_number(s, 0, 6, &c.day);
    } else if (ok && take(s, 'J')) {
        c.kind = ZONE_JULIAN;
        ok = take_number(s, 1, 365, &c.day);
    } else if (ok) {
        c.kind = ZONE_DAY;
        ok = take_number(s, 0, 365, &c.day);
    }
    if (!ok || (take(s, '/') && !take_time(s, &c.at_s)))
        return false;
    *ret = c;
    return true;
}

bool zone_rule_read(struct slice text, struct zone_rule *ret)
{
    struct zone_rule r = {0};
    int west;
    if (!take_name(&text) || !take_time(&text, &west))
        return false;
    r.standard_s = r.summer_s = -west;
    if (text.n) {
        r.has_summer = true;
        r.summer_s = r.standard_s + HOUR_S;
        if (!take_name(&text))
            return false;
        if (text.n && text.p[0] != ',') {
            if (!take_time(&text, &west))
                return false;
            r.summer_s = -west;
        }
        if (!take_change(&text, &r.begin) || !take_change(&text, &r.end) || text.n)
            return false;
    }
    *ret = r;
    return true;
}

/* 1970-01-01 was a Thursday (4, Sunday being 0). */
static int weekday(int64_t day)
{
    return (int)(((day + 4) % 7 + 7) % 7);
}

int64_t zone_change_in(const struct zone_change *c, int year)
{
    int64_t day = rfc3339_days(year, 1, 1);
    if (c->kind == ZONE_DAY) {
        day += c->day;
    } else if (c->kind == ZONE_JULIAN) {
        /* 29 February is never counted. */
        day += c->day - 1 + (c->day >= 60 && rfc3339_month_days(year, 2) == 29);
    } else {
        day = rfc3339_days(year, c->month, 1);
        int nth = (c->day - weekday(day) + 7) % 7 + 7 * (c->week - 1);
        if (nth >= rfc3339_month_days(year, c->month))
            nth -= 7;
        day += nth;
    }
    return day * DAY_S + c->at_s;
}
