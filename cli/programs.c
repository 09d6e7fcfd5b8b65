#include "programs.h"

#include <stdio.h>
#include <unistd.h>
#include "slice.h"

int programs_find(const char *name, const char *folder, char out[PATH_MAX], struct err *reterr)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n <= 0)
        return err_set(reterr, ERR_IO, "/proc/self/exe: where this program is cannot be told");
    struct slice dir = slice_make(self, (size_t)n);
    while (dir.n && dir.p[dir.n - 1] != '/')
        dir.n--;
    snprintf(out, PATH_MAX, "%.*s%s", SLICE_ARG(dir), name);
    if (access(out, X_OK) == 0)
        return 0;
    snprintf(out, PATH_MAX, "%.*s../%s/%s", SLICE_ARG(dir), folder, name);
    if (access(out, X_OK) == 0)
        return 0;
    return err_set(reterr, ERR_IO, "%s is not beside this program (%.*s)", name, SLICE_ARG(dir));
}
