#include "processes.h"

unsigned processes_of(const struct site *site, const char *names[PROCESSES_MAX])
{
    unsigned n = 0;
    for (unsigned i = 0; i < site->nsources; i++) {
        bool known = false;
        for (unsigned j = 0; j < n; j++)
            known = known || slice_eq_str(site->sources[i].adapter, names[j]);
        if (!known && n < PROCESSES_MAX - 1)
            names[n++] = site->sources[i].adapter.p;
    }
    names[n++] = "broker";
    return n;
}
