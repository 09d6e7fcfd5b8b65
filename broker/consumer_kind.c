#include "consumer_kind.h"

#include "consumer_kinds.h"

enum { CONSUMER_KINDS_MAX = 64 };

#define DECLARE(kind) extern const struct consumer_kind consumer_##kind;
CONSUMER_KINDS(DECLARE)

#define ROW(kind) &consumer_##kind,
const struct consumer_kind *const consumer_kinds[] = {CONSUMER_KINDS(ROW) NULL};

const struct consumer_kind *consumer_kind_find(struct slice name)
{
    for (unsigned i = 0; consumer_kinds[i]; i++)
        if (slice_eq_str(name, consumer_kinds[i]->name))
            return consumer_kinds[i];
    return NULL;
}

int consumer_kind_check(const struct site_consumer *c, struct err *reterr)
{
    const char *names[CONSUMER_KINDS_MAX];
    unsigned n = 0;
    if (consumer_kind_find(c->kind))
        return 0;
    for (; consumer_kinds[n] && n < CONSUMER_KINDS_MAX; n++)
        names[n] = consumer_kinds[n]->name;
    const char *near = yaml_nearest(c->kind, names, n);
    return yaml_err(yaml_get(c->node, "kind"), reterr,
                    "there is no kind of consumer \"%.*s\"; did you mean \"%s\"?",
                    SLICE_ARG(c->kind), near ? near : names[0]);
}
