/* adt_uk.h - segments of an ADT message that HL7 UK A.3 adds. Part of adt_write.c alone. Each
 * appends its segments; one in which nothing would stand is left out. */
#ifndef WEIR_ADT_UK_H
#define WEIR_ADT_UK_H

#include "adt_value.h"

/* Whether and since when somebody is ready to leave. */
void adt_write_zu1(struct adt_writer *w);
/* What became of an appointment; when a planned stay begins. */
void adt_write_zu3_zu4(struct adt_writer *w);
/* Detained; hidden, where no PV1 says so. */
void adt_write_zu5_zu8(struct adt_writer *w);

#endif
