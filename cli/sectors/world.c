#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include "hospital_message.h"
#include "mental_write.h"
#include "patients.h"
#include "segment.h"
#include "world_parts.h"

enum {
    AGENDA_MAX = WORLD_AFFAIRS_MAX * 8,
    TEXT_MAX = 64 * 1024,
    TWICE_PERMILLE = 3,
    ARRIVE_PERMILLE = 330, /* by ambulance, of those who come to an emergency department */
    SDEC_PERMILLE = 250,   /* and of those who come to same-day care */
    FELL_PERMILLE = 80,    /* for each hundred who come to an emergency department, eight fall */
    CARE_PERMILLE = 400,   /* of those who leave a ward for home */
    TOLD_MAX = 1 << 26,
};

static const char no_memory[] = "no memory for more of the world";
static const char too_much[] = "more is under way than a world holds";

static const struct sector_plan *const plans[SECTORS] = {
    [SECTOR_ACUTE] = &plan_acute,
    [SECTOR_AMBULANCE] = &plan_ambulance,
    [SECTOR_COMMUNITY] = &plan_community,
    [SECTOR_MENTAL_HEALTH] = &plan_mental_health,
};

int world_open(const struct world_options *options, struct world **ret, struct err *reterr)
{
    struct region_options region = {
        .seed = options->seed,
        .hospitals = options->hospitals,
        .start = options->start,
        .odd = options->odd,
        .zone = options->zone,
    };
    struct world *w = calloc(1, sizeof(*w));
    if (!w)
        return err_set(reterr, ERR_NOMEM, "no memory for a world");
    w->options = *options;
    w->plan = plans[options->sector];
    w->now = options->start;
    agenda_init(&w->agenda, AGENDA_MAX);
    buf_init(&w->text, TEXT_MAX);
    int result = region_open(&region, &w->region, reterr);
    if (result == 0)
        w->plan->begin(w);
    if (result == 0 && w->failed)
        result = err_set(reterr, ERR_LIMIT, "%s", w->failed);
    if (result < 0)
        world_close(w);
    else
        *ret = w;
    return result;
}

void world_close(struct world *w)
{
    if (!w)
        return;
    region_close(w->region);
    agenda_fini(&w->agenda);
    buf_fini(&w->text);
    free(w->affairs);
    free(w->unused);
    free(w->told);
    free(w);
}

/* ---- what the sectors' plans are written with ---- */

static uint64_t mix(const struct world *w, uint32_t number, unsigned salt)
{
    return dice_mix(w->options.seed ^ dice_mix((uint64_t)salt << 32 | number));
}

bool world_fate(const struct world *w, uint32_t visit, unsigned salt, unsigned permille)
{
    return mix(w, visit, salt) % 1000 < permille;
}

bool world_first(struct world *w, uint32_t what)
{
    if (what >= w->told_bits) {
        size_t bits = w->told_bits ? w->told_bits * 2 : 1 << 16;
        while (bits <= what)
            bits *= 2;
        uint64_t *more = bits <= TOLD_MAX ? realloc(w->told, bits / 8) : NULL;
        if (!more) {
            w->failed = bits <= TOLD_MAX ? no_memory : "more visits than a world can tell of";
            return false;
        }
        memset(more + w->told_bits / 64, 0, (bits - w->told_bits) / 8);
        w->told = more;
        w->told_bits = bits;
    }
    uint64_t bit = 1ULL << what % 64, *word = &w->told[what / 64];
    bool first = !(*word & bit);
    *word |= bit;
    return first;
}

int64_t world_draw(struct affair *a, int64_t lo, int64_t hi)
{
    a->dice = dice_mix(a->dice);
    return lo + (int64_t)(a->dice % (uint64_t)(hi - lo + 1));
}

static bool room(struct world *w)
{
    if (w->naffairs < w->cap)
        return true;
    uint32_t cap = w->cap ? w->cap * 2 : 256;
    struct affair *affairs =
        cap <= WORLD_AFFAIRS_MAX ? realloc(w->affairs, cap * sizeof(*affairs)) : NULL;
    w->affairs = affairs ? affairs : w->affairs;
    uint32_t *unused = affairs ? realloc(w->unused, cap * sizeof(*unused)) : NULL;
    w->unused = unused ? unused : w->unused;
    w->cap = unused ? cap : w->cap;
    if (!unused)
        w->failed = cap <= WORLD_AFFAIRS_MAX ? no_memory : too_much;
    return unused != NULL;
}

uint32_t world_affair(struct world *w, struct who who, uint32_t number)
{
    if (w->nunused == 0 && !room(w))
        return UINT32_MAX;
    uint32_t i = w->nunused ? w->unused[--w->nunused] : w->naffairs++;
    w->affairs[i] = (struct affair){.who = who, .number = number};
    w->affairs[i].dice = mix(w, number, w->options.sector);
    return i;
}

void world_end(struct world *w, uint32_t affair)
{
    w->unused[w->nunused++] = affair;
}

void world_plan(struct world *w, int64_t at, uint32_t what, uint32_t affair)
{
    if (!agenda_put(&w->agenda, at, what, affair))
        w->failed = w->agenda.n < AGENDA_MAX ? no_memory : too_much;
}

int64_t world_hour(const struct world *w, unsigned days, int64_t of_day_s)
{
    int64_t local = w->now + zone_offset_at(w->options.zone, w->now) * 60;
    int64_t midnight = local - local % DAY_S + (int64_t)days * DAY_S;
    return zone_from_local(w->options.zone, midnight + of_day_s).instant_s;
}

unsigned world_hour_now(const struct world *w)
{
    int64_t local = w->now + zone_offset_at(w->options.zone, w->now) * 60;
    return (unsigned)(local % DAY_S / HOUR_S);
}

struct who who_of(const struct notice *n)
{
    return (struct who){n->person, n->moves, n->patient, n->known};
}

struct who who_else(uint32_t n)
{
    return (struct who){PERSON_MAX - 1 - n, 0, PATIENT_NONE, true};
}

struct who who_fell(uint32_t visit)
{
    enum { FIRST = 10000, OF = PERSON_MAX / 2 };
    return who_else(FIRST + visit % (OF - FIRST));
}

bool world_conveyed(const struct world *w, const struct visit *v)
{
    bool to_sdec = v->now.ward == WARD_SDEC;
    return world_fate(w, v->number, 'a', to_sdec ? SDEC_PERMILLE : ARRIVE_PERMILLE);
}

bool world_fell(const struct world *w, const struct visit *v)
{
    return v->patient_class == 'E' && !world_conveyed(w, v) &&
           world_fate(w, v->number, 'f', FELL_PERMILLE);
}

int64_t world_fell_at(const struct notice *n)
{
    return n->sent - 50 * MINUTE_S;
}

bool world_needs_care(const struct world *w, uint32_t visit)
{
    return world_fate(w, visit, 'c', CARE_PERMILLE);
}

static void name_person(char out[TELLING_NAME], const struct who *who)
{
    bool seen = who->patient != PATIENT_NONE;
    if (who->known)
        snprintf(out, TELLING_NAME, "%c%u", seen ? 'p' : 'x', seen ? who->patient : who->person);
}

struct telling *world_tell(struct world *w, enum way way, const char *line, uint32_t number,
                           const struct who *who, const char *name)
{
    static const char letters[SECTORS] = "hacm";
    struct telling *t = &w->out;
    if (!(w->options.ways >> way & 1))
        return NULL;
    *t = (struct telling){.way = way, .sent = w->now, .route = number, .name = name};
    t->n = ++w->serial;
    t->twice = (way == WAY_JSON || way == WAY_FHIR) && world_fate(w, t->n, 99, TWICE_PERMILLE);
    snprintf(t->line, sizeof(t->line), "%c-%s-%u", letters[w->options.sector], line, number);
    name_person(t->person, who);
    buf_reset(&w->text);
    w->says = true;
    return t;
}

void telling_gives(struct telling *t, const char *type)
{
    unsigned i = 0;
    while (t->types[i])
        i++;
    if (i < TELLING_TYPES)
        t->types[i] = type;
}

void telling_grows(struct telling *t, const char *first, bool told, const char *then, bool now)
{
    if (told)
        t->again = first;
    else
        telling_gives(t, first);
    if (now)
        telling_gives(t, then);
}

/* ---- one after the other ---- */

/* The next of the hospitals' messages is heard, but told only when nothing comes before it. */
static int listen(struct world *w, struct err *reterr)
{
    if (w->holds)
        return 0;
    if (region_next(w->region, &w->heard, reterr) < 0)
        return -1;
    w->holds = true;
    w->now = w->heard.sent;
    w->plan->hear(w, &w->heard);
    return 0;
}

static bool step(struct world *w)
{
    struct agenda_entry e;
    if (w->agenda.n == 0 || w->agenda.entries[0].at > w->heard.sent - w->plan->lead_s)
        return false;
    if (agenda_take(&w->agenda, &e)) {
        w->now = e.at;
        w->plan->step(w, e.what, e.who);
    }
    return true;
}

struct telling *world_tell_hospital(struct world *w, const struct notice *n)
{
    struct hospital_style style = {w->options.seed, w->options.zone};
    struct telling *t = &w->out;
    if (!(w->options.ways >> WAY_MLLP & 1))
        return NULL;
    *t = (struct telling){.way = WAY_MLLP, .sent = n->sent, .route = n->person, .n = n->n};
    t->name = notice_trigger(n->trigger);
    t->twice = n->twice;
    t->refuse = n->odd == ODD_NO_MRG;
    /* a message that names nobody stands in no patient's line */
    if (n->odd == ODD_NOBODY)
        snprintf(t->line, sizeof(t->line), "nobody%u", n->serial);
    else
        snprintf(t->line, sizeof(t->line), "p%u", n->patient);
    if (n->also_n)
        snprintf(t->also, sizeof(t->also), "p%u", n->also);
    t->also_n = n->also_n;
    for (unsigned i = 0; n->types[i]; i++)
        telling_gives(t, n->types[i]);
    buf_reset(&w->text);
    hospital_control_id(w->options.seed, n->serial, t->key);
    hospital_message_write(&w->text, &style, n);
    w->says = true;
    return t;
}

int world_next(struct world *w, struct telling *ret, struct err *reterr)
{
    bool hospitals = w->options.sector == SECTOR_ACUTE;
    for (w->says = false; !w->says && !w->failed;) {
        if (listen(w, reterr) < 0)
            return -1;
        if (step(w))
            continue;
        if (hospitals)
            (void)world_tell_hospital(w, &w->heard);
        w->holds = false;
    }
    if (w->failed)
        return err_set(reterr, ERR_LIMIT, "%s", w->failed);
    if (!buf_ok(&w->text))
        return err_set(reterr, ERR_NOMEM, "no memory for a message");
    *ret = w->out;
    ret->bytes = buf_slice(&w->text);
    return 0;
}

static void write_mental_wards(struct buf *out)
{
    for (unsigned n = 0; n < MENTAL_WARDS; n++)
        buf_printf(out, "location,ZZM01/%s,ward\nbed_class,ZZM01/%s,200\n", mental_ward(n),
                   mental_ward(n));
    buf_puts(out, "location,ZZN01/ELM,ward\nbed_class,ZZN01/ELM,200\n"
                  "identifier,*/NHS/NH,nhs_number\nidentifier,*/ZZM/MR,mrn\n"
                  "identifier,*/ZZM/VN,visit\nidentifier,*/ZZN/MR,mrn\nidentifier,*/ZZN/VN,visit\n"
                  "home_by_practice,Y99001,ZZM\ntask,urn:zzm:placements,placement\n");
}

void world_wards_write(struct buf *out, enum sector sector, unsigned hospitals)
{
    if (sector == SECTOR_ACUTE) {
        hospital_wards_write(out, hospitals);
        return;
    }
    buf_puts(out, "table,key,value\n");
    if (sector == SECTOR_COMMUNITY)
        buf_puts(out, "location,ZZC01/REHAB,ward\nlocation,ZZC01/VW,virtual_ward\n"
                      "identifier,*/NHS/NH,nhs_number\nidentifier,*/ZZC/MR,mrn\n");
    if (sector == SECTOR_MENTAL_HEALTH)
        write_mental_wards(out);
}
