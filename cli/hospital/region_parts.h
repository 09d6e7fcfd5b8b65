/* region_parts.h - what the files of the region share: its state, and the steps of each kind of
 * visit. Private to region*.c. */
#ifndef WEIR_REGION_PARTS_H
#define WEIR_REGION_PARTS_H

#include "agenda.h"
#include "patients.h"
#include "region.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

struct region {
    struct region_options options;
    struct dice dice;
    struct agenda agenda;
    struct patients patients;
    struct beds beds[HOSPITAL_MAX];
    struct visit *visits;
    uint32_t *unused; /* stack of free places in visits */
    uint32_t nvisits, nunused, cap;
    uint32_t serial, visit_numbers;
    int64_t now;
    int offset_s;          /* local time less UTC, now */
    struct notice *out;    /* where this step's message goes; said: whether there is one */
    struct notice resend;  /* it goes out once more under another control id … */
    bool said, has_resend; /* … before anything else */
    bool failed;           /* a limit or no memory */
};

/* What happens to whom: in the comment, what `who` is. */
enum step {
    STEP_ARRIVALS,  /* hospital: who comes in the next minutes */
    STEP_ED_ARRIVE, /* hospital … */
    STEP_SDEC_ARRIVE,
    STEP_CLINIC_ARRIVE,
    STEP_ELECTIVE_ARRIVE,
    STEP_BOOK,
    STEP_PLAN,
    STEP_PERSON,
    STEP_ED_UPDATE, /* visit … */
    STEP_ED_DECIDE,
    STEP_ED_WAIT,
    STEP_SDEC_LEAVE,
    STEP_CLINIC_END,
    STEP_BOOKED,
    STEP_PLANNED,
    STEP_WARD,
    STEP_UNMOVE,
    STEP_UNADMIT,
    STEP_UNDISCHARGE,
    STEPS
};
typedef void (*step_fn)(struct region *r, uint32_t who);

/* Plans a step in lo … hi seconds from now. */
void region_later(struct region *r, int64_t lo, int64_t hi, enum step what, uint32_t who);
/* Makes the message of this step: where `v` is NULL, of the person alone. */
struct notice *region_say(struct region *r, enum trigger t, uint32_t patient,
                          const struct visit *v);
/* A visit of a patient, or UINT32_MAX where there is no room. */
uint32_t region_visit(struct region *r, unsigned hospital, uint32_t patient, char patient_class);
/* The visit is over: its bed and its place in the table are free. */
void region_end(struct region *r, uint32_t visit);
/* Somebody who comes; PATIENT_NONE where nobody is left. */
uint32_t region_somebody(struct region *r);
void region_move(struct region *r, struct visit *v, struct place to);
/* The hour of the day by the clock on the wall. */
unsigned region_hour(const struct region *r);
uint8_t region_doctor(struct region *r, uint8_t not_this);

/* One for each file. */
void region_arrivals(struct region *r, uint32_t hospital);
void region_fill_wards(struct region *r, uint32_t hospital);
void region_admit(struct region *r, uint32_t visit, enum trigger t, struct place to);
/* Finds out who an unknown patient is, if that is due: says so, and is true. */
bool region_identify(struct region *r, struct visit *v);
struct patient *region_patient(struct region *r, uint32_t i);
void region_ed_arrive(struct region *r, uint32_t hospital);
void region_sdec_arrive(struct region *r, uint32_t hospital);
void region_ed_update(struct region *r, uint32_t visit);
void region_ed_decide(struct region *r, uint32_t visit);
void region_ed_wait(struct region *r, uint32_t visit);
void region_sdec_leave(struct region *r, uint32_t visit);
void region_clinic_arrive(struct region *r, uint32_t hospital);
void region_clinic_end(struct region *r, uint32_t visit);
void region_book(struct region *r, uint32_t hospital);
void region_booked(struct region *r, uint32_t visit);
void region_plan(struct region *r, uint32_t hospital);
void region_planned(struct region *r, uint32_t visit);
void region_elective_arrive(struct region *r, uint32_t hospital);
void region_person(struct region *r, uint32_t hospital);
void region_ward(struct region *r, uint32_t visit);
void region_unmove(struct region *r, uint32_t visit);
void region_unadmit(struct region *r, uint32_t visit);
void region_undischarge(struct region *r, uint32_t visit);

#endif
