/* rule.h - CloudEvents SQL 1.0 compiled once and evaluated on events (CESQL 1.0.0; for analysts:
 * docs/rules.md).
 *
 * A compiled rule is an immutable tree in the arena given; the text and env are borrowed only while
 * it is compiled. Evaluation takes no memory but scratch, cannot loop, is bounded in steps, and
 * gives a value and a set of errors: as a filter, only `true` without errors matches.
 *
 * weir adds to the standard:
 * - dotted fields of the event (data.location.site), typed by the schema; one that the event lacks
 *   is its zero value ("", 0, false) without an error, EXISTS tells, and EXISTS takes an object
 *   (data.merge) as well. One that the schema does not know is refused when compiled.
 * - fields with several values (data.quality, data.patient.ids.value) with =, !=, <>, LIKE and IN:
 *   true when any of the values compares so; != , NOT LIKE and NOT IN are the opposite of that, so
 *   "none does". 'x' IN data.quality is the same as data.quality = 'x'.
 * - named lists of the config (IN region_sites).
 * - what can never match is refused when compiled: an attribute or function that does not exist, a
 *   `type` that the catalogue lacks, < or > on a time, NOT on a text. `standard` turns that off. */
#ifndef WEIR_RULE_H
#define WEIR_RULE_H

#include <stdint.h>
#include "arena.h"
#include "err.h"
#include "event.h"

enum {
    RULE_TEXT_MAX = 16 * 1024,
    RULE_DEPTH_MAX = 64,
    RULE_PATTERN_MAX = 512,         /* bytes of what LIKE compares with */
    RULE_STEPS_MAX = 1000000,       /* of one evaluation: then RULE_GENERIC */
    RULE_SCRATCH_MAX = 1024 * 1024, /* bytes of one evaluation: then RULE_GENERIC */
};

struct rule;

/* Named lists of the config. */
struct rule_list {
    struct slice name;
    const struct slice *values;
    unsigned count;
};
struct rule_env {
    const struct rule_list *lists;
    unsigned nlists;
    bool standard; /* as CESQL says: any attribute name and any type may be asked for */
};

enum rule_error {
    RULE_PARSE = 1 << 0,
    RULE_MATH = 1 << 1,
    RULE_CAST = 1 << 2,
    RULE_MISSING_ATTRIBUTE = 1 << 3,
    RULE_MISSING_FUNCTION = 1 << 4,
    RULE_FUNCTION = 1 << 5,
    RULE_GENERIC = 1 << 6,
};
enum rule_kind { RULE_STRING, RULE_INTEGER, RULE_BOOLEAN };
struct rule_value {
    enum rule_kind kind;
    struct slice string;
    int32_t integer;
    bool boolean;
};

/* Compiles. ERR_CONF says what is wrong and what would be right, *ret_at is the offending byte
 * (from 0) of text; ERR_LIMIT. env may be NULL. */
int rule_compile(struct slice text, const struct rule_env *env, struct arena *arena,
                 const struct rule **ret, size_t *ret_at, struct err *reterr);
/* Evaluates; strings made on the way lie in scratch, others in the event or the rule. Returns the
 * set of errors (0 = none). */
unsigned rule_eval(const struct rule *r, const struct event *e, struct arena *scratch,
                   struct rule_value *ret);
/* rule_eval as a filter. */
bool rule_match(const struct rule *r, const struct event *e, struct arena *scratch);
/* The first field whose value the rule looks at and for which wanted says yes, or -1. EXISTS looks
 * at no value. */
int rule_reads(const struct rule *r, bool (*wanted)(const struct event_field *f));
/* Words of an error set, "cast, math"; "" for none. Returns out. */
enum { RULE_ERRORS_SIZE = 128 };
const char *rule_errors_text(unsigned errors, char out[RULE_ERRORS_SIZE]);

#endif
