/* ambulance_write.h - what an ambulance service's systems write: statuses of its despatch system
 * (CAD) as JSON, rows of its patient records (ePCR) as CSV, BaRS referrals. */
#ifndef WEIR_AMBULANCE_WRITE_H
#define WEIR_AMBULANCE_WRITE_H

#include "pen.h"
#include "sector.h"
#include "world_parts.h"

#define AMBULANCE_ODS "ZZA"

/* Indexes of an incident's times. */
enum {
    AT_CALL,
    AT_CODE,
    AT_MOBILE,
    AT_SCENE,
    AT_LEFT, /* the scene */
    AT_HOSPITAL,
    AT_HANDOVER,
    AT_CLEAR,
};

enum incident_kind {
    INCIDENT_CONVEYED,
    INCIDENT_TO_SDEC, /* asked first, by a BaRS referral */
    INCIDENT_BY_PHONE,
    INCIDENT_ON_SCENE,
    INCIDENT_FELL, /* an urgent community team comes in place of a vehicle */
};

/* "call_answered" and so on: the status told at that time (AT_…). */
void cad_status_write(const struct pen *p, const struct affair *incident, unsigned at,
                      const char *status);
extern const struct row_kind epcr_rows;
void epcr_row_write(const struct pen *p, const struct affair *incident);
/* A message Bundle (servicerequest-request, new) of that use-case category. */
void bars_referral_write(const struct pen *p, const struct affair *incident, const char *use_case,
                         const char *receiver, int64_t at);
/* "C2", and of a patient: "ZZA-00000017". */
const char *incident_priority(const struct affair *incident);
void incident_number_write(struct buf *out, const struct affair *incident);

#endif
