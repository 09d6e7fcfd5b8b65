/* csds_rows.c - rows of the Community Services Data Set, and of what it has no table for. */
#include "community_write.h"
#include "ward.h"

#define WHO "table,LocalPatientId,NHSNumber,"

const struct row_kind csds_referrals = {
    "csds-referrals",
    WHO "ServiceRequestId,ReferralRequestReceivedDate,ReferralRequestReceivedTime,"
        "OrgIDReferringOrg,OrgIDProv,ServDischDate"};
const struct row_kind csds_contacts = {
    "csds-contacts",
    WHO "ServiceRequestId,Contact_Date,Contact_Time,AttendOrDNACode,ActLocTypeCode"};
const struct row_kind csds_stays = {
    "csds-ward-stay", WHO "SpellId,SpellStartDate,SpellStartTime,SpellEndDate,SpellEndTime,"
                          "SiteIDOfTreat,WardCode,AdmissionSource,DischargeMethod,"
                          "DischargeDestination"};
const struct row_kind csds_ready = {
    "csds-ready", WHO "SpellId,ReadyDate,ReadyTime,DelayReason,OrgIDRespLA,DischargePathway"};
const struct row_kind csds_virtual = {
    "csds-virtual-ward",
    WHO "SpellId,VirtualWardStartDate,VirtualWardStartTime,VirtualWardEndDate,VirtualWardEndTime,"
        "SiteIDOfTreat,WardCode,DischargeDestination"};
const struct row_kind csds_urgent = {
    "csds-urgent", WHO "ServiceRequestId,UrgentRequestDate,UrgentRequestTime,UrgentResponseDate,"
                       "UrgentResponseTime,OrgIDReferringOrg,OrgIDProv"};

static void put_who(const struct pen *p, const struct affair *c, const char *table)
{
    buf_printf(p->out, "%s,C%07u,", table, c->who.person);
    pen_nhs(p, &c->who);
    buf_printf(p->out, ",");
}

void csds_referral_write(const struct pen *p, const struct affair *c)
{
    char hospital[4];
    ward_hospital(c->hospital, hospital);
    put_who(p, c, "CYP101");
    buf_printf(p->out, "R%08u,", c->number);
    pen_day_clock(p, c->at[AT_REFERRED]);
    buf_printf(p->out, ",%s," COMMUNITY_ODS ",", hospital);
    pen_day(p, c->at[AT_ENDED]);
}

void csds_contact_write(const struct pen *p, const struct affair *c)
{
    put_who(p, c, "CYP201");
    buf_printf(p->out, "R%08u,", c->number);
    pen_day_clock(p, c->at[AT_CONTACT]);
    buf_puts(p->out, ",3,A01");
}

void csds_stay_write(const struct pen *p, const struct affair *c)
{
    put_who(p, c, "ward_stay");
    buf_printf(p->out, "S%08u,", c->number);
    pen_day_clock(p, c->at[AT_BEGUN]);
    buf_putc(p->out, ',');
    pen_day_clock(p, c->at[AT_ENDED]);
    buf_puts(p->out, "," COMMUNITY_ODS "01,REHAB,51");
    buf_puts(p->out, c->at[AT_ENDED] ? ",1,19" : ",,");
}

void csds_ready_write(const struct pen *p, const struct affair *c, const char *delay)
{
    put_who(p, c, "ready");
    buf_printf(p->out, "S%08u,", c->number);
    pen_day_clock(p, c->at[AT_READY]);
    buf_printf(p->out, ",%s,%s,1", delay ? delay : "", delay ? "908" : "");
}

void csds_virtual_write(const struct pen *p, const struct affair *c)
{
    put_who(p, c, "virtual_ward");
    buf_printf(p->out, "V%08u,", c->number);
    pen_day_clock(p, c->at[AT_BEGUN]);
    buf_putc(p->out, ',');
    pen_day_clock(p, c->at[AT_ENDED]);
    buf_printf(p->out, "," COMMUNITY_ODS "01,VW,%s", c->at[AT_ENDED] ? "19" : "");
}

void csds_urgent_write(const struct pen *p, const struct affair *c)
{
    put_who(p, c, "urgent_community");
    buf_printf(p->out, "U%08u,", c->number);
    pen_day_clock(p, c->at[AT_REFERRED]);
    buf_putc(p->out, ',');
    pen_day_clock(p, c->at[AT_CONTACT]);
    buf_puts(p->out, ",ZZA," COMMUNITY_ODS);
}
