/* cli_suites.h - the suites of unit_cli beside that of test_cli.c. */
#ifndef WEIR_CLI_SUITES_H
#define WEIR_CLI_SUITES_H

#include <check.h>

Suite *doctor_suite(void);
Suite *hospital_suite(void);
Suite *unknown_codes_suite(void);
Suite *world_suite(void);

#endif
