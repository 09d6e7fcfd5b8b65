/* notice.h - what one message of the simulated hospital means, before it is written.
 *
 * A notice is a value; its texts are literals. */
#ifndef WEIR_NOTICE_H
#define WEIR_NOTICE_H

#include <stdbool.h>
#include <stdint.h>
#include "ward.h"

enum trigger {
    ADT_A01,
    ADT_A02,
    ADT_A03,
    ADT_A04,
    ADT_A05,
    ADT_A06,
    ADT_A08,
    ADT_A11,
    ADT_A12,
    ADT_A13,
    ADT_A16, /* told by the world, not by the region: the patient is ready to leave */
    ADT_A28,
    ADT_A31,
    ADT_A38,
    ADT_A40,
    TRIGGERS
};

/* What is odd about a message; only those of the last kind are meant to be refused. */
enum oddity {
    ODD_NOTHING,
    ODD_LINE_FEEDS, /* segments end in LF */
    ODD_NOBODY,     /* PID-3 is empty */
    ODD_WARD,       /* a ward that no table knows */
    ODD_DATE,       /* EVN-2 is no date */
    ODD_CHARSET,    /* Windows-1252, which the header does not say */
    ODD_NO_MRG,     /* a merge that names nobody to retire */
    ODDITIES
};

/* One stay or attendance, as it is now. */
struct visit {
    uint32_t number;  /* within the region; PV1-19 is made of it */
    uint32_t patient; /* in whose line its messages are */
    uint32_t record;  /* the number within the MRN */
    uint32_t person;  /* the true one, marked as busy while here; else PATIENT_NONE */
    uint32_t stray;   /* one update will still come from this retired line; else PATIENT_NONE */
    uint8_t hospital, doctor;
    char patient_class; /* PV1-2 */
    uint8_t storm;      /* updates still to come of this burst */
    bool admitted_here; /* came by way of this hospital's emergency department */
    struct place now, before;
    int64_t admitted, leaves, planned, expected, ended; /* 0: not known */
    const char *method, *how_out, *where_to;            /* PV1-4, PV1-36, PV1-37, or NULL */
};

enum { NOTICE_TYPES = 4 };

struct notice {
    enum trigger trigger;
    enum oddity odd;
    uint32_t serial;                  /* of the region; the control id is made of it */
    int64_t sent, recorded, occurred; /* instants in seconds; occurred 0: EVN-6 is not sent */
    uint32_t patient, n;              /* its number in that patient's line, from 1 */
    uint32_t also, also_n; /* of a second line that it ends in the first; also_n 0: none */
    uint32_t person;       /* who is described */
    uint8_t moves;
    bool known;       /* the NHS number is told */
    uint32_t retired; /* A40: the number within the retired MRN */
    bool has_visit;
    bool twice; /* the same bytes are sent again behind it */
    struct visit visit;
    const char *types[NOTICE_TYPES + 1]; /* the events that it gives, ended by NULL */
};

/* "A01". */
const char *notice_trigger(enum trigger t);
/* "ADT_A01": the structure, HL7 v2.5.1 table 0354. */
const char *notice_structure(enum trigger t);
/* Fills n->types from trigger, class and places: what a receiver that knows the wards must make of
 * it. */
void notice_mean(struct notice *n);

#endif
