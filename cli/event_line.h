/* event_line.h - an event as a person reads it: one line, coloured on a terminal, nothing in it
 * that tells who the patient is unless revealed. */
#ifndef WEIR_EVENT_LINE_H
#define WEIR_EVENT_LINE_H

#include "buf.h"
#include "event.h"

/* Replaces every personal value of e by "***" (lists and their items too). */
void event_mask(struct event *e);
/* Appends "time type place person visit source replaced quality" without a newline; colour: with
 * ANSI escapes. Show e masked unless revealed. */
void event_line(struct buf *out, const struct event *e, bool colour);

#endif
