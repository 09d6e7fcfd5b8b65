/* rfc3339.h - instants as text, RFC 3339 with offset, and the proleptic Gregorian calendar behind
 * them. */
#ifndef WEIR_RFC3339_H
#define WEIR_RFC3339_H

#include <stdbool.h>
#include <stdint.h>
#include "slice.h"

enum { RFC3339_SIZE = 40 }; /* bytes that any text written here needs, NUL included */

/* Days from 1970-01-01 to the given date (month 1-12, day 1-31), negative before. No range check.
 */
int64_t rfc3339_days(int64_t year, int month, int day);
/* The date of that day number. */
void rfc3339_date(int64_t days, int *ret_year, int *ret_month, int *ret_day);
/* Length of a month; 0 for a month outside 1-12. */
int rfc3339_month_days(int year, int month);
/* Writes ms since 1970 as local time of the offset (minutes east), "…Z" never:
 * "2026-03-03T08:12:00+00:00"; thousandths only where they are not zero. Returns a view of out. */
struct slice rfc3339_write(int64_t wall_ms, int offset_min, char out[RFC3339_SIZE]);
/* As rfc3339_write at offset 0, always with thousandths and "Z": for logs and receipts. */
struct slice rfc3339_utc(int64_t wall_ms, char out[RFC3339_SIZE]);
/* Reads "YYYY-MM-DDTHH:MM:SS[.f]{Z|±HH:MM}" whole; impossible dates are refused. A fraction is cut
 * to ms. */
bool rfc3339_read(struct slice s, int64_t *ret_wall_ms, int *ret_offset_min);

#endif
