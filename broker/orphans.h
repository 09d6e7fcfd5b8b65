/* orphans.h - what is parked for consumers that are not in the config: nobody delivers it, and it
 * is appended again before it would go from flow.parked, so that it is there when its consumer is.
 *
 * Owns what it remembers (no events); borrows flow.parked and the fetcher. */
#ifndef WEIR_ORPHANS_H
#define WEIR_ORPHANS_H

#include "fetcher.h"
#include "parked.h"

struct orphans;

/* retain_ms: the age at which records go from flow.parked; 0 = never. */
int orphans_open(struct parked *parked, struct fetcher *fetcher, int64_t retain_ms,
                 struct orphans **ret, struct err *reterr);
void orphans_close(struct orphans *o);
/* A record of such a consumer. */
void orphans_apply(struct orphans *o, const struct parked_record *r);
/* Appends again what has reached half the age. Call it every few seconds. */
void orphans_refresh(struct orphans *o, int64_t now_ms, int64_t wall_ms);
/* How many are open. */
size_t orphans_count(const struct orphans *o);

#endif
