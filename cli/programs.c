#include "programs.h"

#include <unistd.h>
#include "buf.h"

int programs_find(const char *name, const char *folder, char out[PATH_MAX], struct err *reterr)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n <= 0)
        return err_set(reterr, ERR_IO, "/proc/self/exe: where this program is cannot be told");
    struct slice dir = slice_make(self, (size_t)n);
    while (dir.n && dir.p[dir.n - 1] != '/')
        dir.n--;
    struct buf path;
    buf_init(&path, PATH_MAX);
    buf_printf(&path, "%.*s%s", SLICE_ARG(dir), name);
    if (!buf_ok(&path) || access(buf_cstr(&path), X_OK) != 0) {
        buf_reset(&path);
        buf_printf(&path, "%.*s../%s/%s", SLICE_ARG(dir), folder, name);
    }
    bool found = buf_ok(&path) && path.n < PATH_MAX && access(buf_cstr(&path), X_OK) == 0;
    if (found)
        memcpy(out, buf_cstr(&path), path.n + 1);
    buf_fini(&path);
    if (found)
        return 0;
    return err_set(reterr, ERR_IO, "%s is not beside this program (%.*s)", name, SLICE_ARG(dir));
}
