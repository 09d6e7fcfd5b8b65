/* weir test - does the configuration make of these messages what it should? From the bytes to the
 * acknowledgment, the events, the routes that take them and what their readers get. No network, no
 * stream, no secret. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "options.h"
#include "test_compare.h"
#include "test_file.h"
#include "test_find.h"
#include "test_report.h"

enum { COMPARE_MEMORY = 256 << 20, EXPLAIN_MAX = 64 << 20 };

struct tester {
    const struct options *options;
    struct test_report report;
    struct dry_run *site; /* of the file before; kept where the next one names the same */
    char config[PATH_MAX];
    struct arena arena;
    struct buf explanation;
    char folder[PATH_MAX + 1];
};

static int open_site(struct tester *t, const struct test_file *f, struct err *reterr)
{
    const char *config = slice_present(f->config) ? f->config.p : t->options->config;
    if (t->site && strcmp(t->config, config) == 0)
        return 0;
    if (strlen(config) >= sizeof(t->config))
        return err_set(reterr, ERR_CONF, "%s: config: the name is too long", f->name);
    dry_run_close(t->site);
    t->site = NULL;
    strcpy(t->config, config);
    return dry_run_open(config, &t->site, reterr);
}

static void explain(struct tester *t, const struct site_source *source, const struct test_case *c)
{
    struct err ignored = {0};
    buf_reset(&t->explanation);
    (void)dry_run_explain(t->site, source, c->message, slice_str(t->folder), &t->explanation,
                          &ignored);
}

static int one_case(struct tester *t, const struct test_file *f, const struct test_case *c,
                    struct err *reterr)
{
    const struct site *site = dry_run_site(t->site);
    const struct site_source *source =
        slice_present(c->source) ? site_source_find(site, c->source) : &site->sources[0];
    struct dry_result result;
    bool ok;
    int64_t from = clock_mono_ns();
    if (dry_run_message(t->site, source, c->message, &result, reterr) < 0)
        return -1;
    arena_reset(&t->arena);
    const struct test_fault *faults = test_compare(f, c, &result, &t->arena, &ok);
    if (!ok)
        return yaml_err(c->at, reterr, "the differences need more than %d bytes", COMPARE_MEMORY);
    double ms = (double)(clock_mono_ns() - from) / 1e6;
    buf_reset(&t->explanation);
    if (faults && t->options->explain)
        explain(t, source, c);
    test_report_case(&t->report, c, faults, ms, buf_slice(&t->explanation));
    return 0;
}

static int one_file(struct tester *t, const char *name, struct err *reterr)
{
    struct test_file f;
    if (test_file_open(name, &f, reterr) < 0)
        return -1;
    int rc = open_site(t, &f, reterr);
    if (rc == 0)
        rc = test_file_check(&f, dry_run_site(t->site), reterr);
    test_report_file(&t->report, name);
    for (unsigned i = 0; rc == 0 && i < f.n; i++)
        rc = one_case(t, &f, &f.cases[i], reterr);
    test_report_file_end(&t->report);
    test_file_close(&f);
    return rc;
}

static int find(struct test_files *files, const struct options *o, int argc, char **argv,
                struct err *reterr)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(o->config, '/');
    int n = slash ? snprintf(folder, sizeof(folder), "%.*s", (int)(slash - o->config), o->config)
                  : snprintf(folder, sizeof(folder), ".");
    if (n < 0 || (size_t)n >= sizeof(folder))
        return err_set(reterr, ERR_CONF, "%s: the name is too long", o->config);
    int rc = 0;
    if (o->rest >= argc)
        rc = test_files_add(files, n ? folder : "/", reterr);
    for (int i = o->rest; rc == 0 && i < argc; i++)
        rc = test_files_add(files, argv[i], reterr);
    if (rc == 0 && files->n == 0)
        rc = err_set(reterr, ERR_CONF,
                     "there are no tests %s: they are files NAME.test.yaml beside the "
                     "configuration or in tests/ there (docs/testing-config.md)",
                     o->rest >= argc ? folder : "there");
    return rc;
}

static int run_files(struct tester *t, int argc, char **argv, struct err *reterr)
{
    struct test_files files;
    test_files_init(&files);
    int rc = find(&files, t->options, argc, argv, reterr);
    for (unsigned i = 0; rc == 0 && i < files.n; i++) {
        rc = one_file(t, files.at[i], reterr);
        if (rc == 0 && !t->report.json)
            rc = test_report_flush(&t->report, reterr);
    }
    test_files_fini(&files);
    if (rc < 0)
        return -1;
    test_report_end(&t->report);
    return test_report_flush(&t->report, reterr);
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    int code = options_read(self, OPTION_JSON | OPTION_EXPLAIN, argc, argv, &o);
    if (code >= 0)
        return code;
    struct tester t = {.options = &o};
    if (getcwd(t.folder, PATH_MAX))
        strcat(t.folder, "/");
    arena_init(&t.arena, COMPARE_MEMORY);
    buf_init(&t.explanation, EXPLAIN_MAX);
    int rc = test_report_open(&t.report, o.json, &err);
    if (rc == 0)
        rc = run_files(&t, argc, argv, &err);
    bool failed = t.report.failed != 0;
    test_report_close(&t.report);
    dry_run_close(t.site);
    buf_fini(&t.explanation);
    arena_fini(&t.arena);
    if (rc == 0)
        return failed ? EXIT_FOUND : 0;
    /* A test that cannot be read is a wrong configuration, whatever it was that could not. */
    verb_fail(self, &err);
    return EXIT_CONFIG;
}

const struct verb verb_test = {
    .name = "test",
    .summary = "does the configuration make of messages what its tests say? No network",
    .help =
        "Use: weir test [--json] [--explain] [FILE|FOLDER ...]\n\n"
        "Tests are files NAME.test.yaml beside a configuration or in tests/ there: messages, and "
        "what is expected of each: acknowledgment, events, the\n"
        "routes that take them, what these routes' readers get and what they never get. A FOLDER "
        "stands for the tests in it and in its tests/, a\n"
        "configuration for those that name it, nothing for those beside --config. Order and "
        "repeats "
        "are not part of it. No key is read.\n"
        "--explain shows for a failed case which map line took each field from where. --json is "
        "for "
        "machines.\n"
        "Exit codes: 0 all as expected; 1 some are not (file and line, what was wanted, what "
        "came); "
        "78 a test or the configuration is wrong.\n\n"
        "Example: weir test config/tests/weir.test.yaml\n",
    .run = run,
};
