/* Texts in an ADT message, and events that have none. What the messages of all types say is
 * tests/cases/adt_again.py's. */
#include <stdio.h>
#include "adt_segment.h"
#include "adt_write.h"
#include "kit.h"
#include "map_sample.h"

static struct buf out;
static struct arena arena;

static void setup(void)
{
    buf_init(&out, 1 << 20);
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    buf_fini(&out);
    arena_fini(&arena);
}

static const struct {
    struct slice text;
    const char *want;
} texts[] = {
    {{"plain", 5}, "ZZZ||^plain\r"},
    {{"a|b^c&d~e\\f", 11}, "ZZZ||^a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f\r"},
    {{"one\ntwo\r\nthree\rfour", 19}, "ZZZ||^one\\.br\\two\\.br\\three\\.br\\four\r"},
    {{"\x0b\x1c\x7f\t", 4}, "ZZZ||^    \r"},
    {{"", 0}, ""},
    {{NULL, 0}, ""},
};

START_TEST(texts_are_escaped)
{
    struct adt_segment s;
    adt_segment_begin(&s, &out, "ZZZ");
    adt_segment_text(&s, 2, 2, texts[_i].text);
    adt_segment_end(&s);
    kit_assert_slice(buf_slice(&out), slice_str(texts[_i].want));
}
END_TEST

static const struct {
    const char *time, *want;
} times[] = {
    {"2026-03-03T08:12:00+00:00", "Z|20260303081200+0000\r"},
    {"2026-07-03T08:12:00.250+01:00", "Z|20260703081200.250+0100\r"},
    {"2026-03-03T08:12:00-05:30", "Z|20260303081200-0530\r"},
    {"2026-03-03T08:12:00Z", "Z|20260303081200+0000\r"},
    {"2026-03-03", "Z|20260303\r"},
};

START_TEST(times_keep_their_offset)
{
    struct adt_segment s;
    adt_segment_begin(&s, &out, "Z");
    adt_segment_time(&s, 1, slice_str(times[_i].time));
    adt_segment_end(&s);
    kit_assert_slice(buf_slice(&out), slice_str(times[_i].want));
}
END_TEST

START_TEST(repetitions_begin_at_the_first_component)
{
    struct adt_segment s;
    adt_segment_begin(&s, &out, "PID");
    adt_segment_text(&s, 3, 1, SLICE("a"));
    adt_segment_text(&s, 3, 5, SLICE("MR"));
    adt_segment_repeat(&s);
    adt_segment_text(&s, 3, 1, SLICE("b"));
    adt_segment_text(&s, 5, 2, SLICE("c"));
    adt_segment_end(&s);
    kit_assert_slice(buf_slice(&out), SLICE("PID|||a^^^^MR~b||^c\r"));
}
END_TEST

static int write(const char *json, struct err *reterr)
{
    const struct adt_options o = {.sending_app = SLICE("WEIR")};
    struct event *e;
    ck_assert_int_eq(event_decode(slice_str(json), &arena, &e, reterr), 0);
    return adt_write(&out, e, &o, SLICE("C1"), reterr);
}

#define EVENT(type, more)                                                                          \
    "{\"specversion\":\"1.0\",\"id\":\"e\",\"source\":\"urn:s\",\"type\":\"" type "\"" more "}"

static const struct {
    const char *event, *says;
} refused[] = {
    {EVENT("diagnostic.ordered", ""), "no ADT message tells diagnostic.ordered"},
    {EVENT("event.retracted", ""), "no ADT message tells event.retracted"},
    {EVENT("patient.merged", ""), "an ADT^A40 needs data.merge.retired"},
    {EVENT("visit.moved", ""), "an ADT^A45 needs data.other_patient.ids"},
    {EVENT("patient.linked", ""), "an ADT^A24 needs data.other_patient.ids"},
    {EVENT("bed.status_changed", ""), "an ADT^A20 needs a location"},
};

START_TEST(what_has_no_message_is_refused)
{
    struct err err = {0};
    ck_assert_int_eq(write(refused[_i].event, &err), -1);
    ck_assert_int_eq(err.code, ERR_INPUT);
    ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "%s", err.text);
    ck_assert_uint_eq(out.n, 0);
}
END_TEST

/* Of a route without identifiers: known by the pseudonym. A test message stays one. */
START_TEST(little_is_known)
{
    struct err err = {0};
    ck_assert_int_eq(write(EVENT("emergency.arrived",
                                 ",\"subject\":\"k:p\",\"time\":\"2026-03-03T08:12:00+00:00\","
                                 "\"data\":{\"quality\":[\"processing_T\"]}"),
                           &err),
                     0);
    kit_assert_slice(buf_slice(&out),
                     SLICE("MSH|^~\\&|WEIR||||20260303081200+0000||ADT^A04^ADT_A01|C1|T|2.4\r"
                           "EVN|A04|20260303081200+0000||||20260303081200+0000\r"
                           "PID|||k:p^^^WEIR^ANON\r"
                           "PV1||E\r"));
}
END_TEST

/* Where nobody said by which trigger, what the event holds decides. */
static const struct {
    const char *event, *trigger;
} defaults[] = {
    {EVENT("sdec.departed", ",\"data\":{\"prior_location\":{\"group\":\"sdec\"}}"), "A02"},
    {EVENT("sdec.departed", ""), "A03"},
    {EVENT("sdec.arrived", ",\"data\":{\"prior_location\":{\"raw\":\"ED\"}}"), "A02"},
    {EVENT("sdec.arrived", ""), "A04"},
    {EVENT("visit.class_changed", ",\"data\":{\"visit\":{\"class_group\":\"outpatient\"}}"), "A07"},
    {EVENT("visit.class_changed", ",\"data\":{\"visit\":{\"class_group\":\"inpatient\"}}"), "A06"},
    {EVENT("patient.updated", ""), "A31"},
    {EVENT("patient.updated", ",\"data\":{\"visit\":{\"number\":\"V1\"}}"), "A08"},
    {EVENT("patient.admitted", ",\"data\":{\"origin\":{\"trigger\":\"A06\"}}"), "A01"},
    {EVENT("visit.updated", ",\"data\":{\"origin\":{\"trigger\":\"A09\"}}"), "A09"},
};

START_TEST(the_trigger_follows_the_event)
{
    struct err err = {0};
    struct event *e;
    struct adt_form form;
    ck_assert_int_eq(event_decode(slice_str(defaults[_i].event), &arena, &e, &err), 0);
    ck_assert(adt_form_of(e, &form));
    ck_assert_str_eq(form.trigger, defaults[_i].trigger);
}
END_TEST

/* Every form is of a type that exists, and has a structure. */
START_TEST(forms_are_of_the_catalogue)
{
    const char *type;
    unsigned n = 0;
    for (; (type = adt_form_type(n)); n++) {
        char json[200];
        struct event *e;
        struct adt_form form;
        struct err err = {0};
        ck_assert_msg(event_type_known(slice_str(type)), "%s", type);
        snprintf(json, sizeof(json), EVENT("%s", ""), type);
        ck_assert_int_eq(event_decode(slice_str(json), &arena, &e, &err), 0);
        ck_assert(adt_form_of(e, &form));
        ck_assert_msg(strncmp(form.structure, "ADT_A", 5) == 0, "%s", form.trigger);
    }
    ck_assert_uint_gt(n, 50);
}
END_TEST

Suite *adt_suite(void)
{
    Suite *s = suite_create("adt");
    TCase *c = tcase_create("adt");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, texts_are_escaped, 0, sizeof(texts) / sizeof(texts[0]));
    tcase_add_loop_test(c, times_keep_their_offset, 0, sizeof(times) / sizeof(times[0]));
    tcase_add_test(c, repetitions_begin_at_the_first_component);
    tcase_add_loop_test(c, what_has_no_message_is_refused, 0, sizeof(refused) / sizeof(refused[0]));
    tcase_add_test(c, little_is_known);
    tcase_add_loop_test(c, the_trigger_follows_the_event, 0,
                        sizeof(defaults) / sizeof(defaults[0]));
    tcase_add_test(c, forms_are_of_the_catalogue);
    suite_add_tcase(s, c);
    return s;
}
