#include "rfc3339.h"

#include <stdio.h>
#include "num.h"

enum { DAY_MS = 86400000 };

int64_t rfc3339_days(int64_t year, int month, int day)
{
    /* Counted in years that begin in March, so that the leap day comes last. */
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void rfc3339_date(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *ret_month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

int rfc3339_month_days(int year, int month)
{
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12)
        return 0;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return length[month - 1] + (month == 2 && leap);
}

static char *put2(char *to, int v)
{
    to[0] = (char)('0' + v / 10 % 10);
    to[1] = (char)('0' + v % 10);
    return to + 2;
}

/* "YYYY-MM-DDTHH:MM:SS" and, where asked or not zero, ".mmm". Written by hand: it stands in the hot
 * path. */
static char *put_civil(char *to, int64_t ms, bool always_ms)
{
    int64_t days = ms / DAY_MS, rest = ms % DAY_MS;
    if (rest < 0) {
        rest += DAY_MS;
        days--;
    }
    int y, mo, d;
    rfc3339_date(days, &y, &mo, &d);
    to = put2(to, y / 100);
    to = put2(to, y % 100);
    *to++ = '-';
    to = put2(to, mo);
    *to++ = '-';
    to = put2(to, d);
    *to++ = 'T';
    to = put2(to, (int)(rest / 3600000));
    *to++ = ':';
    to = put2(to, (int)(rest / 60000 % 60));
    *to++ = ':';
    to = put2(to, (int)(rest / 1000 % 60));
    int thousandths = (int)(rest % 1000);
    if (thousandths || always_ms) {
        *to++ = '.';
        *to++ = (char)('0' + thousandths / 100);
        to = put2(to, thousandths % 100);
    }
    return to;
}

struct slice rfc3339_write(int64_t wall_ms, int offset_min, char out[RFC3339_SIZE])
{
    char *to = put_civil(out, wall_ms + (int64_t)offset_min * 60000, false);
    int away = offset_min < 0 ? -offset_min : offset_min;
    *to++ = offset_min < 0 ? '-' : '+';
    to = put2(to, away / 60);
    *to++ = ':';
    to = put2(to, away % 60);
    *to = 0;
    return slice_make(out, (size_t)(to - out));
}

struct slice rfc3339_utc(int64_t wall_ms, char out[RFC3339_SIZE])
{
    char *to = put_civil(out, wall_ms, true);
    *to++ = 'Z';
    *to = 0;
    return slice_make(out, (size_t)(to - out));
}

/* Takes n digits off the front of *s. */
static bool take_digits(struct slice *s, size_t n, int *ret)
{
    uint64_t v;
    if (s->n < n || !num_u64(slice_sub(*s, 0, n), &v))
        return false;
    *ret = (int)v;
    *s = slice_sub(*s, n, s->n);
    return true;
}

static bool take_char(struct slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = slice_sub(*s, 1, s->n);
    return true;
}

static bool take_fraction(struct slice *s, int *ret_ms)
{
    int ms = 0, scale = 100;
    size_t n = 0;
    *ret_ms = 0;
    if (!take_char(s, '.'))
        return true;
    for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++, scale /= 10)
        ms += (s->p[n] - '0') * scale;
    *s = slice_sub(*s, n, s->n);
    *ret_ms = ms;
    return n > 0;
}

static bool take_offset(struct slice *s, int *ret_min)
{
    int h, m;
    if (take_char(s, 'Z')) {
        *ret_min = 0;
        return true;
    }
    bool minus = s->n && s->p[0] == '-';
    if (!take_char(s, '-') && !take_char(s, '+'))
        return false;
    if (!take_digits(s, 2, &h) || !take_char(s, ':') || !take_digits(s, 2, &m) || h > 23 || m > 59)
        return false;
    *ret_min = (h * 60 + m) * (minus ? -1 : 1);
    return true;
}

bool rfc3339_read(struct slice s, int64_t *ret_wall_ms, int *ret_offset_min)
{
    int y, mo, d, h, mi, sec, ms, off;
    if (!take_digits(&s, 4, &y) || !take_char(&s, '-') || !take_digits(&s, 2, &mo) ||
        !take_char(&s, '-') || !take_digits(&s, 2, &d) ||
        !(take_char(&s, 'T') || take_char(&s, 't')))
        return false;
    if (!take_digits(&s, 2, &h) || !take_char(&s, ':') || !take_digits(&s, 2, &mi) ||
        !take_char(&s, ':') || !take_digits(&s, 2, &sec) || !take_fraction(&s, &ms))
        return false;
    if (!take_offset(&s, &off) || s.n)
        return false;
    if (d < 1 || d > rfc3339_month_days(y, mo) || h > 23 || mi > 59 || sec > 59)
        return false;
    int64_t secs = rfc3339_days(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec;
    *ret_wall_ms = secs * 1000 + ms - (int64_t)off * 60000;
    *ret_offset_min = off;
    return true;
}
