/* community_write.h - what a community provider's systems write: FHIR resources of its case system,
 * rows of its extracts (CSDS), HL7 v2 about who is registered. */
#ifndef WEIR_COMMUNITY_WRITE_H
#define WEIR_COMMUNITY_WRITE_H

#include "pen.h"
#include "sector.h"
#include "world_parts.h"

#define COMMUNITY_ODS "ZZC"

enum case_kind {
    CASE_HOME,    /* visits after a stay in hospital */
    CASE_VIRTUAL, /* a virtual ward */
    CASE_BED,     /* a bed of a community hospital */
    CASE_FALL,    /* the urgent team comes within two hours */
};

/* Indexes of a case's times. */
enum {
    AT_REFERRED,
    AT_BEGUN,   /* the caseload, the stay */
    AT_BOOKED,  /* what the first visit is booked for */
    AT_CONTACT, /* the visit at hand */
    AT_READY,
    AT_ENDED,
};

extern const struct row_kind csds_referrals, csds_contacts, csds_stays, csds_ready, csds_virtual,
    csds_urgent;

/* A referral with its end, where there is one. */
void csds_referral_write(const struct pen *p, const struct affair *c);
/* A visit for which nobody was at home. */
void csds_contact_write(const struct pen *p, const struct affair *c);
void csds_stay_write(const struct pen *p, const struct affair *c);
/* Ready to leave, and what for the patient waits; NULL: nothing. */
void csds_ready_write(const struct pen *p, const struct affair *c, const char *delay);
void csds_virtual_write(const struct pen *p, const struct affair *c);
void csds_urgent_write(const struct pen *p, const struct affair *c);
/* The slot of the first visit. */
void care_appointment_write(const struct pen *p, const struct affair *c);
/* A visit at home that is over. */
void care_contact_write(const struct pen *p, const struct affair *c);
/* A transaction: the episode of care, active or finished. */
void care_episode_write(const struct pen *p, const struct affair *c);

#endif
