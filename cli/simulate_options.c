#include "simulate_options.h"

#include <getopt.h>
#include <stddef.h>
#include "drop.h"
#include "num.h"
#include "options.h"
#include "ward.h"

enum kind { TEXT, NUMBER, TIME, FLAG };

/* One row an option; getopt's value of it is the row's number and 1. */
static const struct row {
    const char *name;
    enum kind kind;
    size_t at;
    uint64_t min, max;
} rows[] = {
#define AT(member) offsetof(struct simulate_options, member)
    {"away", TEXT, AT(to[WAY_AWAY]), 0, 0},
    {"json", TEXT, AT(to[WAY_JSON]), 0, 0},
    {"fhir", TEXT, AT(to[WAY_FHIR]), 0, 0},
    {"drop", TEXT, AT(to[WAY_ROWS]), 0, 0},
    {"out", TEXT, AT(out), 0, 0},
    {"ledger", TEXT, AT(ledger), 0, 0},
    {"date", TEXT, AT(date), 0, 0},
    {"seed", NUMBER, AT(seed), 0, UINT64_MAX},
    {"hospitals", NUMBER, AT(hospitals), 1, HOSPITAL_MAX},
    {"connections", NUMBER, AT(connections), 1, 256},
    {"window", NUMBER, AT(window), 1, 1000},
    {"rate", NUMBER, AT(rate), 1, 10000000},
    {"speed", NUMBER, AT(speed), 1, 10000000},
    {"messages", NUMBER, AT(messages), 1, UINT32_MAX / 2},
    {"hours", NUMBER, AT(hours), 1, 24 * 366},
    {"from", NUMBER, AT(from), 0, 23},
    {"for", TIME, AT(for_ms), 1, INT64_MAX},
    {"answer-time", TIME, AT(answer_ms), 1, INT64_MAX},
    {"give-up", TIME, AT(give_up_ms), 1, INT64_MAX},
    {"odd", FLAG, AT(odd), 0, 0},
    {"wards", FLAG, AT(wards), 0, 0},
#undef AT
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), HELP = ROWS + 1 };

static bool take_number(const struct row *row, const char *value, uint64_t *ret)
{
    uint64_t n;
    if (!num_u64(slice_str(value), &n) || n < row->min || n > row->max)
        return false;
    *ret = n;
    return true;
}

static bool take(const struct row *row, const char *value, struct simulate_options *o)
{
    char *at = (char *)o + row->at;
    switch (row->kind) {
    case TEXT:
        memcpy(at, &value, sizeof(value));
        return true;
    case NUMBER:
        return take_number(row, value, (uint64_t *)(void *)at);
    case TIME:
        return num_duration_ms(slice_str(value), (int64_t *)(void *)at) &&
               *(int64_t *)(void *)at > 0;
    case FLAG:
        return *(bool *)(void *)at = true;
    }
    return false;
}

static int usage_of(const struct verb *v, const struct row *row)
{
    if (row->kind == TIME)
        return verb_usage(v, "--%s cannot be read: wanted a time like 30s", row->name);
    return verb_usage(v, "--%s cannot be read: wanted a number from %llu to %llu", row->name,
                      (unsigned long long)row->min, (unsigned long long)row->max);
}

/* Where to: only what the sector's systems send, and not into a folder besides. */
static int check_ways(const struct verb *v, const struct simulate_options *o)
{
    static const char *const names[WAYS] = {"HOST:PORT", "--away", "--json", "--fhir", "--drop"};
    bool acute = o->sector == SECTOR_ACUTE, any = false;
    for (unsigned way = 0; way < WAYS; way++) {
        if (o->to[way] && !sector_sends(o->sector, (enum way)way))
            return verb_usage(v, "%s: nothing of sector %s is sent in that way", names[way],
                              sector_name(o->sector));
        any = any || o->to[way];
    }
    if (any && o->out)
        return verb_usage(v, "HOST:PORT or --out, not both");
    if (!any && !acute && !o->wards && !(o->out && drop_is_folder(o->out)))
        return verb_usage(v, "%s sends in several ways: say where to, or --out FOLDER/",
                          sector_name(o->sector));
    return -1;
}

static int check(const struct verb *v, int argc, char **argv, struct simulate_options *o)
{
    if (optind < argc && sector_read(argv[optind], &o->sector))
        optind++;
    if (optind < argc)
        o->to[WAY_MLLP] = argv[optind++];
    if (optind < argc)
        return verb_usage(v, "one HOST:PORT is enough; '%s' is too many", argv[optind]);
    if (o->rate && o->speed)
        return verb_usage(v, "--rate or --speed, not both");
    if (o->odd && o->sector != SECTOR_ACUTE)
        return verb_usage(v, "--odd: only hospitals (acute) send odd messages");
    if (!o->messages && !o->for_ms && !o->hours)
        o->hours = 24;
    return check_ways(v, o);
}

int simulate_options_read(const struct verb *v, int argc, char **argv, struct simulate_options *ret)
{
    struct option all[ROWS + 2] = {{0}};
    struct simulate_options o = {.date = "2026-03-02",
                                 .seed = 1,
                                 .hospitals = 3,
                                 .connections = 4,
                                 .window = 1,
                                 .answer_ms = 30000};
    for (int i = 0; i < ROWS; i++)
        all[i] = (struct option){
            rows[i].name, rows[i].kind == FLAG ? no_argument : required_argument, NULL, i + 1};
    all[ROWS] = (struct option){"help", no_argument, NULL, HELP};
    optind = 1;
    opterr = 0;
    for (;;) {
        int opt = getopt_long(argc, argv, ":h", all, NULL);
        if (opt == -1)
            break;
        if (opt == 'h' || opt == HELP)
            return verb_help(v);
        if (opt == ':')
            return verb_usage(v, "%s needs a value", argv[optind - 1]);
        if (opt < 1 || opt > ROWS)
            return options_refused(v, all, argv);
        if (!take(&rows[opt - 1], optarg, &o))
            return usage_of(v, &rows[opt - 1]);
    }
    int code = check(v, argc, argv, &o);
    if (code < 0)
        *ret = o;
    return code;
}
