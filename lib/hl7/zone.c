#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "rfc3339.h"
#include "zone_rule.h"

enum {
    HEADER = 44,
    FILE_MAX = 64 * 1024,
    TABLE_MAX = 4096,
    OFFSET_MAX_S = 26 * 3600,
    CYCLE_YEARS = 400, /* the calendar repeats itself, weekdays included */
};
static const int64_t CYCLE_S = (int64_t)146097 * 86400;

/* A change of the clocks. Local times from `disputed_from` (in the zone's array) for the length of
 * the difference occur twice or never. */
struct change {
    int64_t at; /* instant */
    int16_t before_min, after_min;
};

struct zone {
    size_t n;
    int64_t fold_from; /* local times from here on are read 400 years earlier; INT64_MAX: none */
    int first_min;     /* before the first change */
    int64_t *disputed_from;
    struct change changes[];
};

/* ---- reading ---- */

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

struct block {
    struct counts counts;
    size_t time_size;             /* 4 or 8 */
    const unsigned char *times;   /* counts.time of time_size */
    const unsigned char *indexes; /* counts.time of 1 */
    const unsigned char *types;   /* counts.type of 6 */
};

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be_time(const unsigned char *p, size_t size)
{
    if (size == 4)
        return (int32_t)be32(p);
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Takes a header and its data off the front of *rest. */
static bool take_block(struct slice *rest, size_t time_size, struct block *ret, char *ret_version)
{
    if (rest->n < HEADER || memcmp(rest->p, "TZif", 4) != 0)
        return false;
    const unsigned char *h = (const unsigned char *)rest->p;
    struct counts c = {be32(h + 20), be32(h + 24), be32(h + 28),
                       be32(h + 32), be32(h + 36), be32(h + 40)};
    if (c.time > TABLE_MAX || c.type > 256 || c.chars > FILE_MAX || c.leap > FILE_MAX ||
        c.isstd > 256 || c.isut > 256)
        return false;
    size_t size = c.time * (time_size + 1) + c.type * 6 + c.chars + c.leap * (time_size + 4) +
                  c.isstd + c.isut;
    if (rest->n - HEADER < size)
        return false;
    *ret = (struct block){.counts = c,
                          .time_size = time_size,
                          .times = h + HEADER,
                          .indexes = h + HEADER + c.time * time_size,
                          .types = h + HEADER + c.time * (time_size + 1)};
    *ret_version = rest->p[4];
    *rest = slice_sub(*rest, HEADER + size, rest->n);
    return true;
}

/* RFC 3339 offsets have whole minutes: local mean times of the 19th century are rounded. */
static int to_min(int seconds)
{
    return (seconds + (seconds < 0 ? -30 : 30)) / 60;
}

static bool type_offset(const struct block *b, uint32_t type, int *ret_min)
{
    if (type >= b->counts.type)
        return false;
    int32_t s = (int32_t)be32(b->types + type * 6);
    if (s < -OFFSET_MAX_S || s > OFFSET_MAX_S)
        return false;
    *ret_min = to_min(s);
    return true;
}

static void put_change(struct zone *z, int64_t at, int after_min)
{
    int before_min = z->n ? z->changes[z->n - 1].after_min : z->first_min;
    if (before_min == after_min)
        return; /* only the name or the summer mark changes */
    z->changes[z->n++] = (struct change){at, (int16_t)before_min, (int16_t)after_min};
}

static bool put_table(struct zone *z, const struct block *b)
{
    if (!type_offset(b, 0, &z->first_min))
        return false;
    int64_t last = INT64_MIN;
    for (uint32_t i = 0; i < b->counts.time; i++) {
        int64_t at = be_time(b->times + i * b->time_size, b->time_size);
        int after;
        /* Some files begin with "before all time". */
        if (at < -((int64_t)1 << 59) - 1 || at > (int64_t)1 << 59 || at <= last ||
            !type_offset(b, b->indexes[i], &after))
            return false;
        put_change(z, at, after);
        last = at;
    }
    return true;
}

static int year_of(int64_t instant_s)
{
    int year, month, day;
    rfc3339_date(instant_s / 86400, &year, &month, &day);
    return year;
}

/* Writes the rule out for one cycle behind the table. */
static void put_rule(struct zone *z, const struct zone_rule *r, int64_t last)
{
    if (!r->has_summer)
        return;
    int from = last > 0 ? year_of(last) : 1970;
    for (int year = from; year <= from + CYCLE_YEARS + 1; year++) {
        int64_t begin = zone_change_in(&r->begin, year) - r->standard_s;
        int64_t end = zone_change_in(&r->end, year) - r->summer_s;
        bool north = begin < end;
        int64_t first = north ? begin : end, second = north ? end : begin;
        if (first > last)
            put_change(z, first, to_min(north ? r->summer_s : r->standard_s));
        if (second > last)
            put_change(z, second, to_min(north ? r->standard_s : r->summer_s));
    }
    z->fold_from = rfc3339_days(from + CYCLE_YEARS + 1, 1, 1) * 86400;
}

static void put_disputed(struct zone *z)
{
    for (size_t i = 0; i < z->n; i++) {
        const struct change *c = &z->changes[i];
        int lower = c->before_min < c->after_min ? c->before_min : c->after_min;
        z->disputed_from[i] = c->at + (int64_t)lower * 60;
    }
}

static int damaged(struct err *reterr)
{
    return err_set(reterr, ERR_CONF, "not a usable time zone file (TZif, RFC 8536)");
}

/* The footer: a rule between two line ends. True without a rule where it is empty. */
static bool take_rule(struct slice rest, struct zone_rule *ret)
{
    *ret = (struct zone_rule){0};
    if (rest.n < 2 || rest.p[0] != '\n')
        return false;
    rest = slice_sub(rest, 1, rest.n);
    size_t end = slice_find(rest, '\n');
    return end < rest.n && (end == 0 || zone_rule_read(slice_sub(rest, 0, end), ret));
}

int zone_read(struct slice tzif, struct zone **ret, struct err *reterr)
{
    struct block block;
    struct zone_rule rule = {0};
    char version;
    if (!take_block(&tzif, 4, &block, &version))
        return damaged(reterr);
    if (version >= '2' && (!take_block(&tzif, 8, &block, &version) || !take_rule(tzif, &rule)))
        return damaged(reterr);
    if (block.counts.leap)
        return err_set(reterr, ERR_CONF, "this time zone counts leap seconds; use the plain one");
    uint32_t count = block.counts.time;
    size_t most = count + 2 * (CYCLE_YEARS + 2);
    struct zone *z = calloc(1, sizeof(*z) + most * (sizeof(struct change) + sizeof(int64_t)));
    if (!z)
        return err_set(reterr, ERR_NOMEM, "no memory for a time zone");
    z->disputed_from = (int64_t *)(void *)(z->changes + most);
    z->fold_from = INT64_MAX;
    if (!put_table(z, &block)) {
        zone_close(z);
        return damaged(reterr);
    }
    int64_t last =
        count ? be_time(block.times + (count - 1) * block.time_size, block.time_size) : INT64_MIN;
    put_rule(z, &rule, last);
    put_disputed(z);
    *ret = z;
    return 0;
}

/* "Europe/London": no way out of the folder. */
static bool safe_name(const char *name)
{
    return name[0] && name[0] != '/' && !strstr(name, "..") && strlen(name) < 100;
}

static ssize_t read_all(int fd, char *to, size_t max)
{
    size_t n = 0;
    for (;;) {
        ssize_t got = read(fd, to + n, max - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -1 : (ssize_t)n;
        n += (size_t)got;
    }
}

int zone_open(const char *dir, const char *name, struct zone **ret, struct err *reterr)
{
    if (!safe_name(name))
        return err_set(reterr, ERR_CONF, "\"%s\" is no name of a time zone (Europe/London is)",
                       name);
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return err_set(reterr, ERR_CONF, "%s: %s (Debian package tzdata)", dir, strerror(errno));
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    close(folder);
    if (fd < 0)
        return err_set(reterr, ERR_CONF, "time zone %s: %s", name, strerror(errno));
    char *bytes = malloc(FILE_MAX);
    ssize_t n = bytes ? read_all(fd, bytes, FILE_MAX) : -1;
    int rc = n < 0 ? err_set(reterr, ERR_CONF, "time zone %s cannot be read", name)
                   : zone_read(slice_make(bytes, (size_t)n), ret, reterr);
    free(bytes);
    close(fd);
    return rc < 0 && n >= 0 ? err_at(reterr, "%s/%s", dir, name) : rc;
}

void zone_close(struct zone *z)
{
    free(z);
}

/* ---- asking ---- */

/* Whole cycles by which a time lies behind the table. */
static int64_t fold(const struct zone *z, int64_t s)
{
    return s < z->fold_from ? 0 : ((s - z->fold_from) / CYCLE_S + 1) * CYCLE_S;
}

/* How many of the disputed times begin at or before s. No branch to mispredict. */
static size_t count_before(const struct zone *z, int64_t s)
{
    const int64_t *base = z->disputed_from;
    size_t n = z->n;
    if (n == 0)
        return 0;
    while (n > 1) {
        size_t half = n / 2;
        base = base[half] <= s ? base + half : base;
        n -= half;
    }
    return (size_t)(base - z->disputed_from) + (*base <= s);
}

struct zone_reading zone_from_local(const struct zone *z, int64_t local_s)
{
    int64_t folded = fold(z, local_s);
    int64_t s = local_s - folded;
    size_t at = count_before(z, s);
    if (at == 0)
        return (struct zone_reading){local_s - (int64_t)z->first_min * 60, z->first_min, ZONE_ONCE};
    const struct change *c = &z->changes[at - 1];
    int gained = c->after_min - c->before_min;
    int64_t length = (int64_t)(gained < 0 ? -gained : gained) * 60;
    struct zone_reading r = {.offset_min = c->after_min, .fit = ZONE_ONCE};
    int meant = c->after_min;
    if (s - z->disputed_from[at - 1] < length) {
        /* The offset before the change gives the first of two readings, and moves one that never
         * was by what the clocks gained. */
        r.fit = gained > 0 ? ZONE_NEVER : ZONE_TWICE;
        meant = c->before_min;
        if (r.fit == ZONE_TWICE)
            r.offset_min = c->before_min;
    }
    r.instant_s = local_s - (int64_t)meant * 60;
    return r;
}

int zone_offset_at(const struct zone *z, int64_t instant_s)
{
    int64_t s = instant_s - fold(z, instant_s);
    size_t low = 0, high = z->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (z->changes[middle].at <= s)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? z->changes[low - 1].after_min : z->first_min;
}
