#include "json_path.h"

#include "scan.h"

enum { STEPS_MAX = 32, TESTS_MAX = 8, DEPTH_MAX = 4, NUMBER_MAX = 99999 };

struct test {
    const struct json_path *path; /* no steps: the element itself */
    bool negated;
    struct slice text;
};

enum which { WHICH_ANY, WHICH_NTH, WHICH_LAST, WHICH_ALL };

struct step {
    bool resolve;
    struct slice name;
    const struct test *tests;
    unsigned ntests;
    enum which which;
    unsigned nth;
};

enum begin { FROM_ROOT, FROM_BUNDLE, FROM_ENTRY };

struct json_path {
    struct slice text;
    enum begin begin;
    const struct step *steps;
    unsigned nsteps;
};

/* ---- compiling ---- */

struct cursor {
    struct scan scan;
    unsigned depth; /* of tests in tests */
};

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static int take_name(struct cursor *c, struct step *s)
{
    if (c->scan.at < c->scan.text.n && c->scan.text.p[c->scan.at] == '\'') {
        if (scan_quoted(&c->scan, &s->name) < 0)
            return -1;
        return s->name.n ? 0 : scan_fail(&c->scan, "a name is wanted between the quotes");
    }
    size_t start = c->scan.at;
    while (c->scan.at < c->scan.text.n && in_name(c->scan.text.p[c->scan.at]))
        c->scan.at++;
    s->name = slice_sub(c->scan.text, start, c->scan.at);
    if (!s->name.n)
        return scan_fail(&c->scan,
                         "a name is wanted here, in quotes where it is not of a-z, 0-9, \"_\" and "
                         "\"-\": identifier.value, 'NHS Number'");
    if (!scan_take(&c->scan, '('))
        return 0;
    if (!slice_eq(s->name, SLICE("resolve")) || !scan_take(&c->scan, ')')) {
        c->scan.at = start;
        return scan_fail(&c->scan, "the only function of a path is resolve()");
    }
    s->resolve = true;
    return 0;
}

static int take_number(struct cursor *c, unsigned *ret)
{
    return scan_number(&c->scan, NUMBER_MAX, ret)
               ? 0
               : scan_fail(
                     &c->scan,
                     "a number from 1 to %d is wanted here, or *, last, or a test: [system = 'x']",
                     NUMBER_MAX);
}

static int take_path(struct cursor *c, const struct json_path **ret);

static int take_test(struct cursor *c, struct test *t)
{
    static const struct json_path self = {0};
    *t = (struct test){.path = &self};
    if (!scan_take(&c->scan, '.') && take_path(c, &t->path) < 0)
        return -1;
    scan_blanks(&c->scan);
    t->negated = scan_take(&c->scan, '!');
    if (!scan_take(&c->scan, '='))
        return scan_fail(&c->scan, "= or != is wanted here");
    scan_blanks(&c->scan);
    if (scan_quoted(&c->scan, &t->text) < 0)
        return -1;
    scan_blanks(&c->scan);
    return 0;
}

static int take_tests(struct cursor *c, struct step *s)
{
    struct test tests[TESTS_MAX];
    if (c->depth == DEPTH_MAX)
        return scan_fail(&c->scan, "tests stand in each other more than %d deep", DEPTH_MAX);
    c->depth++;
    do {
        scan_blanks(&c->scan);
        if (s->ntests == TESTS_MAX)
            return scan_fail(&c->scan, "more than %d tests in one place", TESTS_MAX);
        if (take_test(c, &tests[s->ntests]) < 0)
            return -1;
        s->ntests++;
    } while (scan_word(&c->scan, SLICE("and ")));
    c->depth--;
    struct test *kept = arena_alloc(c->scan.arena, s->ntests * sizeof(*kept));
    if (!kept)
        return scan_fail(&c->scan, "no room for this path");
    memcpy(kept, tests, s->ntests * sizeof(*kept));
    s->tests = kept;
    return 0;
}

/* What stands between brackets; a name may begin with a digit, so that a number is one only where
 * nothing but the bracket follows. */
static int take_choice(struct cursor *c, struct step *s)
{
    size_t at = c->scan.at;
    while (at < c->scan.text.n && c->scan.text.p[at] >= '0' && c->scan.text.p[at] <= '9')
        at++;
    bool number = at < c->scan.text.n && c->scan.text.p[at] == ']';
    if (scan_take(&c->scan, '*')) {
        s->which = WHICH_ALL;
    } else if (slice_starts(slice_sub(c->scan.text, c->scan.at, c->scan.text.n), SLICE("last]"))) {
        s->which = WHICH_LAST;
        c->scan.at += sizeof("last") - 1;
    } else if (number || s->ntests) {
        s->which = WHICH_NTH;
        if (take_number(c, &s->nth) < 0)
            return -1;
    } else if (take_tests(c, s) < 0) {
        return -1;
    }
    scan_blanks(&c->scan);
    return scan_take(&c->scan, ']') ? 0 : scan_fail(&c->scan, "the choice is closed by ]");
}

static int take_step(struct cursor *c, struct step *s)
{
    *s = (struct step){0};
    if (take_name(c, s) < 0)
        return -1;
    while (scan_take(&c->scan, '[')) {
        if (s->which != WHICH_ANY)
            return scan_fail(&c->scan,
                             "nothing is chosen behind [n], [last] or [*]: tests stand in front");
        scan_blanks(&c->scan);
        if (take_choice(c, s) < 0)
            return -1;
    }
    return 0;
}

static enum begin take_begin(struct cursor *c)
{
    if (scan_word(&c->scan, SLICE("%bundle")))
        return FROM_BUNDLE;
    return scan_word(&c->scan, SLICE("%entry")) ? FROM_ENTRY : FROM_ROOT;
}

static int take_path(struct cursor *c, const struct json_path **ret)
{
    struct step steps[STEPS_MAX];
    struct json_path path = {0};
    size_t start = c->scan.at;
    path.begin = take_begin(c);
    for (bool more = path.begin ? scan_take(&c->scan, '.') : true; more;
         more = scan_take(&c->scan, '.')) {
        if (path.nsteps == STEPS_MAX)
            return scan_fail(&c->scan, "more than %d steps in one path", STEPS_MAX);
        if (take_step(c, &steps[path.nsteps]) < 0)
            return -1;
        path.nsteps++;
    }
    struct json_path *kept = arena_alloc(c->scan.arena, sizeof(*kept));
    struct step *copy = arena_alloc(c->scan.arena, (path.nsteps + 1) * sizeof(*copy));
    if (!kept || !copy)
        return scan_fail(&c->scan, "no room for this path");
    if (path.nsteps)
        memcpy(copy, steps, path.nsteps * sizeof(*copy));
    path.text = slice_sub(c->scan.text, start, c->scan.at);
    path.steps = copy;
    *kept = path;
    *ret = kept;
    return 0;
}

int json_path_compile(struct slice text, struct arena *arena, const struct json_path **ret,
                      size_t *ret_at, struct err *reterr)
{
    struct slice copy = arena_copy(arena, text);
    struct cursor c = {.scan = {.text = copy, .arena = arena, .err = reterr}};
    const struct json_path *path = NULL;
    int rc =
        slice_present(copy) ? take_path(&c, &path) : scan_fail(&c.scan, "no room for this path");
    if (rc == 0 && c.scan.at < copy.n)
        rc = scan_fail(&c.scan, "what follows is no part of a path: steps are joined by \".\"");
    *ret_at = c.scan.at;
    if (rc == 0)
        *ret = path;
    return rc;
}

/* ---- asking ---- */

struct walk {
    const struct json_path *path;
    struct json_view *view;
    bool (*fn)(const struct json *list, const struct json *value, void *arg);
    void *arg;
};

/* Each returns false when there is nothing more to be looked for. */
static bool walk_from(struct walk *w, const struct json *list, const struct json *node,
                      unsigned at);

static bool spend(struct json_view *view)
{
    if (!view->left)
        return false;
    view->left--;
    return true;
}

static const struct json *member(struct json_view *view, const struct json *object,
                                 struct slice name)
{
    if (object->kind != JSON_OBJECT)
        return NULL;
    for (const struct json *m = object->child; m && spend(view); m = m->next)
        if (slice_eq(m->name, name))
            return m;
    return NULL;
}

struct search {
    struct slice text;
    bool any, found;
};

static bool is_it(const struct json *list, const struct json *value, void *arg)
{
    struct search *s = arg;
    (void)list;
    if (json_state_of(value) == JSON_IS_NULL)
        return true;
    struct slice text = json_value(value);
    s->any = true;
    s->found = slice_present(text) && slice_eq(text, s->text);
    return !s->found;
}

static const struct json *begin_of(const struct json_path *p, const struct json_view *view,
                                   const struct json *root)
{
    return p->begin == FROM_BUNDLE ? view->bundle : p->begin == FROM_ENTRY ? view->entry : root;
}

static bool meets(struct walk *w, const struct step *s, const struct json *node)
{
    for (unsigned i = 0; i < s->ntests; i++) {
        const struct test *t = &s->tests[i];
        struct search search = {.text = t->text};
        struct walk inner = {.path = t->path, .view = w->view, .fn = is_it, .arg = &search};
        const struct json *from = begin_of(t->path, w->view, node);
        if (from)
            walk_from(&inner, NULL, from, 0);
        bool found = search.any ? search.found : t->text.n == 0;
        if (found == t->negated)
            return false;
    }
    return true;
}

static const struct json *at_hand(const struct json_view *view, const struct json *list)
{
    for (const struct json_scope *s = view->scope; s; s = s->above)
        if (s->list == list)
            return s->element;
    return NULL;
}

/* What the step has led to, less what it does not choose. */
static bool walk_list(struct walk *w, const struct step *s, const struct json *list, unsigned at)
{
    const struct json *one = list->kind == JSON_ARRAY ? NULL : list;
    if (!one && s->which == WHICH_ANY)
        one = at_hand(w->view, list);
    if (one)
        return (s->nth > 1 || !meets(w, s, one)) ||
               walk_from(w, one == list ? NULL : list, one, at);
    unsigned n = 0;
    const struct json *last = NULL;
    for (const struct json *e = list->child; e; e = e->next) {
        if (!spend(w->view))
            return false;
        if (!meets(w, s, e) || (++n != s->nth && s->which == WHICH_NTH))
            continue;
        last = e;
        if (s->which == WHICH_LAST)
            continue;
        if (!walk_from(w, list, e, at))
            return false;
        if (s->which == WHICH_NTH)
            break;
    }
    return s->which != WHICH_LAST || !last || walk_from(w, list, last, at);
}

static bool walk_from(struct walk *w, const struct json *list, const struct json *node, unsigned at)
{
    struct json_view *view = w->view;
    if (!spend(view))
        return false;
    if (at == w->path->nsteps)
        return w->fn(list, node, w->arg);
    if (node->kind == JSON_ARRAY) {
        for (const struct json *e = node->child; e; e = e->next)
            if (!walk_from(w, node, e, at))
                return false;
        return true;
    }
    const struct step *s = &w->path->steps[at];
    const struct json *next = NULL;
    if (!s->resolve)
        next = member(view, node, s->name);
    else if (view->resolve)
        next = view->resolve(view->arg, node);
    return !next || walk_list(w, s, next, at + 1);
}

void json_path_each(const struct json_path *p, struct json_view *view,
                    bool (*fn)(const struct json *list, const struct json *value, void *arg),
                    void *arg)
{
    struct walk w = {.path = p, .view = view, .fn = fn, .arg = arg};
    const struct json *from = begin_of(p, view, view->root);
    if (from)
        walk_from(&w, NULL, from, 0);
}

static bool keep_best(const struct json *list, const struct json *value, void *arg)
{
    const struct json **best = arg;
    (void)list;
    bool good = json_state_of(value) == JSON_IS_VALUE;
    if (good || !*best)
        *best = value;
    return !good;
}

const struct json *json_path_get(const struct json_path *p, struct json_view *view)
{
    const struct json *best = NULL;
    json_path_each(p, view, keep_best, &best);
    return best;
}

enum json_state json_state_of(const struct json *value)
{
    if (!value)
        return JSON_IS_ABSENT;
    if (value->kind == JSON_NULL)
        return JSON_IS_NULL;
    return value->kind == JSON_STRING && !value->text.n ? JSON_IS_EMPTY : JSON_IS_VALUE;
}

struct slice json_value(const struct json *value)
{
    if (!value)
        return SLICE_ABSENT;
    switch (value->kind) {
    case JSON_STRING:
    case JSON_NUMBER:
        return value->text;
    case JSON_BOOL:
        return value->boolean ? SLICE("true") : SLICE("false");
    default:
        return SLICE_ABSENT;
    }
}

struct slice json_path_text(const struct json_path *p)
{
    return p->text;
}
