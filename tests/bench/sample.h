/* sample.h - a mixed ADT feed for the measuring programs, and the site that sends it. */
#ifndef WEIR_SAMPLE_H
#define WEIR_SAMPLE_H

#include "arena.h"
#include "site.h"

enum { SAMPLE_PEOPLE = 8 };

/* NHS numbers of its people, all of the 999 range. */
extern const char *const sample_numbers[SAMPLE_PEOPLE];
/* A site with one source, `pas`, what its messages need to be translated, and two routes: one that
 * leaves out who the patient is, and one whose rule takes most events whole. secrets: enum
 * site_secrets. ERR_CONF. */
int sample_site(unsigned secrets, struct site **ret, struct err *reterr);
/* The nth message, in the arena: admissions, transfers, updates and discharges take turns. */
struct slice sample_message(struct arena *a, unsigned nth);

#endif
