#include "kit.h"
#include "map_sample.h"

int main(int argc, char **argv)
{
    Suite *suites[] = {adt_suite(),           map_compile_suite(), map_docs_suite(),
                       map_group_suite(),     map_overlay_suite(), map_table_suite(),
                       hostile_suite(),       sender_suite(),      translate_suite(),
                       translate_tree_suite()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
