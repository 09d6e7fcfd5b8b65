/* weir reload - has every process read the configuration anew. */
#include <poll.h>
#include <stdio.h>
#include "ask.h"
#include "clock.h"
#include "config_open.h"
#include "processes.h"
#include "status_print.h"

enum { AGAIN_MS = 50 };

struct reload {
    const struct options *o;
    struct site *site;
    const char *data;
    bool refused;
};

static void say(const struct reload *r, const char *process, const struct json *answer,
                const struct err *why)
{
    if (r->o->json) {
        status_print_json(process, answer, why->text);
        return;
    }
    if (!answer) {
        printf("%s: %s%s\n", process, why->code == ERR_PEER ? "" : "refused: ", why->text);
        return;
    }
    struct slice taken = json_text(answer, "taken");
    const struct json *generation = json_get(answer, "generation");
    if (generation)
        printf("%s: generation %.*s: %.*s\n", process, SLICE_ARG(generation->text),
               SLICE_ARG(taken));
    else
        printf("%s: %.*s\n", process, SLICE_ARG(taken));
}

/* A process that was just started opens its control socket a moment later. */
static int ask_patiently(const struct reload *r, const char *process, struct json **ret,
                         struct err *reterr)
{
    int64_t until = clock_mono_ms() + r->o->timeout_ms;
    int rc;
    while ((rc = ask_process(r->data, process, "reload", NULL, 0, r->o->timeout_ms, r->site->arena,
                             ret, reterr)) < 0 &&
           reterr->code == ERR_PEER && clock_mono_ms() < until)
        poll(NULL, 0, AGAIN_MS);
    return rc;
}

/* True where `weir run` watches the processes: it starts and ends adapters first. */
static bool ask_runners(struct reload *r)
{
    const char *names[PROCESSES_MAX];
    unsigned n = processes_like(r->site, "run", names);
    bool any = false;
    for (unsigned i = 0; i < n && !r->refused; i++) {
        struct json *answer;
        struct err err = {0};
        int rc = ask_process(r->data, names[i], "reload", NULL, 0, r->o->timeout_ms, r->site->arena,
                             &answer, &err);
        if (rc < 0 && err.code == ERR_PEER)
            continue;
        any = true;
        r->refused = rc < 0;
        say(r, names[i], rc < 0 ? NULL : answer, &err);
    }
    return any;
}

static bool answers(const struct reload *r, const char *process)
{
    struct json *answer;
    struct err err;
    return ask_process(r->data, process, "status", NULL, 0, r->o->timeout_ms, r->site->arena,
                       &answer, &err) == 0;
}

/* None answers in the folder that the configuration names: perhaps it names another one since. */
static void explain_silence(const struct reload *r, const char *names[], unsigned n,
                            struct err *err)
{
    for (unsigned i = 0; i < n; i++)
        if (answers(r, names[i]))
            return;
    const struct yaml *data = yaml_get(r->site->root, "data");
    yaml_fill(data ? data : r->site->root, err,
              "data: no process answers in %s. Has it been another folder until now? A change of "
              "data takes a restart: of all processes, for those that run stay with theirs",
              r->data);
}

static void ask_all(struct reload *r)
{
    const char *names[PROCESSES_MAX];
    bool patient = ask_runners(r), answered = patient;
    unsigned n = processes_of(r->site, names);
    for (unsigned i = 0; i < n; i++) {
        struct json *answer = NULL;
        struct err err = {0};
        if (r->refused) {
            fprintf(stderr, "weir reload: %s was not asked\n", names[i]);
            continue;
        }
        int rc = patient ? ask_patiently(r, names[i], &answer, &err)
                         : ask_process(r->data, names[i], "reload", NULL, 0, r->o->timeout_ms,
                                       r->site->arena, &answer, &err);
        r->refused = rc < 0;
        if (rc < 0 && err.code == ERR_PEER && !answered)
            explain_silence(r, names + i + 1, n - i - 1, &err);
        answered = true;
        say(r, names[i], rc < 0 ? NULL : answer, &err);
    }
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    struct reload r = {.o = &o};
    int code = options_read(self, OPTION_JSON | OPTION_TIMEOUT | OPTION_DATA, argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest < argc)
        return verb_usage(self, "%s: nothing more is expected", argv[o.rest]);
    if (config_open(&o, SITE_NO_SECRETS, &r.site, &err) < 0)
        return verb_fail(self, &err);
    r.data = site_path(r.site, r.site->data);
    ask_all(&r);
    site_close(r.site);
    return r.refused ? EXIT_FOUND : 0;
}

const struct verb verb_reload = {
    .name = "reload",
    .summary = "have all processes take the configuration as it is now",
    .help =
        "Use: weir reload [--json] [--data DIR] [--timeout 10s]\n\n"
        "Asks 'weir run', where that watches them, then each adapter, then the broker. A process "
        "takes all of the new configuration or nothing\n"
        "of it: a wrong one is refused with file:line:column and the old one stays. The first that "
        "refuses is the last that is asked. SIGHUP\n"
        "does the same to one process, or, to 'weir run', to all.\n\n"
        "Taken while running, without losing anything: sources (maps, overlays, tables, limits, "
        "addresses; new ones and those that are gone; open\n"
        "connections are kept, and keep their frame limit), rules, keep-lists, lists, and "
        "consumers "
        "(url, limits; new ones and those that are\n"
        "gone). A restart takes: data, stream, keys, journey, listen, message_arena and the key of "
        "a route.\n\n"
        "Prints per process the generation of its configuration (1 at its start) and what was "
        "taken. Exit code 1 when one refused. --data DIR asks those that run on that data "
        "folder.\n\n"
        "Example: weir reload --timeout 30s    (and before it: weir check)\n",
    .run = run,
};
