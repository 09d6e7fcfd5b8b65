#include "map_sample.h"

#include "map_feed.h"
#include "map_message.h"
#include "map_place_rule.h"
#include "map_time_format.h"

void sample_open(struct sample *s)
{
    *s = (struct sample){0};
    arena_init(&s->arena, 16 << 20);
    s->tree.arena = &s->arena;
}

int sample_add(struct sample *s, const char *text)
{
    return map_tree_add_text(&s->tree, slice_str(text), "t.yaml", &s->err);
}

static int compile(struct sample *s, int format)
{
    if (site_tables_open(NULL, NULL, &s->tree.table_files, yaml_get(s->tree.root, "tables"),
                         &s->tables, &s->err) < 0)
        return -1;
    struct map_compiler c = {.arena = &s->arena,
                             .tree = format != SITE_HL7V2,
                             .records = format == SITE_JSON,
                             .tables = s->tables,
                             .root = s->tree.root};
    const struct map_place_rules *places = NULL;
    struct map_time_formats formats;
    struct map_message message;
    struct map_feed feed;
    if (map_place_rules_compile(&c, yaml_get(s->tree.root, "places"), ~0U, &places, &s->err) < 0 ||
        map_message_compile(&c, format, &message, &s->err) < 0 ||
        map_time_formats_compile(yaml_get(s->tree.root, "time_format"), &formats, &s->err) < 0 ||
        map_feed_compile(&c, &feed, &s->err) < 0)
        return -1;
    return map_compile(&c, &s->map, &s->err);
}

int sample_compile(struct sample *s)
{
    return compile(s, SITE_HL7V2);
}

int sample_compile_tree(struct sample *s)
{
    return compile(s, SITE_JSON);
}

void sample_close(struct sample *s)
{
    site_tables_close(s->tables);
    arena_fini(&s->arena);
}

const struct map_trigger *sample_trigger(const struct sample *s, const char *name)
{
    for (unsigned i = 0; i < s->map.ntriggers; i++)
        if (slice_eq_str(s->map.triggers[i].name, name))
            return &s->map.triggers[i];
    return NULL;
}
