/* care_resources.c - FHIR R4 of a community provider's case system. */
#include "community_write.h"

enum { VISIT_S = 30 * MINUTE_S };

#define CASES "urn:zzc:cases"

static void put_patient(const struct pen *p, const struct affair *c, const char *member)
{
    buf_printf(p->out,
               "\"%s\":{\"identifier\":{\"system\":\"https://fhir.nhs.uk/Id/nhs-number\","
               "\"value\":\"",
               member);
    pen_nhs(p, &c->who);
    buf_puts(p->out, "\"}}");
}

static void put_period(const struct pen *p, int64_t from, int64_t to)
{
    buf_puts(p->out, "\"period\":{\"start\":\"");
    pen_instant(p, from);
    if (to) {
        buf_puts(p->out, "\",\"end\":\"");
        pen_instant(p, to);
    }
    buf_puts(p->out, "\"}");
}

void care_appointment_write(const struct pen *p, const struct affair *c)
{
    buf_printf(p->out,
               "{\"resourceType\":\"Appointment\",\"identifier\":[{\"system\":\"" CASES "\","
               "\"value\":\"A%08u\"}],\"status\":\"booked\",\"created\":\"",
               c->number);
    pen_instant(p, c->at[AT_REFERRED]);
    buf_puts(p->out, "\",\"start\":\"");
    pen_instant(p, c->at[AT_BOOKED]);
    buf_puts(p->out, "\",\"end\":\"");
    pen_instant(p, c->at[AT_BOOKED] + VISIT_S);
    buf_puts(p->out, "\",\"participant\":[{");
    put_patient(p, c, "actor");
    buf_puts(p->out, ",\"status\":\"accepted\"}]}");
}

void care_contact_write(const struct pen *p, const struct affair *c)
{
    buf_printf(p->out,
               "{\"resourceType\":\"Encounter\",\"identifier\":[{\"system\":\"" CASES "\","
               "\"value\":\"E%08u-%u\"}],\"status\":\"finished\",\"class\":{\"system\":"
               "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"HH\"},",
               c->number, c->left);
    put_patient(p, c, "subject");
    buf_putc(p->out, ',');
    put_period(p, c->at[AT_CONTACT], c->at[AT_CONTACT] + VISIT_S);
    buf_putc(p->out, '}');
}

void care_episode_write(const struct pen *p, const struct affair *c)
{
    int64_t written = c->at[AT_ENDED] ? c->at[AT_ENDED] : c->at[AT_BEGUN];
    buf_printf(p->out,
               "{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{\"resource\":{"
               "\"resourceType\":\"EpisodeOfCare\",\"id\":\"c%08u\",\"meta\":{\"versionId\":"
               "\"%u\",\"lastUpdated\":\"",
               c->number, c->at[AT_ENDED] ? 2U : 1U);
    pen_instant(p, written);
    buf_printf(p->out,
               "\"},\"identifier\":[{\"system\":\"" CASES "\",\"value\":\"C%08u\"}],\"status\":"
               "\"%s\",",
               c->number, c->at[AT_ENDED] ? "finished" : "active");
    put_patient(p, c, "patient");
    buf_putc(p->out, ',');
    put_period(p, c->at[AT_BEGUN], c->at[AT_ENDED]);
    buf_printf(p->out, "},\"request\":{\"method\":\"PUT\",\"url\":\"EpisodeOfCare/c%08u\"}}]}",
               c->number);
}
