#include "fhir_suites.h"
#include "kit.h"

int main(int argc, char **argv)
{
    Suite *const suites[] = {fhir_itk3_suite(), fhir_read_suite(), fhir_reference_suite(),
                             fhir_told_suite(), fhir_xml_suite()};
    return kit_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
