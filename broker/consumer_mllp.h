/* consumer_mllp.h - kind mllp: HL7 v2 to an MLLP receiver, and what its answers mean
 * (HL7 v2.5.1 §2.9.2, §2.9.3; table 0008).
 *
 * format hl7v2: an ADT message of HL7 2.4 for each event (adt_write.h). format original: the
 * message as it was received, once for all of its events that come here close together. As many
 * messages are under way as there are connections. */
#ifndef WEIR_CONSUMER_MLLP_H
#define WEIR_CONSUMER_MLLP_H

#include "consumer_kind.h"
#include "mllp_link.h"

extern const struct consumer_kind consumer_mllp;

enum { CONSUMER_MLLP_TEXT = 120 };

/* What a result means, as `on_ack` of the config says. text holds the reason and must live as long
 * as *ret is used. */
void consumer_mllp_judge(const struct site_mllp_to *conf, const struct mllp_result *r,
                         char text[CONSUMER_MLLP_TEXT], struct sched_verdict *ret);

#endif
