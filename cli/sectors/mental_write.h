/* mental_write.h - what mental health systems write beside HL7 v2: rows of their extracts (MHSDS),
 * and Tasks by which a bed is looked for elsewhere. */
#ifndef WEIR_MENTAL_WRITE_H
#define WEIR_MENTAL_WRITE_H

#include "pen.h"
#include "sector.h"
#include "world_parts.h"

#define MENTAL_ODS "ZZM"
#define AWAY_ODS "ZZN"

enum mental_kind {
    MENTAL_HOME, /* the crisis team comes */
    MENTAL_STAY, /* a bed of the own provider */
    MENTAL_AWAY, /* none was free: a bed elsewhere, and then the way back */
};

/* Indexes of the times. */
enum {
    AT_ASKED, /* referral, or for a bed elsewhere */
    AT_SEEN,  /* the contact at hand */
    AT_ADMITTED,
    AT_DETAINED,
    AT_LEAVE,
    AT_RETURN,
    AT_FIT, /* clinically ready for discharge */
    AT_OUT,
};

enum { MENTAL_WARDS = 20, MENTAL_BEDS = 18 }; /* beds: on each ward */
/* The n-th ward of the provider. */
const char *mental_ward(unsigned n);

extern const struct row_kind mhsds_referrals, mhsds_away, mhsds_contacts, mhsds_status, mhsds_ready,
    mhsds_absence;

/* MHS101, with its end where there is one. */
void mhsds_referral_write(const struct pen *p, const struct affair *a);
/* MHS105: why the placement is out of area. */
void mhsds_away_write(const struct pen *p, const struct affair *a);
/* MHS201 of that team; attended: "5", "3" for nobody there. */
void mhsds_contact_write(const struct pen *p, const struct affair *a, const char *team,
                         const char *attended);
/* MHS401, with its end where there is one. */
void mhsds_status_write(const struct pen *p, const struct affair *a);
/* MHS518; delay: a code, or NULL. */
void mhsds_ready_write(const struct pen *p, const struct affair *a, const char *delay);
/* MHS511, with its end where there is one. */
void mhsds_absence_write(const struct pen *p, const struct affair *a);
/* The Task as it is at that instant: "requested", "rejected", "accepted". */
void placement_task_write(const struct pen *p, const struct affair *a, const char *status,
                          int64_t at);

#endif
