#include "yaml_expand.h"

#include "buf.h"

static bool name_char(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

static bool good_name(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!name_char(s.p[i], i == 0))
            return false;
    return s.n > 0;
}

/* The value of what stands between ${ and }. */
static int lookup(struct slice inner, yaml_env_fn env, void *arg, struct buf *out,
                  struct err *reterr)
{
    size_t colon = slice_find(inner, ':');
    struct slice name = slice_sub(inner, 0, colon);
    struct slice rest = slice_sub(inner, colon, inner.n);
    char cname[128];
    if (!good_name(name) || name.n >= sizeof(cname))
        return err_set(reterr, ERR_CONF,
                       "${%.*s}: not the name of a variable; a plain ${ is written $${",
                       SLICE_ARG(name));
    memcpy(cname, name.p, name.n);
    cname[name.n] = 0;
    struct slice value = slice_str(env(cname, arg));
    if (rest.n == 0) {
        if (!slice_present(value))
            return err_set(reterr, ERR_CONF,
                           "the variable %s is not set; set it, or write ${%s:-default}", cname,
                           cname);
    } else if (slice_starts(rest, SLICE(":-"))) {
        if (value.n == 0)
            value = slice_sub(rest, 2, rest.n);
    } else if (slice_starts(rest, SLICE(":?"))) {
        if (value.n == 0)
            return err_set(reterr, ERR_CONF, "%s: %.*s", cname,
                           SLICE_ARG(slice_sub(rest, 2, rest.n)));
    } else {
        return err_set(reterr, ERR_CONF,
                       "${%s:…}: after the name stands \":-default\" or \":?message\"", cname);
    }
    buf_put(out, value);
    return 0;
}

static int expand(struct slice text, yaml_env_fn env, void *arg, struct buf *out,
                  struct err *reterr)
{
    while (text.n) {
        size_t at = slice_find(text, '$');
        buf_put(out, slice_sub(text, 0, at));
        text = slice_sub(text, at, text.n);
        if (slice_starts(text, SLICE("$${"))) {
            buf_puts(out, "${");
            text = slice_sub(text, 3, text.n);
        } else if (slice_starts(text, SLICE("${"))) {
            size_t end = slice_find(text, '}');
            struct slice inner = slice_sub(text, 2, end);
            if (end == text.n)
                return err_set(reterr, ERR_CONF, "\"${\" without its \"}\"");
            for (size_t i = 0; i + 1 < inner.n; i++)
                if (inner.p[i] == '$' && inner.p[i + 1] == '{')
                    return err_set(reterr, ERR_CONF, "a ${…} cannot stand inside another");
            if (lookup(inner, env, arg, out, reterr) < 0)
                return -1;
            text = slice_sub(text, end + 1, text.n);
        } else if (text.n) {
            buf_putc(out, '$');
            text = slice_sub(text, 1, text.n);
        }
    }
    return 0;
}

int yaml_expand(struct slice text, yaml_env_fn env, void *arg, struct arena *arena,
                struct slice *ret, struct err *reterr)
{
    if (slice_find(text, '$') == text.n) {
        *ret = text;
        return 0;
    }
    struct buf out;
    buf_init(&out, YAML_EXPANDED_MAX);
    int rc = expand(text, env, arg, &out, reterr);
    if (rc == 0 && !buf_ok(&out))
        rc =
            err_set(reterr, ERR_CONF, "longer than %d bytes with its variables", YAML_EXPANDED_MAX);
    if (rc == 0) {
        struct slice copy = arena_copy(arena, buf_slice(&out));
        if (slice_present(copy))
            *ret = copy;
        else
            rc = err_set(reterr, ERR_LIMIT, "more than fits the memory set aside");
    }
    buf_fini(&out);
    return rc;
}
