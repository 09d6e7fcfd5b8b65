#include "kit.h"
#include "sched_suites.h"

int main(int argc, char **argv)
{
    Suite *const suites[] = {sched_order_suite(), sched_retry_suite(), sched_merge_suite(),
                             sched_random_suite(), sched_share_suite()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
