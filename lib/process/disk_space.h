/* disk_space.h - is there room on the disk of the data directory? Asked for every message, looked
 * up at most every 200 ms; once low it stays low until an eighth more than the mark is free, so
 * that intake does not flap. */
#ifndef WEIR_DISK_SPACE_H
#define WEIR_DISK_SPACE_H

#include <stdbool.h>
#include <stdint.h>

struct disk_space {
    const char *dir; /* borrowed */
    uint64_t mark;   /* bytes that must stay free */
    int64_t looked_at;
    uint64_t free_bytes;
    bool low;
    /* How many bytes are free there; false when it cannot be told. statvfs, unless a test says
     * otherwise. */
    bool (*look)(const char *dir, uint64_t *ret_free);
};

void disk_space_init(struct disk_space *d, const char *dir, uint64_t mark);
/* now: monotonic ms. What cannot be told is taken for low. */
bool disk_space_low(struct disk_space *d, int64_t now);

#endif
