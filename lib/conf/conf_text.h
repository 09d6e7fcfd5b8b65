/* conf_text.h - option values as a person writes them (internal to lib/conf). */
#ifndef WEIR_CONF_TEXT_H
#define WEIR_CONF_TEXT_H

#include "conf.h"

enum { CONF_TEXT_SIZE = 32, CONF_LIST_SIZE = 256 };

/* 30000 as "30s" for a duration, 8388608 as "8MiB" for a size, else the number. */
void conf_number_text(enum conf_type type, int64_t n, char out[CONF_TEXT_SIZE]);
/* "a, b, c", cut to what fits. */
void conf_choices_text(const char *const *choices, char out[CONF_LIST_SIZE]);

#endif
