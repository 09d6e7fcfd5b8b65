/* adt_form.h - which ADT message tells an event of a type: the way back of the shipped maps
 * (HL7 v2.4 §3.3; HL7 UK A.3).
 *
 * A trigger that the source itself used is used again where it says the same; else what the event
 * holds decides. Owns nothing. */
#ifndef WEIR_ADT_FORM_H
#define WEIR_ADT_FORM_H

#include "event.h"

/* Where a reader of the message looks for the time of the event (domain rule 2.1). */
enum adt_time {
    ADT_TIME_EVENT,     /* EVN-6, PV1-44, PV1-45 */
    ADT_TIME_ENTRY,     /* EVN-2 */
    ADT_TIME_READY,     /* ZU1-24 */
    ADT_TIME_DETENTION, /* ZU5-5 */
};

struct adt_form {
    const char *type;      /* of the event */
    const char *trigger;   /* "A01" */
    const char *structure; /* MSH-9.3: "ADT_A01" */
    enum adt_time time;
};

/* False where no ADT message tells such an event. */
bool adt_form_of(const struct event *e, struct adt_form *ret);
/* The types that have a form, in order: NULL behind the last. */
const char *adt_form_type(unsigned nth);

#endif
