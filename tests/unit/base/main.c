#include "kit.h"
#include "suites.h"

int main(int argc, char **argv)
{
    Suite *const suites[] = {slice_suite(), arena_suite(), csv_suite(), text_suite(),
                             dict_suite(),  utf16_suite(), utf8_suite()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
