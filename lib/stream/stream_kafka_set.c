#include "stream_kafka_set.h"

#include <stdlib.h>
#include <string.h>
#include "stream_engine.h"
#include "stream_set.h"

static char *copy_positions(struct kafka_set *c, const struct stream_position *positions,
                            unsigned n, char *at)
{
    c->npositions = n;
    for (unsigned i = 0; i < n; i++)
        c->positions[i] = (struct kafka_position){.p = stream_set_position(&at, &positions[i]),
                                                  .mark = {.offset = -1}};
    return at;
}

static void copy_records(struct kafka_set *c, const struct stream_record *set, unsigned n,
                         struct stream_header *headers, char *at)
{
    c->nrecords = n;
    for (unsigned i = 0; i < n; i++) {
        struct stream_record *r = &c->records[i];
        r->topic = stream_set_text(&at, set[i].topic);
        r->key = stream_set_text(&at, set[i].key);
        r->value = stream_set_text(&at, set[i].value);
        r->headers = headers;
        r->nheaders = set[i].nheaders;
        r->own = set[i].own;
        for (unsigned k = 0; k < set[i].nheaders; k++, headers++) {
            headers->name = stream_set_text(&at, set[i].headers[k].name);
            headers->value = stream_set_text(&at, set[i].headers[k].value);
        }
    }
}

struct kafka_set *kafka_set_new(const struct stream_record *set, unsigned n,
                                const struct stream_position *positions, unsigned npositions)
{
    uint64_t bytes = 0;
    size_t headers = 0;
    for (unsigned i = 0; i < n; i++) {
        bytes += stream_record_size(&set[i]);
        headers += set[i].nheaders;
    }
    struct kafka_set *c = malloc(
        sizeof(*c) + npositions * sizeof(struct kafka_position) + n * sizeof(struct stream_record) +
        n * sizeof(struct kafka_giving) + headers * sizeof(struct stream_header) +
        stream_set_names(positions, npositions) + bytes);
    if (!c)
        return NULL;
    *c = (struct kafka_set){
        .count = n + npositions, .bytes = bytes, .until_ms = INT64_MAX, .ungiven = n};
    atomic_init(&c->holders, 1);
    c->positions = (struct kafka_position *)(c + 1);
    c->records = (struct stream_record *)(c->positions + npositions);
    c->items = (struct kafka_giving *)(c->records + n);
    memset(c->items, 0, n * sizeof(*c->items));
    struct stream_header *h = (struct stream_header *)(c->items + n);
    char *at = copy_positions(c, positions, npositions, (char *)(h + headers));
    copy_records(c, set, n, h, at);
    return c;
}

void kafka_set_release(struct kafka_set *set)
{
    if (atomic_fetch_sub(&set->holders, 1) > 1)
        return;
    for (unsigned i = 0; i < set->nrecords; i++)
        if (set->items[i].headers)
            rd_kafka_headers_destroy(set->items[i].headers);
    free(set);
}

struct kafka_set *kafka_sets_hold(const struct kafka_sets *l)
{
    struct kafka_set *held = NULL;
    for (struct kafka_set *set = l->first; set; set = set->next) {
        if (set->ungiven == set->nrecords)
            continue;
        atomic_fetch_add(&set->holders, 1);
        set->next_held = held;
        held = set;
    }
    return held;
}

void kafka_sets_let_go(void *held)
{
    for (struct kafka_set *set = held, *next; set; set = next) {
        next = set->next_held;
        kafka_set_release(set);
    }
}

void kafka_sets_push(struct kafka_sets *l, struct kafka_set *set)
{
    set->next = NULL;
    if (l->last)
        l->last->next = set;
    else
        l->first = set;
    l->last = set;
}

struct kafka_set *kafka_sets_pop(struct kafka_sets *l)
{
    struct kafka_set *set = l->first;
    if (set && !(l->first = set->next))
        l->last = NULL;
    return set;
}

void kafka_sets_move(struct kafka_sets *l, struct kafka_sets *from)
{
    if (!from->first)
        return;
    if (l->last)
        l->last->next = from->first;
    else
        l->first = from->first;
    l->last = from->last;
    *from = (struct kafka_sets){NULL, NULL};
}
