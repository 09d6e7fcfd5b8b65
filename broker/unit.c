#include "unit.h"

#include <stdlib.h>

void unit_init(struct unit *u)
{
    *u = (struct unit){0};
    arena_init(&u->arena, UNIT_BYTES_MAX);
}

void unit_fini(struct unit *u)
{
    arena_fini(&u->arena);
    free(u->records);
    *u = (struct unit){0};
}

void unit_reset(struct unit *u)
{
    arena_reset(&u->arena);
    u->nrecords = u->npositions = 0;
    u->bytes = 0;
    u->failed = false;
}

struct slice unit_copy(struct unit *u, struct slice bytes)
{
    struct slice copy = arena_copy(&u->arena, bytes);
    if (slice_present(bytes) && !slice_present(copy))
        u->failed = true;
    return copy;
}

struct stream_header *unit_headers(struct unit *u, unsigned n)
{
    struct stream_header *h = arena_alloc(&u->arena, n * sizeof(*h));
    if (!h)
        u->failed = true;
    return h;
}

void unit_add(struct unit *u, struct slice topic, struct slice key, struct slice value,
              const struct stream_header *headers, unsigned nheaders)
{
    if (u->nrecords == u->cap) {
        unsigned cap = u->cap ? u->cap * 2 : 256;
        struct stream_record *more = realloc(u->records, cap * sizeof(*more));
        if (!more) {
            u->failed = true;
            return;
        }
        u->records = more;
        u->cap = cap;
    }
    u->bytes += key.n + value.n;
    u->records[u->nrecords++] = (struct stream_record){
        .topic = topic, .key = key, .value = value, .headers = headers, .nheaders = nheaders};
}

bool unit_move(struct unit *u, struct slice group, struct slice topic, struct slice partition,
               int64_t next)
{
    for (unsigned i = 0; i < u->npositions; i++)
        if (slice_eq(u->positions[i].partition, partition) &&
            slice_eq(u->positions[i].topic, topic)) {
            u->positions[i].next = next;
            return true;
        }
    if (u->npositions == UNIT_PARTITIONS_MAX)
        return false;
    u->positions[u->npositions++] =
        (struct stream_position){group, topic, unit_copy(u, partition), next};
    return true;
}
