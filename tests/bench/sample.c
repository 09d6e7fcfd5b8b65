#include "sample.h"

#include <stdlib.h>

static const char config[] =
    "data: /nowhere\n"
    "keys: {kid: b1, pseudonym: env:WEIR_BENCH_PSEUDONYM, audit: env:WEIR_BENCH_AUDIT}\n"
    "routes:\n"
    "  analytics: {}\n"
    "  beds:\n"
    "    when: type LIKE 'patient.%' OR type LIKE 'emergency.%' OR type LIKE 'visit.%'\n"
    "    keep: [all]\n"
    "    identifiers: true\n"
    "tables:\n"
    "  identifier: {\"*/NHS/NH\": nhs_number, \"*/RZZ/MR\": mrn, \"*/RZZ/VN\": visit}\n"
    "  location: {RZZ01/ED: ed, RZZ01/SDEC: sdec, RZZ01/AMU: assessment, RZZ01/W7: ward}\n"
    "sources:\n"
    "  pas: {adapter: acute, ods: RZZ, system: pas, timezone: Europe/London,\n"
    "        pl: ward^bay^bed^site, test_numbers: true}\n";

static const char *const kinds[][4] = {
    /* trigger, class, place, prior place */
    {"A01", "I", "AMU^BAY2^B12^RZZ01", "ED^MAJORS^^RZZ01"},
    {"A02", "I", "W7^BAY1^B03^RZZ01", "AMU^BAY2^B12^RZZ01"},
    {"A03", "I", "W7^BAY1^B03^RZZ01", ""},
    {"A04", "E", "ED^TRIAGE^^RZZ01", ""},
    {"A08", "I", "W7^BAY1^B03^RZZ01", ""},
    {"A08", "E", "ED^MAJORS^^RZZ01", ""},
    {"A08", "I", "AMU^BAY2^B12^RZZ01", ""},
    {"A03", "E", "ED^MAJORS^^RZZ01", ""},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const char *const sample_numbers[SAMPLE_PEOPLE] = {"9990001006", "9990001073", "9990001146",
                                                   "9990001219", "9990001286", "9990001359",
                                                   "9990001421", "9990001499"};

int sample_site(unsigned secrets, struct site **ret, struct err *reterr)
{
    setenv("WEIR_BENCH_PSEUDONYM", "a key for measuring, of no use elsewhere", 1);
    setenv("WEIR_BENCH_AUDIT", "another key for measuring, of no use either", 1);
    return site_read(slice_str(config), "bench.yaml", secrets, ret, reterr);
}

struct slice sample_message(struct arena *a, unsigned i)
{
    const char *const *k = kinds[i % KINDS];
    unsigned minute = i % 60, person = i % SAMPLE_PEOPLE;
    return arena_printf(
        a,
        "MSH|^~\\&|PAS|RZZ|ROUTE|ROUTE|202603030%u%02u30||ADT^%s^ADT_A01|MSG%07u|P|2.4|||AL|NE\r"
        "EVN|%s|202603030%u%02u00|||USER%u^Clerk^Ward|202603030%u%02u00\r"
        "PID|1||M%06u^^^RZZ^MR~%s^^^NHS^NH||EXAMPLE^ALEX^J^^MX||19550220|F|||1 TEST "
        "STREET^^TESTTOWN^^ZZ99 3CZ^GBR^H||01632960001|||M|C22|||||A||||||||N||NSTS01\r"
        "PD1|||TEST SURGERY^^F82999|G9146958^TEST^GP\r"
        "PV1|1|%s|%s|2D||%s|C1234567^TEST^ANN^^^DR|||300||||19||N|||V%06u^^^RZZ^VN"
        "|||||||||||||||||%s|||||||202603030%u%02u00|%s\r"
        "PV2|||CHESTPAIN^Chest pain||||||20260310|||||||||||||||||||||||||||||A\r"
        "ZU1|||||||||||||||||||||N\r",
        i % 9, minute, k[0], i, k[0], i % 9, minute, i % 30, i % 9, minute, i % 1000,
        sample_numbers[person], k[1], k[2], k[3], i % 5000, k[0][2] == '3' ? "1|19" : "|", i % 9,
        minute, k[0][2] == '3' ? "20260303101500" : "");
}
