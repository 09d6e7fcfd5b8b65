#include "fhir_xml.h"

#include <stdio.h>
#include "clock.h"
#include "fhir_read.h"
#include "fhir_suites.h"
#include "fhir_xml_write.h"
#include "kit.h"

static struct arena arena;
static struct err err;

static void setup(void)
{
    arena_init(&arena, 8 << 20);
    err = (struct err){.code = ERR_NONE};
}

static void teardown(void)
{
    arena_fini(&arena);
}

static void write_tree(const struct json *tree, struct buf *out)
{
    struct json_writer *w;
    buf_init(out, 1 << 20);
    ck_assert_int_eq(json_writer_open(out, &w, &err), 0);
    json_tree(w, tree);
    json_writer_close(w);
}

#define NS " xmlns=\"http://hl7.org/fhir\""
#define DIV "<div xmlns=\"http://www.w3.org/1999/xhtml\""

static const struct {
    const char *xml, *json;
} twins[] = {
    {"<Patient" NS "><id value=\"1\"/><active value=\"true\"/><name><family value=\"A &amp; B\"/>"
     "<given value=\"C\"/></name><multipleBirthInteger value=\"2\"/></Patient>",
     "{\"resourceType\":\"Patient\",\"id\":\"1\",\"active\":true,\"name\":[{\"family\":\"A & B\","
     "\"given\":[\"C\"]}],\"multipleBirthInteger\":2}"},
    /* one and several of what repeats; single complex elements */
    {"<Encounter" NS "><identifier><system value=\"s\"/><value value=\"1\"/></identifier>"
     "<identifier><value value=\"2\"/></identifier><class><code value=\"IMP\"/></class>"
     "<location><location><reference value=\"Location/1\"/></location></location></Encounter>",
     "{\"resourceType\":\"Encounter\",\"identifier\":[{\"system\":\"s\",\"value\":\"1\"},{"
     "\"value\":"
     "\"2\"}],\"class\":{\"code\":\"IMP\"},\"location\":[{\"location\":{\"reference\":\"Location/"
     "1\"}}]}"},
    /* extensions: of an element, of a primitive, of items of an array */
    {"<Patient" NS "><extension url=\"u\"><valueBoolean value=\"false\"/></extension><birthDate "
     "value=\"1970\" id=\"b\"><extension url=\"t\"><valueDateTime "
     "value=\"1970-01-01\"/></extension>"
     "</birthDate><name><given value=\"A\"/><given><extension url=\"x\"><valueCode value=\"c\"/>"
     "</extension></given><given value=\"B\"/></name></Patient>",
     "{\"resourceType\":\"Patient\",\"extension\":[{\"url\":\"u\",\"valueBoolean\":false}],"
     "\"birthDate\":\"1970\",\"_birthDate\":{\"id\":\"b\",\"extension\":[{\"url\":\"t\","
     "\"valueDateTime\":\"1970-01-01\"}]},\"name\":[{\"given\":[\"A\",null,\"B\"],\"_given\":[null,"
     "{"
     "\"extension\":[{\"url\":\"x\",\"valueCode\":\"c\"}]},null]}]}"},
    /* a primitive without a value */
    {"<Patient" NS "><gender><extension url=\"x\"><valueCode value=\"c\"/></extension></gender>"
     "</Patient>",
     "{\"resourceType\":\"Patient\",\"_gender\":{\"extension\":[{\"url\":\"x\",\"valueCode\":\"c\"}"
     "]"
     "}}"},
    /* the same element again, the first time or the second without a value */
    {"<Patient" NS "><gender><extension url=\"x\"><valueCode value=\"c\"/></extension></gender>"
     "<gender value=\"a\"/><odd value=\"1\"/><odd id=\"2\"/></Patient>",
     "{\"resourceType\":\"Patient\",\"_gender\":[{\"extension\":[{\"url\":\"x\",\"valueCode\":"
     "\"c\"}]"
     "},null],\"gender\":[null,\"a\"],\"odd\":[\"1\",null],\"_odd\":[null,{\"id\":\"2\"}]}"},
    /* resources within resources */
    {"<Bundle" NS "><type value=\"message\"/><entry><fullUrl value=\"urn:uuid:1\"/><resource>"
     "<Location><id value=\"1\"/><contained><Organization><id value=\"o\"/></Organization>"
     "</contained></Location></resource></entry></Bundle>",
     "{\"resourceType\":\"Bundle\",\"type\":\"message\",\"entry\":[{\"fullUrl\":\"urn:uuid:1\","
     "\"resource\":{\"resourceType\":\"Location\",\"id\":\"1\",\"contained\":[{\"resourceType\":"
     "\"Organization\",\"id\":\"o\"}]}}]}"},
    /* decimals keep their digits; another prefix; comments, instructions, a text in CDATA */
    {"<?xml version=\"1.0\" encoding=\"utf-8\"?><?x y?><!-- c --><f:Observation "
     "xmlns:f=\"http://hl7.org/fhir\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
     "xsi:schemaLocation=\"a b\">\r\n <f:valueQuantity><f:value value=\"1.50\"/></f:valueQuantity>"
     "</f:Observation>",
     "{\"resourceType\":\"Observation\",\"valueQuantity\":{\"value\":1.50}}"},
    /* narrative */
    {"<Patient" NS "><text><status value=\"generated\"/>" DIV
     "><p class=\"a&quot;b\">x &lt; y<br/> z</p></div></text></Patient>",
     "{\"resourceType\":\"Patient\",\"text\":{\"status\":\"generated\",\"div\":\"<div "
     "xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><p class=\\\"a&quot;b\\\">x &lt; y<br/> "
     "z</p></div>\"}}"},
    /* STU3: elements that R4 has no more; unknown ones are arrays where they repeat */
    {"<Encounter" NS "><reason><text value=\"r\"/></reason><odd value=\"1\"/><odd value=\"2\"/>"
     "<strange><a value=\"1\"/></strange></Encounter>",
     "{\"resourceType\":\"Encounter\",\"reason\":[{\"text\":\"r\"}],\"odd\":[\"1\",\"2\"],"
     "\"strange\":{\"a\":\"1\"}}"},
    {"<Unheard" NS "><a><b value=\"1\"/></a><a><b value=\"2\"/></a></Unheard>",
     "{\"resourceType\":\"Unheard\",\"a\":[{\"b\":\"1\"},{\"b\":\"2\"}]}"},
};

/* The tree of the XML is that of the JSON, and writes the same. FHIR row 14. */
START_TEST(test_xml_is_its_json_twin)
{
    struct json *xml, *json;
    struct buf a, b;
    struct kit_guard g;
    kit_guard_open(&g, slice_str(twins[_i].xml));
    int rc = fhir_xml_read(g.bytes, &json_default_limits, &arena, &xml, &err);
    kit_guard_close(&g);
    ck_assert_msg(rc == 0, "%s: %s", twins[_i].xml, err.text);
    rc = json_read(slice_str(twins[_i].json), &json_default_limits, &arena, &json, &err);
    ck_assert_msg(rc == 0, "%s: %s", twins[_i].json, err.text);
    write_tree(xml, &a);
    write_tree(json, &b);
    kit_assert_slice(buf_slice(&a), buf_slice(&b));
    buf_fini(&a);
    buf_fini(&b);
}
END_TEST

/* What is written as XML is read as the same tree. */
START_TEST(test_a_tree_is_written_as_xml)
{
    struct json *json, *again;
    struct buf xml, a, b;
    buf_init(&xml, 1 << 20);
    int rc = json_read(slice_str(twins[_i].json), &json_default_limits, &arena, &json, &err);
    ck_assert_int_eq(rc, 0);
    fhir_xml_write(json, &xml);
    ck_assert(buf_ok(&xml));
    rc = fhir_xml_read(buf_slice(&xml), &json_default_limits, &arena, &again, &err);
    ck_assert_msg(rc == 0, "%s: %s", buf_cstr(&xml), err.text);
    write_tree(json, &a);
    write_tree(again, &b);
    kit_assert_slice(buf_slice(&b), buf_slice(&a));
    buf_fini(&a);
    buf_fini(&b);
    buf_fini(&xml);
}
END_TEST

START_TEST(test_a_name_that_xml_cannot_hold_is_not_written)
{
    struct json *json;
    struct buf xml;
    buf_init(&xml, 1 << 20);
    int rc = json_read(SLICE("{\"resourceType\":\"Patient\",\"a><b\":1}"), &json_default_limits,
                       &arena, &json, &err);
    ck_assert_int_eq(rc, 0);
    fhir_xml_write(json, &xml);
    ck_assert(!buf_ok(&xml));
    buf_fini(&xml);
}
END_TEST

static const struct {
    const char *xml, *why;
} bad[] = {
    {"<Patient/>", "namespace"},
    {"<Patient xmlns=\"urn:hl7-org:v3\"/>", "namespace"},
    {"<patient" NS "/>", "root"},
    {"<Patient" NS ">", "not well-formed"},
    {"<Patient" NS "></patient>", "end tag"},
    {"<Patient" NS "/><Patient" NS "/>", "not well-formed"},
    {"<Patient" NS ">text</Patient>", "no text"},
    {"<Patient" NS "><gender value=\"\"/></Patient>", "never empty"},
    {"<Patient" NS "><gender/></Patient>", "has a value"},
    {"<Patient" NS "><gender code=\"x\"/></Patient>", "no attributes but"},
    {"<Patient" NS " id=\"x\"/>", "no attributes"},
    {"<Patient" NS "><active value=\"yes\"/></Patient>", "true or false"},
    {"<Patient" NS "><multipleBirthInteger value=\"01\"/></Patient>", "a number"},
    {"<Patient" NS "><multipleBirthInteger value=\"1.\"/></Patient>", "a number"},
    {"<Patient" NS "><multipleBirthInteger value=\"1e\"/></Patient>", "a number"},
    {"<Patient" NS "><_gender id=\"1\"/><gender value=\"a\"/></Patient>", "letters and digits"},
    {"<Patient" NS "><x xmlns=\"urn:y\" value=\"1\"/></Patient>", "namespace"},
    {"<Patient" NS "><contained><Patient/><Patient/></contained></Patient>", "alone"},
    {"<Patient" NS "><contained><Patient/><a value=\"1\"/></contained></Patient>", "alone"},
    {"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><Patient" NS "/>", "UTF-8"},
    {"<Patient" NS "><gender value=\"\xe9\"/></Patient>", "UTF-8"},
    {"<Patient" NS "><gender value=\"&who;\"/></Patient>", "not well-formed"},
    /* external entities, entities that grow, a DTD somewhere else */
    {"<!DOCTYPE p [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Patient" NS
     "><gender value=\"a\"/></Patient>",
     "DTD"},
    {"<!DOCTYPE p [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><Patient" NS
     "/>",
     "DTD"},
    {"<!DOCTYPE p SYSTEM \"http://127.0.0.1:1/p.dtd\"><Patient" NS "/>", "DTD"},
};

/* FHIR row 14, bad input row 11. */
START_TEST(test_what_is_no_fhir_is_refused)
{
    struct json *tree;
    ck_assert_msg(fhir_xml_read(slice_str(bad[_i].xml), &json_default_limits, &arena, &tree, &err) <
                      0,
                  "taken: %s", bad[_i].xml);
    ck_assert_int_eq(err.code, ERR_INPUT);
    ck_assert_msg(strstr(err.text, bad[_i].why) != NULL, "%s: %s", bad[_i].xml, err.text);
}
END_TEST

/* FHIR row 13, bad input row 13. */
START_TEST(test_limits_are_reached)
{
    static const char text[] =
        "<Patient" NS "><name><given value=\"A\"/></name><gender value=\"x\"/></Patient>";
    struct json *tree;
    struct json_limits l = json_default_limits;
    l.bytes = sizeof(text) - 2;
    ck_assert_int_lt(fhir_xml_read(SLICE(text), &l, &arena, &tree, &err), 0);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    l.bytes++;
    ck_assert_int_eq(fhir_xml_read(SLICE(text), &l, &arena, &tree, &err), 0);
    l.depth = 2;
    ck_assert_int_lt(fhir_xml_read(SLICE(text), &l, &arena, &tree, &err), 0);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    l.depth = 3;
    ck_assert_int_eq(fhir_xml_read(SLICE(text), &l, &arena, &tree, &err), 0);
    l.values = 5;
    ck_assert_int_lt(fhir_xml_read(SLICE(text), &l, &arena, &tree, &err), 0);
    ck_assert_int_eq(err.code, ERR_LIMIT);
}
END_TEST

START_TEST(test_a_full_arena_is_a_refusal)
{
    struct json *tree;
    int rc = -1;
    for (size_t max = 0; rc < 0; max += 32) {
        struct arena small;
        ck_assert_uint_lt(max, 1 << 20);
        arena_init(&small, max);
        rc = fhir_xml_read(slice_str(twins[2].xml), &json_default_limits, &small, &tree, &err);
        if (rc < 0)
            ck_assert_int_eq(err.code, ERR_LIMIT);
        arena_fini(&small);
    }
}
END_TEST

/* The same piece, many times, between a begin and an end: refused, and at once. */
START_TEST(test_many_of_one_thing_are_refused)
{
    static const struct {
        const char *begin, *piece, *end, *says;
        unsigned count;
    } rows[] = {
        {"<Patient" NS, " a%u=\"\"", "/>", "attributes", 200000},
        {"<Patient" NS " xmlns:h=\"http://www.w3.org/1999/xhtml\">", "<h:div>%u</h:div>",
         "</Patient>", "twice", 100000},
        {"<!-- = = = --><Patient" NS ">", "<extension url=\"%u\"/>", "</Patient>", NULL, 10000},
    };
    struct buf text;
    buf_init(&text, 16 << 20);
    buf_puts(&text, rows[_i].begin);
    for (unsigned i = 0; i < rows[_i].count; i++) {
        char piece[64], number[16];
        const char *at = strstr(rows[_i].piece, "%u");
        snprintf(number, sizeof(number), "%u", i);
        snprintf(piece, sizeof(piece), "%.*s%s%s", (int)(at - rows[_i].piece), rows[_i].piece,
                 number, at + 2);
        buf_puts(&text, piece);
    }
    buf_puts(&text, rows[_i].end);
    struct json *tree;
    int64_t began = clock_mono_ms();
    int rc = fhir_xml_read(buf_slice(&text), &json_default_limits, &arena, &tree, &err);
    ck_assert_int_lt(clock_mono_ms() - began, 5000);
    ck_assert_int_eq(rc, rows[_i].says ? -1 : 0);
    if (rc < 0)
        ck_assert_msg(strstr(err.text, rows[_i].says) != NULL, "%s", err.text);
    buf_fini(&text);
}
END_TEST

/* libxml2 has limits of its own, of 10 MB a text: what the source lets in is read all the same.
 */
START_TEST(test_values_as_long_as_the_text_may_be)
{
    enum { LONG = 12 << 20 };
    static const struct {
        const char *begin, *end;
    } rows[] = {
        {"<Patient" NS "><id value=\"", "\"/></Patient>"},
        {"<Patient" NS "><text>" DIV ">", "</div></text></Patient>"},
        {"<!-- ", " --><Patient" NS "><id value=\"1\"/></Patient>"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct json_limits limits = json_default_limits;
        struct arena large;
        struct json *tree;
        struct buf text;
        buf_init(&text, 16 << 20);
        buf_puts(&text, rows[i].begin);
        char *room = buf_reserve(&text, LONG);
        ck_assert_ptr_nonnull(room);
        memset(room, 'x', LONG);
        text.n += LONG;
        buf_puts(&text, rows[i].end);
        arena_init(&large, 64 << 20);
        limits.bytes = text.n;
        ck_assert_msg(fhir_xml_read(buf_slice(&text), &limits, &large, &tree, &err) == 0, "%zu: %s",
                      i, err.text);
        limits.bytes = text.n - 1;
        ck_assert_int_eq(fhir_xml_read(buf_slice(&text), &limits, &large, &tree, &err), -1);
        ck_assert_int_eq(err.code, ERR_LIMIT);
        arena_fini(&large);
        buf_fini(&text);
    }
}
END_TEST

Suite *fhir_xml_suite(void)
{
    Suite *s = suite_create("fhir_xml");
    TCase *tc = tcase_create("fhir_xml");
    tcase_add_test(tc, test_values_as_long_as_the_text_may_be);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_xml_is_its_json_twin, 0, sizeof(twins) / sizeof(twins[0]));
    tcase_add_loop_test(tc, test_a_tree_is_written_as_xml, 0, sizeof(twins) / sizeof(twins[0]));
    tcase_add_test(tc, test_a_name_that_xml_cannot_hold_is_not_written);
    tcase_add_loop_test(tc, test_what_is_no_fhir_is_refused, 0, sizeof(bad) / sizeof(bad[0]));
    tcase_add_loop_test(tc, test_many_of_one_thing_are_refused, 0, 3);
    tcase_add_test(tc, test_limits_are_reached);
    tcase_add_test(tc, test_a_full_arena_is_a_refusal);
    suite_add_tcase(s, tc);
    return s;
}
