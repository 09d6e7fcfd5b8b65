#include "map_time_format.h"

#include <stdint.h>
#include <stdio.h>
#include "rfc3339.h"
#include "yaml.h"

static const char *const names[] = {"iso", "dd/mm/yyyy", "dd-mon-yyyy", "epoch", "epoch_ms"};
_Static_assert(sizeof(names) / sizeof(names[0]) == MAP_TIME_FORMATS, "a name for each format");

static int add(const struct yaml *node, struct map_time_formats *ret, struct err *reterr)
{
    unsigned i = 0;
    while (i < MAP_TIME_FORMATS && !slice_eq_str(node->text, names[i]))
        i++;
    if (node->kind != YAML_SCALAR || i == MAP_TIME_FORMATS)
        return yaml_err(node, reterr,
                        "time_format: iso, dd/mm/yyyy, dd-mon-yyyy, epoch, epoch_ms, or a list of "
                        "these");
    for (unsigned k = 0; k < ret->n; k++)
        if (ret->at[k] == i)
            return yaml_err(node, reterr, "time_format: %s stands twice", names[i]);
    ret->at[ret->n++] = (unsigned char)i;
    return 0;
}

int map_time_formats_compile(const struct yaml *node, struct map_time_formats *ret,
                             struct err *reterr)
{
    *ret = (struct map_time_formats){0};
    if (!node)
        return 0;
    if (node->kind != YAML_LIST)
        return add(node, ret, reterr);
    for (const struct yaml *at = node->child; at; at = at->next)
        if (add(at, ret, reterr) < 0)
            return -1;
    return 0;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One to most digits. */
static bool take_number(struct slice *s, unsigned most, unsigned *ret)
{
    unsigned n = 0, v = 0;
    for (; n < most && n < s->n && digit(s->p[n]); n++)
        v = v * 10 + (unsigned)(s->p[n] - '0');
    *s = slice_sub(*s, n, s->n);
    *ret = v;
    return n > 0 && (!s->n || !digit(s->p[0]));
}

static bool take_between(struct slice *s, char *ret)
{
    if (!s->n || !memchr("/.- ", s->p[0], 4))
        return false;
    *ret = s->p[0];
    *s = slice_sub(*s, 1, s->n);
    return true;
}

/* MAR, March: three letters or the whole name. */
static bool take_month(struct slice *s, unsigned *ret)
{
    static const char *const months[] = {"january",   "february", "march",    "april",
                                         "may",       "june",     "july",     "august",
                                         "september", "october",  "november", "december"};
    size_t n = 0;
    while (n < s->n && ((s->p[n] | 32) >= 'a' && (s->p[n] | 32) <= 'z'))
        n++;
    struct slice word = slice_sub(*s, 0, n);
    *s = slice_sub(*s, n, s->n);
    for (unsigned i = 0; i < 12; i++)
        if (slice_ieq(word, slice_str(months[i])) || slice_ieq(word, slice_make(months[i], 3))) {
            *ret = i + 1;
            return true;
        }
    return false;
}

static bool take_year(struct slice *s, unsigned *ret)
{
    size_t had = s->n;
    return take_number(s, 4, ret) && had - s->n == 4;
}

/* "9:05" behind a date is 09:05; what else is wrong with it the reader of ISO 8601 sees. */
static struct slice day_first(struct slice text, bool named, char out[MAP_TIME_ISO_SIZE])
{
    unsigned day, month, year;
    char first, second;
    struct slice rest = text;
    if (!take_number(&rest, 2, &day) || !take_between(&rest, &first) ||
        !(named ? take_month(&rest, &month) : take_number(&rest, 2, &month)) ||
        !take_between(&rest, &second) || second != first || !take_year(&rest, &year))
        return SLICE_ABSENT;
    bool pad = rest.n > 2 && digit(rest.p[1]) && rest.p[2] == ':';
    char blank = rest.n ? rest.p[0] : 0;
    int n = snprintf(out, MAP_TIME_ISO_SIZE, "%04u-%02u-%02u%.*s%s%.*s", year, month, day,
                     blank != 0, &blank, pad ? "0" : "", SLICE_ARG(slice_sub(rest, 1, rest.n)));
    return n < MAP_TIME_ISO_SIZE ? slice_make(out, (size_t)n) : SLICE_ABSENT;
}

/* Seconds with up to three decimals, or milliseconds; up to the year 9999. */
static struct slice since_1970(struct slice text, bool milliseconds, char out[MAP_TIME_ISO_SIZE])
{
    int64_t v = 0;
    int decimals = milliseconds ? 3 : 0;
    bool point = milliseconds;
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '.' && !point && i) {
            point = true;
            continue;
        }
        if (!digit(text.p[i]) || ++n > 15)
            return SLICE_ABSENT;
        if (point && !milliseconds && ++decimals > 3) {
            decimals = 3;
            continue;
        }
        v = v * 10 + (text.p[i] - '0');
    }
    for (; decimals < 3; decimals++)
        v *= 10;
    if (!n || v > INT64_C(253402300799999))
        return SLICE_ABSENT;
    return rfc3339_write(v, 0, out);
}

struct slice map_time_iso(enum map_time_format format, struct slice text,
                          char out[MAP_TIME_ISO_SIZE])
{
    _Static_assert((int)MAP_TIME_ISO_SIZE >= (int)RFC3339_SIZE, "room for a time");
    text = slice_trim(text);
    switch (format) {
    case MAP_TIME_ISO:
        return text;
    case MAP_TIME_DAY_FIRST:
    case MAP_TIME_MONTH_NAME:
        return day_first(text, format == MAP_TIME_MONTH_NAME, out);
    default:
        return since_1970(text, format == MAP_TIME_EPOCH_MS, out);
    }
}
