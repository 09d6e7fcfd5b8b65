/* resolved.h - which refusals are resolved: a set of places in flow.rejected, a bit each.
 *
 * A refusal stays where it is; the record that resolves it names its place (docs/architecture.md,
 * records on the stream) and may stand in another partition, so that a reader needs all of these
 * before it can tell what is left. Owns its memory. */
#ifndef WEIR_RESOLVED_H
#define WEIR_RESOLVED_H

#include "dict.h"
#include "stream.h"

enum { RESOLVED_PLACE = STREAM_NAME_MAX + 24, RESOLVED_BLOCKS_MAX = 65536 };

struct resolved {
    struct dict blocks; /* partition and offset / 4096 -> their bits */
};

void resolved_init(struct resolved *r);
void resolved_fini(struct resolved *r);
/* Whether a record of flow.rejected resolves another one, and is none itself. */
bool resolved_is(const struct stream_message *m);
/* Takes what such a record resolves; any other record changes nothing. ERR_LIMIT: the places spread
 * over more than RESOLVED_BLOCKS_MAX blocks of 4096 offsets. */
int resolved_take(struct resolved *r, const struct stream_message *m, struct err *reterr);
/* Whether the record at that place is resolved. */
bool resolved_has(const struct resolved *r, struct slice partition, int64_t offset);

/* "acute/42", the name of a refused message for a person, and back. */
struct slice resolved_name(const struct stream_message *m, char out[RESOLVED_PLACE]);
bool resolved_place(struct slice name, struct slice *ret_partition, int64_t *ret_offset);

#endif
