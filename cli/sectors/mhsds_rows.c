/* mhsds_rows.c - rows of the Mental Health Services Data Set. */
#include "mental_write.h"

#define WHO "table,LocalPatientId,NHSNumber,"

const struct row_kind mhsds_referrals = {
    "mhsds-referrals",
    WHO "ServiceRequestId,ReferralRequestReceivedDate,ReferralRequestReceivedTime,"
        "OrgIDReferringOrg,OrgIDProv,ServDischDate"};
const struct row_kind mhsds_away = {
    "mhsds-away", WHO "ServiceRequestId,OrgIDReferringOrg,OrgIDProv,OATReason,StartDateOATR"};
const struct row_kind mhsds_contacts = {
    "mhsds-contacts",
    WHO "ServiceRequestId,CareContDate,CareContTime,AttendStatus,ServTeamTypeRefToMH"};
const struct row_kind mhsds_status = {
    "mhsds-status", WHO "HospProvSpellID,LegalStatusCode,StartDateMHActLegalStatusClass,"
                        "StartTimeMHActLegalStatusClass,EndDateMHActLegalStatusClass,"
                        "EndTimeMHActLegalStatusClass"};
const struct row_kind mhsds_ready = {
    "mhsds-ready", WHO "HospProvSpellID,StartDateClinReadyforDisch,EndDateClinReadyforDisch,"
                       "ClinReadyforDischDelayReason,OrgIDRespLAClinReadyforDisch"};
const struct row_kind mhsds_absence = {
    "mhsds-absence", WHO "HospProvSpellID,StartDateMHAbsWOLeave,StartTimeMHAbsWOLeave,"
                         "EndDateMHAbsWOLeave,EndTimeMHAbsWOLeave"};

const char *mental_ward(unsigned n)
{
    static const char *const wards[MENTAL_WARDS] = {"ALDER",  "ASH",     "BEECH",  "BIRCH", "CEDAR",
                                                    "CHERRY", "ELDER",   "FIR",    "GORSE", "HAZEL",
                                                    "HOLLY",  "JUNIPER", "LARCH",  "LIME",  "MAPLE",
                                                    "OAK",    "PINE",    "POPLAR", "ROWAN", "YEW"};
    return wards[n % MENTAL_WARDS];
}

static void put_who(const struct pen *p, const struct affair *a, const char *table, char letter)
{
    buf_printf(p->out, "%s,M%07u,", table, a->who.person);
    pen_nhs(p, &a->who);
    buf_printf(p->out, ",%c%08u,", letter, a->number);
}

void mhsds_referral_write(const struct pen *p, const struct affair *a)
{
    put_who(p, a, "MHS101", 'R');
    pen_day_clock(p, a->at[AT_ASKED]);
    buf_puts(p->out, ",RZZ," MENTAL_ODS ",");
    pen_day(p, a->at[AT_OUT]);
}

void mhsds_away_write(const struct pen *p, const struct affair *a)
{
    put_who(p, a, "MHS105", 'R');
    buf_puts(p->out, MENTAL_ODS "," AWAY_ODS ",10,");
    pen_day(p, a->at[AT_ADMITTED]);
}

void mhsds_contact_write(const struct pen *p, const struct affair *a, const char *team,
                         const char *attended)
{
    put_who(p, a, "MHS201", 'R');
    pen_day_clock(p, a->at[AT_SEEN]);
    buf_printf(p->out, ",%s,%s", attended, team);
}

void mhsds_status_write(const struct pen *p, const struct affair *a)
{
    put_who(p, a, "MHS401", 'S');
    buf_printf(p->out, "%s,", a->number % 3 ? "02" : "03");
    pen_day_clock(p, a->at[AT_DETAINED]);
    buf_putc(p->out, ',');
    pen_day_clock(p, a->at[AT_OUT]);
}

void mhsds_ready_write(const struct pen *p, const struct affair *a, const char *delay)
{
    put_who(p, a, "MHS518", 'S');
    pen_day(p, a->at[AT_FIT]);
    buf_printf(p->out, ",,%s,%s", delay ? delay : "", delay ? "908" : "");
}

void mhsds_absence_write(const struct pen *p, const struct affair *a)
{
    put_who(p, a, "MHS511", 'S');
    pen_day_clock(p, a->at[AT_LEAVE]);
    buf_putc(p->out, ',');
    pen_day_clock(p, a->at[AT_RETURN]);
}
