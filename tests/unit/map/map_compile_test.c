#include "kit.h"
#include "map_sample.h"
#include "map_test.h"

static const char base[] = "times: {entry: [EVN-2.1]}\n"
                           "tables: {known: {}}\n"
                           "groups:\n"
                           "  g: {data.visit.class: PV1-2.1, data.visit.number: PV1-19.1}\n"
                           "triggers:\n"
                           "  A01:\n"
                           "    use: [g]\n"
                           "    events:\n"
                           "      patient.admitted: {time: entry}\n"
                           "      visit.updated: {time: entry, otherwise: true}\n";

/* What is wrong, and what the message about it must hold. */
static const struct {
    const char *text, *want;
} wrong[] = {
    {"feilds: {}", "t.yaml:1:"},
    {"feilds: {}", "fields"},
    {"fields: {data.visit.clas: PV1-2}", "did you mean data.visit.class"},
    {"fields: {data.visit.class: PV1}", "t.yaml:1:"},
    {"fields: {data.visit.class: PV1}", "field number"},
    {"fields: {id: MSH-10}", "under data."},
    {"fields: {data.quality: PV1-2}", "cannot be set"},
    {"fields: {data.visit.class: {path: PV1-2, pathh: x}}", "did you mean path"},
    {"fields: {data.visit.class: {path: PV1-2, const: x}}", "one of path, const"},
    {"fields: {data.visit.class: {table: known}}", "one of path, const"},
    {"fields: {data.visit.class: {path: PV1-2, table: unknwon}}", "no table \"unknwon\""},
    {"fields: {data.visit.class: {path: PV1-2, code: main_specialty}}", "raw, code and system"},
    {"fields: {data.care.specialty: PV1-10}", "code: TABLE"},
    {"fields: {data.care.specialty: {path: PV1-10, code: bed_class}}", "codes of main_specialty"},
    {"fields: {data.care.specialty: {path: PV1-10}}", "needs code:"},
    {"fields: {data.care.specialty: {path: PV1-10, code: main_speciality}}",
     "did you mean main_specialty"},
    {"fields: {data.visit.class: {call: nhs_numbr}}", "did you mean nhs_number"},
    {"fields: {data.visit.class: {call: patient_ids}}", "does not give"},
    {"fields: {data.visit.class: {call: nhs_number, path: PID-3}}", "0 paths"},
    {"fields: {data.visit.same_day: {const: maybe}}", "cannot hold \"maybe\": true or false"},
    {"flags: {a: [{path: PID-5, like: []}]}", "a list of nothing is never met"},
    {"flags: {a: [{path: PID-5, in: []}]}", "a list of nothing is never met"},
    {"fields: {data.visit.outcome: {const: hme}}", "cannot hold \"hme\": one of home"},
    {"fields: {data.visit.class: {path: PV1-2, unmapped: flag}}", "goes with table:"},
    {"fields: {data.visit.class: [[PV1-2]]}", "t.yaml:1:29"},
    {"fields: {data.visit.class: {path: PV1-2, when: []}}", "list of tests"},
    {"fields: {data.visit.class: {path: PV1-2, when: [{path: PV1-2}]}}", "a test needs"},
    {"fields: {data.visit.class: {path: PV1-2, when: [{is: E}]}}", "one path or one field"},
    {"fields: {data.visit.class: {path: PV1-2, when: [{path: PV1-2, is: E, like: X}]}}",
     "one thing"},
    {"fields: {data.visit.class: {path: PV1-2, when: [{path: PV1-2, present: maybe}]}}",
     "true is wanted"},
    {"fields: {data.visit.class: {path: PV1-2, when: [{field: data.x, is: E}]}}", "no field"},
    {"triggers: {A01: {events: {patient.admited: {time: entry}}}}",
     "did you mean patient.admitted"},
    {"triggers: {A01: {events: {patient.admitted: {time: entri}}}}", "time rule \"entri\""},
    {"triggers: {A02: {events: {patient.admitted: {otherwise: true}}}}", "needs time:"},
    {"triggers: {A02: {use: [h], events: {}}}", "group \"h\""},
    {"groups: {gg: {data.visit.class: PV1-2}}", "uses the group \"gg\"; did you mean g?"},
    {"triggers: {A02: {use: [g]}}", "needs events:"},
    {"triggers: {A02: {same_as: A99}}", "same_as:"},
    {"triggers: {A02: {events: {}, require: [MRG]}}", "path \"MRG\""},
    {"triggers: {A02: {events: {}, require: [[]]}}", "a path is wanted"},
    {"triggers: {A02: {events: {}, require: [[MRG-1, MRG]]}}", "path \"MRG\""},
    {"fields: {data.visit.number: {path: PV1-19, clears: true}}", "visit.number cannot be null"},
    {"fields: {data.visit.ready_at: {path: ZU1-24, clears: no}}", "true is meant"},
    {"fields: {data.visit.ready_at: {field: data.visit.number, clears: true}}", "goes with path:"},
    {"triggers: {A02: {events: {}, split: P}}", "split:"},
    {"triggers: {A02: {events: {}, split: []}}", "split:"},
    {"triggers: {A02: {events: {}, split: [PID, PV1, ORC, OBR, OBX]}}", "up to 4"},
    {"triggers: {A02: {events: {}, split: [PID, OBR, PID]}}", "PID stands twice"},
    {"triggers: {A02: {events: {}, split: [PID, [OBR]]}}", "split:"},
    {"triggers: {A02: {events: {}, history: PV1}}", "goes with split:"},
    {"triggers: {A02: {events: {}, split: OBR, history: p}}", "history:"},
    {"triggers: {A02: {events: {}, require: ['PRD[-1']}}", "PRD[-1"},
    {"times: {entry: []}", "list of paths"},
    {"times: {entry: [{flag: x}]}", "needs a path"},
    {"times: {entry: [{path: EVN-2.1, time: EVN-1}]}", "time: is for JSON, CSV or FHIR"},
    {"triggers: {A02: {key: [PID-3], events: {}}}", "key: is for JSON and CSV"},
    {"triggers: {A01: {events: {visit.moved: {time: entry, otherwise: true}}}}",
     "visit.moved would never be made: visit.updated has otherwise: true"},
    {"fields: {data.visit.class: {path: PV1-2, table: known, group: patient_class}}",
     "table: and group: do not go together"},
    {"fields: {data.visit.class: {path: PV1-2, when: [{path: PV1-2, table: known,\n"
     "  group: patient_class, is: E}]}}",
     "table: and group: do not go together"},
    {"tables: {known: [1]}", "a map of key to value"},
    {"tables: {known: {a: [1]}}", "table's entry is a text"},
};

START_TEST(what_is_wrong_is_told_with_its_place)
{
    struct sample s;
    sample_open(&s);
    ck_assert_int_eq(sample_add(&s, base), 0);
    bool refused = sample_add(&s, wrong[_i].text) < 0 || sample_compile(&s) < 0;
    ck_assert_msg(refused, "taken: %s", wrong[_i].text);
    ck_assert_int_eq(s.err.code, ERR_CONF);
    ck_assert_msg(strstr(s.err.text, wrong[_i].want) != NULL, "%s\n  says: %s\n  wanted: %s",
                  wrong[_i].text, s.err.text, wrong[_i].want);
    ck_assert_msg(strncmp(s.err.text, "t.yaml:", 7) == 0, "no place: %s", s.err.text);
    sample_close(&s);
}
END_TEST

START_TEST(a_trigger_made_as_another_may_have_its_own_groups)
{
    struct sample s;
    sample_open(&s);
    ck_assert_int_eq(sample_add(&s, base), 0);
    ck_assert_int_eq(sample_add(&s, "triggers:\n"
                                    "  A03: {events: {}, split: OBR, history: PV1}\n"
                                    "  A04: {same_as: A03}\n"
                                    "  A05: {same_as: A03, split: [SPM, OBR]}\n"
                                    "  A06: {same_as: A03, split: OBR, history: PID}\n"),
                     0);
    ck_assert_msg(sample_compile(&s) == 0, "%s", s.err.text);
    ck_assert_uint_eq(sample_trigger(&s, "A03")->split.n, 1);
    ck_assert_uint_eq(sample_trigger(&s, "A04")->split.n, 1);
    ck_assert_uint_eq(sample_trigger(&s, "A04")->history.at[0], hl7_key(SLICE("PV1")));
    ck_assert_uint_eq(sample_trigger(&s, "A05")->split.n, 2);
    ck_assert_uint_eq(sample_trigger(&s, "A05")->history.n, 0);
    ck_assert_uint_eq(sample_trigger(&s, "A06")->history.at[0], hl7_key(SLICE("PID")));
    sample_close(&s);
}
END_TEST

START_TEST(an_overlay_adds_replaces_and_takes_out)
{
    struct sample s;
    sample_open(&s);
    ck_assert_int_eq(sample_add(&s, base), 0);
    ck_assert_int_eq(sample_add(&s, "groups: {g: {data.visit.class: ZZZ-1, data.visit.number: ~}}\n"
                                    "triggers:\n"
                                    "  A01: {events: {visit.updated: ~}}\n"
                                    "  A02: {events: {patient.transferred: {time: entry}}}\n"),
                     0);
    ck_assert_msg(sample_compile(&s) == 0, "%s", s.err.text);
    const struct map_trigger *a01 = sample_trigger(&s, "A01");
    ck_assert_ptr_nonnull(a01);
    kit_assert_slice(a01->types, SLICE("patient.admitted"));
    ck_assert_uint_eq(a01->nfields, 1);
    kit_assert_slice(hl7_path_text(a01->fields[0].sources[0].paths[0].hl7), SLICE("ZZZ-1"));
    ck_assert_ptr_nonnull(sample_trigger(&s, "A02"));
    sample_close(&s);
}
END_TEST

START_TEST(events_of_a_trigger_are_taken_out_one_by_one)
{
    struct sample s;
    sample_open(&s);
    ck_assert_int_eq(sample_add(&s, base), 0);
    ck_assert_int_eq(sample_add(&s, "triggers: {A01: {events: {}}}"), -1);
    ck_assert_msg(strstr(s.err.text, "as in {patient.admitted: ~}") != NULL, "%s", s.err.text);
    sample_close(&s);
}
END_TEST

START_TEST(what_is_not_there_cannot_be_taken_out)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"triggers: {A11: ~}", "\"A11\" is not there; did you mean A01?"},
        {"triggers: {A01: {events: {patient.admited: ~}}}", "did you mean patient.admitted?"},
        {"groups: {h: ~}", "~ takes out what an earlier file has"},
        {"groups: {g: {data.visit.clas: ~}}", "did you mean data.visit.class?"},
        {"times: {entri: ~}", "did you mean entry?"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct sample s;
        sample_open(&s);
        ck_assert_int_eq(sample_add(&s, base), 0);
        ck_assert_int_eq(sample_add(&s, rows[i].text), -1);
        ck_assert_msg(strstr(s.err.text, rows[i].says) != NULL, "%s: %s", rows[i].text, s.err.text);
        sample_close(&s);
    }
}
END_TEST

START_TEST(a_trigger_taken_out_is_unknown)
{
    struct sample s;
    sample_open(&s);
    ck_assert_int_eq(sample_add(&s, base), 0);
    ck_assert_int_eq(sample_add(&s, "triggers: {A01: ~, A02: {events: {}}}"), 0);
    ck_assert_msg(sample_compile(&s) == 0, "%s", s.err.text);
    ck_assert_ptr_null(sample_trigger(&s, "A01"));
    ck_assert_uint_eq(sample_trigger(&s, "A02")->nevents, 0);
    sample_close(&s);
}
END_TEST

static const struct {
    const char *text, *pattern;
    bool want;
} likes[] = {
    {"WARD-7", "WARD-?", true}, {"WARD-7", "WARD-", false},
    {"WARD-7", "*", true},      {"", "*", true},
    {"", "?", false},           {"aXbXc", "a*X?", true},
    {"aXbXcd", "a*X?", false},  {"ab", "a*b*", true},
    {"*", "*", true},           {"abc", "ABC", false},
};

START_TEST(a_pattern_fits_the_whole_text)
{
    ck_assert_int_eq(map_like(slice_str(likes[_i].text), slice_str(likes[_i].pattern)),
                     likes[_i].want);
}
END_TEST

Suite *map_compile_suite(void)
{
    Suite *suite = suite_create("map_compile");
    TCase *t = tcase_create("compile");
    tcase_add_loop_test(t, what_is_wrong_is_told_with_its_place, 0,
                        (int)(sizeof(wrong) / sizeof(wrong[0])));
    tcase_add_test(t, a_trigger_made_as_another_may_have_its_own_groups);
    tcase_add_test(t, an_overlay_adds_replaces_and_takes_out);
    tcase_add_test(t, events_of_a_trigger_are_taken_out_one_by_one);
    tcase_add_test(t, what_is_not_there_cannot_be_taken_out);
    tcase_add_test(t, a_trigger_taken_out_is_unknown);
    tcase_add_loop_test(t, a_pattern_fits_the_whole_text, 0,
                        (int)(sizeof(likes) / sizeof(likes[0])));
    suite_add_tcase(suite, t);
    return suite;
}
