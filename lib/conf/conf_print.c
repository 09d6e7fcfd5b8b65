#include "conf_text.h"

#include <inttypes.h>
#include <stdio.h>

struct scale {
    const char *unit;
    int64_t times;
};

void conf_number_text(enum conf_type type, int64_t n, char out[CONF_TEXT_SIZE])
{
    static const struct scale durations[] = {
        {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    static const struct scale sizes[] = {
        {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}};
    static const struct scale plain[] = {{"", 1}};
    const struct scale *s = type == CONF_DURATION ? durations : type == CONF_SIZE ? sizes : plain;
    while (n && n % s->times)
        s++;
    if (n == 0)
        s = plain;
    snprintf(out, CONF_TEXT_SIZE, "%" PRId64 "%s", n / s->times, s->unit);
}

void conf_choices_text(const char *const *choices, char out[CONF_LIST_SIZE])
{
    size_t n = 0;
    out[0] = 0;
    for (unsigned i = 0; choices[i] && n < CONF_LIST_SIZE; i++) {
        int k = snprintf(out + n, CONF_LIST_SIZE - n, "%s%s", i ? ", " : "", choices[i]);
        n += k < 0 ? 0 : (size_t)k;
    }
}

static const char *type_text(const struct conf_option *o)
{
    static const char *const names[] = {
        [CONF_TEXT] = "text",          [CONF_BOOL] = "true or false", [CONF_INT] = "number",
        [CONF_DURATION] = "time",      [CONF_SIZE] = "bytes",         [CONF_CHOICE] = "choice",
        [CONF_TEXTS] = "text or list", [CONF_SECRET] = "secret",      [CONF_NODE] = "map"};
    return names[o->type];
}

static void print_type(const struct conf_option *o, struct buf *out)
{
    char low[CONF_TEXT_SIZE], high[CONF_TEXT_SIZE], list[CONF_LIST_SIZE];
    if (o->choices) {
        conf_choices_text(o->choices, list);
        buf_puts(out, list);
        return;
    }
    buf_puts(out, type_text(o));
    if (o->type != CONF_INT && o->type != CONF_DURATION && o->type != CONF_SIZE)
        return;
    conf_number_text(o->type, o->min, low);
    conf_number_text(o->type, o->max, high);
    if (o->max)
        buf_printf(out, ", %s to %s", low, high);
    else if (o->min)
        buf_printf(out, ", %s or more", low);
}

void conf_print_options(const struct conf_option *options, unsigned n, struct buf *out)
{
    buf_puts(out, "| option | value | preset | |\n|---|---|---|---|\n");
    for (unsigned i = 0; i < n; i++) {
        const struct conf_option *o = &options[i];
        buf_printf(out, "| `%s` | ", o->name);
        print_type(o, out);
        if (o->required)
            buf_puts(out, " | **required** | ");
        else if (o->preset)
            buf_printf(out, " | `%s` | ", o->preset);
        else
            buf_puts(out, " | - | ");
        buf_printf(out, "%s |\n", o->help);
    }
}
