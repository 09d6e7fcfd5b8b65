/* Messages that are trees: JSON and FHIR, with maps of the tests' own. CSV is in tests/cases/epcr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "kit.h"
#include "map_sample.h"
#include "map_time_format.h"
#include "translate_explain.h"

static const char config[] =
    "data: /nowhere\n"
    "keys: {kid: u1, pseudonym: env:WEIR_UNIT_KEY, audit: env:WEIR_UNIT_KEY}\n"
    "sources:\n"
    "  json: {adapter: acute, format: json, ods: RZZ, system: j, timezone: Europe/London,\n"
    "         test_numbers: true}\n"
    "  fhir: {adapter: acute, format: fhir, ods: RZZ, system: f, timezone: Europe/London,\n"
    "         test_numbers: true}\n"
    "  strict: {adapter: acute, format: fhir, ods: RZZ, system: f, timezone: Europe/London,\n"
    "           test_numbers: true, ack: {on_unmapped: refuse}}\n";

static const char json_map[] =
    "trigger: {path: kind}\n"
    "control_id: {path: id}\n"
    "volatile: [sent, attempts.at]\n"
    "pl: site^ward\n"
    "ids:\n"
    "  nhs_number: [nhs]\n"
    "  local:\n"
    "    - mrn\n"
    "    - {each: \"ids[use != 'old']\", value: value, authority: by,\n"
    "       type: [{path: type}, {const: other}]}\n"
    "  retired: [{each: \"ids[use = 'old']\", value: value}]\n"
    "flags: {rehearsal: [{path: test, is: \"true\"}]}\n"
    "fields: {data.sent_at: sent}\n"
    "groups:\n"
    "  g:\n"
    "    data.patient.ids: {call: patient_ids}\n"
    "    data.patient.nhs_number: {call: nhs_number}\n"
    "    data.patient.given: {path: \"given[*]\", join: \" \"}\n"
    "    data.patient.gp_practice: {call: practice, path: \"gp[*]\"}\n"
    "    data.patient.died_at: {path: died, clears: true}\n"
    "    data.visit.number: {path: [ward.code, seq], join: /}\n"
    "    data.visit.class: moves.class\n"
    "    data.location: place\n"
    "    data.pending_location: {parts: {ward: to.ward, bed: [to.bed, to.chair], raw: to.text}}\n"
    "times: {t: [moves.at, at]}\n"
    "triggers:\n"
    "  moved: {use: [g], split: moves, events: {patient.transferred: {time: t},\n"
    "          visit.updated: {time: t, once: true}}}\n"
    "  merged:\n"
    "    use: [g]\n"
    "    events:\n"
    "      patient.merged: {time: t, fields: {data.merge.retired: {call: retired_ids}}}\n"
    "  costly:\n"
    "    use: [g]\n"
    "    split: moves\n"
    "    events: {visit.updated: {time: t, when: [{path: \"all[a = 'b']\", absent: true}]}}\n";

static const char fhir_map[] =
    "ids:\n"
    "  nhs_number:\n"
    "    - identifier[system = 'https://fhir.nhs.uk/Id/nhs-number'].value\n"
    "    - subject.resolve().identifier[system = 'https://fhir.nhs.uk/Id/nhs-number'].value\n"
    "    - focus.resolve().subject.resolve().identifier.value\n"
    "fields: {data.sent_at: \"%bundle.timestamp\"}\n"
    "groups:\n"
    "  g:\n"
    "    data.patient.nhs_number: {call: nhs_number}\n"
    "    data.visit.number: [\"identifier[system = 'urn:visit'].value\", id]\n"
    "    data.location.ward: location.location.resolve().name\n"
    "times: {start: [period.start], end: [period.end], sent: [\"%bundle.timestamp\"]}\n"
    "tables: {modifier_extension: {\"https://known.example/a\": a word of the source}}\n"
    "triggers:\n"
    "  Encounter:\n"
    "    use: [g]\n"
    "    require: [period.start]\n"
    "    events:\n"
    "      patient.admitted: {time: start}\n"
    "      patient.discharged: {time: end, when: [{path: period.end, present: true}]}\n"
    "  Encounter.delete: {use: [g], events: {admission.cancelled: {time: start}}}\n"
    "  Patient: {events: {}}\n"
    "  message:told: {use: [g], events: {referral.received: {time: sent}}}\n"
    "  response:agreed: {use: [g], events: {referral.accepted: {time: sent}}}\n";

static struct kit_dir dir;
static struct site *site;
static struct translator *json, *fhir, *strict;
static struct arena arena;

static void map_file(const char *format, const char *text)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/acute/%s", dir.path, format);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "acute/%s/m.yaml", format);
    kit_dir_write(&dir, path, slice_str(text));
}

static struct translator *open_source(unsigned nth)
{
    struct translator *t = NULL;
    struct err err;
    int rc = translate_open(site, &site->sources[nth], dir.path, &t, &err);
    ck_assert_msg(rc == 0, "%s", err.text);
    return t;
}

static void setup(void)
{
    struct err err;
    char path[400];
    setenv("WEIR_UNIT_KEY", "a key of the tests, of no use elsewhere", 1);
    kit_dir_open(&dir);
    snprintf(path, sizeof(path), "%s/acute", dir.path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    map_file("json", json_map);
    map_file("fhir", fhir_map);
    ck_assert_msg(site_read(slice_str(config), "u.yaml", SITE_PSEUDONYM, &site, &err) == 0, "%s",
                  err.text);
    json = open_source(0);
    fhir = open_source(1);
    strict = open_source(2);
    arena_init(&arena, 32 << 20);
}

static void teardown(void)
{
    translate_close(json);
    translate_close(fhir);
    translate_close(strict);
    site_close(site);
    arena_fini(&arena);
    kit_dir_close(&dir);
}

static struct translation run(struct translator *t, const char *message)
{
    struct translation ret;
    struct kit_guard g;
    kit_guard_open(&g, slice_str(message));
    translate_run(t, g.bytes, &arena, &ret);
    struct slice kept = arena_copy(&arena, g.bytes);
    kit_guard_close(&g);
    translate_run(t, kept, &arena, &ret);
    return ret;
}

static struct slice value(const struct translation *t, unsigned nth, unsigned field)
{
    ck_assert_uint_lt(nth, t->nevents);
    return event_get(t->events[nth].event, field);
}

static void types(const struct translation *t, const char *want)
{
    char got[400] = "";
    for (unsigned i = 0; i < t->nevents; i++)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%.*s", i ? " " : "",
                 SLICE_ARG(t->events[i].type));
    if (t->nreasons)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), " refused %u at %.*s: %.*s",
                 t->reasons[0].code, SLICE_ARG(t->reasons[0].expression),
                 SLICE_ARG(t->reasons[0].text));
    ck_assert_str_eq(got, want);
}

static const char move[] =
    "{\"kind\":\"moved\",\"id\":\"m1\",\"sent\":\"2026-03-03T10:00:00Z\",\"nhs\":\"9990001146\","
    "\"mrn\":\"M1\",\"ids\":[{\"use\":\"old\",\"value\":\"X\"},{\"value\":\"7\",\"by\":\"RYY\","
    "\"type\":\"dental\"},{\"value\":\"8\"},{\"value\":\"M1\"}],\"given\":[\"Ivy\",null,\"May\"],"
    "\"gp\":[\"none\",\"C82999\"],\"died\":null,\"ward\":{\"code\":\"W1\"},\"seq\":4,"
    "\"place\":\"RZZ01^W1\",\"to\":{\"ward\":\"W2\",\"chair\":\"3\"},\"test\":true,"
    "\"attempts\":[{\"at\":\"a\"},{\"at\":\"b\"}],"
    "\"moves\":[{\"at\":\"2026-03-03T09:00:00Z\",\"class\":\"I\"},{\"at\":\"2026-03-03T09:30:00\"}]"
    "}";

START_TEST(a_tree_is_read_as_its_map_says)
{
    struct translation t = run(json, move);
    types(&t, "patient.transferred visit.updated patient.transferred");
    const struct event *e = t.events[0].event;
    kit_assert_slice(value(&t, 0, EV_TIME), SLICE("2026-03-03T09:00:00+00:00"));
    kit_assert_slice(value(&t, 2, EV_TIME), SLICE("2026-03-03T09:30:00+00:00"));
    kit_assert_slice(value(&t, 0, EV_DATA_VISIT_CLASS), SLICE("I"));
    kit_assert_slice(value(&t, 2, EV_DATA_VISIT_CLASS), SLICE_ABSENT);
    kit_assert_slice(value(&t, 0, EV_DATA_PATIENT_GIVEN), SLICE("Ivy May"));
    kit_assert_slice(value(&t, 0, EV_DATA_PATIENT_GP_PRACTICE), SLICE("C82999"));
    kit_assert_slice(value(&t, 0, EV_DATA_VISIT_NUMBER), SLICE("W1/4"));
    kit_assert_slice(value(&t, 0, EV_DATA_PATIENT_NHS_NUMBER), SLICE("9990001146"));
    kit_assert_slice(value(&t, 0, EV_DATA_LOCATION_SITE), SLICE("RZZ01"));
    kit_assert_slice(value(&t, 0, EV_DATA_LOCATION_WARD), SLICE("W1"));
    kit_assert_slice(value(&t, 0, EV_DATA_LOCATION_RAW), SLICE("RZZ01^W1"));
    kit_assert_slice(value(&t, 0, EV_DATA_PENDING_LOCATION_BED), SLICE("3"));
    kit_assert_slice(value(&t, 0, EV_DATA_PENDING_LOCATION_RAW), SLICE("W2^3"));
    kit_assert_slice(value(&t, 0, EV_DATA_ORIGIN_FORMAT), SLICE("json"));
    kit_assert_slice(value(&t, 0, EV_DATA_ORIGIN_CONTROL_ID), SLICE("m1"));
    ck_assert(event_is_null(e, EV_DATA_PATIENT_DIED_AT));
    ck_assert(event_has(e, EV_DATA_QUALITY, SLICE("rehearsal")));
    ck_assert_uint_eq(event_count(e, EV_DATA_PATIENT_IDS), 4);
    const struct event_item *id = event_item_nth(e, EV_DATA_PATIENT_IDS, 1);
    kit_assert_slice(event_item_get(id, EV_DATA_PATIENT_IDS_VALUE), SLICE("7"));
    kit_assert_slice(event_item_get(id, EV_DATA_PATIENT_IDS_AUTHORITY), SLICE("RYY"));
    kit_assert_slice(event_item_get(id, EV_DATA_PATIENT_IDS_TYPE), SLICE("dental"));
    ck_assert(slice_present(t.events[0].person) && slice_present(t.events[0].person_local));
}
END_TEST

START_TEST(a_merge_of_a_tree_tells_what_is_retired)
{
    struct translation t = run(json, "{\"kind\":\"merged\",\"mrn\":\"A\",\"at\":\"2026-01-01\","
                                     "\"ids\":[{\"use\":\"old\",\"value\":\"B\"},"
                                     "{\"use\":\"old\",\"value\":\"A\"}]}");
    types(&t, "patient.merged");
    ck_assert_uint_eq(event_count(t.events[0].event, EV_DATA_MERGE_RETIRED), 1);
    ck_assert(t.events[0].retired.n > 0);
}
END_TEST

static void ids_alike(const char *a, const char *b, bool alike)
{
    struct translation x = run(json, a), y = run(json, b);
    ck_assert_uint_ge(x.nevents, 1);
    ck_assert_uint_ge(y.nevents, 1);
    ck_assert_msg(slice_eq(x.events[0].id, y.events[0].id) == alike, "%s\n%s", a, b);
}

START_TEST(ids_are_of_what_is_said_not_of_how_it_is_written)
{
    static const char one[] = "{\"kind\":\"merged\",\"id\":\"1\",\"x\":[1,2]}";
    ids_alike(one, "{ \"x\" : [1, 2],\n\"id\":\"1\", \"kind\":\"merged\" }", true);
    ids_alike(one, "{\"kind\":\"merged\",\"id\":\"1\",\"x\":[1,2],\"sent\":\"2026-03-03\"}", true);
    ids_alike(one, "{\"kind\":\"merged\",\"id\":\"2\",\"x\":[1,2]}", false);
    ids_alike(one, "{\"kind\":\"merged\",\"id\":\"1\",\"x\":[2,1]}", false);
    ids_alike(one, "{\"kind\":\"merged\",\"id\":\"1\",\"x\":[1,\"2\"]}", false);
    ids_alike(one, "{\"kind\":\"merged\",\"id\":\"1\",\"x\":[1.0,2]}", false);
    ids_alike(one, "{\"kind\":\"merged\",\"id\":\"1\",\"x\":[1,2],\"y\":null}", false);
    ids_alike("{\"kind\":\"merged\",\"attempts\":[{\"n\":1,\"at\":1}]}",
              "{\"kind\":\"merged\",\"attempts\":[{\"n\":1,\"at\":2}]}", true);
    ids_alike("{\"kind\":\"merged\",\"attempts\":[{\"n\":1,\"at\":1}]}",
              "{\"kind\":\"merged\",\"attempts\":[{\"n\":2,\"at\":1}]}", false);
}
END_TEST

#define NHS                                                                                        \
    "\"identifier\":[{\"system\":\"https://fhir.nhs.uk/Id/nhs-number\",\"value\":\"9990001146\"}]"
#define PATIENT "{\"resourceType\":\"Patient\",\"id\":\"p\"," NHS "}"
#define ENCOUNTER(more)                                                                            \
    "{\"resourceType\":\"Encounter\",\"identifier\":[{\"system\":\"urn:visit\",\"value\":\"V1\"}]" \
    ","                                                                                            \
    "\"status\":\"finished\",\"subject\":{\"reference\":\"Patient/p\"},\"period\":{" more "}}"
#define START "\"start\":\"2026-03-03T10:00:00Z\""
#define ENTRY(resource, method, url)                                                               \
    "{\"resource\":" resource ",\"request\":{\"method\":\"" method "\",\"url\":\"" url "\"}}"
#define BUNDLE(type, entries)                                                                      \
    "{\"resourceType\":\"Bundle\",\"type\":\"" type "\","                                          \
    "\"timestamp\":\"2026-03-03T11:00:00Z\",\"entry\":[" entries "]}"

START_TEST(a_resource_has_its_type_as_trigger)
{
    struct translation t = run(fhir, ENCOUNTER(START ",\"end\":\"2026-03-04\""));
    types(&t, "patient.admitted patient.discharged");
    kit_assert_slice(t.trigger, SLICE("Encounter"));
    ck_assert_ptr_nonnull(t.fhir);
    kit_assert_slice(value(&t, 0, EV_DATA_VISIT_NUMBER), SLICE("V1"));
    kit_assert_slice(value(&t, 0, EV_DATA_PATIENT_NHS_NUMBER), SLICE_ABSENT);
    ck_assert(event_has(t.events[1].event, EV_DATA_QUALITY, SLICE("date_only")));
    t = run(fhir, "{\"resourceType\":\"Flag\",\"id\":\"1\"}");
    ck_assert_int_eq(t.verdict, TRANSLATE_UNMAPPED);
    kit_assert_slice(t.trigger, SLICE("Flag"));
    t = run(strict, "{\"resourceType\":\"Flag\",\"id\":\"1\"}");
    types(&t, " refused 200 at Flag.resourceType: no map is for messages of this kind");
    t = run(fhir, PATIENT);
    ck_assert_int_eq(t.verdict, TRANSLATE_NOTHING);
    t = run(fhir, ENCOUNTER("\"end\":\"2026-03-04\""));
    types(&t, " refused 101 at Encounter.period.start: period.start is missing or empty");
}
END_TEST

START_TEST(each_entry_of_a_bundle_is_a_message_of_its_own)
{
    struct translation t =
        run(fhir, BUNDLE("transaction", ENTRY(ENCOUNTER(START), "POST",
                                              "Encounter") "," ENTRY(PATIENT, "PUT", "Patient/p")));
    types(&t, "patient.admitted");
    kit_assert_slice(value(&t, 0, EV_DATA_PATIENT_NHS_NUMBER), SLICE("9990001146"));
    kit_assert_slice(value(&t, 0, EV_DATA_SENT_AT), SLICE("2026-03-03T11:00:00+00:00"));
    t = run(fhir, BUNDLE("transaction", ENTRY(PATIENT, "PUT", "Patient/p") "," ENTRY(
                                            ENCOUNTER("\"end\":\"2026\""), "POST", "Encounter")));
    ck_assert_uint_eq(t.nevents, 0);
    kit_assert_slice(t.reasons[0].expression, SLICE("Bundle.entry[1].resource.period.start"));
    t = run(fhir, BUNDLE("batch", "{\"request\":{\"method\":\"DELETE\",\"url\":\"Encounter/e9\"}},"
                                  "{\"request\":{\"method\":\"DELETE\",\"url\":\"Encounter?"
                                  "identifier=urn%3Avisit%7CV%207\"}},"
                                  "{\"request\":{\"method\":\"GET\",\"url\":\"Encounter/e9\"}}"));
    types(&t, "admission.cancelled admission.cancelled");
    kit_assert_slice(value(&t, 0, EV_DATA_VISIT_NUMBER), SLICE("e9"));
    kit_assert_slice(value(&t, 1, EV_DATA_VISIT_NUMBER), SLICE("V 7"));
    ck_assert(!slice_eq(t.events[0].id, t.events[1].id));
}
END_TEST

#define HEADER(code)                                                                               \
    "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":\"MessageHeader\",\"id\":\"h1\","  \
    "\"eventCoding\":{\"code\":\"" code "\"},\"focus\":[{\"reference\":\"urn:uuid:2\"}]}},"        \
    "{\"fullUrl\":\"urn:uuid:2\",\"resource\":{\"resourceType\":\"Encounter\",\"period\":{" START  \
    "},\"subject\":{\"reference\":\"urn:uuid:3\"}}},"                                              \
    "{\"fullUrl\":\"urn:uuid:3\",\"resource\":{\"resourceType\":\"Patient\"," NHS "}}"

START_TEST(a_message_is_one_where_the_map_has_its_code)
{
    struct translation t = run(fhir, BUNDLE("message", HEADER("told")));
    types(&t, "referral.received");
    kit_assert_slice(t.trigger, SLICE("message:told"));
    kit_assert_slice(t.control_id, SLICE("h1"));
    kit_assert_slice(value(&t, 0, EV_DATA_PATIENT_NHS_NUMBER), SLICE("9990001146"));
    kit_assert_slice(value(&t, 0, EV_TIME), SLICE("2026-03-03T11:00:00+00:00"));
    t = run(fhir, BUNDLE("message", HEADER("other")));
    types(&t, "patient.admitted");
}
END_TEST

/* Another sending of the same message: its envelope differs, not what it says. */
#define SENT(id, stamp, header, word)                                                              \
    "{\"resourceType\":\"Bundle\",\"id\":\"" id "\",\"meta\":{\"lastUpdated\":\"" stamp "\"},"     \
    "\"identifier\":{\"value\":\"i-" id "\"},\"type\":\"message\",\"timestamp\":\"" stamp "\","    \
    "\"entry\":[{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":"                       \
    "\"MessageHeader\"," header "\"meta\":{\"lastUpdated\":\"" stamp                               \
    "\"},\"eventCoding\":{\"code\":\"told\"},\"focus\":["                                          \
    "{\"reference\":\"urn:uuid:2\"}]}},{\"fullUrl\":\"urn:uuid:2\",\"resource\":{"                 \
    "\"resourceType\":\"Encounter\",\"id\":\"" word "\",\"meta\":{\"lastUpdated\":\"" stamp        \
    "\"}}}]}"
#define FIRST "2026-03-03T11:00:00Z"
#define LATER "2026-03-03T11:05:00Z"

/* FHIR rows 21 to 23: MessageHeader.id names the message, Bundle.id one sending of it. */
START_TEST(a_message_that_is_sent_again_has_the_same_ids)
{
    struct translation t = run(fhir, SENT("b1", FIRST, "\"id\":\"h1\",", "e"));
    types(&t, "referral.received");
    kit_assert_slice(t.control_id, SLICE("h1"));
    char first[128];
    snprintf(first, sizeof(first), "%.*s", SLICE_ARG(t.events[0].id));
    struct slice id = slice_str(first);
    t = run(fhir, SENT("b2", LATER, "\"id\":\"h1\",", "e"));
    kit_assert_slice(t.events[0].id, id);
    t = run(fhir, SENT("b1", FIRST, "\"id\":\"h2\",", "e"));
    ck_assert(!slice_eq(t.events[0].id, id));
    t = run(fhir, SENT("b1", FIRST, "\"id\":\"h1\",", "other"));
    ck_assert_msg(!slice_eq(t.events[0].id, id), "what it says is another thing");
    t = run(fhir, SENT("b1", FIRST, "", "e"));
    kit_assert_slice(t.control_id, SLICE("i-b1"));
}
END_TEST

#define ANSWER(code)                                                                               \
    BUNDLE("message", "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":"                \
                      "\"MessageHeader\",\"id\":\"h9\",\"eventCoding\":{\"code\":\"" code          \
                      "\"},\"response\":{\"identifier\":\"h1\",\"code\":\"ok\"}}},"                \
                      "{\"fullUrl\":\"urn:uuid:2\",\"resource\":{\"resourceType\":\"Encounter\","  \
                      "\"period\":{" START "}}}")

START_TEST(an_answer_gives_back_what_it_was_asked_about)
{
    struct translation t = run(fhir, ANSWER("told"));
    ck_assert_int_eq(t.verdict, TRANSLATE_NOTHING);
    kit_assert_slice(t.trigger, SLICE("response:told"));
    t = run(fhir, ANSWER("agreed"));
    types(&t, "referral.accepted");
    t = run(strict, ANSWER("told"));
    ck_assert_int_eq(t.verdict, TRANSLATE_NOTHING);
}
END_TEST

#define MODIFIER(url) "\"modifierExtension\":[{\"url\":\"" url "\",\"valueBoolean\":true}]"
#define KNOWN MODIFIER("https://known.example/a")
#define OTHER MODIFIER("https://other.example/b")
#define MODIFIED(more, in_period)                                                                  \
    "{\"resourceType\":\"Encounter\"," more "\"period\":{" in_period START "}}"
#define TOLD(more)                                                                                 \
    BUNDLE("message", "{\"fullUrl\":\"urn:uuid:1\",\"resource\":{\"resourceType\":"                \
                      "\"MessageHeader\",\"eventCoding\":{\"code\":\"told\"},\"focus\":[{"         \
                      "\"reference\":\"urn:uuid:2\"}]}},{\"fullUrl\":\"urn:uuid:2\","              \
                      "\"resource\":" more "}")

/* FHIR row 12: what can turn the meaning of an element is never passed over. */
START_TEST(a_modifier_that_is_not_known_is_refused)
{
    static const struct {
        const char *text, *at;
    } cases[] = {
        {MODIFIED(OTHER ",", ""), "Encounter.modifierExtension"},
        {MODIFIED(KNOWN ",", OTHER ","), "Encounter.period.modifierExtension"},
        {MODIFIED("\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"p\"},"
                  "{\"resourceType\":\"Location\"," OTHER "}],",
                  ""),
         "Encounter.contained[1].modifierExtension"},
        {MODIFIED("\"Smith, John\":{" OTHER "},", ""), "Encounter.%unknown.modifierExtension"},
        {MODIFIED("\"modifierExtension\":[{\"valueBoolean\":true}],", ""),
         "Encounter.modifierExtension"},
        {BUNDLE("history", "{\"resource\":" MODIFIED(OTHER ",", "") "}"),
         "Bundle.entry[0].resource.modifierExtension"},
        {TOLD(MODIFIED(OTHER ",", "")), "MessageHeader.focus.resolve().modifierExtension"},
        {"<Encounter xmlns=\"http://hl7.org/fhir\"><modifierExtension url=\"urn:b\">"
         "<valueBoolean value=\"true\"/></modifierExtension></Encounter>",
         "Encounter.modifierExtension"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct translation t = run(fhir, cases[i].text);
        ck_assert_msg(t.verdict == TRANSLATE_REFUSED && t.nreasons == 1, "%s", cases[i].at);
        kit_assert_slice(t.reasons[0].expression, slice_str(cases[i].at));
        ck_assert_uint_eq(t.reasons[0].code, 201);
    }
    struct translation t = run(fhir, MODIFIED(KNOWN ",", KNOWN ","));
    types(&t, "patient.admitted");
    t = run(fhir, TOLD(MODIFIED(KNOWN ",", "")));
    types(&t, "referral.received");
    t = run(fhir, "{\"resourceType\":\"Observation\"," OTHER "}");
    ck_assert_msg(t.verdict == TRANSLATE_UNMAPPED, "what is not read is not looked at");
}
END_TEST

START_TEST(xml_and_json_of_a_resource_give_the_same_events)
{
    struct translation a = run(fhir, ENCOUNTER(START));
    struct translation b = run(
        fhir, "<Encounter xmlns=\"http://hl7.org/fhir\"><identifier><system value=\"urn:visit\"/>"
              "<value value=\"V1\"/></identifier><status value=\"finished\"/><subject>"
              "<reference value=\"Patient/p\"/></subject><period>"
              "<start value=\"2026-03-03T10:00:00Z\"/></period></Encounter>");
    types(&b, "patient.admitted");
    kit_assert_slice(b.events[0].id, a.events[0].id);
    kit_assert_slice(value(&b, 0, EV_DATA_VISIT_NUMBER), value(&a, 0, EV_DATA_VISIT_NUMBER));
    ck_assert_str_ne(a.sha256, b.sha256);
}
END_TEST

/* What is kept of a DELETE is constant but for a number: its id is not found by trying numbers. */
START_TEST(ids_rest_on_the_secret)
{
    struct site *elsewhere;
    struct translator *other;
    struct err err;
    setenv("WEIR_UNIT_KEY", "another key of the tests, of no use", 1);
    ck_assert_int_eq(site_read(slice_str(config), "u.yaml", SITE_PSEUDONYM, &elsewhere, &err), 0);
    ck_assert_int_eq(translate_open(elsewhere, &elsewhere->sources[1], dir.path, &other, &err), 0);
    struct translation a = run(fhir, ENCOUNTER(START));
    struct translation b = run(other, ENCOUNTER(START));
    types(&b, "patient.admitted");
    ck_assert(!slice_eq(a.events[0].id, b.events[0].id));
    translate_close(other);
    site_close(elsewhere);
}
END_TEST

START_TEST(what_is_no_fhir_is_refused_with_its_place)
{
    struct translation t = run(fhir, "{\"resourceType\":\"Bundle\",\"type\":\"transaction\","
                                     "\"entry\":[{\"resource\":{\"resourceType\":\"Flag\"}}]}");
    ck_assert_int_eq(t.verdict, TRANSLATE_REFUSED);
    ck_assert(slice_starts(t.reasons[0].expression, SLICE("Bundle.entry[0]")));
    static const char *const rows[] = {"",
                                       "{}",
                                       "[]",
                                       "<a/>",
                                       "{\"resourceType\":1}",
                                       "<!DOCTYPE a [<!ENTITY b \"c\">]><Flag>&b;</Flag>"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        t = run(fhir, rows[i]);
        ck_assert_msg(t.verdict == TRANSLATE_REFUSED && t.nreasons == 1, "%s", rows[i]);
        ck_assert_uint_eq(t.reasons[0].code, 102);
        ck_assert_ptr_null(t.fhir);
    }
}
END_TEST

START_TEST(reasons_are_given_for_a_tree)
{
    struct buf text;
    struct translation t;
    buf_init(&text, 1 << 20);
    translate_explain(json, slice_str(move), &arena, slice_str(dir.path), &text, &t);
    buf_putc(&text, 0);
    ck_assert_ptr_nonnull(strstr(text.p, "Ivy May  <- given[*] \"Ivy May\""));
    ck_assert_ptr_nonnull(strstr(text.p, "<- call nhs_number, found in nhs"));
    ck_assert_ptr_nonnull(strstr(text.p, "<- ward.code + seq \"W1/4\""));
    ck_assert_ptr_nonnull(strstr(text.p, "died is null"));
    ck_assert_ptr_nonnull(strstr(text.p, "{ward: to.ward, bed: [to.bed, to.chair], raw: to.text}"));
    ck_assert_ptr_nonnull(strstr(text.p, "patient.transferred of group 2"));
    ck_assert_ptr_nonnull(strstr(text.p, "no visit.updated of group 2: once"));
    ck_assert_ptr_nonnull(strstr(text.p, "moves.class is not sent"));
    buf_reset(&text);
    translate_explain(fhir, SLICE(BUNDLE("collection", "{\"resource\":" ENCOUNTER(START) "}")),
                      &arena, SLICE_ABSENT, &text, &t);
    buf_putc(&text, 0);
    ck_assert_ptr_nonnull(strstr(text.p, "patient.admitted of Bundle.entry[0].resource"));
    ck_assert_ptr_nonnull(strstr(text.p, "no patient.discharged of Bundle.entry[0].resource"));
    buf_fini(&text);
}
END_TEST

/* "costly" looks through all of `all` for each of its moves. */
static const char *costly(unsigned moves, unsigned all)
{
    struct buf b;
    buf_init(&b, 8 << 20);
    buf_puts(&b, "{\"kind\":\"costly\",\"moves\":[{}");
    for (unsigned i = 1; i < moves; i++)
        buf_puts(&b, ",{}");
    buf_puts(&b, "],\"all\":[0");
    for (unsigned i = 1; i < all; i++)
        buf_puts(&b, ",0");
    buf_puts(&b, "]}");
    ck_assert(buf_ok(&b));
    struct slice kept = arena_copy(&arena, buf_slice(&b));
    buf_fini(&b);
    return kept.p;
}

START_TEST(limits_of_a_tree)
{
    struct translation t = run(json, costly(1000, 3));
    ck_assert_uint_eq(t.nevents, 1000);
    arena_reset(&arena);
    t = run(json, costly(1001, 3));
    types(&t, " refused 104 at : more than 1000 groups in one message");
    arena_reset(&arena);
    t = run(json, costly(900, 15000));
    ck_assert_int_eq(t.verdict, TRANSLATE_REFUSED);
    ck_assert_ptr_nonnull(strstr(t.reasons[t.nreasons - 1].text.p, "20 million places"));
    for (size_t room = 100; room < 40000; room += 333) {
        struct arena small;
        arena_init(&small, room);
        translate_run(json, slice_str(move), &small, &t);
        ck_assert(t.verdict == TRANSLATE_EVENTS ? t.nevents == 3 : t.nevents == 0);
        translate_run(fhir, SLICE(BUNDLE("message", HEADER("told"))), &small, &t);
        ck_assert(t.verdict == TRANSLATE_EVENTS ? t.nevents == 1 : t.nevents == 0);
        arena_fini(&small);
    }
}
END_TEST

START_TEST(wrong_maps_are_refused_with_place)
{
    static const struct {
        unsigned source;
        const char *map, *says;
    } rows[] = {
        {0, "triggers: {a: {events: {}}}", "do not say which trigger"},
        {0,
         "trigger: {path: a, when: [{any: [{path: b, is: c}, {field: time, present: true}]}]}\n"
         "triggers: {a: {events: {}}}",
         "the event is not made yet: test a path"},
        {0, "trigger: a\ntimes: {t: [{path: b, time: [c]}]}\ntriggers: {a: {events: {}}}",
         "a path is wanted here"},
        {0, "trigger: {field: time}\ntriggers: {a: {events: {}}}", "the event is not made yet"},
        {0, "trigger: {call: swap_id}\ntriggers: {a: {events: {}}}",
         "call: is for the fields of an event"},
        {1, "trigger: a\ntriggers: {a: {events: {}}}", "is the resource type in FHIR"},
        {0, "trigger: a\ntime_format: mm/dd/yyyy\ntriggers: {a: {events: {}}}", "dd/mm/yyyy"},
        {0, "trigger: a\ntime_format: [iso, iso]\ntriggers: {a: {events: {}}}", "stands twice"},
        {0, "trigger: a\nids: {mrn: b}\ntriggers: {a: {events: {}}}", "unknown key \"mrn\""},
        {0, "trigger: a\nids: {local: [{each: b}]}\ntriggers: {a: {events: {}}}", "{value: PATH}"},
        {0, "trigger: a\nvolatile: [b.]\ntriggers: {a: {events: {}}}", "3:"},
        {0, "trigger: a\ntriggers: {a: {split: [b], history: c, events: {}}}", "is for HL7 v2"},
        {0, "trigger: a\ntriggers: {a: {split: [a, b, c, d, e], events: {}}}", "up to 4"},
        {0,
         "trigger: a\nfields: {data.visit.number: {call: visit_number}}\n"
         "triggers: {a: {events: {}}}",
         "reads HL7 v2 only"},
        {0, "trigger: a\nfields: {data.location: {parts: {room: a}}}\ntriggers: {a: {events: {}}}",
         "no part \"room\""},
        {0,
         "trigger: a\nfields: {data.visit.number: {parts: {ward: a}}}\n"
         "triggers: {a: {events: {}}}",
         "parts: is for a place"},
        {0,
         "trigger: a\nfields: {data.visit.number: {const: a, join: b}}\n"
         "triggers: {a: {events: {}}}",
         "join: a text"},
        {0,
         "trigger: a\ntimes: {t: [a]}\ntriggers: {a: {events: {visit.updated: {time: t, once: "
         "no}}}}",
         "once: true is meant"},
        {0, "trigger: a\ntriggers: {a: {require: ['a b'], events: {}}}", "steps are joined"},
        {1, "triggers: {Task: {key: [id], events: {}}}", "key: is for JSON and CSV"},
        {1, "times: {t: [a]}\ntriggers: {Task: {events: {bed.requested: {time: t, key: time}}}}",
         "a list of up to 16 fields"},
        {1, "times: {t: [a]}\ntriggers: {Task: {events: {bed.requested: {time: t, key: [id.b]}}}}",
         "id.b"},
        {1,
         "times: {t: [a]}\ntriggers: {Task: {events: {bed.requested: {time: t, key: [[time]]}}}}",
         "a field of the event is wanted"},
        {0, "trigger: a\ntriggers: {a: {key: id, events: {}}}", "a list of up to 16 paths"},
        {0, "trigger: a\ntriggers: {a: {key: [], events: {}}}", "a list of up to 16 paths"},
        {0, "trigger: a\ntriggers: {a: {key: [a, []], events: {}}}", "a path is wanted here"},
        {0, "trigger: a\ntriggers: {a: {key: [a, [b.]], events: {}}}", "path \"b.\""},
        {0,
         "trigger: a\nfields: {data.visit.number: {path: a, time: b}}\n"
         "triggers: {a: {events: {}}}",
         "where the field holds a time"},
        {0,
         "trigger: a\nfields: {data.visit.admitted_at: {path: [a, b], join: T, time: b}}\n"
         "triggers: {a: {events: {}}}",
         "where the field holds a time"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct translator *t = NULL;
        struct err err = {0};
        char path[100];
        const char *format = rows[i].source ? "fhir" : "json";
        snprintf(path, sizeof(path), "acute/%s/m.yaml", format);
        kit_dir_write(&dir, path, slice_str(rows[i].map));
        ck_assert_msg(translate_open(site, &site->sources[rows[i].source], dir.path, &t, &err) < 0,
                      "%s", rows[i].map);
        if (strcmp(rows[i].says, "3:") != 0)
            ck_assert_msg(strstr(err.text, rows[i].says), "%s\n%s", rows[i].map, err.text);
        ck_assert_msg(strstr(err.text, "m.yaml:"), "%s", err.text);
    }
}
END_TEST

START_TEST(times_are_read_in_the_format_of_the_map)
{
    static const struct {
        enum map_time_format format;
        const char *text, *want;
    } rows[] = {
        {MAP_TIME_ISO, " 2026-03-03 ", "2026-03-03"},
        {MAP_TIME_DAY_FIRST, "25/10/2026", "2026-10-25"},
        {MAP_TIME_DAY_FIRST, "5.3.2026 09:05:01", "2026-03-05 09:05:01"},
        {MAP_TIME_DAY_FIRST, "05-03-2026T9:05", "2026-03-05T09:05"},
        {MAP_TIME_DAY_FIRST, "05-03/2026", NULL},
        {MAP_TIME_DAY_FIRST, "05/03/26 01:40", NULL},
        {MAP_TIME_DAY_FIRST, "2026-03-05", NULL},
        {MAP_TIME_DAY_FIRST, "05/03/20266", NULL},
        {MAP_TIME_DAY_FIRST, "", NULL},
        {MAP_TIME_DAY_FIRST, "05/03/2026 and then a text that is far too long for any time", NULL},
        {MAP_TIME_MONTH_NAME, "05-MAR-2026 10:00", "2026-03-05 10:00"},
        {MAP_TIME_MONTH_NAME, "5 March 2026", "2026-03-05"},
        {MAP_TIME_MONTH_NAME, "5-Mrz-2026", NULL},
        {MAP_TIME_MONTH_NAME, "05-03-2026", NULL},
        {MAP_TIME_EPOCH, "1772532000", "2026-03-03T10:00:00+00:00"},
        {MAP_TIME_EPOCH, "1772532000.25", "2026-03-03T10:00:00.250+00:00"},
        {MAP_TIME_EPOCH, "0", "1970-01-01T00:00:00+00:00"},
        {MAP_TIME_EPOCH, "-1", NULL},
        {MAP_TIME_EPOCH, "999999999999", NULL},
        {MAP_TIME_EPOCH, ".5", NULL},
        {MAP_TIME_EPOCH_MS, "1772532000250", "2026-03-03T10:00:00.250+00:00"},
        {MAP_TIME_EPOCH_MS, "1772532000.25", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[MAP_TIME_ISO_SIZE];
        struct kit_guard g;
        kit_guard_open(&g, slice_str(rows[i].text));
        struct slice got = map_time_iso(rows[i].format, g.bytes, out);
        ck_assert_msg(rows[i].want ? slice_eq_str(got, rows[i].want) : !slice_present(got),
                      "%s gives <%.*s>", rows[i].text, SLICE_ARG(got));
        kit_guard_close(&g);
    }
}
END_TEST

Suite *translate_tree_suite(void)
{
    Suite *suite = suite_create("translate_tree");
    TCase *t = tcase_create("tree");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_tree_is_read_as_its_map_says);
    tcase_add_test(t, a_merge_of_a_tree_tells_what_is_retired);
    tcase_add_test(t, ids_are_of_what_is_said_not_of_how_it_is_written);
    tcase_add_test(t, a_resource_has_its_type_as_trigger);
    tcase_add_test(t, each_entry_of_a_bundle_is_a_message_of_its_own);
    tcase_add_test(t, a_message_is_one_where_the_map_has_its_code);
    tcase_add_test(t, a_message_that_is_sent_again_has_the_same_ids);
    tcase_add_test(t, a_modifier_that_is_not_known_is_refused);
    tcase_add_test(t, an_answer_gives_back_what_it_was_asked_about);
    tcase_add_test(t, xml_and_json_of_a_resource_give_the_same_events);
    tcase_add_test(t, ids_rest_on_the_secret);
    tcase_add_test(t, what_is_no_fhir_is_refused_with_its_place);
    tcase_add_test(t, reasons_are_given_for_a_tree);
    tcase_add_test(t, limits_of_a_tree);
    tcase_add_test(t, wrong_maps_are_refused_with_place);
    tcase_add_test(t, times_are_read_in_the_format_of_the_map);
    suite_add_tcase(suite, t);
    return suite;
}
