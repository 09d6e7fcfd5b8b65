/* weir simulate - what a sector's systems tell of a synthetic region: to adapters, into files, or
 * out. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "pace.h"
#include "senders.h"
#include "simulate_options.h"
#include "world.h"

enum {
    TURN_MS = 100,    /* how long to wait for the network before looking round */
    LOOK_EVERY = 256, /* messages between two looks at signals and the clock */
    NS_A_MS = 1000000,
    HOUR_S = 3600,
    TEXT_MAX = 1024 * 1024,
    ODD_PERMILLE = 20,
};

struct run {
    struct simulate_options o;
    struct world *world;
    struct zone *zone;
    struct ledger *ledger;
    struct senders *senders;
    struct pace pace;
    int signals;
    int64_t start_s; /* the first midnight */
    int64_t from_s;  /* what happens before is not told */
    int64_t end_ms;  /* the end of --for; 0: none */
    uint64_t made;
    unsigned asked_to_stop;
};

static int start_of(struct run *r, struct err *reterr)
{
    struct tm day = {0};
    const char *end = strptime(r->o.date, "%Y-%m-%d", &day);
    const int written = day.tm_mday;
    const time_t midnight = timegm(&day); /* makes 30 February the 2nd of March */
    if (!end || *end || day.tm_mday != written)
        return err_set(reterr, ERR_INPUT, "--date %s is no date: wanted YYYY-MM-DD", r->o.date);
    r->start_s = zone_from_local(r->zone, midnight).instant_s;
    r->from_s = r->start_s + (int64_t)r->o.from * HOUR_S;
    return 0;
}

/* What is wanted: what has an address; without any, all that the sector sends. */
static unsigned ways(const struct simulate_options *o)
{
    unsigned given = 0, all = 0;
    for (unsigned way = 0; way < WAYS; way++) {
        given |= o->to[way] ? 1U << way : 0;
        all |= sector_sends(o->sector, (enum way)way) ? 1U << way : 0;
    }
    if (o->sector == SECTOR_ACUTE)
        all = 1U << WAY_MLLP;
    return given ? given : all;
}

static int open_world(struct run *r, struct err *reterr)
{
    if (zone_open(ZONE_DIR, "Europe/London", &r->zone, reterr) < 0 || start_of(r, reterr) < 0)
        return -1;
    const struct world_options options = {
        .sector = r->o.sector,
        .ways = ways(&r->o),
        .seed = r->o.seed,
        .hospitals = (unsigned)r->o.hospitals,
        .start = r->start_s,
        .odd = r->o.odd ? ODD_PERMILLE : 0,
        .zone = r->zone,
    };
    return world_open(&options, &r->world, reterr);
}

/* SIGINT and SIGTERM are looked for when it suits; a second one is not waited for. */
static int open_signals(struct run *r, struct err *reterr)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    r->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return r->signals < 0 ? err_set(reterr, ERR_IO, "signalfd: %s", strerror(errno)) : 0;
}

static int open_all(struct run *r, struct err *reterr)
{
    r->signals = -1;
    if (open_world(r, reterr) < 0 || open_signals(r, reterr) < 0)
        return -1;
    if (r->o.ledger && ledger_open(r->o.ledger, &r->ledger, reterr) < 0)
        return -1;
    if (senders_open(&r->o, r->ledger, &r->senders, reterr) < 0)
        return -1;
    r->pace = (struct pace){r->o.rate, r->o.speed, clock_mono_ns(), r->from_s};
    r->end_ms = r->o.for_ms ? clock_mono_ms() + r->o.for_ms : 0;
    return 0;
}

static int close_all(struct run *r, struct err *reterr)
{
    int result = senders_close(r->senders, reterr);
    if (result == 0)
        result = ledger_close(r->ledger, reterr);
    world_close(r->world);
    zone_close(r->zone);
    if (r->signals >= 0)
        close(r->signals);
    return result;
}

/* ---- sending ---- */

static bool stopping(struct run *r)
{
    struct signalfd_siginfo info;
    while (read(r->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        r->asked_to_stop++;
    return r->asked_to_stop || (r->end_ms && clock_mono_ms() >= r->end_ms);
}

/* Nobody has answered for as long as the user was ready to wait, or was asked twice to stop. */
static bool given_up(struct run *r)
{
    struct feed_counts c;
    senders_counts(r->senders, &c);
    return r->asked_to_stop > 1 ||
           (r->o.give_up_ms && c.waiting && clock_mono_ms() - c.last_ms >= r->o.give_up_ms);
}

static void wait_a_little(struct run *r, int64_t ms)
{
    senders_turn(r->senders, ms > TURN_MS ? TURN_MS : ms);
}

/* Waits until the message is due and there is room for it; false where it is time to stop. */
static bool wait_for(struct run *r, const struct telling *t, struct err *reterr)
{
    int64_t due = pace_due(&r->pace, r->made, t->sent);
    bool paced = r->o.rate || r->o.speed;
    if (r->made % LOOK_EVERY == 0 && stopping(r))
        return false;
    while (paced && due > clock_mono_ns()) {
        if (senders_flush(r->senders, reterr) < 0)
            return false;
        wait_a_little(r, (due - clock_mono_ns() + NS_A_MS - 1) / NS_A_MS);
        if (stopping(r))
            return false;
    }
    while (!senders_room(r->senders, t)) {
        wait_a_little(r, TURN_MS);
        if (stopping(r) || given_up(r))
            return false;
    }
    return true;
}

static int send_one(struct run *r, struct telling *t, struct err *reterr)
{
    ledger_made(r->ledger, t);
    if (t->twice)
        ledger_again(r->ledger, t->key);
    if (senders_put(r->senders, t, reterr) < 0)
        return -1;
    r->made++;
    if (r->made % 8 == 0 || r->o.rate || r->o.speed)
        senders_turn(r->senders, 0);
    return senders_drop(r->senders, t->sent, reterr);
}

static bool long_enough(const struct run *r, const struct telling *t)
{
    return (r->o.messages && r->made >= r->o.messages) ||
           (r->o.hours && t->sent - r->from_s >= (int64_t)r->o.hours * HOUR_S);
}

static int send_some(struct run *r, struct err *reterr)
{
    struct telling t;
    for (;;) {
        if (world_next(r->world, &t, reterr) < 0)
            return -1;
        if (t.sent < r->from_s)
            continue;
        if (long_enough(r, &t))
            return 0;
        reterr->code = ERR_NONE;
        if (!wait_for(r, &t, reterr))
            return reterr->code == ERR_NONE ? 0 : -1;
        if (send_one(r, &t, reterr) < 0)
            return -1;
    }
}

static int send_all(struct run *r, struct err *reterr)
{
    return send_some(r, reterr) < 0 ? -1 : senders_drop(r->senders, INT64_MAX, reterr);
}

/* What is under way is waited for; then what was promised is told. Returns the exit code. */
static int settle(struct run *r)
{
    struct feed_counts c;
    for (;;) {
        senders_counts(r->senders, &c);
        if (c.waiting == 0)
            break;
        (void)stopping(r);
        if (given_up(r))
            break;
        senders_turn(r->senders, TURN_MS);
    }
    if (!senders_answered(r->senders))
        return 0;
    const char *trouble = senders_trouble(r->senders);
    double took = (double)(clock_mono_ns() - r->pace.start_ns) / 1e9;
    fprintf(stderr,
            "weir simulate %s: %llu messages in %.1f s: %llu acknowledged, %llu refused as meant, "
            "%llu answered wrongly, %llu unanswered; %llu reconnects%s%s\n",
            sector_name(r->o.sector), (unsigned long long)r->made, took,
            (unsigned long long)c.acknowledged, (unsigned long long)c.refused_meant,
            (unsigned long long)c.wrong, (unsigned long long)c.waiting,
            (unsigned long long)c.reconnects, *trouble ? ", the last: " : "", trouble);
    return c.wrong || c.waiting ? EXIT_FOUND : 0;
}

static int print_wards(const struct simulate_options *o)
{
    struct buf out;
    buf_init(&out, TEXT_MAX);
    world_wards_write(&out, o->sector, (unsigned)o->hospitals);
    size_t n = fwrite(out.p, 1, out.n, stdout);
    bool good = n == out.n && buf_ok(&out);
    buf_fini(&out);
    return good ? 0 : EXIT_FOUND;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct run r = {0};
    struct err err = {0}, ignored = {0};
    int code = simulate_options_read(self, argc, argv, &r.o);
    if (code >= 0)
        return code;
    if (r.o.wards)
        return print_wards(&r.o);
    int result = open_all(&r, &err);
    if (result == 0)
        result = send_all(&r, &err);
    if (result == 0)
        code = settle(&r);
    if (close_all(&r, result == 0 ? &err : &ignored) < 0)
        result = -1;
    return result < 0 ? verb_fail(self, &err) : code;
}

const struct verb verb_simulate = {
    .name = "simulate",
    .summary = "a region's hospitals, ambulances and teams to test with",
    .help =
        "Use: weir simulate [acute] [OPTION ...] [HOST:PORT | --out FILE|FOLDER/]\n"
        "     weir simulate ambulance|community|mental-health [OPTION ...] [HOST:PORT]\n\n"
        "Invented people (NHS numbers of the 999 range) come to several hospitals by the hour of "
        "the day: emergency department, same-day care,\n"
        "wards, elective mornings, clinics; with moves, cancels (A11 A12 A13 A38), merges (A40), "
        "numbers that become known midway, bursts of A08,\n"
        "late entry, messages sent twice and again under another control id. The same options "
        "give the same bytes. Without HOST:PORT and\n"
        "--out, to standard output. A folder gets a file for each message; it may be the drop "
        "folder of a source (docs/files.md).\n"
        "To a port, a patient's messages keep to one connection, what was not answered is sent "
        "again over a new one,\n"
        "and exit code 0 means that every message was acknowledged (or refused where --odd meant "
        "it so).\n\n"
        "The other sectors tell of the same people, with the same --seed, --date and --hospitals: "
        "who comes by ambulance was called for an hour\n"
        "before, who leaves a ward is visited at home, who leaves an emergency department may be "
        "seen by a mental health team. One process\n"
        "sends for one sector; what has no address is not sent (with --out FOLDER/, all):\n"
        "  acute          HOST:PORT HL7 v2; --fhir URL Care Act notices\n"
        "  ambulance      --json URL statuses of despatch (CAD); --drop FOLDER/ patient records "
        "(ePCR, CSV); --fhir URL BaRS referrals\n"
        "  community      HOST:PORT registrations; --fhir URL visits, appointments, caseloads; "
        "--drop FOLDER/ extracts (CSDS, CSV)\n"
        "  mental-health  HOST:PORT stays and leave; --away HOST:PORT stays at the provider that "
        "takes placements; --fhir URL placement tasks;\n"
        "                 --drop FOLDER/ extracts (MHSDS, CSV)\n"
        "URL is that of the source: with `path` of `http:`, or `base` of `fhir:`. A dropped file "
        "holds what was told in fifteen simulated minutes\n"
        "and the rows of the file before; its rows count as acknowledged when its report says "
        "done.\n\n"
        "How long (a day unless told; the first that is reached):\n"
        "  --messages N      so many\n"
        "  --for 20s         so long by the clock on the wall\n"
        "  --hours N         so many hours of simulated time\n"
        "How fast (as fast as answers come unless told):\n"
        "  --rate N          messages a second\n"
        "  --speed N         simulated seconds a second; 1 is real time\n"
        "What:\n"
        "  --seed N          another seed, other people (1)\n"
        "  --date DAY        the first day (2026-03-02); 2026-10-25 and 2026-03-29 change the "
        "clocks\n"
        "  --from HOUR       what happens earlier on the first day is not sent (0)\n"
        "  --hospitals N     1 to 36 (3); organisations RZZ, RZY, RZX, ...\n"
        "  --odd             some messages are odd: LF ends, no PID-3, unknown wards, bad dates, "
        "undeclared charset, merges without MRG\n"
        "  --wards           prints what a site must know of their wards, for table_files; "
        "nothing is sent\n"
        "  --ledger FILE     what was made, sent and answered, and which events it must give; one "
        "JSON object a line\n"
        "To an address:\n"
        "  --connections N   (4)\n"
        "  --window N        unanswered messages on each (1); with more, a message may overtake "
        "one "
        "that is told to come later\n"
        "  --answer-time T   an answer that takes longer: the connection is given up (30s)\n"
        "  --give-up T       end when nothing was answered for so long (never)\n"
        "SIGINT or SIGTERM makes no more messages and waits for the answers; a second one does "
        "not wait.\n\n"
        "Example: weir simulate --messages 500 | weir translate -\n"
        "Example: weir simulate --messages 100 --out /srv/weir/pas-history/\n"
        "Example: weir simulate ambulance --json http://127.0.0.1:2580/cad --drop /srv/weir/epcr/ "
        "--speed 60\n"
        "Example: weir simulate --rate 20 --for 1m --ledger sent.ndjson 127.0.0.1:2575\n",
    .run = run,
};
