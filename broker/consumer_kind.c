#include "consumer_kind.h"

#include "consumer_file.h"
#include "consumer_http.h"

const struct consumer_kind *const consumer_kinds[] = {&consumer_http, &consumer_file, NULL};

const struct consumer_kind *consumer_kind_find(struct slice name)
{
    for (unsigned i = 0; consumer_kinds[i]; i++)
        if (slice_eq_str(name, consumer_kinds[i]->name))
            return consumer_kinds[i];
    return NULL;
}
