/* NAME
 *     weir - the operator's command
 * WHAT
 *     One verb a job; `weir --help` lists them, `weir VERB --help` tells all of one, with an
 * example. SECURITY Patient fields are masked in all that is shown, but for `translate` (its user's
 * own messages) and --reveal, which is written to the audit log before anything is shown.
 * DIAGNOSTICS
 *     Errors go to standard error; exit codes are those of verb.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "verb.h"

static const struct verb *const verbs[] = {
    &verb_run,      &verb_check,  &verb_translate, &verb_explain,     &verb_test,   &verb_send,
    &verb_simulate, &verb_routes, &verb_tail,      &verb_status,      &verb_reload, &verb_pause,
    &verb_resume,   &verb_parked, &verb_rejected,  &verb_retranslate, &verb_topics,
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

int verb_help(const struct verb *v)
{
    printf("weir %s - %s\n\n%s", v->name, v->summary, v->help);
    return 0;
}

int verb_usage(const struct verb *v, const char *fmt, ...)
{
    va_list ap;
    fprintf(stderr, "weir %s: ", v->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "; see 'weir %s --help'\n", v->name);
    return EXIT_USAGE;
}

int verb_fail(const struct verb *v, const struct err *e)
{
    fprintf(stderr, "weir %s: %s\n", v->name, e->text);
    return err_exit_code(e);
}

static int list_verbs(FILE *to)
{
    fprintf(to, "weir " WEIR_VERSION
                " - patient-flow events between the health and care organisations of a region\n\n"
                "Use: weir VERB [OPTION ...]\n\n");
    for (unsigned i = 0; i < VERBS; i++)
        fprintf(to, "  %-11s %s\n", verbs[i]->name, verbs[i]->summary);
    fprintf(to, "\n'weir VERB --help' says more, with an example. The configuration is --config "
                "FILE, else $WEIR_CONFIG,\n"
                "else weir.yaml here or in config/, else /etc/weir/weir.yaml.\n");
    return to == stderr ? EXIT_USAGE : 0;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return list_verbs(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0)
        return list_verbs(stdout);
    if (strcmp(argv[1], "--version") == 0) {
        puts("weir " WEIR_VERSION);
        return 0;
    }
    for (unsigned i = 0; i < VERBS; i++)
        if (strcmp(argv[1], verbs[i]->name) == 0)
            return verbs[i]->run(verbs[i], argc - 1, argv + 1);
    fprintf(stderr, "weir: there is no verb '%s'\n\n", argv[1]);
    return list_verbs(stderr);
}
