#include "rejected_find.h"

#include "resolved.h"

int rejected_name_check(const char *name, struct err *reterr)
{
    struct slice partition;
    int64_t offset;
    if (resolved_place(slice_str(name), &partition, &offset))
        return 0;
    return err_set(reterr, ERR_INPUT,
                   "'%s' is no name of a rejected message; 'weir rejected list' shows the newest "
                   "of each kind",
                   name);
}

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
    s->found = m->offset == s->offset && !resolved_is(m);
    if (s->found)
        s->fn(s->arg, m);
    return -1;
}

int rejected_find(struct view *v, const char *name,
                  void (*fn)(void *arg, const struct stream_message *m), void *arg,
                  struct err *reterr)
{
    struct stream_reader *r = NULL;
    struct search s = {.fn = fn, .arg = arg};
    if (rejected_name_check(name, reterr) < 0 ||
        view_read(v, "flow.rejected", STREAM_LATEST, &r, reterr) < 0)
        return -1;
    resolved_place(slice_str(name), &s.partition, &s.offset);
    /* Where there is no such partition, there is no such message. */
    int result = stream_seek(r, SLICE("flow.rejected"), s.partition, s.offset, reterr);
    bool known = result == 0 || reterr->code != ERR_INPUT;
    if (result == 0 && view_fold(r, look, &s, reterr) < 0 && !s.ended)
        result = -1;
    else if (!known || (result == 0 && !s.found))
        result = err_set(reterr, ERR_INPUT, "no rejected message '%s' is there", name);
    stream_reader_close(r);
    return result;
}
