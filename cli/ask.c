#include "ask.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>
#include "config_open.h"
#include "control.h"
#include "processes.h"

enum { REQUEST_MAX = 64 * 1024, ANSWER_MAX = 16 * 1024 * 1024 };

const char *ask_user(void)
{
    const struct passwd *p = getpwuid(getuid());
    return p && p->pw_name ? p->pw_name : "unknown";
}

static int write_request(struct buf *to, const char *what, const struct ask_member *members,
                         unsigned n, struct err *reterr)
{
    struct json_writer *w;
    if (json_writer_open(to, &w, reterr) < 0)
        return -1;
    json_object(w);
    json_key(w, SLICE("do"));
    json_string(w, slice_str(what));
    for (unsigned i = 0; i < n; i++) {
        if (!members[i].value)
            continue;
        json_key(w, slice_str(members[i].name));
        json_string(w, slice_str(members[i].value));
    }
    json_object_end(w);
    json_writer_close(w);
    return buf_ok(to)
               ? 0
               : err_set(reterr, ERR_LIMIT, "the request is longer than %d bytes", REQUEST_MAX);
}

static int read_answer(struct slice text, struct arena *arena, struct json **ret,
                       struct err *reterr)
{
    struct json *answer;
    if (json_read(text, &json_default_limits, arena, &answer, reterr) < 0)
        return err_at(reterr, "the answer cannot be read");
    const struct json *ok = json_get(answer, "ok");
    if (!ok || ok->kind != JSON_BOOL)
        return err_set(reterr, ERR_PEER, "the answer does not say whether it worked");
    if (!ok->boolean) {
        struct slice why = json_text(answer, "error");
        const struct json *wrong = json_get(answer, "wrong");
        bool never = wrong && wrong->kind == JSON_BOOL && wrong->boolean;
        return err_set(reterr, never ? ERR_INPUT : ERR_REFUSED, "%.*s", SLICE_ARG(why));
    }
    *ret = answer;
    return 0;
}

int ask_process(const char *data_dir, const char *process, const char *what,
                const struct ask_member *members, unsigned n, int64_t timeout_ms,
                struct arena *arena, struct json **ret, struct err *reterr)
{
    char path[512];
    struct buf request, answer;
    snprintf(path, sizeof(path), "%s/run/%s.sock", data_dir, process);
    buf_init(&request, REQUEST_MAX);
    buf_init(&answer, ANSWER_MAX);
    int result = write_request(&request, what, members, n, reterr);
    if (result == 0)
        result = control_call(path, buf_slice(&request), timeout_ms, &answer, reterr);
    struct slice text = result == 0 ? arena_copy(arena, buf_slice(&answer)) : SLICE_ABSENT;
    if (result == 0)
        result = read_answer(text, arena, ret, reterr);
    buf_fini(&request);
    buf_fini(&answer);
    return result;
}

int ask_kind(const struct site *site, const char *role, const char *what,
             const struct ask_member *members, unsigned n, int64_t timeout_ms, struct json **ret,
             struct err *reterr)
{
    const char *names[PROCESSES_MAX];
    unsigned count = processes_like(site, role, names);
    struct err first = {0};
    for (unsigned i = 0; i < count; i++) {
        struct err err = {0};
        if (ask_process(site_path(site, site->data), names[i], what, members, n, timeout_ms,
                        site->arena, ret, &err) == 0)
            return 0;
        /* What one says counts more than that another one is away. */
        if (first.code == ERR_NONE || (first.code == ERR_PEER && err.code != ERR_PEER))
            first = err;
    }
    *reterr = first;
    return -1;
}

int ask_owner(const struct options *o, const char *role, const char *what,
              const struct ask_member *members, unsigned n, struct err *reterr)
{
    struct site *site;
    struct json *answer;
    if (config_open(o, 0, &site, reterr) < 0)
        return -1;
    int result = ask_kind(site, role, what, members, n, o->timeout_ms, &answer, reterr);
    site_close(site);
    return result;
}
