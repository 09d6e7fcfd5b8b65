#include "site_parts.h"

void site_print_options(struct buf *out)
{
    buf_puts(out,
             "# Every option of weir.yaml\n\n"
             "Written by the build from the rows that also read the file (`lib/conf/site*.c`); a "
             "test fails when this page\nand they differ. `config/weir.yaml` is a commented "
             "example; `weir check FILE` says what is wrong, and where.\n\n"
             "- Times have a unit: `250ms`, `30s`, `10m`, `72h`, `7d`. Sizes: `100`, `64KiB`, "
             "`8MiB`, `1GiB`.\n"
             "- A value may hold `${VAR}` (must be set), `${VAR:-default}`, `${VAR:?message}`; "
             "`$${` is a plain `${`.\n"
             "- A secret is named, never written: `file:PATH` (mode 600) or `env:VARIABLE`.\n"
             "- File names are meant from the folder of the config.\n"
             "- Names of sources, routes and consumers: `a-z`, `0-9`, `-`; of lists and tables: "
             "`a-z`, `0-9`, `_`.\n"
             "- Unknown options, anchors, aliases, tags and repeated keys are refused.\n\n"
             "## At the top\n\n");
    site_print_base(out);
    site_print_sources(out);
    site_print_routes(out);
    site_print_consumers(out);
    site_print_relay(out);
}
