/* map_person.h - who is meant: the identifiers of a patient, told apart by the identifier table
 * (domain rule 2.3), found once per patient of a message. */
#ifndef WEIR_MAP_PERSON_H
#define WEIR_MAP_PERSON_H

#include "map_run.h"

struct map_id {
    struct slice value, authority; /* authority: that of the source where none was sent */
    struct slice kind;             /* by table: mrn, visit, …; nhs_number */
    struct slice type;             /* as sent; absent where none was */
    bool authority_sent;
};

struct map_ids {
    struct map_id *at;
    unsigned n;
};

struct map_person {
    struct map_ids ids;         /* local numbers, in the order sent */
    struct slice nhs_number;    /* valid, ten digits; absent where none is known */
    struct map_id_field nhs_at; /* where it stood in a message of HL7 v2 */
    struct slice nhs_path;      /* or in a tree; absent: among the ids */
    struct slice nhs_status;    /* as sent, wherever it stood */
    bool nhs_wrong;             /* one was sent that cannot be one, and no good one */
};

/* Every key of table identifier is source/authority/type, and no value a misspelt nhs_number, mrn
 * or visit: people would be known by the wrong number. NULL is fine. ERR_CONF with place. */
int map_identifiers_check(const struct site_table *identifiers, struct err *reterr);
/* Never NULL unless the arena is full. */
const struct map_person *map_person_of(struct map_run *run);
/* The repetitions of a CX field; empty ones are left out. */
struct map_ids map_ids_read(struct map_run *run, struct slice field);
/* The ids that the rules find in a tree. */
struct map_ids map_ids_by(struct map_run *run, const struct map_id_rules *rules);
/* The number by which the source itself knows the person: the first mrn, else the first that is no
 * visit; NULL where there is none. */
const struct map_id *map_person_local(const struct map_person *p);
/* The visit's id, found once per patient of a message: of PV1-19 the repetition that the identifier
 * table calls a visit, else the first; then PID-18 where the table calls it a visit. NULL where
 * there is none, as in a tree, whose map says where the number stands. */
const struct map_id *map_visit_of(struct map_run *run);
/* A normalised NHS number where the id is one, in the arena; else absent. */
struct slice map_id_nhs(struct map_run *run, const struct map_id *id);
/* The pseudonym of an id, in the arena. */
struct slice map_id_pseudonym(struct map_run *run, const struct map_id *id);
/* The person's pseudonym (absent when nobody is known), and that of the local number where it is
 * another (else absent). */
void map_person_pseudonyms(struct map_run *run, struct slice *ret_person, struct slice *ret_local);

#endif
