/* weir translate - messages in, events out, with the maps of the site: the tool an integration
 * engineer lives in. No network, no stream. */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>
#include "message_file.h"
#include "options.h"
#include "plain_text.h"
#include "translate_explain.h"
#include "translators.h"

enum { EVENT_BYTES_MAX = 64 * 1024 * 1024 };

struct translate_job {
    const struct site *site;
    struct translators translators;
    struct arena arena;
    struct buf out;
    struct event_encoder *encoder;
    bool explain; /* reasons instead of events */
    char folder[PATH_MAX + 1];
    bool refused;
};

static void complain(const char *file, unsigned no, const struct translation *t)
{
    for (unsigned i = 0; i < t->nreasons; i++) {
        const struct translate_reason *r = &t->reasons[i];
        fprintf(stderr, "%s: message %u", file, no);
        struct slice at = slice_present(r->expression) ? r->expression : r->segment;
        if (slice_present(at))
            fprintf(stderr, ", %.*s", SLICE_ARG(at));
        if (r->sequence)
            fprintf(stderr, "[%u]", r->sequence);
        if (r->field)
            fprintf(stderr, "-%u", r->field);
        if (r->component)
            fprintf(stderr, ".%u", r->component);
        fprintf(stderr, ": %.*s (table 0357: %u)\n", SLICE_ARG(r->text), r->code);
    }
}

static void write_events(struct translate_job *j, const struct translation *t)
{
    for (unsigned i = 0; i < t->nevents; i++) {
        event_encode(j->encoder, t->events[i].event, NULL);
        buf_putc(&j->out, '\n');
    }
}

/* The heading comes last into the text, for it tells the trigger. */
static void explain(struct translate_job *j, const struct site_source *source,
                    struct translator *translator, const char *file, unsigned no, struct slice raw,
                    struct translation *ret)
{
    struct buf text;
    buf_init(&text, EVENT_BYTES_MAX);
    translate_explain(translator, raw, &j->arena, slice_str(j->folder), &text, ret);
    buf_printf(&j->out, "%s: message %u, trigger %.*s, of source %.*s: %s\n", file, no,
               SLICE_ARG(ret->trigger), SLICE_ARG(source->name),
               translate_verdict_name(ret->verdict));
    buf_put(&j->out, buf_slice(&text));
    plain_lines(&j->out);
    if (!buf_ok(&text))
        j->out.failed = true;
    buf_fini(&text);
}

static int print_out(struct translate_job *j, struct err *reterr)
{
    if (!buf_ok(&j->out))
        return err_set(reterr, ERR_LIMIT, "its events or reasons are larger than %d bytes",
                       EVENT_BYTES_MAX);
    if (j->out.n && fwrite(j->out.p, 1, j->out.n, stdout) != j->out.n)
        return err_set(reterr, ERR_IO, "standard output cannot be written");
    return 0;
}

static int one_message(struct translate_job *j, const char *file, unsigned no, struct slice raw,
                       struct err *reterr)
{
    const struct site_source *source;
    struct translator *translator;
    struct translation t;
    arena_reset(&j->arena);
    if (translators_find(&j->translators, raw, &j->arena, &source, &translator, reterr) < 0)
        return -1;
    buf_reset(&j->out);
    if (j->explain)
        explain(j, source, translator, file, no, raw, &t);
    else
        translate_run(translator, raw, &j->arena, &t);
    if (t.verdict == TRANSLATE_REFUSED) {
        j->refused = true;
        complain(file, no, &t);
    } else if (t.verdict == TRANSLATE_UNMAPPED) {
        fprintf(stderr, "%s: message %u: no map for trigger ", file, no);
        plain_put(stderr, t.trigger);
        fprintf(stderr, ": kept and accepted, no event\n");
    }
    if (!j->explain)
        write_events(j, &t);
    return print_out(j, reterr);
}

static int one_file(struct translate_job *j, const char *file, struct err *reterr)
{
    struct message_file f;
    struct slice raw;
    if (message_file_open(file, &f, reterr) < 0)
        return -1;
    const struct site_source *source = translators_known(&j->translators);
    int result = source ? message_file_as(&f, source, reterr) : 0;
    if (result < 0)
        err_at(reterr, "%s", file);
    while (result == 0 && message_file_next(&f, &raw)) {
        result = one_message(j, file, f.no, raw, reterr);
        if (result < 0)
            err_at(reterr, "%s: message %u", file, f.no);
    }
    message_file_close(&f);
    return result;
}

static int all_files(struct translate_job *j, const struct options *o, int argc, char **argv,
                     struct err *reterr)
{
    if (translators_init(&j->translators, j->site, o->source, reterr) < 0)
        return -1;
    arena_init(&j->arena, j->site->message_arena);
    buf_init(&j->out, EVENT_BYTES_MAX);
    int result = event_encoder_open(&j->out, &j->encoder, reterr);
    for (int i = o->rest; result == 0 && i < argc; i++)
        result = one_file(j, argv[i], reterr);
    return result;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct site *site;
    struct err err = {0};
    int code = options_read(self, OPTION_SOURCE | OPTION_EXPLAIN, argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest >= argc)
        return verb_usage(self, "which FILE? ('-' is standard input)");
    if (site_open(o.config, SITE_PSEUDONYM, &site, &err) < 0)
        return verb_fail(self, &err);
    struct translate_job j = {.site = site, .explain = o.explain};
    if (getcwd(j.folder, PATH_MAX))
        strcat(j.folder, "/");
    int result = all_files(&j, &o, argc, argv, &err);
    fflush(stdout);
    translators_fini(&j.translators);
    event_encoder_close(j.encoder);
    buf_fini(&j.out);
    arena_fini(&j.arena);
    site_close(site);
    if (result < 0)
        return verb_fail(self, &err);
    return j.refused ? EXIT_FOUND : 0;
}

const struct verb verb_translate = {
    .name = "translate",
    .summary = "messages in, events out: what the maps make of a file",
    .help = "Use: weir translate [--source NAME] [--explain] FILE ...\n\n"
            "Each FILE holds one HL7 v2 message or many, plain or in MLLP frames; of a source of "
            "another format one JSON or FHIR document, or one on each line, or rows\n"
            "of CSV below their line of columns. '-' is standard input. Events come out as they "
            "would stand on\n"
            "flow.reported, one JSON line each, unmasked: they are your own messages. Without "
            "--source the message's MSH-3/MSH-4 choose.\n"
            "--explain tells instead, for each field of each event, which line of which map took "
            "it from where in the message, what was tried before and\n"
            "why it gave nothing; and why the trigger's other events were not made.\n"
            "Exit codes: 0 all translated; 1 some message was refused (standard error says where "
            "and why); 78 the configuration is wrong.\n\n"
            "Example: weir translate --source demo-pas config/demo/morning.hl7 | head -3\n"
            "         weir translate --explain config/demo/one.hl7\n",
    .run = run,
};
