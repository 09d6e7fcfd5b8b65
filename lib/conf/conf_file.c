#include "conf_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int read_all(FILE *f, const char *file, struct buf *into, struct err *reterr)
{
    char part[16384];
    size_t n;
    while (buf_ok(into) && (n = fread(part, 1, sizeof(part), f)) > 0)
        buf_put(into, slice_make(part, n));
    if (ferror(f))
        return err_set(reterr, ERR_IO, "%s: %s", file, strerror(errno));
    if (!buf_ok(into))
        return err_set(reterr, ERR_LIMIT, "%s: more than the limit of %zu bytes", file, into->max);
    return 0;
}

int conf_file(const char *file, size_t max, struct buf *into, struct err *reterr)
{
    FILE *f = fopen(file, "re");
    if (!f)
        return err_set(reterr, errno == ENOENT ? ERR_CONF : ERR_IO, "%s: %s", file,
                       strerror(errno));
    buf_init(into, max);
    int rc = read_all(f, file, into, reterr);
    fclose(f);
    if (rc < 0)
        buf_fini(into);
    return rc;
}
