#include "http_date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include "rfc3339.h"

/* strptime follows the locale for names; programs of weir never set one, so it is "C". */
static bool read_form(const char *text, const char *form, struct tm *tm)
{
    memset(tm, 0, sizeof(*tm));
    const char *end = strptime(text, form, tm);
    return end && *end == 0;
}

bool http_date_read(struct slice s, int64_t *ret_wall_ms)
{
    char text[64];
    struct tm tm;
    if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, 0, s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    if (!read_form(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) &&
        !read_form(text, "%A, %d-%b-%y %H:%M:%S GMT", &tm) &&
        !read_form(text, "%a %b %e %H:%M:%S %Y", &tm))
        return false;
    int year = tm.tm_year + 1900, month = tm.tm_mon + 1;
    if (tm.tm_mday > rfc3339_month_days(year, month))
        return false;
    int64_t days = rfc3339_days(year, month, tm.tm_mday);
    int64_t seconds = days * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
    *ret_wall_ms = seconds * 1000;
    return true;
}

struct slice http_date_write(int64_t wall_ms, char out[HTTP_DATE_SIZE])
{
    struct tm tm;
    time_t t = (time_t)(wall_ms / 1000);
    gmtime_r(&t, &tm);
    strftime(out, HTTP_DATE_SIZE, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return slice_str(out);
}
