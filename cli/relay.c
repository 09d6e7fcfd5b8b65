/* weir relay - the process that copies an embedded stream to Kafka: starts it, waits until it has
 * caught up, leaves out a record that holds it up. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ask.h"
#include "clock.h"
#include "programs.h"
#include "rfc3339.h"

enum { LOOK_MS = 200 };

static int start(const struct options *o, struct err *reterr)
{
    char program[PATH_MAX];
    if (programs_find("weir-relay", "broker", program, reterr) < 0)
        return -1;
    execl(program, "weir-relay", "--config", o->config, (char *)NULL);
    return err_set(reterr, ERR_IO, "%s: %s", program, strerror(errno));
}

/* ---- wait ---- */

/* 1: what was appended before `since_ms` is on the nodes; 0: not yet. */
static int look(const struct options *o, int64_t since_ms, struct err *reterr)
{
    struct site *site;
    struct json *answer = NULL;
    int64_t oldest;
    int offset_min, rc = -1;
    if (site_open(o->config, SITE_NO_SECRETS, &site, reterr) < 0)
        return -1;
    if (ask_kind(site, "relay", "status", NULL, 0, o->timeout_ms, &answer, reterr) == 0) {
        const struct json *r = json_get(answer, "relay");
        struct slice at = json_text(r, "oldest");
        bool state = slice_eq_str(json_text(r, "copies"), "state");
        rc = !state &&
             (!slice_present(at) || (rfc3339_read(at, &oldest, &offset_min) && oldest > since_ms));
        if (rc == 0)
            err_fill(reterr, ERR_PEER,
                     "not all is copied yet: 'weir status' shows how much is left");
    }
    site_close(site);
    return rc;
}

static int wait_for(const struct options *o, struct err *reterr)
{
    int64_t since = clock_wall_ms(), until = clock_mono_ms() + o->timeout_ms;
    int got;
    while ((got = look(o, since, reterr)) == 0 && clock_mono_ms() < until)
        poll(NULL, 0, LOOK_MS);
    if (got > 0)
        puts("all that stood in the stream is on the nodes");
    return got > 0 ? 0 : -1;
}

/* ---- skip ---- */

static int skip(const struct options *o, char **argv, struct err *reterr)
{
    const struct ask_member members[] = {
        {"topic", argv[0]}, {"partition", argv[1]}, {"offset", argv[2]}, {"by", ask_user()}};
    if (ask_owner(o, "relay", "relay.skip", members, sizeof(members) / sizeof(members[0]), reterr) <
        0)
        return -1;
    printf("%s %s %s is left out; its partition goes on behind it\n", argv[0], argv[1], argv[2]);
    return 0;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    int code = options_read(self, OPTION_TIMEOUT, argc, argv, &o);
    if (code >= 0)
        return code;
    const char *what = o.rest < argc ? argv[o.rest] : "";
    int n = argc - o.rest, result;
    if (n == 0)
        result = start(&o, &err);
    else if (strcmp(what, "wait") == 0 && n == 1)
        result = wait_for(&o, &err);
    else if (strcmp(what, "skip") == 0 && n == 4)
        result = skip(&o, argv + o.rest + 1, &err);
    else
        return verb_usage(self, "nothing, wait, or skip TOPIC PARTITION OFFSET is expected");
    return result < 0 ? verb_fail(self, &err) : 0;
}

const struct verb verb_relay = {
    .name = "relay",
    .summary = "copy an embedded stream to Kafka, in order",
    .help =
        "Use: weir relay [--config FILE]\n"
        "     weir relay wait [--timeout 10s]\n"
        "     weir relay skip TOPIC PARTITION OFFSET\n\n"
        "Copies what the section `relay` of the configuration names, in order, and goes on where "
        "it stopped. 'weir run' starts it too. While the nodes\n"
        "are away it waits, and the files keep what is not copied, up to stream.disk_mark. Each "
        "record is copied at least once; repeats keep their ids.\n\n"
        "  wait             ends once all that stood in the stream when it was asked is durable on "
        "the nodes; exit code 75 where it is not in time\n"
        "  skip             leaves out a record that is larger than the nodes take (alarm "
        "relay_too_large; 'weir status' names it under held_up),\n"
        "                   so that its partition goes on; it stays in the file here, and is "
        "written to the audit log\n\n"
        "Example: weir relay --config /etc/weir/weir.yaml\n",
    .run = run,
};
