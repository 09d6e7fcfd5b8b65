/* adt_value.h - an event being written as an ADT message, and what its segments are put together
 * from. Part of adt_write.c and the files of its segments alone.
 *
 * Borrows the buf, the event and the options. `at` is a field, counted from 1; fields of a segment
 * are put in rising order. What is absent puts nothing. */
#ifndef WEIR_ADT_VALUE_H
#define WEIR_ADT_VALUE_H

#include "adt_form.h"
#include "adt_segment.h"

struct adt_writer {
    struct buf *out;
    const struct event *e;
    struct adt_form form;
    struct adt_segment s; /* that is being written */
};

/* ---- what the event holds ---- */

struct slice adt_get(const struct adt_writer *w, unsigned field);
bool adt_is_type(const struct adt_writer *w, const char *type);
bool adt_is_trigger(const struct adt_writer *w, const char *trigger);
bool adt_has_doubt(const struct adt_writer *w, struct slice doubt);
/* The first unless it is empty or absent. */
struct slice adt_first(struct slice a, struct slice b);
/* A code as sent, else as the NHS codes it: the two fields stand one behind the other. */
struct slice adt_coded(const struct adt_writer *w, unsigned raw);
/* The event's time, a date alone where no more was sent. */
struct slice adt_event_time(const struct adt_writer *w);
/* Whether that status of an NHS number stands in PID-32; else in ZU1-27. */
bool adt_status_in_pid(struct slice status);
/* Whether the message has a PV1. */
bool adt_has_pv1(const struct adt_writer *w);

/* ---- into the segment ---- */

void adt_begin(struct adt_writer *w, const char *id);
void adt_end(struct adt_writer *w);
void adt_text(struct adt_writer *w, unsigned at, unsigned component, unsigned field);
void adt_code(struct adt_writer *w, unsigned at, unsigned raw);
/* A time, or "" where the source took it away. */
void adt_moment(struct adt_writer *w, unsigned at, unsigned field);
void adt_cx(struct adt_writer *w, unsigned at, struct slice value, struct slice authority,
            struct slice type);

#endif
