#ifndef WEIR_JSON_SUITES_H
#define WEIR_JSON_SUITES_H

#include <check.h>

Suite *json_lines_suite(void);
Suite *json_path_suite(void);
Suite *json_read_suite(void);
Suite *json_write_suite(void);

#endif
