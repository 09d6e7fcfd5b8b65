/* translate_explain.h - a message translated with the reasons: which line of which map took each
 * field of each event from which place of the message, what was tried before and why it gave
 * nothing, and why the other events of the trigger were not made.
 *
 * For people with the right to see the message: its values stand in it. */
#ifndef WEIR_TRANSLATE_EXPLAIN_H
#define WEIR_TRANSLATE_EXPLAIN_H

#include "translate.h"

/* translate_run, and the explanation appended to out (check buf_ok). folder is left out of the
 * names of files under it ("/site/", or absent). */
void translate_explain(struct translator *t, struct slice raw, struct arena *arena,
                       struct slice folder, struct buf *out, struct translation *ret);

#endif
