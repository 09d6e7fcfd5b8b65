#include "map_text.h"

#include "hl7_escape.h"

void map_text_flags(struct map_run *run)
{
    const struct hl7_charset *cs = &run->charset;
    if (cs->guess && slice_eq_str(SLICE("cp1252"), cs->guess))
        map_run_flag(run, SLICE("charset_guessed:cp1252"));
    else if (cs->guess)
        map_run_flag(run, SLICE("charset_guessed:utf8"));
    if (cs->flags & HL7_CHARSET_UNKNOWN)
        map_run_flag(run, SLICE("charset_unknown"));
    if (cs->flags & HL7_CHARSET_SWITCHED)
        map_run_flag(run, SLICE("charset_switched"));
    if ((cs->flags | run->text_flags) & HL7_CHARSET_REPLACED)
        map_run_flag(run, SLICE("charset_replaced"));
    if (run->text_flags & HL7_ESCAPE_KEPT)
        map_run_flag(run, SLICE("escape_kept"));
    if (run->text_flags & MAP_TEXT_CUT)
        map_run_flag(run, SLICE("value_cut"));
    if (run->text_flags & MAP_TEXT_IDS_MANY)
        map_run_flag(run, SLICE("ids_many"));
}

bool map_text_cut(const struct map_run *run, struct slice sent)
{
    char mark = run->msg->delims.trunc;
    return mark && sent.n && sent.p[sent.n - 1] == mark;
}

struct slice map_text(struct map_run *run, struct slice sent)
{
    if (!sent.n || (sent.n == 2 && sent.p[0] == '"' && sent.p[1] == '"'))
        return SLICE_ABSENT;
    unsigned flags = 0;
    struct slice text = hl7_charset_text(&run->charset, run->msg, sent, run->arena, &flags);
    if (map_text_cut(run, sent))
        flags |= MAP_TEXT_CUT;
    run->text_flags |= flags & ~(unsigned)HL7_ESCAPE_HIGH;
    return text.n ? text : SLICE_ABSENT;
}

struct slice map_text_raw(struct map_run *run, struct slice sent)
{
    return sent.n ? hl7_charset_decode(&run->charset, sent, run->arena, &run->text_flags)
                  : SLICE_ABSENT;
}

/* Of a tree all is UTF-8 already; \u0000 may stand in it. */
static struct slice of_node(struct map_run *run, const struct json *node)
{
    static const struct hl7_charset utf8 = {.valid = true, .nul = true};
    struct slice text = json_value(node);
    if (!text.n)
        return SLICE_ABSENT;
    return memchr(text.p, 0, text.n) ? hl7_charset_decode(&utf8, text, run->arena, &run->text_flags)
                                     : text;
}

struct slice map_text_at(struct map_run *run, union map_path path)
{
    if (!run->view)
        return map_text(run, hl7_path_get(path.hl7, run->msg, run->scope));
    return of_node(run, json_path_get(path.tree, run->view));
}

struct slice map_text_first(struct map_run *run, const union map_path *paths, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct slice text = map_text_at(run, paths[i]);
        if (slice_present(text))
            return text;
    }
    return SLICE_ABSENT;
}

struct each {
    struct map_run *run;
    bool (*fn)(struct slice text, void *arg);
    void *arg;
};

static bool of_message(struct slice repetition, struct slice value, void *arg)
{
    const struct each *e = arg;
    (void)repetition;
    struct slice text = map_text(e->run, value);
    return !slice_present(text) || e->fn(text, e->arg);
}

static bool of_tree(const struct json *list, const struct json *value, void *arg)
{
    const struct each *e = arg;
    (void)list;
    struct slice text = of_node(e->run, value);
    return !slice_present(text) || e->fn(text, e->arg);
}

void map_text_each(struct map_run *run, union map_path path,
                   bool (*fn)(struct slice text, void *arg), void *arg)
{
    struct each e = {run, fn, arg};
    if (run->view)
        json_path_each(path.tree, run->view, of_tree, &e);
    else
        hl7_path_each(path.hl7, run->msg, run->scope, of_message, &e);
}

struct joining {
    struct arena *arena;
    struct slice between, text;
};

static bool join(struct slice text, void *arg)
{
    struct joining *j = arg;
    j->text = slice_present(j->text) ? arena_join(j->arena, j->text, j->between, text) : text;
    return slice_present(j->text) && j->text.n < MAP_TEXT_JOINED_MAX;
}

struct slice map_text_joined(struct map_run *run, const union map_path *paths, unsigned n,
                             struct slice between)
{
    struct joining j = {.arena = run->arena, .between = between};
    if (n == 1)
        map_text_each(run, paths[0], join, &j);
    for (unsigned i = 0; n > 1 && i < n; i++) {
        struct slice text = map_text_at(run, paths[i]);
        if (!slice_present(text))
            return SLICE_ABSENT;
        join(text, &j);
    }
    return j.text;
}

struct slice map_text_part(struct map_run *run, struct slice repetition, unsigned component,
                           unsigned subcomponent)
{
    return map_text(run, hl7_msg_part(run->msg, repetition, component, subcomponent));
}
