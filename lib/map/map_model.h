/* map_model.h - a source's maps as compiled: paths, fields, tables and types are numbers and
 * pointers by now, and nothing is looked up by name when a message runs.
 *
 * All of it lives in the arena of the map, as do the YAML nodes that it was compiled from, and is
 * only read after compiling. */
#ifndef WEIR_MAP_MODEL_H
#define WEIR_MAP_MODEL_H

#include "event.h"
#include "map_path.h"

struct map_run;
struct site_table;
struct map_codes;
struct map_field;
struct map_source;
struct yaml;

/* What a field takes; the schema decides. */
enum map_reads {
    MAP_TEXT,
    MAP_TIME,
    MAP_DATE,
    MAP_BOOL,
    MAP_CODE,  /* an object of raw, code, system */
    MAP_PLACE, /* an object of raw, site, ward, … */
    MAP_ITEMS, /* a list of objects; only a function fills it */
};

enum map_test_kind {
    MAP_TEST_IS, /* one of texts */
    MAP_TEST_PRESENT,
    MAP_TEST_ABSENT,
    MAP_TEST_NULL, /* sent as "" */
    MAP_TEST_IN_TABLE,
    MAP_TEST_LIKE, /* pattern with * and ? */
    MAP_TEST_SAME, /* what another path has */
    MAP_TEST_ANY,  /* one of the children holds */
    MAP_TEST_NOT,  /* none of the children holds */
};

struct map_test {
    enum map_test_kind kind;
    union map_path path;            /* of the message, or */
    union map_path other;           /* SAME */
    int field;                      /* of the event as far as it is made; -1 = path */
    const struct site_table *table; /* translates before the comparison; or IN_TABLE */
    const struct map_codes *group;  /* the code's group is compared */
    const struct slice *texts;
    const struct map_test *children;
    unsigned ntexts, nchildren;
    const struct yaml *at; /* where it is written */
};

struct map_tests {
    const struct map_test *at;
    unsigned n; /* all must hold; 0 = always */
};

/* A text, from the first source that says one. */
struct map_value {
    const struct map_source *at;
    unsigned n;
};

/* A derived value in C. Text functions return a value; the others write the field themselves. */
struct map_function {
    const char *name;
    enum map_reads reads; /* what kind of field it is for */
    unsigned paths_max;
    bool hl7;               /* for HL7 v2 only */
    const char *reads_from; /* the fields it looks at by itself; NULL: those of its paths */
    struct slice (*text)(struct map_run *run, const struct map_source *source);
    bool (*fill)(struct map_run *run, const struct map_field *field,
                 const struct map_source *source);
};

enum map_from { MAP_FROM_PATHS, MAP_FROM_CONST, MAP_FROM_FIELD, MAP_FROM_CALL };

/* One way to get a value. */
struct map_source {
    enum map_from from;
    const union map_path *paths; /* the first with a value counts; or all are joined */
    unsigned npaths;
    union map_path clock; /* TIME: the time of day, where `paths` have the day alone */
    struct slice join;    /* what stands between them; absent: they are not joined */
    struct slice text;    /* CONST */
    unsigned field;       /* FIELD: of the event as far as it is made */
    const struct map_function *call;
    const struct site_table *table; /* translates; what is not in it is no value */
    const struct map_codes *codes;  /* CODE */
    const struct map_codes *group;  /* the code's group is the value */
    struct map_tests when;
    const struct map_value *parts; /* PLACE of a tree: each part of its own (enum map_place_part) */
    bool clears; /* PATHS: "" at one of them says null, and the search ends there */
    const struct yaml *at;
};

/* Where a field comes from: the first source that gives a value. */
struct map_field {
    enum map_reads reads;
    unsigned field;     /* leaf; CODE and PLACE: raw */
    int code, system;   /* CODE; -1 for PLACE */
    bool date_stays;    /* TIME: a date without a time is kept as one */
    bool flag_unmapped; /* a value that no table knows is told in data.quality */
    struct slice flag;  /* "unmapped_code:care.specialty" */
    const struct map_source *sources;
    unsigned nsources;
    const struct yaml *at;
};

/* A step of a time rule: the path, and the flag that tells that it had to be used. */
struct map_time_step {
    union map_path path;
    union map_path clock; /* the time of day, where `path` has the day alone; none: not said */
    struct slice flag;    /* absent = none */
    struct slice invalid; /* "time_invalid:PV1-44" */
    const struct yaml *at;
};

struct map_time {
    struct slice name;
    const struct map_time_step *steps;
    unsigned nsteps;
};

struct map_event {
    struct slice type;
    struct map_tests when;
    bool otherwise;      /* only where no other event of the trigger was made */
    bool once;           /* of the first group alone */
    const unsigned *key; /* fields that its id rests on (map_key.h) */
    unsigned nkey;       /* 0: not said */
    const struct map_time *time;
    const struct map_field *fields;
    unsigned nfields;
    const union map_path *reads; /* of a trigger with a key: what its rules read (map_key.h) */
    unsigned nreads;
    const struct yaml *at;
};

/* Without a value at one of the paths the message is refused; named by the first. */
struct map_require {
    const union map_path *paths;
    unsigned npaths;
    struct slice segment;
    unsigned field;
};

enum { MAP_SPLIT_MAX = 4 };

/* Segments by hl7_key. */
struct map_keys {
    uint32_t at[MAP_SPLIT_MAX];
    unsigned n;
};

/* Lists of a tree. */
struct map_lists {
    const struct json_path *at[MAP_SPLIT_MAX];
    unsigned n;
};

struct map_trigger {
    struct slice name;
    const struct map_require *require;
    unsigned nrequire;
    const struct map_require *key;  /* what a record is known by (map_key.h) */
    unsigned nkey;                  /* 0: not said */
    const struct map_field *fields; /* of every event of the message, in order */
    unsigned nfields;
    struct map_event *events;
    unsigned nevents;
    struct map_lists lists;  /* of a tree: those whose elements are groups, the outermost first */
    struct map_keys split;   /* the segments that begin a group, the outermost first */
    struct map_keys history; /* behind a group these begin what is told again, not news */
    bool person;             /* a patient is meant: none found is flagged */
    struct slice types;
};

struct map {
    struct map_trigger *triggers; /* in order of name */
    unsigned ntriggers;
};

#endif
