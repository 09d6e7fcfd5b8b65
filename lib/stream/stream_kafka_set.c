#include "stream_kafka_set.h"

#include <stdlib.h>
#include <string.h>
#include "stream_engine.h"
#include "stream_set.h"

enum { SPARE_MAX = 16 * 1024, SPARES_MAX = 2 * 1024 * 1024 }; /* bytes: of one, of all */

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

static size_t room_for(unsigned n, size_t headers, uint64_t bytes,
                       const struct stream_position *positions, unsigned npositions)
{
    return sizeof(struct kafka_set) + npositions * sizeof(struct kafka_position) +
           n * (sizeof(struct stream_record) + sizeof(struct kafka_giving)) +
           headers * sizeof(struct stream_header) + stream_set_names(positions, npositions) + bytes;
}

/* The spare that was put last, where it is large enough: it is the likeliest to be in a cache. One
 * that is too small makes place for a larger one. */
static struct kafka_set *take_memory(struct kafka_spares *spares, size_t room)
{
    struct kafka_set *c = spares->first;
    if (c && room <= SPARE_MAX) {
        spares->first = c->next;
        spares->bytes -= c->room;
        if (c->room >= room)
            return c;
        free(c);
    }
    c = malloc(room);
    if (c)
        c->room = room;
    return c;
}

struct kafka_set *kafka_set_new(struct kafka_spares *spares, const struct stream_record *set,
                                unsigned n, const struct stream_position *positions,
                                unsigned npositions)
{
    uint64_t bytes = 0;
    size_t headers = 0;
    for (unsigned i = 0; i < n; i++) {
        bytes += stream_record_size(&set[i]);
        headers += set[i].nheaders;
    }
    struct kafka_set *c = take_memory(spares, room_for(n, headers, bytes, positions, npositions));
    if (!c)
        return NULL;
    *c = (struct kafka_set){.count = n + npositions,
                            .bytes = bytes,
                            .until_ms = INT64_MAX,
                            .ungiven = n,
                            .room = c->room};
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

/* Whether nobody holds it any more. */
static bool let_go(struct kafka_set *set)
{
    if (atomic_fetch_sub(&set->holders, 1) > 1)
        return false;
    for (unsigned i = 0; i < set->nrecords; i++)
        if (set->items[i].headers)
            rd_kafka_headers_destroy(set->items[i].headers);
    return true;
}

void kafka_set_release(struct kafka_set *set)
{
    if (let_go(set))
        free(set);
}

void kafka_set_spare(struct kafka_spares *spares, struct kafka_set *set)
{
    if (!let_go(set))
        return;
    if (set->room > SPARE_MAX || spares->bytes + set->room > SPARES_MAX) {
        free(set);
        return;
    }
    spares->bytes += set->room;
    set->next = spares->first;
    spares->first = set;
}

void kafka_spares_fini(struct kafka_spares *spares)
{
    for (struct kafka_set *set = spares->first, *next; set; set = next) {
        next = set->next;
        free(set);
    }
    *spares = (struct kafka_spares){NULL, 0};
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
