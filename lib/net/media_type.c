#include "media_type.h"

struct slice media_parameter(struct slice parameters, const char *name)
{
    while (slice_present(parameters)) {
        struct slice value = slice_trim(slice_split(&parameters, ';'));
        struct slice key = slice_trim(slice_split(&value, '='));
        if (!slice_ieq(key, slice_str(name)) || !slice_present(value))
            continue;
        value = slice_trim(value);
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = slice_sub(value, 1, value.n - 1);
        return value;
    }
    return SLICE_ABSENT;
}
