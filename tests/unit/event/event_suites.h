#ifndef WEIR_EVENT_SUITES_H
#define WEIR_EVENT_SUITES_H

#include <check.h>

Suite *code_table_suite(void);
Suite *event_catalogue_suite(void);
Suite *event_codec_suite(void);
Suite *event_id_suite(void);
Suite *event_suite(void);

#endif
