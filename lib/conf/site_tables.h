/* site_tables.h - the tables of a site: location, identifier, bed_class, home_by_practice, any
 * name.
 *
 * Source tables come before the site's, entry by entry, and these before those of the maps. Values
 * are codes or texts; a key is parts joined by "/" (RXF05/PGHED), and "*" alone stands for any one
 * part. The tables own copies of what they read from CSV files and borrow the rest from the site.
 */
#ifndef WEIR_SITE_TABLES_H
#define WEIR_SITE_TABLES_H

#include "site.h"

enum {
    SITE_TABLE_KEY_MAX = 256, /* bytes of a key */
    SITE_TABLE_PARTS_MAX = 8,
    SITE_TABLE_ENTRIES_MAX = 2000000, /* of all tables */
    SITE_TABLE_FILE_MAX = 128 << 20,  /* bytes of one CSV file */
};

struct site_tables;

/* Each of the four may be NULL: tables of the site, of the source, CSV files that are asked after
 * these, and a map of tables that are asked last (both are named by the maps; the map is borrowed).
 * ERR_CONF with position (a CSV: file:line), ERR_IO. */
int site_tables_open(const struct site *site, const struct site_source *source,
                     const struct conf_texts *files, const struct yaml *defaults,
                     struct site_tables **ret, struct err *reterr);
void site_tables_close(struct site_tables *t);
/* The table of that name; NULL where no such table is there. Stable until close: look it up once.
 */
struct site_table;
const struct site_table *site_table_find(const struct site_tables *t, struct slice name);
/* The value for key: exact first, then the entry with the fewest "*" parts (of equals, the one that
 * names the earlier parts); what the source's table lacks is looked for in the site's, then in the
 * defaults. Absent when none, and where t is NULL. Does not allocate. */
struct slice site_table_get(const struct site_table *t, struct slice key);
/* Asks of every entry whether it can be meant so: fine fills why (what is wrong and what would be
 * right) and says false where not. Of several the first in its file is told: ERR_CONF with
 * file:line. A NULL table is fine. */
enum { SITE_TABLE_WHY = 200 };
typedef bool (*site_table_fine_fn)(const void *arg, struct slice key, struct slice value,
                                   char why[SITE_TABLE_WHY]);
int site_table_check(const struct site_table *t, site_table_fine_fn fine, const void *arg,
                     struct err *reterr);
/* How many parts a key has: one more than "/" in it. */
unsigned site_table_parts(struct slice key);
/* For a key of parts that are joined here; absent also when they are too long for a key. */
struct slice site_table_get_parts(const struct site_table *t, const struct slice *parts,
                                  unsigned n);

#endif
