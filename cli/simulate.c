/* weir simulate - a synthetic region's hospitals: their messages to a port, into files, or out. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "hospital_message.h"
#include "message_out.h"
#include "mllp_feed.h"
#include "pace.h"
#include "region.h"
#include "simulate_options.h"

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
    struct region *region;
    struct zone *zone;
    struct ledger *ledger;
    struct mllp_feed *feed; /* or else: */
    struct message_out out;
    bool has_out;
    struct buf text;
    struct hospital_style style;
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

static int open_region(struct run *r, struct err *reterr)
{
    if (zone_open(ZONE_DIR, "Europe/London", &r->zone, reterr) < 0 || start_of(r, reterr) < 0)
        return -1;
    struct region_options options = {
        .seed = r->o.seed,
        .hospitals = (unsigned)r->o.hospitals,
        .start = r->start_s,
        .odd = r->o.odd ? ODD_PERMILLE : 0,
        .zone = r->zone,
    };
    r->style = (struct hospital_style){r->o.seed, r->zone};
    return region_open(&options, &r->region, reterr);
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

static int open_target(struct run *r, struct err *reterr)
{
    struct mllp_feed_options options = {
        .address = r->o.address,
        .connections = (unsigned)r->o.connections,
        .window = (unsigned)r->o.window,
        .answer_ms = r->o.answer_ms,
    };
    if (r->o.address)
        return mllp_feed_open(&options, r->ledger, &r->feed, reterr);
    if (message_out_open(r->o.out, &r->out, reterr) < 0)
        return -1;
    r->has_out = true;
    return 0;
}

static int open_all(struct run *r, struct err *reterr)
{
    buf_init(&r->text, TEXT_MAX);
    r->signals = -1;
    if (open_region(r, reterr) < 0 || open_signals(r, reterr) < 0)
        return -1;
    if (r->o.ledger && ledger_open(r->o.ledger, &r->ledger, reterr) < 0)
        return -1;
    if (open_target(r, reterr) < 0)
        return -1;
    r->pace = (struct pace){r->o.rate, r->o.speed, clock_mono_ns(), r->from_s};
    r->end_ms = r->o.for_ms ? clock_mono_ms() + r->o.for_ms : 0;
    return 0;
}

static int close_all(struct run *r, struct err *reterr)
{
    int result = r->has_out ? message_out_close(&r->out, reterr) : 0;
    mllp_feed_close(r->feed);
    if (result == 0)
        result = ledger_close(r->ledger, reterr);
    region_close(r->region);
    zone_close(r->zone);
    buf_fini(&r->text);
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
    struct mllp_feed_counts c;
    mllp_feed_counts(r->feed, &c);
    return r->asked_to_stop > 1 ||
           (r->o.give_up_ms && c.waiting && clock_mono_ms() - c.last_ms >= r->o.give_up_ms);
}

static void wait_a_little(struct run *r, int64_t ms)
{
    if (ms > TURN_MS)
        ms = TURN_MS;
    if (r->feed)
        mllp_feed_turn(r->feed, ms);
    else if (ms > 0)
        nanosleep(&(struct timespec){.tv_nsec = (long)ms * NS_A_MS}, NULL);
}

/* Waits until the message is due and there is room for it; false where it is time to stop. */
static bool wait_for(struct run *r, const struct notice *n, struct err *reterr)
{
    int64_t due = pace_due(&r->pace, r->made, n->sent);
    bool paced = r->o.rate || r->o.speed;
    if (r->made % LOOK_EVERY == 0 && stopping(r))
        return false;
    while (paced && due > clock_mono_ns()) {
        if (r->has_out && message_out_flush(&r->out, reterr) < 0)
            return false;
        wait_a_little(r, (due - clock_mono_ns() + NS_A_MS - 1) / NS_A_MS);
        if (stopping(r))
            return false;
    }
    while (r->feed && !mllp_feed_room(r->feed, n->person, 2)) {
        wait_a_little(r, TURN_MS);
        if (stopping(r) || given_up(r))
            return false;
    }
    return true;
}

static int put_out(struct run *r, struct slice bytes, unsigned copies, struct err *reterr)
{
    int result = 0;
    while (result == 0 && copies--) {
        buf_put(message_out_begin(&r->out), bytes);
        result = message_out_end(&r->out, reterr);
    }
    return result;
}

static int put_on_line(struct run *r, const struct notice *n, const char *id, struct slice bytes,
                       struct err *reterr)
{
    bool refuse = n->odd == ODD_NO_MRG;
    int result = mllp_feed_put(r->feed, n->person, id, bytes, refuse, reterr);
    if (result == 0 && n->twice)
        result = mllp_feed_put(r->feed, n->person, id, bytes, refuse, reterr);
    if (result == 0 && (r->made % 8 == 0 || r->o.rate || r->o.speed))
        mllp_feed_turn(r->feed, 0);
    return result;
}

static int send_one(struct run *r, const struct notice *n, struct err *reterr)
{
    char id[CONTROL_ID_SIZE];
    buf_reset(&r->text);
    hospital_control_id(r->o.seed, n->serial, id);
    hospital_message_write(&r->text, &r->style, n);
    if (!buf_ok(&r->text))
        return err_set(reterr, ERR_NOMEM, "no memory for a message");
    ledger_made(r->ledger, n, id, buf_slice(&r->text));
    if (n->twice)
        ledger_again(r->ledger, id);
    r->made++;
    if (r->feed)
        return put_on_line(r, n, id, buf_slice(&r->text), reterr);
    ledger_sent(r->ledger, id, 0);
    return put_out(r, buf_slice(&r->text), n->twice ? 2 : 1, reterr);
}

static bool long_enough(const struct run *r, const struct notice *n)
{
    return (r->o.messages && r->made >= r->o.messages) ||
           (r->o.hours && n->sent - r->from_s >= (int64_t)r->o.hours * HOUR_S);
}

static int send_all(struct run *r, struct err *reterr)
{
    struct notice n;
    for (;;) {
        if (region_next(r->region, &n, reterr) < 0)
            return -1;
        if (n.sent < r->from_s)
            continue;
        if (long_enough(r, &n))
            return 0;
        reterr->code = ERR_NONE;
        if (!wait_for(r, &n, reterr))
            return reterr->code == ERR_NONE ? 0 : -1;
        if (send_one(r, &n, reterr) < 0)
            return -1;
    }
}

/* What is under way is waited for; then what was promised is told. Returns the exit code. */
static int settle(struct run *r)
{
    struct mllp_feed_counts c;
    if (!r->feed)
        return 0;
    for (;;) {
        mllp_feed_counts(r->feed, &c);
        if (c.waiting == 0)
            break;
        (void)stopping(r);
        if (given_up(r))
            break;
        mllp_feed_turn(r->feed, TURN_MS);
    }
    double took = (double)(clock_mono_ns() - r->pace.start_ns) / 1e9;
    fprintf(stderr,
            "weir simulate: %llu messages in %.1f s: %llu acknowledged, %llu refused as meant, "
            "%llu answered wrongly, %llu unanswered; %llu reconnects%s%s\n",
            (unsigned long long)r->made, took, (unsigned long long)c.acknowledged,
            (unsigned long long)c.refused_meant, (unsigned long long)c.wrong,
            (unsigned long long)c.waiting, (unsigned long long)c.reconnects,
            c.reconnects ? ", the last: " : "", mllp_feed_trouble(r->feed));
    return c.wrong || c.waiting ? EXIT_FOUND : 0;
}

static int print_wards(const struct simulate_options *o)
{
    struct buf out;
    buf_init(&out, TEXT_MAX);
    hospital_wards_write(&out, (unsigned)o->hospitals);
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
    .summary = "a region's hospitals to test with: HL7 v2 to a port, into files, or out",
    .help =
        "Use: weir simulate [OPTION ...] [HOST:PORT | --out FILE|FOLDER/]\n\n"
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
        "To a port:\n"
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
        "Example: weir simulate --rate 20 --for 1m --ledger sent.ndjson 127.0.0.1:2575\n",
    .run = run,
};
