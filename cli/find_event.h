/* find_event.h - an event of flow.events by its id. */
#ifndef WEIR_FIND_EVENT_H
#define WEIR_FIND_EVENT_H

#include "view.h"

/* Its bytes, in the arena. Looks back over longer and longer times. ERR_INPUT: no event that is
 * still kept has that id. */
int find_event(struct view *v, struct slice id, struct arena *arena, struct slice *ret,
               struct err *reterr);

#endif
