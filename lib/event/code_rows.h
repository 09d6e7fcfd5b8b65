/* code_rows.h - the shape of the generated code tables. For lib/event only. */
#ifndef WEIR_CODE_ROWS_H
#define WEIR_CODE_ROWS_H

#include "code_table.h"

struct code_table {
    struct slice name;
    const char *title;
    const struct code *rows; /* sorted by raw, case ignored */
    unsigned count;
};
extern const struct code_table code_tables[];
extern const unsigned code_ntables;

#endif
