#include "folder_away.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "clock.h"

enum {
    NUMBERS = 100,
    TRIES = NUMBERS + 10,
    NAME_KEPT = NAME_MAX - 32, /* of a name, so that its number and its report's fit */
};

/* a.hl7, a.hl7.2 to a.hl7.100; for those of whom nobody takes anything away, the time. */
static void nth_name(const char *name, int n, char ret[NAME_MAX + 1])
{
    if (n == 1)
        snprintf(ret, NAME_MAX + 1, "%.*s", NAME_KEPT, name);
    else
        snprintf(ret, NAME_MAX + 1, "%.*s.%lld", NAME_KEPT, name,
                 n <= NUMBERS ? (long long)n : (long long)clock_wall_ms() + n);
}

static bool is_there(int dir, const char *name)
{
    return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int folder_put_away(const struct folder_report *r, int work, int to, struct err *reterr)
{
    char name[NAME_MAX + 1], report[FOLDER_REPORT_NAME];
    for (int n = 1; n <= TRIES; n++) {
        nth_name(r->name, n, name);
        if (is_there(to, name) || !folder_report_is_free(r, to, name))
            continue;
        if (folder_report_write(r, to, name, reterr) < 0)
            return -1;
        if (renameat2(work, r->name, to, name, RENAME_NOREPLACE) == 0) {
            fsync(to);
            fsync(work);
            return 0;
        }
        int why = errno;
        folder_report_name(name, report);
        unlinkat(to, report, 0);
        if (why != EEXIST)
            return err_set(reterr, ERR_IO, "%s", strerror(why));
    }
    return err_set(reterr, ERR_IO, "%.100s: each name that it could get is taken", r->name);
}
