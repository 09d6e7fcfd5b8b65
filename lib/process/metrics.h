/* metrics.h - counters, gauges and histograms with a bounded number of label sets; Prometheus text.
 *
 * A registry owns its families and series; pointers to them stay good until metrics_close, so that
 * a hot path looks a series up once. One thread. Names are weir_<what>_<unit>[_total], base units
 * only (seconds, bytes); label values are names of the config, codes and types, never anything of
 * a patient. */
#ifndef WEIR_METRICS_H
#define WEIR_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "slice.h"

enum { METRICS_LABELS_MAX = 4, METRICS_BUCKETS_MAX = 24 };

struct metrics;
struct metric; /* a family: one name */
struct series; /* one set of label values of a family */

/* NULL without memory. */
struct metrics *metrics_open(void);
void metrics_close(struct metrics *m);

/* A family; `labels` are names with blanks between ("source code"), NULL = none; `series_max` label
 * sets are kept apart, further ones share one set whose values are all "other". Name, help and
 * labels are borrowed for good (literals). The same name again gives the same family. NULL without
 * memory; every call below bears a NULL family or series, so that a start tests once. */
struct metric *metrics_counter(struct metrics *m, const char *name, const char *help,
                               const char *labels, unsigned series_max);
struct metric *metrics_gauge(struct metrics *m, const char *name, const char *help,
                             const char *labels, unsigned series_max);
/* bounds: upper bounds in rising order, at most METRICS_BUCKETS_MAX; +Inf is added. */
struct metric *metrics_histogram(struct metrics *m, const char *name, const char *help,
                                 const char *labels, unsigned series_max, const double *bounds,
                                 unsigned nbounds);
/* 16 bounds from 10 microseconds to 10 seconds, for latencies. */
extern const double metrics_seconds[16];

/* The series of these label values (as many as the family has labels; copied). */
struct series *metric_series(struct metric *f, const struct slice *values);
/* For a family with one label, or none (absent). */
struct series *metric_of(struct metric *f, struct slice value);

void series_add(struct series *s, uint64_t n); /* counter */
void series_set(struct series *s, double v);   /* gauge */
void series_observe(struct series *s, double v);
double series_value(const struct series *s); /* counter or gauge; count of a histogram */

/* All of it in the Prometheus text format 0.0.4, families in the order they were made. */
void metrics_write(const struct metrics *m, struct buf *out);

#endif
