/* view.h - what a reading verb stands on: the site and its stream, read only, and the leave to show
 * patient fields.
 *
 * The view owns site and stream until view_close. */
#ifndef WEIR_VIEW_H
#define WEIR_VIEW_H

#include "options.h"
#include "site.h"
#include "stream_fold.h"

struct view {
    struct site *site;
    struct stream *stream;
};

/* ERR_CONF, ERR_IO (no data there yet: says so and how to begin). */
int view_open(const struct options *o, struct view *ret, struct err *reterr);
void view_close(struct view *v);
/* Opens a reader without a group on one topic. */
int view_read(struct view *v, const char *topic, enum stream_start start,
              struct stream_reader **ret, struct err *reterr);
/* Gives every record up to the end as it is now (stream_fold). */
int view_fold(struct stream_reader *r, stream_fold_fn fn, void *arg, struct err *reterr);
/* Waits until the reader may have more, at most that long. False: nobody reads standard output any
 * more. */
bool view_wait(struct stream_reader *r, int timeout_ms);
/* Whether to colour: standard output is a terminal, and $NO_COLOR is not set. */
bool view_colour(void);

#endif
