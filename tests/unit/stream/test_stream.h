/* test_stream.h - the suites of unit_stream; the caller owns what they return. */
#ifndef WEIR_TEST_STREAM_H
#define WEIR_TEST_STREAM_H

#include "kit.h"

Suite *suite_headers(void);
Suite *suite_embedded(void);
Suite *suite_kafka(void);
Suite *suite_kafka_anew(void);
Suite *suite_kafka_apart(void);
Suite *suite_kafka_conf(void);
Suite *suite_kafka_headers(void);
Suite *suite_kafka_set(void);
Suite *suite_kafka_lead(void);
Suite *suite_kafka_positions(void);
Suite *suite_power(void);

#endif
