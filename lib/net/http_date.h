/* http_date.h - the dates of HTTP (RFC 9110 §5.6.7). */
#ifndef WEIR_HTTP_DATE_H
#define WEIR_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>
#include "slice.h"

enum { HTTP_DATE_SIZE = 32 };

/* Reads "Sun, 06 Nov 1994 08:49:37 GMT" and the two older forms. False on anything else. */
bool http_date_read(struct slice s, int64_t *ret_wall_ms);
/* Writes the first form. Returns a view of out. */
struct slice http_date_write(int64_t wall_ms, char out[HTTP_DATE_SIZE]);

#endif
