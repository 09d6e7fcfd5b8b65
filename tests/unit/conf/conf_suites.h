#ifndef WEIR_CONF_SUITES_H
#define WEIR_CONF_SUITES_H

#include <check.h>

Suite *yaml_suite(void);
Suite *options_suite(void);
Suite *site_suite(void);
Suite *site_copy_suite(void);
Suite *tables_suite(void);

#endif
