#include "conf_suites.h"
#include "kit.h"
#include "site_tables.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS "keys: {pseudonym: env:P, audit: env:A}\n"

struct fixture {
    struct kit_dir dir;
    struct site *site;
    struct site_tables *tables;
    struct err err;
};

/* Opens the tables of source "pas", with csv in a file named t.csv. */
static int open_tables(struct fixture *f, const char *text, struct slice csv)
{
    char config[512], full[8192];
    *f = (struct fixture){.site = NULL};
    kit_dir_open(&f->dir);
    kit_dir_write(&f->dir, "t.csv", csv);
    kit_dir_file(&f->dir, "weir.yaml", config, sizeof(config));
    snprintf(full, sizeof(full), KEYS "table_files: t.csv\n%s", text);
    ck_assert_msg(site_read(slice_str(full), config, SITE_NO_SECRETS, &f->site, &f->err) == 0, "%s",
                  f->err.text);
    return site_tables_open(f->site, site_source_find(f->site, SLICE("pas")), NULL, NULL,
                            &f->tables, &f->err);
}

static void fixture_close(struct fixture *f)
{
    site_tables_close(f->tables);
    site_close(f->site);
    kit_dir_close(&f->dir);
}

static struct slice get(const struct fixture *f, const char *table, const char *key)
{
    const struct site_table *t = site_table_find(f->tables, slice_str(table));
    ck_assert_msg(t != NULL, "%s", table);
    return site_table_get(t, slice_str(key));
}

static const char config[] = "tables:\n"
                             "  identifier: {'*/NHS/NH': nhs_number, '*/*/MR': any_mrn,\n"
                             "    'pas/*/MR': pas_mrn, '*/RXF/MR': rxf_mrn, 'a/RXF/MR': exact}\n"
                             "  location: {RXF05/ED: ed, RXF05/AMU: assessment}\n"
                             "  only_site: {x: y}\n"
                             "sources:\n"
                             "  pas:\n"
                             "    adapter: acute\n"
                             "    ods: RXF\n"
                             "    system: cerner\n"
                             "    tables:\n"
                             "      location: {RXF05/AMU: ward, 'RXF05/*': clinic}\n"
                             "      only_source: {x: z}\n";

START_TEST(lookups)
{
    static const struct {
        const char *table, *key, *want;
    } rows[] = {
        {"identifier", "star/NHS/NH", "nhs_number"},
        {"identifier", "a/RXF/MR", "exact"},
        {"identifier", "b/RXF/MR", "rxf_mrn"},
        {"identifier", "pas/RXF/MR", "pas_mrn"}, /* one star each: the earlier part wins */
        {"identifier", "pas/X/MR", "pas_mrn"},
        {"identifier", "b/X/MR", "any_mrn"},
        {"identifier", "b/X/ZZ", NULL},
        {"identifier", "NHS/NH", NULL},
        {"identifier", "", NULL},
        {"identifier", "1/2/3/4/5/6/7/8/9", NULL},
        {"location", "RXF05/AMU", "ward"},
        {"location", "RXF05/ED", "clinic"}, /* the source's star comes before the site's */
        {"location", "RXF06/ED", "from file"},
        {"only_site", "x", "y"},
        {"only_source", "x", "z"},
        {"wait", "handover.thresholds", "15;30,60"},
        {"source", "mye-pas.ods", "RXF"},
    };
    struct fixture f;
    ck_assert_msg(open_tables(&f, config,
                              SLICE("table,key,value\r\nlocation,RXF06/ED,from file\r\n\r\n"
                                    "wait,handover.thresholds,\"15;30,60\"\n"
                                    "location,RXF05/ED,ed\nsource,mye-pas.ods,RXF")) == 0,
                  "%s", f.err.text);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice got = get(&f, rows[i].table, rows[i].key);
        struct slice want = slice_str(rows[i].want);
        ck_assert_msg(slice_present(got) == slice_present(want) && slice_eq(got, want),
                      "%s %s: \"%.*s\"", rows[i].table, rows[i].key, SLICE_ARG(got));
    }
    char key[SITE_TABLE_KEY_MAX + 2];
    memset(key, 'k', sizeof(key));
    const struct site_table *t = site_table_find(f.tables, SLICE("identifier"));
    ck_assert(!slice_present(site_table_get(t, slice_make(key, SITE_TABLE_KEY_MAX + 1))));
    ck_assert(!slice_present(site_table_get(t, slice_make(key, SITE_TABLE_KEY_MAX))));
    ck_assert(site_table_find(f.tables, SLICE("none")) == NULL);
    fixture_close(&f);
}
END_TEST

START_TEST(defaults_come_last)
{
    struct fixture f;
    ck_assert_int_eq(open_tables(&f, config, SLICE("table,key,value\n")), 0);
    struct site_tables *all;
    const struct site_source *pas = site_source_find(f.site, SLICE("pas"));
    ck_assert_int_eq(site_tables_open(NULL, pas, NULL, f.site->tables, &all, &f.err), 0);
    const struct site_table *t = site_table_find(all, SLICE("location"));
    kit_assert_slice(site_table_get(t, SLICE("RXF05/AMU")), SLICE("ward"));
    kit_assert_slice(site_table_get(t, SLICE("RXF05/ED")), SLICE("clinic"));
    t = site_table_find(all, SLICE("only_site"));
    kit_assert_slice(site_table_get(t, SLICE("x")), SLICE("y"));
    ck_assert(!slice_present(site_table_get(NULL, SLICE("x"))));
    site_tables_close(all);
    fixture_close(&f);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
    static const struct {
        const char *config, *csv, *says;
    } rows[] = {
        {"", "", "t.csv:1: the first line"},
        {"", "a,b\n", "t.csv:1: the first line"},
        {"", "table,key,value\nx,y\n", "t.csv:2: a line has 3 cells"},
        {"", "table,key,value\n,y,z\n", "no name"},
        {"", "table,key,value\nx,,z\n", "t.csv:2: table x: a key has"},
        {"", "table,key,value\nx,y,\"z\n", "t.csv:2:5: a field whose quote"},
        {"", "table,key,value\nx,y,\"z\"z\n", "t.csv:2:8: something stands behind"},
        {"", "table,key,value\nx,1/2/3/4/5/6/7/8/9,z\n", "at most 8 parts"},
        {"", "table,key,value\nx,y,z\n\nx,y,a\n", "t.csv:4: table x: \"y\" has another value on"},
        {"tables: {x: {y: a}}", "table,key,value\nx,y,z\n", "weir.yaml:3"},
        {"tables: {x: y}", "table,key,value\n", "a table is a map"},
        {"tables: {x: {y: [z]}}", "table,key,value\n", "is a text"},
        {"tables: {X: {y: z}}", "table,key,value\n", "the name of a table"},
        {"tables: [x]", "table,key,value\n", "must be a map"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fixture f;
        ck_assert_int_eq(open_tables(&f, rows[i].config, slice_str(rows[i].csv)), -1);
        ck_assert_msg(strstr(f.err.text, rows[i].says) != NULL, "%s: %s", rows[i].csv, f.err.text);
        ck_assert_int_eq(f.err.code, ERR_CONF);
        fixture_close(&f);
    }
}
END_TEST

/* Stars in more ways than a table takes. */
START_TEST(shapes_are_bounded)
{
    struct fixture f;
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_puts(&b, "table,key,value\n");
    for (unsigned i = 0; i < 33; i++) {
        buf_puts(&b, "x,");
        for (unsigned bit = 0; bit < 6; bit++)
            buf_printf(&b, "%s/", (i + 1) & 1u << bit ? "*" : "a");
        buf_puts(&b, "z,v\n");
    }
    ck_assert_int_eq(open_tables(&f, "", buf_slice(&b)), -1);
    ck_assert_msg(strstr(f.err.text, "more than 32 ways") != NULL, "%s", f.err.text);
    fixture_close(&f);
    buf_fini(&b);
}
END_TEST

Suite *tables_suite(void)
{
    Suite *s = suite_create("tables");
    TCase *t = tcase_create("tables");
    tcase_add_test(t, lookups);
    tcase_add_test(t, defaults_come_last);
    tcase_add_test(t, what_is_wrong_is_said);
    tcase_add_test(t, shapes_are_bounded);
    suite_add_tcase(s, t);
    return s;
}
