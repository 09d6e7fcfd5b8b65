#include "record_find.h"

struct search {
    struct slice partition;
    int64_t offset;
    void (*fn)(void *arg, const struct stream_message *m);
    void *arg;
    bool found, ended;
};

/* -1 ends the reading: it was found, or its place was passed. */
static int look(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct search *s = arg;
    (void)reterr;
    if (!slice_eq(m->partition, s->partition) || m->offset < s->offset)
        return 0;
    s->ended = true;
    s->found = m->offset == s->offset;
    if (s->found)
        s->fn(s->arg, m);
    return -1;
}

int record_find(struct view *v, const char *topic, struct slice partition, int64_t offset,
                void (*fn)(void *arg, const struct stream_message *m), void *arg, bool *ret_found,
                struct err *reterr)
{
    struct stream_reader *r = NULL;
    struct search s = {.partition = partition, .offset = offset, .fn = fn, .arg = arg};
    if (view_read(v, topic, STREAM_LATEST, &r, reterr) < 0)
        return -1;
    int result = stream_seek(r, slice_str(topic), partition, offset, reterr);
    /* Where there is no such partition, there is no such record. */
    bool known = result == 0 || reterr->code != ERR_INPUT;
    if (result == 0 && view_fold(r, look, &s, reterr) < 0 && !s.ended)
        result = -1;
    if (!known)
        result = 0;
    stream_reader_close(r);
    *ret_found = s.found;
    return result;
}
