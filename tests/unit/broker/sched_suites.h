#ifndef WEIR_SCHED_SUITES_H
#define WEIR_SCHED_SUITES_H

#include <check.h>

Suite *sched_order_suite(void);
Suite *sched_retry_suite(void);
Suite *sched_merge_suite(void);
Suite *sched_random_suite(void);
Suite *sched_share_suite(void);

#endif
