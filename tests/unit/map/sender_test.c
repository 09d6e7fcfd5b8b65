/* Who is among a source's `sending`. */
#include "map_sample.h"
#include "sender.h"

static const struct hl7_limits limits = {10, 100};

static void read_header(const char *text, struct arena *arena, struct hl7_msg *m,
                        struct hl7_header *h)
{
    struct err err = {0};
    ck_assert_msg(hl7_msg_parse(slice_str(text), &limits, arena, m, &err) == 0, "%s", err.text);
    hl7_msg_header(m, h);
}

START_TEST(first_components_count)
{
    static const struct {
        const char *text;
        bool named;
    } rows[] = {
        {"MSH|^~\\&|PAS|RZZ|W\r", true},
        {"MSH|^~\\&|PAS^1.2.3^ISO|RZZ^RZZ.NHS.UK^DNS|W\r", true},
        {"MSH|^~\\&|A\\T\\E|RZZ01|W\r", true},
        {"MSH$*~\\&$PAS*x$RZZ$W\r", true},
        {"MSH|^~\\&|PAS|RZZ01|W\r", false}, /* of two, a part of each */
        {"MSH|^~\\&|pas|RZZ|W\r", false},
        {"MSH|^~\\&|PAS2|RZZ|W\r", false},
        {"MSH|^~\\&|PA|RZZ|W\r", false},
        {"MSH|^~\\&|PAS||W\r", false},
        {"MSH|^~\\&|\"\"|RZZ|W\r", false},
        {"MSH|^~\\&\r", false},
    };
    struct slice names[] = {SLICE("PAS/RZZ"), SLICE("A&E/RZZ01")};
    struct site_source some = {.sending = {.at = names, .n = 2}}, none = {0};
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hl7_msg m;
        struct hl7_header h;
        read_header(rows[i].text, &arena, &m, &h);
        ck_assert_msg(sender_named(&some, &m, &h) == rows[i].named, "%s", rows[i].text);
        ck_assert_msg(sender_expected(&some, &m, &h) == rows[i].named, "%s", rows[i].text);
        ck_assert(!sender_named(&none, &m, &h));
        ck_assert(sender_expected(&none, &m, &h));
    }
    arena_fini(&arena);
}
END_TEST

Suite *sender_suite(void)
{
    Suite *s = suite_create("sender");
    TCase *t = tcase_create("sender");
    tcase_add_test(t, first_components_count);
    suite_add_tcase(s, t);
    return s;
}
