/* num.h - strict reading of numbers: all of the text or nothing, no sign or blank where none
 * belongs. */
#ifndef WEIR_NUM_H
#define WEIR_NUM_H

#include <stdbool.h>
#include <stdint.h>
#include "slice.h"

/* Decimal digits only. False on anything else and on overflow; *ret is then untouched. */
bool num_u64(struct slice s, uint64_t *ret);
/* As num_u64 with an optional sign in front. */
bool num_i64(struct slice s, int64_t *ret);
/* "250ms", "30s", "10m", "72h", "7d" as milliseconds; a bare 0 is allowed, another bare number is
 * not. */
bool num_duration_ms(struct slice s, int64_t *ret);
/* "100", "64KiB", "8MiB", "1GiB" as bytes. */
bool num_size(struct slice s, uint64_t *ret);

#endif
