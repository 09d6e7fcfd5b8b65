/* frames_verb.h - the control verb `frames`: the last failed frames of a source, or of all that
 * this adapter hosts.
 *
 *   asked -> answered, masked
 *   asked with "reveal": "yes" -> audited, durably -> answered as they came
 *
 * Request: {"source" or none, "reveal", "by"}. Answer: "frames": a list of {source, no, at, fault,
 * peer, bytes, looks_like, head (hex)}, the oldest of each source first. One reveal at a time.
 * Owns nothing but itself; borrows all else. */
#ifndef WEIR_FRAMES_VERB_H
#define WEIR_FRAMES_VERB_H

#include "audit.h"
#include "control.h"
#include "ports.h"

struct frames_verb;

/* ERR_NOMEM, ERR_LIMIT. */
int frames_verb_open(struct control *control, struct audit *audit, const struct ports *ports,
                     struct frames_verb **ret, struct err *reterr);
/* A callback of the stream may still come. NULL is fine. */
void frames_verb_close(struct frames_verb *v);

#endif
