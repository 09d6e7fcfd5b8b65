/* adt_patient.h - segments of an ADT message that say who (HL7 v2.4 §3.4). Part of adt_write.c
 * alone. Each appends its segments; one in which nothing would stand is left out. */
#ifndef WEIR_ADT_PATIENT_H
#define WEIR_ADT_PATIENT_H

#include "adt_value.h"

/* PID and PD1. */
void adt_write_pid(struct adt_writer *w);
/* PID of the second patient (A24, A37). */
void adt_write_other_pid(struct adt_writer *w);
/* What no longer counts. */
void adt_write_mrg(struct adt_writer *w);

#endif
