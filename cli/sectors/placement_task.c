/* placement_task.c - FHIR Tasks of a provider collaborative's bed desk. */
#include "mental_write.h"

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"

void placement_task_write(const struct pen *p, const struct affair *a, const char *status,
                          int64_t at)
{
    buf_printf(p->out,
               "{\"resourceType\":\"Task\",\"identifier\":[{\"system\":\"urn:zzm:placements\","
               "\"value\":\"P%08u-%u\"}],\"status\":\"%s\",\"intent\":\"order\",\"for\":"
               "{\"identifier\":{\"system\":\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":\"",
               a->number, a->left, status);
    pen_nhs(p, &a->who);
    buf_puts(p->out, "\"}},\"authoredOn\":\"");
    pen_instant(p, a->at[AT_ASKED]);
    buf_puts(p->out, "\",\"lastModified\":\"");
    pen_instant(p, at);
    buf_puts(p->out, "\",\"requester\":{\"identifier\":{\"system\":\"" ODS_SYSTEM
                     "\",\"value\":\"" MENTAL_ODS "\"}},\"owner\":{\"identifier\":{\"system\":"
                     "\"" ODS_SYSTEM "\",\"value\":\"" AWAY_ODS "\"}}}");
}
