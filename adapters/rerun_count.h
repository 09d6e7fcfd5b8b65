/* rerun_count.h - what a run has found so far, by type of event. */
#ifndef WEIR_RERUN_COUNT_H
#define WEIR_RERUN_COUNT_H

#include "dict.h"
#include "json.h"

enum rerun_what { RERUN_CORRECTED, RERUN_NEW, RERUN_RETRACTED, RERUN_WHATS };
enum { RERUN_TYPES_MAX = 512 };

struct rerun_count {
    uint64_t messages, unmapped, refused, forgotten, unchanged, copies;
    uint64_t all[RERUN_WHATS];
    struct {
        char name[64];
        uint64_t n[RERUN_WHATS];
    } types[RERUN_TYPES_MAX];
    unsigned ntypes;
    struct dict by_type;
};

void rerun_count_init(struct rerun_count *c);
void rerun_count_fini(struct rerun_count *c);
void rerun_count_add(struct rerun_count *c, struct slice type, enum rerun_what what);
/* Members of an answer. */
void rerun_count_write(const struct rerun_count *c, struct json_writer *w);

#endif
