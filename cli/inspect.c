/* weir inspect - HL7 v2 messages as trees with the names of their parts, and what is odd about
 * them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "config_open.h"
#include "hl7_batch.h"
#include "inspect_tree.h"
#include "message_file.h"
#include "record_find.h"
#include "resolved.h"
#include "reveal.h"

enum {
    OUT_MAX = 1 << 30,
    INDEX_MAX = 1 << 30,
    VALUE_MAX = 256 * 1024 * 1024,
    PARTS_MAX = 100 * 1000 * 1000,
};

struct inspect {
    const struct options *o;
    struct view view;  /* open where a record is to be found */
    struct site *site; /* of --source, where there is no view */
    struct slice charset;
    struct arena index, scratch;
    struct buf out;
    struct json_writer *json;
    bool unread; /* some message could not be taken apart */
};

static int flush(struct inspect *x, struct err *reterr)
{
    if (!buf_ok(&x->out))
        return err_set(reterr, ERR_LIMIT, "its tree is larger than %d bytes", OUT_MAX);
    if (x->out.n && fwrite(x->out.p, 1, x->out.n, stdout) != x->out.n)
        return err_set(reterr, ERR_IO, "standard output cannot be written");
    buf_reset(&x->out);
    return 0;
}

static struct inspect_tree tree_of(struct inspect *x, const char *file, unsigned no)
{
    return (struct inspect_tree){.out = &x->out,
                                 .json = x->json,
                                 .scratch = &x->scratch,
                                 .file = file,
                                 .no = no,
                                 .reveal = x->o->reveal};
}

static void one_message(struct inspect *x, const char *file, unsigned no, struct slice sent)
{
    static const struct hl7_limits limits = {PARTS_MAX, PARTS_MAX};
    struct inspect_tree t = tree_of(x, file, no);
    struct hl7_msg m;
    struct hl7_charset cs;
    struct err err = {0};
    arena_reset(&x->index);
    if (hl7_charset_parse(sent, x->charset, &limits, &x->index, &m, &cs, &err) == 0) {
        inspect_tree_message(&t, sent, &m, &cs);
        return;
    }
    x->unread = true;
    inspect_tree_unread(&t, sent, err.text);
}

static const char *trailer_odd(const struct hl7_batch_item *item, char out[100])
{
    if (item->said < 0 || item->said == item->came)
        return NULL;
    snprintf(out, 100, "it says %lld, and %lld came", (long long)item->said, (long long)item->came);
    return out;
}

/* What stands before the first message within its frame, such as a byte order mark, is of it. */
static struct slice with_front(struct slice bytes, struct slice message)
{
    const char *from = message.p;
    while (from > bytes.p && from[-1] != '\x0b' && from[-1] != '\x1c')
        from--;
    return slice_make(from, (size_t)(message.p + message.n - from));
}

/* A file of one message or many, with or without the segments of a batch. */
static int all_messages(struct inspect *x, const char *file, struct slice bytes, struct err *reterr)
{
    struct hl7_batch batch;
    struct hl7_batch_item item;
    struct slice rest = bytes;
    enum hl7_batch_result r;
    char odd[100];
    bool first = true;
    int result = 0;
    hl7_batch_init(&batch, bytes.n, 0);
    while (result == 0 && (r = hl7_batch_next(&batch, &rest, true, &item)) != HL7_BATCH_MORE) {
        struct inspect_tree t = tree_of(x, file, 0);
        if (r == HL7_BATCH_MESSAGE)
            one_message(x, file, (unsigned)batch.messages,
                        first ? with_front(bytes, item.bytes) : item.bytes);
        else
            inspect_tree_around(&t, item.bytes, trailer_odd(&item, odd));
        result = flush(x, reterr);
        first = false;
    }
    if (result == 0 && batch.messages + batch.batches == 0)
        result = err_set(reterr, ERR_INPUT, "%s: there is no message in it", file);
    hl7_batch_fini(&batch);
    return result;
}

/* Shown without an audit record: who can have weir read it can read it. */
static int one_file(struct inspect *x, const char *file, struct err *reterr)
{
    struct message_file f;
    if (message_file_open(file, &f, reterr) < 0)
        return -1;
    int result = all_messages(x, file, buf_slice(&f.bytes), reterr);
    message_file_close(&f);
    return result;
}

struct shown_record {
    struct inspect *x;
    const char *name;
    bool is_one;
};

static void on_record(void *arg, const struct stream_message *m)
{
    struct shown_record *r = arg;
    const struct site_source *s = site_source_find(r->x->view.site, stream_header_get(m, "source"));
    r->is_one = !resolved_is(m);
    if (!r->is_one)
        return;
    if (!r->x->o->source)
        r->x->charset = s ? s->charset : SLICE_ABSENT;
    one_message(r->x, r->name, 0, m->value);
}

static int one_record(struct inspect *x, const char *name, struct err *reterr)
{
    const char *topic = x->o->topic ? x->o->topic : "flow.rejected";
    struct shown_record r = {.x = x, .name = name};
    struct slice partition;
    int64_t offset;
    bool found;
    char what[300];
    if (!resolved_place(slice_str(name), &partition, &offset))
        return err_set(reterr, ERR_INPUT,
                       "%s: no such file, and no name of a record such as acute/42", name);
    snprintf(what, sizeof(what), "inspect %s %s", topic, name);
    struct slice charset = x->charset;
    if ((x->o->reveal && reveal_audited(&x->view, what, reterr) < 0) ||
        record_find(&x->view, topic, partition, offset, on_record, &r, &found, reterr) < 0)
        return -1;
    x->charset = charset;
    if (!found || !r.is_one)
        return err_set(reterr, ERR_INPUT, "%s: no such file, and no such record in %s", name,
                       topic);
    return flush(x, reterr);
}

static bool is_file(const char *name)
{
    return strcmp(name, "-") == 0 || access(name, F_OK) == 0;
}

/* What there has to be before anything is shown. */
static int open_site(struct inspect *x, int argc, char **argv, struct err *reterr)
{
    bool records = x->o->topic;
    for (int i = x->o->rest; i < argc; i++) {
        struct slice partition;
        int64_t offset;
        records = records ||
                  (!is_file(argv[i]) && resolved_place(slice_str(argv[i]), &partition, &offset));
    }
    if (records && view_open(x->o, &x->view, reterr) < 0)
        return -1;
    if (!records && x->o->source && config_open(x->o, SITE_NO_SECRETS, &x->site, reterr) < 0)
        return -1;
    const struct site *site = records ? x->view.site : x->site;
    if (!x->o->source)
        return 0;
    const struct site_source *s = site_source_find(site, slice_str(x->o->source));
    if (!s)
        return err_set(reterr, ERR_INPUT, "there is no source '%s'", x->o->source);
    x->charset = s->charset;
    return 0;
}

static int inspect_all(struct inspect *x, int argc, char **argv, struct err *reterr)
{
    if (open_site(x, argc, argv, reterr) < 0 ||
        (x->o->json && json_writer_open(&x->out, &x->json, reterr) < 0))
        return -1;
    for (int i = x->o->rest; i < argc; i++)
        if ((is_file(argv[i]) && !x->o->topic ? one_file(x, argv[i], reterr)
                                              : one_record(x, argv[i], reterr)) < 0)
            return -1;
    return 0;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    struct inspect x = {.o = &o};
    int code =
        options_read(self, OPTION_JSON | OPTION_REVEAL | OPTION_SOURCE | OPTION_TOPIC | OPTION_DATA,
                     argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest >= argc)
        return verb_usage(self, "which FILE or NAME? ('-' is standard input)");
    if (o.topic && strcmp(o.topic, "flow.messages") != 0 && strcmp(o.topic, "flow.rejected") != 0)
        return verb_usage(self, "messages are in flow.messages and flow.rejected");
    arena_init(&x.index, INDEX_MAX);
    arena_init(&x.scratch, VALUE_MAX);
    buf_init(&x.out, OUT_MAX);
    int result = inspect_all(&x, argc, argv, &err);
    fflush(stdout);
    json_writer_close(x.json);
    buf_fini(&x.out);
    arena_fini(&x.scratch);
    arena_fini(&x.index);
    if (x.view.site)
        view_close(&x.view);
    site_close(x.site);
    if (result < 0)
        return verb_fail(self, &err);
    return x.unread ? EXIT_FOUND : 0;
}

const struct verb verb_inspect = {
    .name = "inspect",
    .summary = "a message as a tree with the names of its parts, and what is odd about it",
    .help =
        "Use: weir inspect [--source NAME] [--json] [--reveal] FILE ...\n"
        "     weir inspect [--topic flow.messages] [--json] [--reveal] NAME ...\n\n"
        "FILE holds HL7 v2 messages, plain, in MLLP frames or as a batch; '-' is standard input. "
        "NAME is that of a refused message ('weir rejected\n"
        "list'), or, with --topic flow.messages, of one that was taken ('weir tail --topic "
        "flow.messages'): acute/42. Files need no configuration.\n\n"
        "A row for each value that was sent: its place as a path of a map says it, its name in HL7 "
        "v2.5.1 (HL7 UK for ZU1 to ZU8), and the value\n"
        "with its escapes decoded and as UTF-8. Below stands what is odd, and where: delimiters, "
        "ends of segments, bytes before MSH, what is missing\n"
        "in MSH, the character set, escapes and times that cannot be read, more fields than the "
        "standard has. None of it is a reason for weir to\n"
        "refuse a message; 'weir translate' says what it makes of it.\n\n"
        "  --reveal         show values; else they are masked (letters x, digits 9) but for the "
        "systems, type and version in MSH. Of a NAME\n"
        "                   it is written to the audit log first; a FILE is its reader's own\n"
        "  --json           a line of JSON for each message\n"
        "  --source NAME    read it with the character set of this source\n"
        "  --data DIR       as in 'weir status --help'\n\n"
        "Exit codes: 0; 1 some message could not be taken apart; 65 there is no such message; 78 "
        "the configuration is wrong.\n\n"
        "Example: weir inspect config/demo/one.hl7\n",
    .run = run,
};
