#include "test_stream.h"

int main(int argc, char **argv)
{
    Suite *suites[] = {suite_headers(),         suite_embedded(),    suite_kafka(),
                       suite_kafka_anew(),      suite_kafka_apart(), suite_kafka_conf(),
                       suite_kafka_headers(),   suite_kafka_set(),   suite_kafka_lead(),
                       suite_kafka_positions(), suite_power()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
