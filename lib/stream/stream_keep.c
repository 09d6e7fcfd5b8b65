#include "stream_keep.h"

void stream_keep_init(struct stream_keep *k, const struct stream_options *o)
{
    *k = (struct stream_keep){.n = o->nkeep_topics};
    for (unsigned i = 0; i < o->nkeep_topics; i++)
        memcpy(k->topics[i], o->keep_topics[i].p, o->keep_topics[i].n);
}

int stream_keep_find(const struct stream_keep *k, const char *topic)
{
    for (unsigned i = 0; i < k->n; i++)
        if (strcmp(k->topics[i], topic) == 0)
            return (int)i;
    return -1;
}
