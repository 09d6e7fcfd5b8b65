/* sender.h - is a message from one of those whom its source names under `sending`?
 *
 * What counts is the first component of MSH-3 and of MSH-4 (HD-1, the namespace), escapes decoded,
 * letter for letter. */
#ifndef WEIR_SENDER_H
#define WEIR_SENDER_H

#include "hl7_msg.h"
#include "site.h"

/* False where the source names nobody. */
bool sender_named(const struct site_source *s, const struct hl7_msg *m, const struct hl7_header *h);
/* The same of any list of "APPLICATION/FACILITY". */
bool sender_among(const struct conf_texts *sending, const struct hl7_msg *m,
                  const struct hl7_header *h);
/* The same, but a source that names nobody expects everybody. */
bool sender_expected(const struct site_source *s, const struct hl7_msg *m,
                     const struct hl7_header *h);

#endif
