/* adapters_bed.h - what the tests of the adapters share: a source with the shipped maps. */
#ifndef WEIR_ADAPTERS_BED_H
#define WEIR_ADAPTERS_BED_H

#include <check.h>
#include "kit.h"
#include "stream.h"
#include "translate.h"

struct bed {
    struct site *site;
    const struct site_source *source;
    struct translator *translator;
};

/* overlay: text of one, or NULL. */
void bed_open(struct bed *b, const char *overlay);
void bed_close(struct bed *b);
/* The value of that header of a record, or absent. */
struct slice bed_header(const struct stream_record *r, const char *name);

Suite *again_suite(void);
Suite *er7_port_suite(void);
Suite *failed_frames_suite(void);
Suite *fhir_answer_suite(void);
Suite *fhir_kept_suite(void);
Suite *fhir_request_suite(void);
Suite *fhir_restricted_suite(void);
Suite *folder_check_suite(void);
Suite *folder_names_suite(void);
Suite *refused_peers_suite(void);
Suite *resolved_suite(void);
Suite *resolving_suite(void);
Suite *revise_suite(void);
Suite *request_memory_suite(void);
Suite *row_memory_suite(void);

#endif
