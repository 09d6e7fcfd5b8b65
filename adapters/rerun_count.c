#include "rerun_count.h"

#include <stdio.h>

static const char *const names[RERUN_WHATS] = {"corrected", "new", "retracted"};

void rerun_count_init(struct rerun_count *c)
{
    *c = (struct rerun_count){.ntypes = 0};
    dict_init(&c->by_type, RERUN_TYPES_MAX);
}

void rerun_count_fini(struct rerun_count *c)
{
    dict_fini(&c->by_type);
}

void rerun_count_add(struct rerun_count *c, struct slice type, enum rerun_what what)
{
    bool is_new;
    c->all[what]++;
    uint64_t *i = dict_put(&c->by_type, type, &is_new);
    if (!i) /* more types than a catalogue has: counted in the sums */
        return;
    if (is_new) {
        *i = c->ntypes++;
        snprintf(c->types[*i].name, sizeof(c->types[*i].name), "%.*s", SLICE_ARG(type));
    }
    c->types[*i].n[what]++;
}

static void number(struct json_writer *w, const char *name, uint64_t n)
{
    json_key(w, slice_str(name));
    json_int(w, (int64_t)n);
}

void rerun_count_write(const struct rerun_count *c, struct json_writer *w)
{
    number(w, "messages", c->messages);
    number(w, "unmapped", c->unmapped);
    number(w, "refused", c->refused);
    number(w, "forgotten", c->forgotten);
    number(w, "unchanged", c->unchanged);
    number(w, "copies", c->copies);
    for (unsigned i = 0; i < RERUN_WHATS; i++)
        number(w, names[i], c->all[i]);
    json_key(w, SLICE("types"));
    json_array(w);
    for (unsigned t = 0; t < c->ntypes; t++) {
        json_object(w);
        json_key(w, SLICE("type"));
        json_string(w, slice_str(c->types[t].name));
        for (unsigned i = 0; i < RERUN_WHATS; i++)
            number(w, names[i], c->types[t].n[i]);
        json_object_end(w);
    }
    json_array_end(w);
}
