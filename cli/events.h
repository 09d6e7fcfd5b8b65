/* events.h - how `weir events` shows one type of the catalogue. */
#ifndef WEIR_EVENTS_H
#define WEIR_EVENTS_H

#include "buf.h"
#include "event_catalogue.h"
#include "json.h"

/* Who made it: "adapter", "adapter, journey". */
struct slice events_by(const struct event_info *i);
/* As a page for a person; made: triggers by which a source makes it, "" = by none, NULL = not
 * asked. */
int events_page(struct buf *out, const struct event_info *i, const char *made, struct err *reterr);
/* As JSON: the whole example too, which is of an invented person. */
void events_json(struct json_writer *w, const struct event_info *i, const char *made);

#endif
