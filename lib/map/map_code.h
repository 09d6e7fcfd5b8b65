/* map_code.h - a code as sent beside what it means: {raw, code, system}.
 *
 * The site's table of the code table's name comes first (a source's own codes, RAW: CODE), then the
 * national or standard table of schemas/codes. A code in neither stays raw and is flagged; an own
 * code that stands for none of the code table is refused when the maps are read. */
#ifndef WEIR_MAP_CODE_H
#define WEIR_MAP_CODE_H

#include "map_compile.h"
#include "map_run.h"

/* `code: NAME`. ERR_CONF with position: there is no such code table, or an own code stands for none
 * of it. */
int map_codes_compile(struct map_compiler *c, const struct yaml *node, const struct map_codes **ret,
                      struct err *reterr);
/* Sets raw, code and system of the field f. */
void map_codes_set(struct map_run *run, const struct map_field *f, const struct map_codes *codes,
                   struct slice raw);
/* Sets code and system of a value that no message sent; false where it is in no table. */
bool map_codes_set_known(struct map_run *run, int code, int system, const struct map_codes *codes,
                         struct slice value);
/* The group of a code, such as emergency or care_home; absent where it has none. */
struct slice map_codes_group(const struct map_codes *codes, struct slice raw);
/* A code table for use by C code. */
int map_codes_open(struct site_tables *tables, struct arena *arena, struct slice name,
                   const struct map_codes **ret, struct err *reterr);

#endif
