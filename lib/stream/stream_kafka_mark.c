#include "stream_kafka_mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUMMED = 256, DENSE = 12 };

static const struct kafka_mark none = {.offset = -1};

/* FNV-1a: a log is told from another, nobody is kept from forging one. */
static uint32_t sum_of(uint32_t sum, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n && i < SUMMED; i++)
        sum = (sum ^ p[i]) * 16777619u;
    return sum;
}

struct kafka_mark kafka_mark_of(const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    uint32_t sum = sum_of(2166136261u, m->key, m->key ? m->key_len : 0);
    return (struct kafka_mark){
        .offset = m->offset,
        .time_ms = rd_kafka_message_timestamp(m, &type),
        .size = (uint64_t)m->key_len + m->len,
        .sum = sum_of(sum, m->payload, m->payload ? m->len : 0),
    };
}

bool kafka_mark_same(const struct kafka_mark *a, const struct kafka_mark *b)
{
    return a->offset == b->offset && a->time_ms == b->time_ms && a->size == b->size &&
           a->sum == b->sum;
}

/* Of the older ones stay those without which the next is more than twice as far back. */
static void thin(struct kafka_marks *m)
{
    struct kafka_mark kept[KAFKA_MARKS];
    unsigned n = 0;
    int64_t newest = m->list[m->n - 1].offset, back = 0;
    for (unsigned i = m->n; i-- > 0;) {
        if (n >= DENSE && i && newest - m->list[i - 1].offset <= 2 * back)
            continue;
        back = newest - m->list[i].offset;
        kept[n++] = m->list[i];
    }
    m->n = n < KAFKA_MARKS ? n : KAFKA_MARKS - 1; /* else the oldest goes */
    for (unsigned i = 0; i < m->n; i++)
        m->list[m->n - 1 - i] = kept[i];
}

void kafka_marks_add(struct kafka_marks *m, const struct kafka_mark *mark)
{
    while (m->n && m->list[m->n - 1].offset >= mark->offset)
        m->n--;
    if (m->n == KAFKA_MARKS)
        thin(m);
    m->list[m->n++] = *mark;
}

struct kafka_mark kafka_marks_before(const struct kafka_marks *m, int64_t offset)
{
    unsigned i = m->n;
    while (i && m->list[i - 1].offset >= offset)
        i--;
    return i ? m->list[i - 1] : none;
}

void kafka_mark_attach(const struct kafka_mark *mark, rd_kafka_topic_partition_t *p)
{
    char text[KAFKA_MARK_TEXT];
    free(p->metadata);
    p->metadata = NULL;
    p->metadata_size = 0;
    if (mark->offset < 0)
        return;
    snprintf(text, sizeof(text), "weir1 %" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu32, mark->offset,
             mark->time_ms, mark->size, mark->sum);
    p->metadata = strdup(text);
    p->metadata_size = p->metadata ? strlen(text) : 0;
}

struct kafka_mark kafka_mark_attached(const rd_kafka_topic_partition_t *p)
{
    char text[KAFKA_MARK_TEXT];
    struct kafka_mark m;
    int end = 0;
    if (!p->metadata || p->metadata_size >= sizeof(text))
        return none;
    memcpy(text, p->metadata, p->metadata_size);
    text[p->metadata_size] = 0;
    int n = sscanf(text, "weir1 %" SCNd64 " %" SCNd64 " %" SCNu64 " %" SCNu32 "%n", &m.offset,
                   &m.time_ms, &m.size, &m.sum, &end);
    return n == 4 && !text[end] && m.offset >= 0 && m.offset < p->offset ? m : none;
}
