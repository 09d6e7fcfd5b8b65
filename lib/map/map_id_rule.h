/* map_id_rule.h - `ids:` of a map for JSON, CSV or FHIR: where the numbers of the patient stand.
 *
 *     ids:
 *       nhs_number: [nhs_number, patient.nhs]          # the first valid one counts
 *       nhs_number_status: nhs_status
 *       local:
 *         - crew_id
 *         - {value: incident, type: {const: incident}, when: [{path: patient, absent: true}]}
 *         - {each: identifier, value: value, authority: {path: system, table: authority}}
 *       retired: [old_id]                              # of a merge: what the patient was known by
 *       linked: […]                                    # of other patients
 *
 * Paths beside `each:` begin at each element of that list. Without `authority:` it is that of the
 * source, without `type:` the identifier table's word for it (source, authority and type), else
 * mrn. All of it lives in the arena of the map. */
#ifndef WEIR_MAP_ID_RULE_H
#define WEIR_MAP_ID_RULE_H

#include "map_model.h"

struct map_compiler;

struct map_id_rule {
    const struct json_path *each; /* NULL: its paths begin where all do */
    struct map_value value, authority, type;
    struct map_tests when;
};

struct map_id_rules {
    const struct map_id_rule *at;
    unsigned n;
};

struct map_ids_of {
    struct map_value nhs_number, nhs_number_status;
    struct map_id_rules local, retired, linked;
};

/* node: the section; NULL where there is none. ERR_CONF with place. */
int map_id_rules_compile(struct map_compiler *c, const struct yaml *node, struct map_ids_of *ret,
                         struct err *reterr);

/* Calls fn for each rule that holds and each element that it is about, with paths of the run
 * beginning there for the time of the call, until fn returns false. */
void map_id_rules_each(struct map_run *run, const struct map_id_rules *rules,
                       bool (*fn)(struct map_run *run, const struct map_id_rule *rule, void *arg),
                       void *arg);

#endif
