/* event_retracted.h - what an event.retracted takes back, so that whoever had that hears of it. */
#ifndef WEIR_EVENT_RETRACTED_H
#define WEIR_EVENT_RETRACTED_H

#include "event.h"

/* The event that e, read from json, retracts: e with the type that data.replaces tells. NULL where
 * e is no event.retracted, or its type cannot be told. It borrows json and the arena. */
struct event *event_retracted(const struct event *e, struct slice json, struct arena *arena);

#endif
