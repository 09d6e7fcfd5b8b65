/* lost.h - a reader was away too long: the exact range that is gone, in the log and in the audit.
 */
#ifndef WEIR_LOST_H
#define WEIR_LOST_H

#include "audit.h"
#include "stream.h"

/* m and e as STREAM_LOST gave them; audit may be NULL. */
void lost_tell(struct audit *audit, struct slice group, const struct stream_message *m,
               const struct err *e);

#endif
