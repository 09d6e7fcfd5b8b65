/* A config is refused with its name in front, or gives a site whose tables can be asked. */
#include <stdlib.h>
#include <string.h>
#include "site.h"
#include "site_tables.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void ask_tables(const struct site *s)
{
    struct site_tables *tables;
    struct err err;
    /* No file is opened from here: the input would choose it. */
    if (s->table_files.n)
        return;
    const struct site_source *source = s->nsources ? &s->sources[0] : NULL;
    if (site_tables_open(s, source, NULL, NULL, &tables, &err) < 0)
        return;
    const struct site_table *t = site_table_find(tables, SLICE("location"));
    if (t)
        (void)site_table_get(t, SLICE("RXF05/ED"));
    site_tables_close(tables);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct site *s = NULL;
    struct err err = {0};
    int rc =
        site_read(slice_make((const char *)data, size), "fuzz.yaml", SITE_NO_SECRETS, &s, &err);
    if (rc == 0) {
        ask_tables(s);
        site_close(s);
    } else if (s || strncmp(err.text, "fuzz.yaml", 9) != 0) {
        abort();
    }
    return 0;
}
