#include "care_act_notice.h"

#include "ward.h"

#define COUNCIL "908"

void care_act_notice_write(const struct pen *p, const struct affair *stay, const char *code,
                           int64_t at)
{
    struct person person;
    char hospital[4];
    ward_hospital(stay->hospital, hospital);
    pen_person(p, &stay->who, &person);
    buf_printf(p->out,
               "{\"resourceType\":\"Bundle\",\"type\":\"message\",\"entry\":[{\"fullUrl\":"
               "\"urn:uuid:00000000-0000-4000-8000-%012u\",\"resource\":{\"resourceType\":"
               "\"MessageHeader\",\"id\":\"n%u-%s\",\"event\":{\"system\":"
               "\"http://snomed.info/sct\",\"code\":\"%s\"},\"destination\":[{\"endpoint\":"
               "\"urn:nhs-uk:addressing:ods:" COUNCIL "\"}],\"timestamp\":\"",
               stay->number, stay->number, code, code);
    pen_instant(p, at);
    buf_printf(p->out,
               "\",\"source\":{\"endpoint\":\"urn:nhs-uk:addressing:ods:%s01\"}}},{\"fullUrl\":"
               "\"urn:uuid:00000001-0000-4000-8000-%012u\",\"resource\":{\"resourceType\":"
               "\"Patient\",\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/nhs-number\","
               "\"value\":\"%s\"}],\"name\":[{\"family\":\"%s\",\"given\":[\"%s\"]}]}}]}",
               hospital, stay->number, person.nhs, person.family, person.given);
}
