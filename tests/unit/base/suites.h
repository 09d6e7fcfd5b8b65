#ifndef WEIR_BASE_SUITES_H
#define WEIR_BASE_SUITES_H

#include <check.h>

Suite *arena_suite(void);
Suite *csv_suite(void);
Suite *dict_suite(void);
Suite *slice_suite(void);
Suite *text_suite(void);
Suite *utf16_suite(void);
Suite *utf8_suite(void);

#endif
