/* proc_stream.h - the stream of a site, as lib/stream wants to be told of it: for daemons and for
 * the verbs of `weir`. */
#ifndef WEIR_PROC_STREAM_H
#define WEIR_PROC_STREAM_H

#include "site.h"
#include "stream.h"

/* ERR_CONF with file:line:column where stream.kind names no engine that keeps what it takes. */
int proc_stream_check(const struct site *site, struct err *reterr);
/* Everything that the configuration says of the stream, for that program, whose secrets the site
 * was opened with; read only until the caller sets `writer`. Borrows from the site, and fills its
 * arena. `name` is what the nodes of Kafka call it in their logs: weir-<name>. ERR_LIMIT. */
int proc_stream_options(const struct site *site, enum site_user user, const char *name,
                        struct stream_options *ret, struct err *reterr);
/* The same of the nodes that the section `relay` copies to: as a handle that writes. */
int proc_stream_relay(const struct site *site, enum site_user user, const char *name,
                      struct stream_options *ret, struct err *reterr);
/* One line of the log for each option that weakens a promise, at every start. */
void proc_stream_warn(const struct site *site);

#endif
