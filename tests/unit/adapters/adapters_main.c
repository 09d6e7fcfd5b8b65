#include "adapters_bed.h"

int main(int argc, char **argv)
{
    Suite *suites[] = {again_suite(),        er7_port_suite(),       failed_frames_suite(),
                       fhir_answer_suite(),  fhir_kept_suite(),      fhir_request_suite(),
                       folder_check_suite(), folder_names_suite(),   refused_peers_suite(),
                       resolved_suite(),     resolving_suite(),      revise_suite(),
                       row_memory_suite(),   request_memory_suite(), fhir_restricted_suite()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
