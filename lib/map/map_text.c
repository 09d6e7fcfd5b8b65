#include "map_text.h"

#include "hl7_escape.h"
#include "utf8.h"

void map_text_begin(struct map_run *run)
{
    run->ascii = true;
    for (size_t i = 0; i < run->msg->raw.n && run->ascii; i++)
        run->ascii = (unsigned char)run->msg->raw.p[i] < 0x80;
}

void map_text_flags(struct map_run *run)
{
    (void)run;
}

struct slice map_text(struct map_run *run, struct slice sent)
{
    if (!sent.n || (sent.n == 2 && sent.p[0] == '"' && sent.p[1] == '"'))
        return SLICE_ABSENT;
    unsigned flags = 0;
    struct slice text = hl7_escape_decode(sent, &run->msg->delims, run->arena, &flags);
    return text.n ? text : SLICE_ABSENT;
}

struct slice map_text_raw(struct map_run *run, struct slice sent)
{
    (void)run;
    return sent.n ? sent : SLICE_ABSENT;
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
