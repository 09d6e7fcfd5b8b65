#include "json_suites.h"
#include "kit.h"

int main(int argc, char **argv)
{
    Suite *const suites[] = {json_lines_suite(), json_path_suite(), json_read_suite(),
                             json_write_suite()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
