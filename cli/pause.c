/* weir pause, weir resume - hold a source, a route or a consumer, and let it go on. */
#include <stdio.h>
#include "ask.h"
#include "site.h"

/* The process that owns it. */
static int owner_of(const struct options *o, const char *kind, const char *name, char out[64],
                    struct err *reterr)
{
    struct site *site;
    snprintf(out, 64, "broker");
    if (strcmp(kind, "source") != 0)
        return 0;
    if (site_open(o->config, SITE_NO_SECRETS, &site, reterr) < 0)
        return -1;
    const struct site_source *s = site_source_find(site, slice_str(name));
    if (s)
        snprintf(out, 64, "%.*s", SLICE_ARG(s->adapter));
    site_close(site);
    return s ? 0 : err_set(reterr, ERR_INPUT, "there is no source '%s'", name);
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    char owner[64];
    int code = options_read(self, OPTION_REASON | OPTION_TIMEOUT, argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest + 2 != argc)
        return verb_usage(self, "wanted: source, route or consumer, and its name");
    const char *kind = argv[o.rest], *name = argv[o.rest + 1];
    if (strcmp(kind, "source") != 0 && strcmp(kind, "route") != 0 && strcmp(kind, "consumer") != 0)
        return verb_usage(self, "'%s' is neither source, route nor consumer", kind);
    const struct ask_member members[] = {
        {"kind", kind}, {"name", name}, {"reason", o.reason}, {"by", ask_user()}};
    if (owner_of(&o, kind, name, owner, &err) < 0 ||
        ask_owner(&o, owner, self->name, members, sizeof(members) / sizeof(members[0]), &err) < 0)
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
    "metric weir_paused.\n\n"

const struct verb verb_pause = {
    .name = "pause",
    .summary = "hold a source, a route or a consumer",
    .help = "Use: weir pause source|route|consumer NAME [--reason TEXT] [--timeout 10s]\n\n" COMMON
            "Example: weir pause consumer board --reason \"moves to another server\"\n",
    .run = run,
};

const struct verb verb_resume = {
    .name = "resume",
    .summary = "let go on what was paused",
    .help = "Use: weir resume source|route|consumer NAME [--reason TEXT] [--timeout 10s]\n\n" COMMON
            "Example: weir resume consumer board --reason \"the new server is up\"\n",
    .run = run,
};
