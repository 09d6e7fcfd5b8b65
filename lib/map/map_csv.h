/* map_csv.h - a CSV record as a message: the line of column names, a newline, one row; read into an
 * object of texts, so that paths find a value by its column. An empty field is there and empty. */
#ifndef WEIR_MAP_CSV_H
#define WEIR_MAP_CSV_H

#include "hl7_charset.h"
#include "json.h"

enum { MAP_CSV_COLUMNS_MAX = 2000 };

struct map_csv_rules {
    char delimiter;       /* 0 is a comma */
    struct slice charset; /* of the source; may be absent */
    const struct slice *nulls;
    unsigned nnulls; /* fields that stand for nothing */
};

/* Fields come without the blanks around them, which exports of fixed width leave behind. Of
 * *ret_charset only what was guessed and replaced counts. A column without a name is passed over.
 * ERR_INPUT (a quote, another number of fields than of columns, two columns of one name), with line
 * and column where there is one; ERR_LIMIT. */
int map_csv_read(struct slice raw, const struct map_csv_rules *rules, struct arena *arena,
                 struct json **ret, struct hl7_charset *ret_charset, struct err *reterr);

#endif
