/* unrouted.h - what no route took, by type, since the broker started: how many, and the newest ids.
 *
 * Bounded: 256 types of at most 64 bytes and 5 ids of at most 128 bytes for each; what goes beyond
 * is counted under "other". Types and ids are nothing of a patient. Owns its table. */
#ifndef WEIR_UNROUTED_H
#define WEIR_UNROUTED_H

#include "err.h"
#include "json.h"

enum { UNROUTED_TYPES_MAX = 256, UNROUTED_IDS_MAX = 5 };

struct unrouted;

int unrouted_open(struct unrouted **ret, struct err *reterr);
void unrouted_close(struct unrouted *u);
void unrouted_note(struct unrouted *u, struct slice type, struct slice id);
/* The member "unrouted": a list of {type, count, newest}, newest ids first. */
void unrouted_write(const struct unrouted *u, struct json_writer *w);
/* Of all types. */
uint64_t unrouted_count(const struct unrouted *u);

#endif
