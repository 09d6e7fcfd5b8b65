#include "err.h"

#include <stdio.h>
#include <string.h>

static bool may_pass(enum err_code code)
{
    return code == ERR_FULL || code == ERR_IO || code == ERR_PEER || code == ERR_NOMEM;
}

void err_vfill(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
    e->code = code;
    e->retriable = may_pass(code);
    vsnprintf(e->text, sizeof(e->text), fmt, ap);
}

void err_fill(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vfill(e, code, fmt, ap);
    va_end(ap);
}

void err_prefix(struct err *e, const char *fmt, ...)
{
    char old[sizeof(e->text)];
    memcpy(old, e->text, sizeof(old));
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(e->text))
        return; /* the place alone fills it */
    /* What does not fit is cut, on purpose. */
    size_t room = sizeof(e->text) - 1 - (size_t)n, colon = room < 2 ? room : 2;
    size_t rest = strnlen(old, room - colon);
    memcpy(e->text + n, ": ", colon);
    memcpy(e->text + n + colon, old, rest);
    e->text[(size_t)n + colon + rest] = 0;
}

int err_exit_code(const struct err *e)
{
    switch (e->code) {
    case ERR_NONE:
        return 0;
    case ERR_CONF:
        return 78;
    case ERR_INPUT:
    case ERR_LIMIT:
        return 65;
    case ERR_IO:
        return 74;
    case ERR_FULL:
    case ERR_PEER:
    case ERR_REFUSED:
        return 75;
    case ERR_NOMEM:
        break;
    }
    return 70;
}
