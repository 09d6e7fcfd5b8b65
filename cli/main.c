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
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "stdio_fds.h"
#include "verb.h"

static const struct verb *const verbs[] = {
    &verb_run,         &verb_check,  &verb_translate, &verb_explain, &verb_inspect,  &verb_test,
    &verb_send,        &verb_doctor, &verb_simulate,  &verb_routes,  &verb_tail,     &verb_status,
    &verb_reload,      &verb_pause,  &verb_resume,    &verb_parked,  &verb_rejected, &verb_frames,
    &verb_retranslate, &verb_topics, &verb_relay,     &verb_events,  &verb_codes,
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

static const struct verb *find(const char *name)
{
    for (unsigned i = 0; i < VERBS; i++)
        if (strcmp(name, verbs[i]->name) == 0)
            return verbs[i];
    return NULL;
}

static int unknown(const char *name)
{
    fprintf(stderr, "weir: there is no verb '%s'\n\n", name);
    return list_verbs(stderr);
}

static int run(int argc, char **argv)
{
    if (argc < 2)
        return list_verbs(stderr);
    bool help = strcmp(argv[1], "help") == 0;
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || (help && argc == 2))
        return list_verbs(stdout);
    if (strcmp(argv[1], "--version") == 0) {
        puts("weir " WEIR_VERSION);
        return 0;
    }
    const struct verb *v = find(argv[help ? 2 : 1]);
    if (!v)
        return unknown(argv[help ? 2 : 1]);
    return help ? verb_help(v) : v->run(v, argc - 1, argv + 1);
}

/* Half a list must not look like a whole one. A pipe whose reader has seen enough is no failure. */
static int flushed(int code)
{
    bool failed = fflush(stdout) != 0;
    struct pollfd out = {.fd = STDOUT_FILENO};
    if ((!failed && !ferror(stdout)) || (poll(&out, 1, 0) == 1 && (out.revents & POLLERR)))
        return code;
    if (code != 0 && code != EXIT_FOUND)
        return code;
    fprintf(stderr, "weir: standard output cannot be written: what stands there is not all\n");
    return EXIT_IO;
}

int main(int argc, char **argv)
{
    if (stdio_fds_hold() < 0)
        return EXIT_IO;
    return flushed(run(argc, argv));
}
