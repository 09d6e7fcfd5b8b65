#include "config_open.h"

#include <stdio.h>
#include "site_copy.h"

enum { ARENA_MAX = 1 << 20 };

static int open_copy(const struct options *o, unsigned secrets, struct site **ret,
                     const char **ret_copy, struct err *reterr)
{
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    struct slice data = site_copy_data(o->config, &arena);
    int rc = slice_present(data) ? site_copy_open(data.p, secrets, ret, ret_copy, reterr)
                                 : err_set(reterr, ERR_INPUT, "the data folder cannot be told");
    arena_fini(&arena);
    return rc;
}

int config_open(const struct options *o, unsigned secrets, struct site **ret, struct err *reterr)
{
    const char *copy;
    struct err wrong, none;
    if (o->data)
        return site_copy_open(o->data, secrets, ret, &copy, reterr);
    if (site_open(o->config, secrets, ret, &wrong) == 0)
        return 0;
    if (open_copy(o, secrets, ret, &copy, &none) < 0) {
        *reterr = wrong;
        return -1;
    }
    fprintf(stderr,
            "weir %s: %s; so it goes by the configuration that was taken last, of what runs: %s\n",
            o->verb, wrong.text, copy);
    return 0;
}
