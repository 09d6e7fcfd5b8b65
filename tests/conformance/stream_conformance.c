/* stream_conformance.c - what every engine of the stream has to do, run once for each name that is
 * built in. */
#include <stdio.h>
#include "stream_suite.h"

enum { SKIPPED = 77 }; /* meson's exit code for it */

struct stream_bed bed;
struct stream *s;

const char *engine(int i)
{
    return stream_engines()[i];
}
void begin(int i)
{
    stream_bed_open(&bed, engine(i));
    s = stream_bed_handle(&bed, "acute");
}

void end(void)
{
    stream_close(s);
    stream_bed_close(&bed);
}

void put(const char *topic, const char *value)
{
    stream_bed_put(s, topic, "k", slice_str(value));
}
static void add(TCase *cases, int engine_no, size_t (*part)(const TTest *ret[]))
{
    const TTest *tests[SUITE_TESTS_MAX];
    size_t n = part(tests);
    for (size_t t = 0; t < n; t++)
        tcase_add_loop_test(cases, tests[t], engine_no, engine_no + 1);
}

int main(int argc, char **argv)
{
    const char *why = NULL;
    if (argc == 2 && !stream_bed_can(argv[1], &why)) {
        fprintf(stderr, "SKIPPED, stream conformance of %s: %s\n", argv[1], why);
        return SKIPPED;
    }
    Suite *suite = suite_create("stream");
    for (int i = 0; stream_engines()[i]; i++) {
        if (!stream_bed_can(engine(i), &why)) {
            fprintf(stderr, "SKIPPED, stream conformance of %s: %s\n", engine(i), why);
            continue;
        }
        TCase *cases = tcase_create(engine(i));
        tcase_set_timeout(cases, 60);
        add(cases, i, suite_contract);
        if (stream_engine_keeps(engine(i))) {
            add(cases, i, suite_append);
            add(cases, i, suite_read);
            add(cases, i, stream_bed_prunes(engine(i)) ? suite_retain : suite_cluster);
        }
        suite_add_tcase(suite, cases);
    }
    return kit_main(argc, argv, &suite, 1);
}
