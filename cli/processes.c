#include "processes.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include "proc.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

unsigned processes_like(const struct site *site, const char *role, const char *names[PROCESSES_MAX])
{
    static const struct slice end = {".sock", 5};
    struct slice dir = arena_printf(site->arena, "%s/run", site_path(site, site->data));
    DIR *run = slice_present(dir) ? opendir(dir.p) : NULL;
    unsigned n = 0;
    for (struct dirent *e; run && n < PROCESSES_MAX && (e = readdir(run));) {
        struct slice file = slice_str(e->d_name);
        if (!slice_ends(file, end))
            continue;
        struct slice name = arena_copy(site->arena, slice_sub(file, 0, file.n - end.n));
        if (slice_present(name) && proc_name_of(name.p, role))
            names[n++] = name.p;
    }
    if (run)
        closedir(run);
    qsort(names, n, sizeof(*names), by_name);
    if (!n)
        names[n++] = role;
    return n;
}

unsigned processes_roles(const struct site *site, const char *names[PROCESSES_MAX])
{
    unsigned n = 0;
    for (unsigned i = 0; i < site->nsources; i++) {
        bool known = false;
        for (unsigned j = 0; j < n; j++)
            known = known || slice_eq_str(site->sources[i].adapter, names[j]);
        if (!known && n < PROCESSES_MAX - 2)
            names[n++] = site->sources[i].adapter.p;
    }
    if (!site->relay.state)
        names[n++] = "broker";
    if (site->relay.node)
        names[n++] = "relay";
    return n;
}

unsigned processes_of(const struct site *site, const char *names[PROCESSES_MAX])
{
    const char *roles[PROCESSES_MAX], *found[PROCESSES_MAX];
    unsigned n = 0, count = processes_roles(site, roles);
    for (unsigned i = 0; i < count; i++) {
        unsigned more = processes_like(site, roles[i], found);
        for (unsigned j = 0; j < more && n < PROCESSES_MAX; j++)
            names[n++] = found[j];
    }
    return n;
}
