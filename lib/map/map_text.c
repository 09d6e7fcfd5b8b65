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

struct slice map_text_at(struct map_run *run, const struct hl7_path *path)
{
    return map_text(run, hl7_path_get(path, run->msg, run->scope));
}

struct slice map_text_first(struct map_run *run, const struct hl7_path *const *paths, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct slice text = map_text_at(run, paths[i]);
        if (slice_present(text))
            return text;
    }
    return SLICE_ABSENT;
}

struct slice map_text_part(struct map_run *run, struct slice repetition, unsigned component,
                           unsigned subcomponent)
{
    return map_text(run, hl7_msg_part(run->msg, repetition, component, subcomponent));
}
