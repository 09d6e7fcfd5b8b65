#include "event_catalogue.h"

const struct event_info *event_info_nth(unsigned nth)
{
    return nth < event_catalogue_n ? &event_catalogue[nth] : NULL;
}

const struct event_info *event_info_find(struct slice type)
{
    for (unsigned i = 0; i < event_catalogue_n; i++)
        if (slice_eq_str(type, event_catalogue[i].type))
            return &event_catalogue[i];
    return NULL;
}

const char *event_words_of(struct slice path)
{
    unsigned low = 0, high = event_words_n;
    while (low < high) {
        unsigned mid = (low + high) / 2;
        int order = slice_cmp(path, slice_str(event_words[mid].path));
        if (order == 0)
            return event_words[mid].description;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}
