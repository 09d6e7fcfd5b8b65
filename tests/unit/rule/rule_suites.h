#ifndef WEIR_RULE_SUITES_H
#define WEIR_RULE_SUITES_H

#include <check.h>

Suite *rule_suite(void);
Suite *rule_explain_suite(void);
Suite *rule_refuse_suite(void);
Suite *rule_set_suite(void);
Suite *rule_tck_suite(void);
Suite *rule_doc_suite(void);

#endif
