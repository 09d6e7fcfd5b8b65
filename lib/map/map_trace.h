/* map_trace.h - what a run of a map tries, told step by step to whoever asks (translate_explain.h).
 *
 * A run without a trace pays for it one test of a pointer a step. The calls come in the order of
 * the run; what they read must leave the run as it is. */
#ifndef WEIR_MAP_TRACE_H
#define WEIR_MAP_TRACE_H

#include "map_run.h"

enum map_tried {
    MAP_TRIED_WHEN,    /* its `when` does not hold: not looked at */
    MAP_TRIED_NOTHING, /* it gave no value */
    MAP_TRIED_TAKEN,   /* it gave the value */
};

enum map_decided {
    MAP_DECIDED_MADE,
    MAP_DECIDED_WHEN,      /* its `when` does not hold */
    MAP_DECIDED_OTHERWISE, /* another event of the trigger is made */
    MAP_DECIDED_ONCE,      /* it is made of the first group alone */
};

struct map_trace {
    void *arg;
    /* A new event, with no field yet. */
    void (*begun)(void *arg, struct map_run *run);
    /* A source of a field, a step of the event's time rule. */
    void (*tried)(void *arg, struct map_run *run, const struct map_field *f,
                  const struct map_source *s, enum map_tried how);
    void (*timed)(void *arg, struct map_run *run, const struct map_time_step *step,
                  enum map_tried how);
    /* Whether the trigger's event is to be made; all are decided before the first is finished. */
    void (*decided)(void *arg, struct map_run *run, const struct map_event *e,
                    enum map_decided how);
    /* run->event is whole. */
    void (*made)(void *arg, struct map_run *run, const struct map_event *e);
};

#endif
