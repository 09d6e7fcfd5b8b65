/* weir status - what each process of a site says of itself. */
#include <stdio.h>
#include "ask.h"
#include "config_open.h"
#include "processes.h"
#include "status_print.h"

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct site *site;
    struct err err = {0};
    const char *names[PROCESSES_MAX];
    bool away = false;
    int code = options_read(self, OPTION_JSON | OPTION_TIMEOUT | OPTION_DATA, argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest < argc)
        return verb_usage(self, "%s: nothing more is expected", argv[o.rest]);
    if (config_open(&o, 0, &site, &err) < 0)
        return verb_fail(self, &err);
    unsigned n = processes_of(site, names);
    for (unsigned i = 0; i < n; i++) {
        struct json *answer = NULL;
        if (ask_process(site_path(site, site->data), names[i], "status", NULL, 0, o.timeout_ms,
                        site->arena, &answer, &err) < 0)
            away = true;
        if (o.json)
            status_print_json(names[i], answer, err.text);
        else
            status_print(names[i], answer, err.text);
    }
    site_close(site);
    return away ? EXIT_FOUND : 0;
}

const struct verb verb_status = {
    .name = "status",
    .summary = "what each process is doing",
    .help = "Use: weir status [--json] [--data DIR] [--timeout 10s]\n\n"
            "Asks every process of the configuration over its control socket. Exit code 1 when one "
            "does not answer.\n"
            "While the file is broken it goes by the configuration that was taken last, as all "
            "verbs do "
            "that look at what runs, and says so;\n"
            "--data DIR: by the one that was taken in that data folder, whatever the file says.\n\n"
            "Example: weir status --json | grep consumers\n",
    .run = run,
};
