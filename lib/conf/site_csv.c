#include "site_parts.h"

#define ROW(member) offsetof(struct site_csv, member)

static const char *const delimiters[] = {",", ";", "|", "tab", NULL};
static const char *const policies[] = {"alarm", "refuse", NULL};

static const struct conf_option options[] = {
    {"delimiter", CONF_CHOICE, ROW(delimiter_option), ",", .choices = delimiters,
     .help = "What stands between the fields of a row."},
    {"header", CONF_BOOL, ROW(header), "true",
     .help =
         "The first line names the columns; `false`: there is no such line, and `columns` names "
         "them."},
    {"columns", CONF_TEXTS, ROW(columns),
     .help = "Columns that a file has to have, in any order: one that lacks one of them is refused "
             "as a whole. With `header: false` the names of all columns, in their order."},
    {"nulls", CONF_TEXTS, ROW(nulls), "NULL",
     .help = "What some exports write where there is nothing, as a whole field: `NULL`, `\\N`, "
             "`1900-01-01 00:00:00.000`. Read as an empty field; `[]`: none is."},
    {"on_other_header", CONF_CHOICE, ROW(on_other_header), "alarm", .choices = policies,
     .help =
         "What is done about a file whose columns are not those of the file of its kind before: "
         "`alarm` takes it and logs `alarm.header`, `refuse` moves it to `bad/` and takes "
         "nothing of it."},
};

enum { OPTIONS = sizeof(options) / sizeof(*options) };

static int check_columns(const struct site_source *src, struct err *reterr)
{
    const struct site_csv *c = &src->csv;
    const struct yaml *at = yaml_at(src->csv_node, "columns");
    if (src->format != SITE_CSV)
        return yaml_err(src->csv_node, reterr, "csv: the source has not format: csv");
    if (c->columns.n > SITE_COLUMNS_MAX)
        return yaml_err(at, reterr, "columns: more than %d", SITE_COLUMNS_MAX);
    if (!c->header && c->columns.n == 0)
        return yaml_err(yaml_at(src->csv_node, "header"), reterr,
                        "header: without a header line \"columns\" has to name the columns");
    for (unsigned i = 0; i < c->columns.n; i++) {
        struct slice name = c->columns.at[i];
        if (name.n == 0 || memchr(name.p, c->delimiter, name.n) || memchr(name.p, '"', name.n) ||
            memchr(name.p, '\n', name.n) || memchr(name.p, '\r', name.n))
            return yaml_err(at, reterr,
                            "columns: a name is not empty and has no quote, delimiter or line end");
        for (unsigned j = 0; j < i; j++)
            if (slice_eq(name, c->columns.at[j]))
                return yaml_err(at, reterr, "columns: \"%s\" stands there twice", name.p);
    }
    return 0;
}

int site_read_csv(struct site *s, struct site_source *src, struct err *reterr)
{
    static const char chars[] = ",;|\t";
    if (conf_read(src->csv_node, options, OPTIONS, s->arena, &src->csv, reterr) < 0)
        return -1;
    src->csv.delimiter = chars[src->csv.delimiter_option];
    return src->csv_node ? check_columns(src, reterr) : 0;
}

void site_print_csv(struct buf *out)
{
    buf_puts(out, "\n### sources: `<name>`: csv\n\nHow the rows of a source with `format: csv` are "
                  "written: [files.md](files.md#extracts).\n\n");
    conf_print_options(options, OPTIONS, out);
}
