#ifndef WEIR_FHIR_SUITES_H
#define WEIR_FHIR_SUITES_H

#include <check.h>

Suite *fhir_itk3_suite(void);
Suite *fhir_read_suite(void);
Suite *fhir_reference_suite(void);
Suite *fhir_told_suite(void);
Suite *fhir_xml_suite(void);

#endif
