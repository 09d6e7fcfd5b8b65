#ifndef WEIR_BROKER_SUITES_H
#define WEIR_BROKER_SUITES_H

#include <check.h>

Suite *consumer_suite(void);
Suite *journey_suite(void);
Suite *memory_suite(void);
Suite *minimise_suite(void);
Suite *mllp_suite(void);
Suite *moves_suite(void);
Suite *originals_suite(void);
Suite *relay_suite(void);
Suite *router_suite(void);

#endif
