/* translators.h - the translators of a site's sources, each opened when a message needs it first,
 * and which source a message in a file is from.
 *
 * The set owns its translators and borrows the site. */
#ifndef WEIR_TRANSLATORS_H
#define WEIR_TRANSLATORS_H

#include "translate.h"

enum { TRANSLATORS_MAX = 256 };

struct translators {
    const struct site *site;
    const struct site_source *named; /* all messages are from this one; NULL: their headers tell */
    struct translator *at[TRANSLATORS_MAX];
};

/* source: a name, or NULL. ERR_CONF where there is no such source. */
int translators_init(struct translators *t, const struct site *site, const char *source,
                     struct err *reterr);
void translators_fini(struct translators *t);
/* The source of all messages where it is clear without looking at one; else NULL. */
const struct site_source *translators_known(const struct translators *t);
/* The translator for a message: of the source named, the only one, or the one whose `sending` its
 * header matches; ret_source (may be NULL) says which. ERR_INPUT: none does. scratch is used to
 * read the header. */
int translators_find(struct translators *t, struct slice raw, struct arena *scratch,
                     const struct site_source **ret_source, struct translator **ret,
                     struct err *reterr);

#endif
