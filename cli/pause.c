/* weir pause, weir resume - hold a source, a route or a consumer, and let it go on. */
#include <stdio.h>
#include "ask.h"
#include "config_open.h"
#include "site.h"

/* The kind of process that owns it, or NULL. */
static const char *owner_of(const struct site *site, const char *kind, const char *name,
                            struct err *reterr)
{
    if (strcmp(kind, "source") != 0)
        return "broker";
    const struct site_source *s = site_source_find(site, slice_str(name));
    if (!s)
        err_fill(reterr, ERR_INPUT, "there is no source '%s'", name);
    return s ? s->adapter.p : NULL;
}

static int ask(const struct options *o, const char *what, const char *kind, const char *name,
               struct err *reterr)
{
    const struct ask_member members[] = {
        {"kind", kind}, {"name", name}, {"reason", o->reason}, {"by", ask_user()}};
    struct site *site;
    struct json *answer;
    if (config_open(o, SITE_NO_SECRETS, &site, reterr) < 0)
        return -1;
    const char *owner = owner_of(site, kind, name, reterr);
    int result = owner ? ask_kind(site, owner, what, members, sizeof(members) / sizeof(members[0]),
                                  o->timeout_ms, &answer, reterr)
                       : -1;
    site_close(site);
    return result;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    int code = options_read(self, OPTION_REASON | OPTION_TIMEOUT | OPTION_DATA, argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest + 2 != argc)
        return verb_usage(self, "wanted: source, route or consumer, and its name");
    const char *kind = argv[o.rest], *name = argv[o.rest + 1];
    if (strcmp(kind, "source") != 0 && strcmp(kind, "route") != 0 && strcmp(kind, "consumer") != 0)
        return verb_usage(self, "'%s' is neither source, route nor consumer", kind);
    if (ask(&o, self->name, kind, name, &err) < 0)
        return verb_fail(self, &err);
    printf("%s %s is %s\n", kind, name, self == &verb_pause ? "paused" : "resumed");
    return 0;
}

#define COMMON                                                                                     \
    "A source: its connections stay and new ones are accepted, but nothing is read from them, so " \
    "that its sender waits for an answer and\n"                                                    \
    "sends again after its own timeout; what was read before is answered. A consumer: no more "    \
    "attempts are made, nothing is parked, and\n"                                                  \
    "its lag grows; what is under way ends. A route: its consumers, all of them; events go on "    \
    "being appended to it, so that nobody loses\n"                                                 \
    "any. The stream keeps what a paused consumer has not read up to the disk mark "               \
    "(stream.disk_mark), as for one that is away.\n\n"                                             \
    "It holds until 'weir resume', over restarts and reloads; it is written to the audit log, "    \
    "and "                                                                                         \
    "shows in 'weir status' and in the\n"                                                          \
    "metric weir_paused. --data DIR: as in 'weir status --help'.\n\n"

const struct verb verb_pause = {
    .name = "pause",
    .summary = "hold a source, a route or a consumer",
    .help = "Use: weir pause source|route|consumer NAME [--reason TEXT] [--data DIR] [--timeout "
            "10s]\n\n" COMMON
            "Example: weir pause consumer board --reason \"moves to another server\"\n",
    .run = run,
};

const struct verb verb_resume = {
    .name = "resume",
    .summary = "let go on what was paused",
    .help =
        "Use: weir resume source|route|consumer NAME [--reason TEXT] [--data DIR] [--timeout "
        "10s]\n\n" COMMON "Example: weir resume consumer board --reason \"the new server is up\"\n",
    .run = run,
};
