#include "site_parts.h"

#include <stdarg.h>

enum { NAME_MAX_BYTES = 48, NAMES_MAX = 256 };

static bool good(struct slice s, char also, bool digit_first)
{
    if (s.n == 0 || s.n > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool digit = c >= '0' && c <= '9';
        if (!(c >= 'a' && c <= 'z') && !(digit && (i || digit_first)) && !(c == also && i))
            return false;
    }
    return true;
}

int site_name_err(const struct yaml *entry, struct err *reterr, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vfill(reterr, ERR_CONF, fmt, ap);
    va_end(ap);
    return err_at(reterr, "%s:%u:%u", entry->file, entry->name_line, entry->name_column);
}

int site_check_name(const struct yaml *entry, const char *what, struct err *reterr)
{
    if (good(entry->name, '-', true))
        return 0;
    return site_name_err(entry, reterr,
                         "the name of a %s is made of a-z, 0-9 and \"-\", 48 at most", what);
}

int site_check_word(const struct yaml *entry, const char *what, struct err *reterr)
{
    if (good(entry->name, '_', false))
        return 0;
    return site_name_err(entry, reterr,
                         "the name of a %s is made of a-z, 0-9 and \"_\", 48 at most", what);
}

int site_unknown(const struct yaml *at, struct slice name, const char *what,
                 const struct yaml *section, struct err *reterr)
{
    const char *names[NAMES_MAX];
    unsigned n = 0;
    for (const struct yaml *e = section ? section->child : NULL; e && n < NAMES_MAX; e = e->next)
        names[n++] = e->name.p;
    const char *near = yaml_nearest(name, names, n);
    return yaml_err(at, reterr, "there is no %s \"%.*s\"%s%s%s", what, SLICE_ARG(name),
                    near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

int site_section(const struct yaml *node, const char *what, const struct yaml **ret,
                 struct err *reterr)
{
    *ret = NULL;
    if (!node || (node->kind == YAML_SCALAR && !slice_present(node->text)))
        return 0;
    if (node->kind != YAML_MAP)
        return yaml_err(node, reterr, "%s must be a map: a name, then what belongs to it", what);
    *ret = node;
    return 0;
}

int site_no_room(const struct site *s, struct err *reterr)
{
    return err_set(reterr, ERR_LIMIT, "%s: more than fits the memory set aside for a config",
                   s->file);
}

int site_absolute(struct site *s, struct slice *name, struct err *reterr)
{
    if (!slice_present(*name))
        return 0;
    *name = conf_path(s->file, *name, s->arena);
    return slice_present(*name) ? 0 : site_no_room(s, reterr);
}
