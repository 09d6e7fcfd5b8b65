#include "site_parts.h"

#define ROW(member) offsetof(struct site_folder, member)

static const char *const bad_rows[] = {"row", "file", NULL};

static const struct conf_option options[] = {
    {"path", CONF_TEXT, ROW(path), .required = true,
     .help = "Folder that files are dropped into; `work/`, `done/` and `bad/` are made in it. All "
             "of it on one file system, best a local one."},
    {"pattern", CONF_TEXT, ROW(pattern), "*",
     .help = "Names that are taken, such as `*.hl7`. Never taken: names that begin with a dot, or "
             "end in `.tmp`, `.part`, `.partial`, `.filepart`, `.writing` or `.lock`."},
    {"settle", CONF_DURATION, ROW(settle), "5s", 0, 86400000,
     .help = "How long a file must not have changed before it is taken; `0ms` where the sender "
             "writes elsewhere, or under another name, and moves the whole file here."},
    {"poll", CONF_DURATION, ROW(poll), "1s", 10, 3600000,
     .help = "How often the folder is looked at."},
    {"message_max", CONF_SIZE, ROW(message_max), "8MiB", 1024, 1 << 30,
     .help = "Largest message or row; a longer one is rejected. Files may be of any size."},
    {"on_bad_row", CONF_CHOICE, ROW(on_bad_row), "row", .choices = bad_rows,
     .help = "Formats other than `hl7v2`. What a row that cannot be used costs: `row` that row "
             "alone, `file` the whole file, of which nothing is taken then (each file is read "
             "twice)."},
    {"remember", CONF_INT, ROW(remember), "1000000", 0, 100000000,
     .help = "Formats other than `hl7v2`. Rows of a file of which a keyed hash is kept, so that "
             "they are not taken again where the next file of that kind has them unchanged; each "
             "takes 16 bytes of disk, and up to 90 of memory while a file is read. 0: none."},
};

enum { OPTIONS = sizeof(options) / sizeof(*options) };

/* These are about rows. */
static int check_rows(const struct site_source *src, struct err *reterr)
{
    static const char *const of_rows[] = {"on_bad_row", "remember"};
    for (size_t i = 0; src->format == SITE_HL7V2 && i < sizeof(of_rows) / sizeof(*of_rows); i++)
        if (yaml_get(src->folder_node, of_rows[i]))
            return yaml_err(yaml_at(src->folder_node, of_rows[i]), reterr,
                            "%s: files of a source with format: hl7v2 have no rows", of_rows[i]);
    return 0;
}

/* Two sources in one folder would take each other's files. */
static int check_others(const struct site *s, const struct site_source *src, struct err *reterr)
{
    for (const struct site_source *o = s->sources; o < src; o++)
        if (o->has_folder && slice_eq(o->folder.path, src->folder.path))
            return yaml_err(src->folder_node, reterr,
                            "path: source \"%s\" reads that folder already", o->name.p);
    return 0;
}

int site_read_folder(struct site *s, struct site_source *src, struct err *reterr)
{
    src->has_folder = src->folder_node != NULL;
    if (!src->has_folder)
        return 0;
    if (conf_read(src->folder_node, options, OPTIONS, s->arena, &src->folder, reterr) < 0 ||
        site_absolute(s, &src->folder.path, reterr) < 0 || check_rows(src, reterr) < 0 ||
        check_others(s, src, reterr) < 0)
        return -1;
    return site_check_fits(s, src->folder_node, "message_max", src->folder.message_max, reterr);
}

void site_print_folder(struct buf *out)
{
    buf_puts(out, "\n### sources: `<name>`: folder\n\nFiles dropped into a folder: "
                  "[files.md](files.md).\n\n");
    conf_print_options(options, OPTIONS, out);
}
