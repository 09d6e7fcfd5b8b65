#include "metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dict.h"

enum metric_kind { COUNTER, GAUGE, HISTOGRAM };
enum { KEY_MAX = 512 };

struct series {
    struct series *next;
    const struct metric *family;
    char *labels; /* as written between the braces, without them; "" for none */
    uint64_t count;
    double value; /* gauge; sum of a histogram */
    uint64_t buckets[];
};

struct metric {
    struct metric *next;
    const char *name, *help, *labels;
    enum metric_kind kind;
    unsigned nlabels, series_max, nseries, nbounds;
    const double *bounds;
    struct series *first, **last, *other;
    struct dict by_labels;
};

struct metrics {
    struct metric *first, **last;
};

const double metrics_seconds[16] = {0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002,
                                    0.005,   0.01,    0.02,    0.05,   0.1,    0.5,    1.0,   10.0};

struct metrics *metrics_open(void)
{
    struct metrics *m = calloc(1, sizeof(*m));
    if (m)
        m->last = &m->first;
    return m;
}

static void family_free(struct metric *f)
{
    for (struct series *s = f->first, *next; s; s = next) {
        next = s->next;
        free(s->labels);
        free(s);
    }
    dict_fini(&f->by_labels);
    free(f);
}

void metrics_close(struct metrics *m)
{
    if (!m)
        return;
    for (struct metric *f = m->first, *next; f; f = next) {
        next = f->next;
        family_free(f);
    }
    free(m);
}

static unsigned words(const char *text)
{
    unsigned n = 0;
    for (struct slice rest = slice_str(text); slice_present(rest);)
        n += slice_split(&rest, ' ').n != 0;
    return n;
}

static struct metric *family(struct metrics *m, enum metric_kind kind, const char *name,
                             const char *help, const char *labels, unsigned series_max)
{
    for (struct metric *f = m->first; f; f = f->next)
        if (strcmp(f->name, name) == 0)
            return f;
    struct metric *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    *f = (struct metric){.name = name, .help = help, .labels = labels, .kind = kind};
    f->nlabels = words(labels);
    f->series_max = series_max ? series_max : 1;
    f->last = &f->first;
    dict_init(&f->by_labels, f->series_max);
    *m->last = f;
    m->last = &f->next;
    return f;
}

struct metric *metrics_counter(struct metrics *m, const char *name, const char *help,
                               const char *labels, unsigned series_max)
{
    return family(m, COUNTER, name, help, labels, series_max);
}

struct metric *metrics_gauge(struct metrics *m, const char *name, const char *help,
                             const char *labels, unsigned series_max)
{
    return family(m, GAUGE, name, help, labels, series_max);
}

struct metric *metrics_histogram(struct metrics *m, const char *name, const char *help,
                                 const char *labels, unsigned series_max, const double *bounds,
                                 unsigned nbounds)
{
    struct metric *f = family(m, HISTOGRAM, name, help, labels, series_max);
    if (f) {
        f->bounds = bounds;
        f->nbounds = nbounds < METRICS_BUCKETS_MAX ? nbounds : METRICS_BUCKETS_MAX;
    }
    return f;
}

static void put_value(struct buf *out, struct slice v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        if (c == '\\' || c == '"')
            buf_putc(out, '\\');
        buf_putc(out, c < 0x20 || c >= 0x7f ? '?' : v.p[i]);
    }
}

static void put_labels(struct buf *out, const struct metric *f, const struct slice *values)
{
    struct slice names = slice_str(f->labels);
    for (unsigned i = 0; i < f->nlabels;) {
        struct slice name = slice_split(&names, ' ');
        if (!name.n)
            continue;
        if (i)
            buf_putc(out, ',');
        buf_put(out, name);
        buf_puts(out, "=\"");
        put_value(out, values[i++]);
        buf_putc(out, '"');
    }
}

static struct series *series_new(struct metric *f, struct slice labels)
{
    struct series *s = calloc(1, sizeof(*s) + (f->nbounds + 1) * sizeof(uint64_t));
    if (!s)
        return NULL;
    s->family = f;
    s->labels = strndup(labels.p, labels.n);
    if (!s->labels) {
        free(s);
        return NULL;
    }
    *f->last = s;
    f->last = &s->next;
    f->nseries++;
    return s;
}

static struct series *other_series(struct metric *f)
{
    if (f->other)
        return f->other;
    struct slice values[METRICS_LABELS_MAX];
    for (unsigned i = 0; i < METRICS_LABELS_MAX; i++)
        values[i] = SLICE("other");
    struct buf text;
    buf_init(&text, KEY_MAX);
    put_labels(&text, f, values);
    if (buf_ok(&text))
        f->other = series_new(f, buf_slice(&text));
    buf_fini(&text);
    return f->other;
}

static struct series *series_by_labels(struct metric *f, struct slice labels)
{
    uint64_t *slot = dict_get(&f->by_labels, labels);
    if (slot)
        return (struct series *)(uintptr_t)*slot;
    if (f->nseries - (f->other != NULL) >= f->series_max)
        return other_series(f);
    slot = dict_put(&f->by_labels, labels, NULL);
    struct series *s = slot ? series_new(f, labels) : NULL;
    if (s)
        *slot = (uint64_t)(uintptr_t)s;
    else
        dict_delete(&f->by_labels, labels);
    return s;
}

struct series *metric_series(struct metric *f, const struct slice *values)
{
    if (!f)
        return NULL;
    struct buf text;
    buf_init(&text, KEY_MAX);
    put_labels(&text, f, values);
    struct series *s = buf_ok(&text) ? series_by_labels(f, buf_slice(&text)) : other_series(f);
    buf_fini(&text);
    return s;
}

struct series *metric_of(struct metric *f, struct slice value)
{
    return metric_series(f, &value);
}

void series_add(struct series *s, uint64_t n)
{
    if (s)
        s->count += n;
}

void series_set(struct series *s, double v)
{
    if (s)
        s->value = v;
}

void series_observe(struct series *s, double v)
{
    if (!s)
        return;
    unsigned i = 0;
    while (i < s->family->nbounds && v > s->family->bounds[i])
        i++;
    s->buckets[i]++;
    s->count++;
    s->value += v;
}

double series_value(const struct series *s)
{
    if (!s)
        return 0;
    return s->family->kind == GAUGE ? s->value : (double)s->count;
}

static void put_number(struct buf *out, double v)
{
    if (v == floor(v) && fabs(v) < 1e15)
        buf_printf(out, "%.0f\n", v);
    else
        buf_printf(out, "%.15g\n", v);
}

static void put_name(struct buf *out, const struct series *s, const char *suffix)
{
    buf_puts(out, s->family->name);
    buf_puts(out, suffix);
    if (*s->labels)
        buf_printf(out, "{%s}", s->labels);
    buf_putc(out, ' ');
}

static void put_histogram(struct buf *out, const struct series *s)
{
    const struct metric *f = s->family;
    const char *comma = *s->labels ? "," : "";
    uint64_t sum = 0;
    for (unsigned i = 0; i < f->nbounds; i++) {
        sum += s->buckets[i];
        buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", f->name, s->labels, comma, f->bounds[i],
                   (unsigned long long)sum);
    }
    buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", f->name, s->labels, comma,
               (unsigned long long)s->count);
    put_name(out, s, "_sum");
    put_number(out, s->value);
    put_name(out, s, "_count");
    buf_printf(out, "%llu\n", (unsigned long long)s->count);
}

static void put_series(struct buf *out, const struct series *s)
{
    if (s->family->kind == HISTOGRAM) {
        put_histogram(out, s);
        return;
    }
    put_name(out, s, "");
    if (s->family->kind == COUNTER)
        buf_printf(out, "%llu\n", (unsigned long long)s->count);
    else
        put_number(out, s->value);
}

void metrics_write(const struct metrics *m, struct buf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    for (const struct metric *f = m->first; f; f = f->next) {
        if (!f->first)
            continue;
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, kinds[f->kind]);
        for (const struct series *s = f->first; s; s = s->next)
            put_series(out, s);
    }
}
