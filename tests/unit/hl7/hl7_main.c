#include "hl7_sample.h"
#include "kit.h"

int main(int argc, char **argv)
{
    Suite *suite = suite_create("hl7");
    suite_add_tcase(suite, msg_tests());
    suite_add_tcase(suite, path_tests());
    suite_add_tcase(suite, escape_tests());
    suite_add_tcase(suite, frame_tests());
    suite_add_tcase(suite, ack_tests());
    suite_add_tcase(suite, ack_due_tests());
    suite_add_tcase(suite, batch_tests());
    suite_add_tcase(suite, charset_tests());
    suite_add_tcase(suite, zone_tests());
    suite_add_tcase(suite, time_tests());
    suite_add_tcase(suite, names_tests());
    return kit_main(argc, argv, &suite, 1);
}
