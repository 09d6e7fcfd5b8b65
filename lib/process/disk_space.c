#include "disk_space.h"

#include <sys/statvfs.h>

enum { LOOK_EVERY_MS = 200 };

static bool look(const char *dir, uint64_t *ret_free)
{
    struct statvfs v;
    if (statvfs(dir, &v) != 0)
        return false;
    *ret_free = (uint64_t)v.f_bavail * v.f_frsize;
    return true;
}

void disk_space_init(struct disk_space *d, const char *dir, uint64_t mark)
{
    *d = (struct disk_space){.dir = dir, .mark = mark, .looked_at = INT64_MIN, .look = look};
}

bool disk_space_low(struct disk_space *d, int64_t now)
{
    if (d->looked_at != INT64_MIN && now - d->looked_at < LOOK_EVERY_MS)
        return d->low;
    d->looked_at = now;
    if (!d->look(d->dir, &d->free_bytes)) {
        d->free_bytes = 0;
        d->low = d->mark != 0;
        return d->low;
    }
    uint64_t enough = d->low ? d->mark + d->mark / 8 : d->mark;
    d->low = d->free_bytes < enough;
    return d->low;
}
