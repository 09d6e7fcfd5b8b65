#include "event_suites.h"
#include "kit.h"

int main(int argc, char **argv)
{
    Suite *const suites[] = {event_suite(), event_codec_suite(), event_id_suite(),
                             code_table_suite(), event_catalogue_suite()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
