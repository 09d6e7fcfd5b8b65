/* adt_visit.h - segments of an ADT message that say where and in whose care (HL7 v2.4 §3.4). Part
 * of adt_write.c alone. Each appends its segment; one in which nothing would stand is left out. */
#ifndef WEIR_ADT_VISIT_H
#define WEIR_ADT_VISIT_H

#include "adt_value.h"

void adt_write_pv1(struct adt_writer *w);
void adt_write_pv2(struct adt_writer *w);
/* A bed and its status (A20). */
void adt_write_npu(struct adt_writer *w);

#endif
