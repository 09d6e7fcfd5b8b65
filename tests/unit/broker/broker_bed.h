/* broker_bed.h - a site from text, a memory stream of its own, events put into flow.reported and
 * what came of them. */
#ifndef WEIR_BROKER_BED_H
#define WEIR_BROKER_BED_H

#include "journey.h"
#include "kit.h"
#include "loop.h"

struct bed_record {
    struct slice topic, key, value, merge, with, id;
    int64_t offset;
};
struct bed {
    struct arena arena;
    struct site *site;
    struct stream *stream;
    struct router *router;
    struct journey *journey;
    int64_t now;
    unsigned name;
    const char *type; /* of what bed_report reports from now on; NULL: patient.admitted */
    const char *time; /* of the same; NULL: none */
};

/* routes: the YAML under `routes:`, or more sections behind it. */
void bed_open(struct bed *b, const char *routes);
void bed_close(struct bed *b);
/* Forgets router and journey and opens them anew on the same stream. */
void bed_restart(struct bed *b);
/* A stream in memory, of that name within this process; writer NULL: it only reads. */
struct stream *bed_stream(const char *dir, const char *writer);
/* Dispatches the stream from the loop, until the watch is removed. */
struct loop_fd *bed_watch(struct loop *l, struct stream *s);
/* A site of this text; fails the test unless it is right. */
struct site *bed_site(const char *routes);
/* Reports an event: data is the JSON of its data object. */
void bed_report(struct bed *b, const char *id, const char *person, const char *local,
                const char *retired, const char *data);
/* Steps until nothing moves. */
void bed_run(struct bed *b);
/* All records of a topic, in the bed's arena. */
unsigned bed_read(struct bed *b, const char *topic, struct bed_record *ret, unsigned max);
/* "id@key id@key:retired …" of a topic. */
void bed_assert_told(struct bed *b, const char *topic, const char *want);
bool slice_has(struct slice text, const char *part);

#endif
