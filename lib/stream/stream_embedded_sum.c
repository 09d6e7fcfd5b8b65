#include "stream_embedded_sum.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static XXH64_hash_t add(XXH64_hash_t so_far, struct slice s)
{
    XXH64_hash_t seed = so_far + (slice_present(s) ? 1 : 0);
    return XXH3_64bits_withSeed(s.n ? s.p : "", s.n, seed);
}

int64_t embedded_sum(int64_t offset, int64_t time_ms, struct slice key, struct slice headers,
                     struct slice value)
{
    int64_t place[] = {offset, time_ms}, sum;
    XXH64_hash_t h = XXH3_64bits(place, sizeof(place));
    h = add(add(add(h, key), headers), value);
    memcpy(&sum, &h, sizeof(sum));
    return sum;
}
