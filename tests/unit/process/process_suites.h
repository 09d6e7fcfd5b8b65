#ifndef WEIR_PROCESS_SUITES_H
#define WEIR_PROCESS_SUITES_H

#include <check.h>

TCase *audit_tests(void);
TCase *claim_tests(void);
TCase *control_tests(void);
TCase *metrics_tests(void);
TCase *small_tests(void);
TCase *supervisor_tests(void);
TCase *topics_tests(void);

#endif
