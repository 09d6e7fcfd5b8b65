#include "kit.h"
#include "rule_suites.h"

int main(int argc, char **argv)
{
    Suite *const suites[] = {rule_suite(),     rule_refuse_suite(), rule_explain_suite(),
                             rule_set_suite(), rule_tck_suite(),    rule_doc_suite()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
