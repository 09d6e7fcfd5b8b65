/* config_page FILE: 0 when FILE is the page of all options as lib/conf prints it; `config_page
 * --write FILE` writes it. */
#include "site.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_MAX = 1 << 20 };

static int write_page(const char *path, struct slice page)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return 1;
    size_t n = fwrite(page.p, 1, page.n, f);
    return fclose(f) != 0 || n != page.n;
}

static int compare(const char *path, struct slice page)
{
    static char have[PAGE_MAX];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(have, 1, sizeof(have), f) : 0;
    if (f)
        fclose(f);
    if (slice_eq(slice_make(have, n), page))
        return 0;
    fprintf(stderr,
            "%s is not what the option rows say; write it anew: "
            "BUILD/tests/unit/conf/config_page --write docs/config.md\n",
            path);
    return 1;
}

int main(int argc, char **argv)
{
    struct buf page;
    int rc = 2;
    buf_init(&page, PAGE_MAX);
    site_print_options(&page);
    if (!buf_ok(&page))
        rc = 3;
    else if (argc == 3 && strcmp(argv[1], "--write") == 0)
        rc = write_page(argv[2], buf_slice(&page));
    else if (argc == 2)
        rc = compare(argv[1], buf_slice(&page));
    buf_fini(&page);
    return rc;
}
