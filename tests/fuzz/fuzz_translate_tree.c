/* fuzz_translate_tree: the first byte chooses a source (JSON, CSV, FHIR with a map of its own and
 * with those that are shipped), the rest is what it sends. Whatever comes gives events or reasons,
 * twice the same, and an explanation of it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "map_trace.h"
#include "translate_explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const char config[] =
    "data: /nowhere\n"
    "keys: {kid: f1, pseudonym: env:WEIR_FUZZ_KEY, audit: env:WEIR_FUZZ_KEY}\n"
    "sources:\n"
    "  cad: {adapter: ambulance, format: json, ods: RX8, system: cad}\n"
    "  epcr: {adapter: ambulance, format: csv, ods: RX8, system: epcr}\n"
    "  fhir: {adapter: acute, format: fhir, ods: RZZ, system: fhir}\n"
    "  bars: {adapter: acute, format: fhir, ods: RZZ, system: bars}\n";

/* A map that looks everywhere: references, lists, tests, the Bundle. */
static const char map[] =
    "control_id: [identifier.value, \"%bundle.id\"]\n"
    "volatile: [meta.lastUpdated, \"%bundle.timestamp\"]\n"
    "ids:\n"
    "  nhs_number: [subject.resolve().identifier.value, identifier.value]\n"
    "  local: [{each: \"identifier[use != 'old']\", value: value, authority: system, type: "
    "type.text}]\n"
    "  retired: [{each: \"identifier[use = 'old']\", value: value}]\n"
    "groups:\n"
    "  g:\n"
    "    data.patient.ids: {call: patient_ids}\n"
    "    data.patient.nhs_number: {call: nhs_number}\n"
    "    data.patient.family: subject.resolve().name.family\n"
    "    data.patient.given: {path: \"subject.resolve().name[1].given[*]\", join: \" \"}\n"
    "    data.patient.died_at: {path: subject.resolve().deceasedDateTime, clears: true}\n"
    "    data.merge.retired: {call: retired_ids}\n"
    "    data.location: {parts: {ward: location.location.resolve().name, raw: location.status}}\n"
    "times: {t: [location.period.start, period.start, \"%bundle.timestamp\"]}\n"
    "triggers:\n"
    "  Encounter: {use: [g], split: [location, location.period], events: {patient.admitted:\n"
    "              {time: t, when: [{path: \"status[. != 'planned']\", present: true}]},\n"
    "              visit.updated: {time: t, once: true}}}\n"
    "  Encounter.delete: {use: [g], events: {admission.cancelled: {time: t}}}\n"
    "  message:a: {use: [g], events: {referral.received: {time: t}}}\n";

static struct site *site;
enum { SOURCES = 4, OWN_MAP = 2 };

static struct translator *translators[SOURCES];

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "fuzz_translate_tree: %s: %s\n", what, why);
    abort();
}

static void write_map(const char *folder)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/acute", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/acute/fhir", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/acute/fhir/m.yaml", folder);
    FILE *f = fopen(path, "w");
    if (!f || fputs(map, f) < 0 || fclose(f) != 0)
        fail(path, "cannot be written");
}

static void drop_map(const char *folder)
{
    static const char *const names[] = {"/acute/fhir/m.yaml", "/acute/fhir", "/acute", ""};
    char path[200];
    for (unsigned i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s%s", folder, names[i]);
        if (remove(path) != 0)
            fail(path, "cannot be removed");
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct err err = {0};
    char folder[] = "/tmp/fuzz-maps-XXXXXX";
    (void)argc;
    (void)argv;
    setenv("WEIR_FUZZ_KEY", "a key of the fuzzer, of no use elsewhere", 1);
    if (!mkdtemp(folder))
        fail(folder, "cannot be made");
    write_map(folder);
    if (site_read(slice_str(config), "fuzz.yaml", SITE_PSEUDONYM, &site, &err) < 0)
        fail("config", err.text);
    for (unsigned i = 0; i < SOURCES; i++)
        if (translate_open(site, &site->sources[i], i == OWN_MAP ? folder : WEIR_ROOT "/adapters",
                           &translators[i], &err) < 0)
            fail("maps", err.text);
    drop_map(folder);
    return 0;
}

static void check(const struct translation *t)
{
    if (t->verdict == TRANSLATE_REFUSED && t->nevents)
        fail("refused", "with events");
    if (t->verdict == TRANSLATE_EVENTS && (!t->nevents || t->nreasons))
        fail("events", "none, or reasons");
    for (unsigned i = 0; i < t->nevents; i++)
        if (!slice_present(t->events[i].id) || !event_type_known(t->events[i].type))
            fail("event", "without id or type");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct translator *translator = translators[data[0] % SOURCES];
    struct slice raw = slice_make((const char *)data + 1, size - 1);
    struct arena arena, again, small;
    struct translation t, u, x;
    struct buf text;
    arena_init(&arena, (size_t)32 << 20);
    arena_init(&again, (size_t)32 << 20);
    arena_init(&small, 20000 + size);
    buf_init(&text, (size_t)32 << 20);
    translate_run(translator, raw, &arena, &t);
    translate_explain(translator, raw, &again, SLICE_ABSENT, &text, &u);
    check(&t);
    if (t.verdict != u.verdict || t.nevents != u.nevents || t.nreasons != u.nreasons)
        fail("twice", "not the same");
    for (unsigned i = 0; i < t.nevents; i++)
        if (!slice_eq(t.events[i].id, u.events[i].id))
            fail("twice", "other ids");
    translate_run(translator, raw, &small, &x);
    check(&x);
    buf_fini(&text);
    arena_fini(&small);
    arena_fini(&again);
    arena_fini(&arena);
    return 0;
}
