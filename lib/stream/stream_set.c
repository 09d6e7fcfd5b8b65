#include "stream_set.h"

struct slice stream_set_text(char **at, struct slice s)
{
    if (!slice_present(s))
        return s;
    struct slice copy = slice_make(*at, s.n);
    if (s.n)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return copy;
}

size_t stream_set_names(const struct stream_position *positions, unsigned n)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < n; i++)
        bytes += positions[i].group.n + positions[i].topic.n + positions[i].partition.n;
    return bytes;
}

struct stream_position stream_set_position(char **at, const struct stream_position *p)
{
    return (struct stream_position){.group = stream_set_text(at, p->group),
                                    .topic = stream_set_text(at, p->topic),
                                    .partition = stream_set_text(at, p->partition),
                                    .next = p->next};
}
