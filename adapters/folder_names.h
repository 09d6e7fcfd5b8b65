/* folder_names.h - which file of a folder comes next, oldest first, without a look at all of them
 * for each.
 *
 * A scan keeps the names of the FOLDER_NAMES_MAX oldest files, which are then given one by one. It
 * goes in slices, so that a folder of 100,000 files holds up nobody. Where none of a whole list was
 * of use, the next scan looks at what comes behind them. Owns its names; the folder is borrowed. */
#ifndef WEIR_FOLDER_NAMES_H
#define WEIR_FOLDER_NAMES_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

enum { FOLDER_NAMES_MAX = 256 };

struct folder_name {
    char name[NAME_MAX + 1];
    ino_t inode;
    struct timespec changed; /* its content */
};

struct folder_names {
    DIR *scanned; /* NULL: no scan is under way */
    struct folder_name *kept[FOLDER_NAMES_MAX];
    unsigned n, next, allocated;
    bool any_taken;
    bool behind; /* what is not behind `last` is passed over */
    struct folder_name last;
};

enum folder_names_step {
    FOLDER_NAMES_FOUND,
    FOLDER_NAMES_GOES_ON, /* a slice is over: call again on another turn of the loop */
    FOLDER_NAMES_NONE,    /* nothing is left: look again after a while */
};

/* Whether that file may be taken. */
typedef bool (*folder_wanted_fn)(void *arg, const char *name, const struct stat *st);

/* All zero. */
void folder_names_init(struct folder_names *m);
void folder_names_fini(struct folder_names *m);
/* The oldest file of the folder that is wanted and was not given yet; *ret stands until the next
 * call. dir: may be another one only after folder_names_fini. */
enum folder_names_step folder_names_next(struct folder_names *m, int dir, folder_wanted_fn wanted,
                                         void *arg, const struct folder_name **ret);
/* The one given last is gone from the folder: the oldest are looked for again, once these are
 * given. */
void folder_names_taken(struct folder_names *m);

#endif
