#include "conf_suites.h"
#include "kit.h"

int main(int argc, char **argv)
{
    Suite *const suites[] = {yaml_suite(), options_suite(), site_suite(), site_copy_suite(),
                             tables_suite()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
