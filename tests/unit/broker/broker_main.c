#include "broker_suites.h"
#include "kit.h"

int main(int argc, char **argv)
{
    Suite *const suites[] = {memory_suite(), minimise_suite(), journey_suite(),
                             moves_suite(),  router_suite(),   consumer_suite(),
                             relay_suite(),  mllp_suite(),     originals_suite()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
