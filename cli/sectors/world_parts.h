/* world_parts.h - what the files of the world share: its state, what is under way in a sector, and
 * what each sector makes of a hospital's message. Private to cli/sectors. */
#ifndef WEIR_WORLD_PARTS_H
#define WEIR_WORLD_PARTS_H

#include "agenda.h"
#include "notice.h"
#include "person.h"
#include "region.h"
#include "world.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

/* Somebody, as a sector's systems know him. */
struct who {
    uint32_t person, moves;
    uint32_t patient; /* the hospitals' index; PATIENT_NONE: no hospital has seen him */
    bool known;       /* his name and number are */
};

enum { AFFAIR_TIMES = 8 };

/* Something that goes on: an incident, a case of the community team, a stay. */
struct affair {
    struct who who;
    uint32_t number;          /* of incident, referral or spell */
    uint64_t dice;            /* what is still open about it is made of this */
    uint8_t hospital, kind;   /* kind: each sector's own */
    uint8_t left;             /* visits, leaves or steps still to come */
    bool said;                /* what it began with has been told */
    int64_t at[AFFAIR_TIMES]; /* what happens when: each sector's own; 0: not */
};

struct world;

struct sector_plan {
    /* What is under way when the world begins. */
    void (*begin)(struct world *w);
    /* A hospital has told this. */
    void (*hear)(struct world *w, const struct notice *n);
    /* A planned step is due; it may tell something. */
    void (*step)(struct world *w, uint32_t what, uint32_t affair);
    int64_t lead_s; /* how long before a hospital's message something of it may have been told */
};

struct world {
    struct world_options options;
    const struct sector_plan *plan;
    struct region *region;
    struct agenda agenda;
    struct affair *affairs;
    uint32_t *unused; /* stack of free places */
    uint32_t naffairs, nunused, cap;
    uint64_t *told; /* bits: visits of which something was made already */
    size_t told_bits;
    int64_t now;         /* of the step under way */
    struct notice heard; /* the hospitals' next message, heard and not told yet */
    bool holds, says;
    const char *failed; /* why it cannot go on; NULL while it can */
    uint32_t serial;
    struct buf text;
    struct telling out;
};

extern const struct sector_plan plan_acute, plan_ambulance, plan_community, plan_mental_health;

/* True n times out of a thousand, the same for the same visit and salt in every sector. */
bool world_fate(const struct world *w, uint32_t visit, unsigned salt, unsigned permille);
/* Whether this comes up for the first time: a visit, or what somebody counts by visits. */
bool world_first(struct world *w, uint32_t what);
/* lo … hi, made of the affair's dice. */
int64_t world_draw(struct affair *a, int64_t lo, int64_t hi);
/* A new affair of that number; UINT32_MAX where there is no room. */
uint32_t world_affair(struct world *w, struct who who, uint32_t number);
void world_end(struct world *w, uint32_t affair);
void world_plan(struct world *w, int64_t at, uint32_t what, uint32_t affair);
/* The instant of an hour (and minutes, in seconds) of the day that many days from now. */
int64_t world_hour(const struct world *w, unsigned days, int64_t of_day_s);
unsigned world_hour_now(const struct world *w);

/* Begins what is told now: bytes are written to w->text behind it. NULL where this way is not
 * wanted. `line`: "i" and the like; with the number it names the line. */
struct telling *world_tell(struct world *w, enum way way, const char *line, uint32_t number,
                           const struct who *who, const char *name);
/* The same for a hospital's message, written whole; NULL as above. */
struct telling *world_tell_hospital(struct world *w, const struct notice *n);
/* One more event that it gives. */
void telling_gives(struct telling *t, const char *type);
/* A row that grows: `first` comes again where it was told before, `then` where it is told now. */
void telling_grows(struct telling *t, const char *first, bool told, const char *then, bool now);

/* Whom a hospital's message is about, and somebody whom no hospital knows: the n-th of those. */
struct who who_of(const struct notice *n);
struct who who_else(uint32_t n);
/* What two sectors tell of the same thing. Who begins this visit comes by ambulance. */
bool world_conveyed(const struct world *w, const struct visit *v);
/* Somebody falls at home, whenever that visit begins: who,
 * whether at all, and when the ambulance service refers him to the urgent community team. */
struct who who_fell(uint32_t visit);
bool world_fell(const struct world *w, const struct visit *v);
int64_t world_fell_at(const struct notice *n);
/* Whether who leaves this stay needs care at home: hospital and community team agree. */
bool world_needs_care(const struct world *w, uint32_t visit);

#endif
