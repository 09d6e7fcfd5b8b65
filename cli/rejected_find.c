#include "rejected_find.h"

#include "record_find.h"
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

struct refusal {
    void (*fn)(void *arg, const struct stream_message *m);
    void *arg;
    bool is_one;
};

/* A record that resolves another is no refusal. */
static void on_record(void *arg, const struct stream_message *m)
{
    struct refusal *r = arg;
    r->is_one = !resolved_is(m);
    if (r->is_one)
        r->fn(r->arg, m);
}

int rejected_find(struct view *v, const char *name,
                  void (*fn)(void *arg, const struct stream_message *m), void *arg,
                  struct err *reterr)
{
    struct refusal r = {.fn = fn, .arg = arg};
    struct slice partition;
    int64_t offset;
    bool found;
    if (rejected_name_check(name, reterr) < 0)
        return -1;
    resolved_place(slice_str(name), &partition, &offset);
    if (record_find(v, "flow.rejected", partition, offset, on_record, &r, &found, reterr) < 0)
        return -1;
    return found && r.is_one
               ? 0
               : err_set(reterr, ERR_INPUT, "no rejected message '%s' is there", name);
}
