#include "adapters_bed.h"

#include <stdio.h>
#include <stdlib.h>

static const char config[] =
    "data: /nowhere\n"
    "keys: {kid: u1, pseudonym: env:WEIR_UNIT_KEY, audit: env:WEIR_UNIT_KEY}\n"
    "sources:\n"
    "  pas: {adapter: acute, ods: RZZ, system: pas, timezone: Europe/London,\n"
    "        pl: ward^bay^bed^site, test_numbers: true%s%s%s}\n";

void bed_open(struct bed *b, const char *overlay)
{
    struct err err;
    struct kit_dir dir;
    char text[1024], path[300] = "";
    *b = (struct bed){0};
    kit_dir_open(&dir);
    if (overlay) {
        kit_dir_write(&dir, "o.yaml", slice_str(overlay));
        kit_dir_file(&dir, "o.yaml", path, sizeof(path));
    }
    snprintf(text, sizeof(text), config, overlay ? ", overlays: [" : "", path, overlay ? "]" : "");
    setenv("WEIR_UNIT_KEY", "a key of the tests, of no use elsewhere", 1);
    ck_assert_msg(site_read(slice_str(text), "u.yaml", SITE_PSEUDONYM, &b->site, &err) == 0, "%s",
                  err.text);
    b->source = &b->site->sources[0];
    ck_assert_msg(translate_open(b->site, b->source, WEIR_ROOT "/adapters", &b->translator, &err) ==
                      0,
                  "%s", err.text);
    kit_dir_close(&dir);
}

void bed_close(struct bed *b)
{
    translate_close(b->translator);
    site_close(b->site);
}

struct slice bed_header(const struct stream_record *r, const char *name)
{
    for (unsigned i = 0; i < r->nheaders; i++)
        if (slice_eq_str(r->headers[i].name, name))
            return r->headers[i].value;
    return SLICE_ABSENT;
}
