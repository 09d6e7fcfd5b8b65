/* site_tables.h - the tables of a site: location, identifier, bed_class, home_by_practice, any
 * name. Source tables come before the site's. Values may be codes or texts; keys may use "*" for a
 * part: keys are parts joined by "/" ("RXF05/PGHED", "star/NHS/NH"). Borrowed from the site. */
#ifndef WEIR_SITE_TABLES_H
#define WEIR_SITE_TABLES_H

#include "site.h"

struct site_tables;

/* source NULL: the site's tables only. ERR_CONF with position (a CSV: file:line), ERR_IO. */
int site_tables_open(const struct site *site, const struct site_source *source,
                     struct site_tables **ret, struct err *reterr);
void site_tables_close(struct site_tables *t);
/* The table of that name; NULL where no such table is there. Stable until close: look it up once.
 */
struct site_table;
const struct site_table *site_table_find(const struct site_tables *t, struct slice name);
/* The value for key: exact first, then the entry with the fewest "*" parts; absent when none. */
struct slice site_table_get(const struct site_table *t, struct slice key);

#endif
