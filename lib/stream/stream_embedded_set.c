#include "stream_embedded_set.h"

#include <stdlib.h>
#include "stream_engine.h"
#include "stream_headers.h"
#include "stream_set.h"

static size_t bytes_of(const struct stream_record *set, unsigned n,
                       const struct stream_position *positions, unsigned npositions)
{
    size_t bytes = stream_set_names(positions, npositions);
    for (unsigned i = 0; i < n; i++)
        bytes += set[i].topic.n + set[i].key.n + set[i].value.n +
                 stream_headers_size(set[i].headers, set[i].nheaders);
    return bytes;
}

static void copy_record(struct embedded_record *to, const struct stream_record *from, char **at)
{
    to->topic = stream_set_text(at, from->topic);
    to->key = stream_set_text(at, from->key);
    size_t headers = stream_headers_size(from->headers, from->nheaders);
    to->headers = headers ? slice_make(*at, headers) : SLICE_ABSENT;
    stream_headers_write(from->headers, from->nheaders, *at);
    *at += headers;
    to->value = stream_set_text(at, from->value);
}

struct embedded_set *embedded_set_new(const struct stream_record *set, unsigned n,
                                      const struct stream_position *positions, unsigned npositions)
{
    struct embedded_set *s = malloc(sizeof(*s) + n * sizeof(struct embedded_record) +
                                    npositions * sizeof(struct stream_position) +
                                    bytes_of(set, n, positions, npositions) + 1);
    if (!s)
        return NULL;
    *s = (struct embedded_set){.nrecords = n, .npositions = npositions};
    s->records = (struct embedded_record *)(void *)(s + 1);
    s->positions = (struct stream_position *)(void *)(s->records + n);
    char *at = (char *)(s->positions + npositions);
    for (unsigned i = 0; i < n; i++) {
        copy_record(&s->records[i], &set[i], &at);
        s->bytes += stream_record_size(&set[i]);
    }
    for (unsigned i = 0; i < npositions; i++)
        s->positions[i] = stream_set_position(&at, &positions[i]);
    return s;
}

void embedded_set_push(struct embedded_set_list *list, struct embedded_set *set)
{
    set->next = NULL;
    if (list->last)
        list->last->next = set;
    else
        list->first = set;
    list->last = set;
}

void embedded_set_move(struct embedded_set_list *list, struct embedded_set_list *more)
{
    if (!more->first)
        return;
    if (list->last)
        list->last->next = more->first;
    else
        list->first = more->first;
    list->last = more->last;
    *more = (struct embedded_set_list){NULL, NULL};
}
