#include <signal.h>
#include "kit.h"
#include "process_suites.h"

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    Suite *suite = suite_create("process");
    suite_add_tcase(suite, metrics_tests());
    suite_add_tcase(suite, small_tests());
    suite_add_tcase(suite, control_tests());
    suite_add_tcase(suite, audit_tests());
    suite_add_tcase(suite, claim_tests());
    suite_add_tcase(suite, supervisor_tests());
    suite_add_tcase(suite, topics_tests());
    return kit_main(argc, argv, &suite, 1);
}
