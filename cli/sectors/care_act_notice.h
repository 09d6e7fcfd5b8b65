/* care_act_notice.h - Care Act notices from a hospital to a council, as FHIR messages (event codes
 * of the Assessment, Discharge and Withdrawal notices, ITK3). */
#ifndef WEIR_CARE_ACT_NOTICE_H
#define WEIR_CARE_ACT_NOTICE_H

#include "pen.h"
#include "world_parts.h"

/* code: of the event, SNOMED CT. */
void care_act_notice_write(const struct pen *p, const struct affair *stay, const char *code,
                           int64_t at);

#endif
