#include "ambulance_write.h"

#include "ward.h"

static const char *const codes[] = {"06D02", "17A01", "10D04", "26A08", "31D03", "21B01"};
enum { CODES = sizeof(codes) / sizeof(codes[0]), VEHICLES = 60 };

const struct row_kind epcr_rows = {
    "epcr", "Incident Number,Patient Number,NHS Number,Surname,Forename,Date of Birth,Sex,Postcode,"
            "Call Source,Category,Callsign,Destination,Patient Handover,Handover Clock,Disposal,"
            "Outcome,Clock Stop"};

const char *incident_priority(const struct affair *i)
{
    static const char *const conveyed[] = {"C1", "C2", "C2", "C2", "C3"};
    if (i->kind == INCIDENT_BY_PHONE)
        return i->number % 2 ? "C5" : "C4";
    return i->kind == INCIDENT_FELL ? "C3" : conveyed[i->number % 5];
}

void incident_number_write(struct buf *out, const struct affair *i)
{
    buf_printf(out, AMBULANCE_ODS "-%08u", i->number);
}

static unsigned vehicle(const struct affair *i)
{
    return 100 + i->number * 7 % VEHICLES;
}

static void put_site(const struct pen *p, const struct affair *i)
{
    char hospital[4];
    ward_hospital(i->hospital, hospital);
    buf_printf(p->out, "%s01", hospital);
}

static const char *caller(const struct affair *i)
{
    return i->number % 6 ? "999" : "111";
}

static void put_conveyed(const struct pen *p, const struct affair *i, unsigned at)
{
    struct person person;
    buf_puts(p->out, ",\"destination\":\"");
    put_site(p, i);
    buf_puts(p->out, "\"");
    if (at != AT_LEFT)
        return;
    buf_printf(p->out, ",\"prealert\":%s", i->number % 5 == 0 ? "true" : "false");
    if (!i->who.known)
        return;
    pen_person(p, &i->who, &person);
    buf_printf(p->out, ",\"nhs_number\":\"%s\",\"birth_date\":\"%04u-%02u-%02u\"", person.nhs,
               person.year, person.month, person.day);
}

static void put_closed(const struct pen *p, const struct affair *i)
{
    buf_printf(p->out, ",\"priority\":\"%s\",\"nhs_number\":\"", incident_priority(i));
    pen_nhs(p, &i->who);
    buf_printf(p->out, "\",\"outcome\":\"self_care\",\"frequent_caller\":%s",
               i->left ? "true" : "false");
}

void cad_status_write(const struct pen *p, const struct affair *i, unsigned at, const char *status)
{
    struct buf *out = p->out;
    buf_puts(out, "{\"message_id\":\"");
    incident_number_write(out, i);
    buf_printf(out, "-%u\",\"incident\":\"", at);
    incident_number_write(out, i);
    buf_printf(out, "\",\"status\":\"%s\",\"at\":\"", status);
    pen_instant(p, i->at[at]);
    buf_puts(out, "\",\"sent_at\":\"");
    pen_instant(p, i->at[at] + 2);
    buf_putc(out, '"');
    if (at == AT_CALL)
        buf_printf(out, ",\"caller\":\"%s\"", caller(i));
    if (at == AT_CODE)
        buf_printf(out, ",\"priority\":\"%s\",\"dispatch_code\":\"%s\"", incident_priority(i),
                   codes[i->number % CODES]);
    if (at >= AT_MOBILE && i->kind != INCIDENT_BY_PHONE)
        buf_printf(out, ",\"resource\":\"A%u\"", vehicle(i));
    if (at == AT_LEFT || at == AT_HOSPITAL)
        put_conveyed(p, i, at);
    if (at == AT_CLEAR && i->kind == INCIDENT_BY_PHONE)
        put_closed(p, i);
    buf_putc(out, '}');
}

void epcr_row_write(const struct pen *p, const struct affair *i)
{
    struct person person;
    bool conveyed = i->at[AT_HANDOVER] != 0;
    pen_person(p, &i->who, &person);
    incident_number_write(p->out, i);
    buf_puts(p->out, ",1,");
    if (i->who.known) {
        buf_printf(p->out, "%s,%s,%s,%02u/%02u/%04u,%c,", person.nhs, person.family, person.given,
                   person.day, person.month, person.year, person.sex == 'F' ? '2' : '1');
        pen_postcode(p, &person);
    } else {
        buf_puts(p->out, ",,,,,");
    }
    buf_printf(p->out, ",%s,%s,A%u,", caller(i), incident_priority(i), vehicle(i));
    if (conveyed)
        put_site(p, i);
    buf_putc(p->out, ',');
    pen_uk(p, i->at[AT_HANDOVER]);
    buf_puts(p->out, conveyed ? ",crew,Conveyed,," : ",,See and treat,Treated on scene,");
    pen_uk(p, conveyed ? i->at[AT_HOSPITAL] : i->at[AT_CLEAR]);
}

/* ---- BaRS ---- */

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"
#define BARS_SYSTEM "https://fhir.nhs.uk/CodeSystem/"

/* A made-up UUID, the same for the same incident and part. */
static void put_uuid(const struct pen *p, const struct affair *i, unsigned part)
{
    uint64_t one = dice_mix(dice_mix(p->seed + i->number) + part), two = dice_mix(one);
    buf_printf(p->out, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(one >> 32),
               (unsigned)(one >> 16) & 0xffff, (unsigned)one & 0xfff, (unsigned)(two >> 48) & 0xfff,
               (unsigned long long)(two & 0xffffffffffffULL));
}

static void begin_entry(const struct pen *p, const struct affair *i, unsigned part)
{
    buf_puts(p->out, "{\"fullUrl\":\"urn:uuid:");
    put_uuid(p, i, part);
    buf_puts(p->out, "\",\"resource\":{\"resourceType\":\"");
}

static void put_header(const struct pen *p, const struct affair *i, const char *receiver)
{
    begin_entry(p, i, 0);
    buf_puts(p->out, "MessageHeader\",\"id\":\"");
    put_uuid(p, i, 0);
    buf_printf(p->out,
               "\",\"eventCoding\":{\"system\":\"" BARS_SYSTEM "message-events-bars\","
               "\"code\":\"servicerequest-request\"},\"destination\":[{\"endpoint\":"
               "\"http://fhir.nhs.uk/Id/dos-service-id|2000000002\",\"receiver\":{\"identifier\":"
               "{\"system\":\"" ODS_SYSTEM "\",\"value\":\"%s\"}}}],\"sender\":{\"identifier\":"
               "{\"system\":\"" ODS_SYSTEM "\",\"value\":\"" AMBULANCE_ODS "\"}},\"source\":"
               "{\"endpoint\":\"http://fhir.nhs.uk/Id/dos-service-id|2000000001\"},\"reason\":"
               "{\"coding\":[{\"system\":\"" BARS_SYSTEM
               "message-reason-bars\",\"code\":\"new\"}]},"
               "\"focus\":[{\"reference\":\"urn:uuid:",
               receiver);
    put_uuid(p, i, 1);
    buf_puts(p->out, "\"}]}}");
}

static void put_request(const struct pen *p, const struct affair *i, const char *use_case,
                        int64_t at)
{
    begin_entry(p, i, 1);
    buf_printf(
        p->out,
        "ServiceRequest\",\"status\":\"active\",\"intent\":\"plan\",\"category\":[{\"coding\":"
        "[{\"system\":\"" BARS_SYSTEM "message-category-servicerequest\",\"code\":"
        "\"referral\"}]},{\"coding\":[{\"system\":\"" BARS_SYSTEM "usecases-categories-bars\","
        "\"code\":\"%s\"}]}],\"subject\":{\"reference\":\"urn:uuid:",
        use_case);
    put_uuid(p, i, 2);
    buf_puts(p->out, "\"},\"authoredOn\":\"");
    pen_instant(p, at);
    buf_puts(p->out, "\"}}");
}

static void put_patient(const struct pen *p, const struct affair *i)
{
    struct person person;
    pen_person(p, &i->who, &person);
    begin_entry(p, i, 2);
    buf_printf(p->out,
               "Patient\",\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/nhs-number\","
               "\"value\":\"%s\"}],\"name\":[{\"family\":\"%s\",\"given\":[\"%s\"]}],\"gender\":"
               "\"%s\",\"birthDate\":\"%04u-%02u-%02u\"}}",
               person.nhs, person.family, person.given, person.sex == 'F' ? "female" : "male",
               person.year, person.month, person.day);
}

void bars_referral_write(const struct pen *p, const struct affair *i, const char *use_case,
                         const char *receiver, int64_t at)
{
    buf_puts(p->out, "{\"resourceType\":\"Bundle\",\"id\":\"");
    put_uuid(p, i, 3);
    buf_puts(p->out, "\",\"type\":\"message\",\"timestamp\":\"");
    pen_instant(p, at);
    buf_puts(p->out, "\",\"entry\":[");
    put_header(p, i, receiver);
    buf_putc(p->out, ',');
    put_request(p, i, use_case, at);
    buf_putc(p->out, ',');
    put_patient(p, i);
    buf_puts(p->out, "]}");
}
