#include "test_compare.h"

#include "event.h"
#include "json.h"
#include "rfc3339.h"

enum { VALUES_MAX = 1024, WORDS_MAX = 8192 };

struct compare {
    struct arena *arena;
    struct test_fault *first, **end;
    struct slice where; /* what is compared: "event 1 (patient.admitted)" */
};

/* All values at a path. */
struct values {
    struct slice at[VALUES_MAX]; /* absent: null */
    unsigned n;
    bool there;   /* something stands there, null and an object too */
    bool present; /* and it is not null */
};

static void fault(struct compare *c, const struct yaml *at, struct slice what, struct slice wanted,
                  struct slice came)
{
    struct test_fault *f = arena_zalloc(c->arena, 1, sizeof(*f));
    if (!f)
        return;
    const char *between = c->where.n && what.n ? ": " : "";
    *f = (struct test_fault){
        .at = at,
        .what = arena_printf(c->arena, "%.*s%s%.*s", SLICE_ARG(c->where), between, SLICE_ARG(what)),
        .wanted = arena_copy(c->arena, wanted),
        .came = arena_copy(c->arena, came)};
    *c->end = f;
    c->end = &f->next;
}

/* ---- words for people ---- */

static void add_word(struct buf *out, struct slice word)
{
    if (out->n)
        buf_puts(out, ", ");
    buf_put(out, slice_present(word) ? word : SLICE("null"));
}

static struct slice end_words(struct compare *c, struct buf *b)
{
    struct slice s = b->n ? arena_copy(c->arena, buf_slice(b)) : SLICE("nothing");
    buf_fini(b);
    return s;
}

static struct slice wanted_words(struct compare *c, const struct yaml *node)
{
    struct buf b;
    buf_init(&b, WORDS_MAX);
    if (node->kind == YAML_SCALAR)
        add_word(&b, node->text);
    for (const struct yaml *at = node->child; at; at = at->next)
        add_word(&b, at->text);
    return end_words(c, &b);
}

static struct slice came_words(struct compare *c, const struct values *v)
{
    struct buf b;
    buf_init(&b, WORDS_MAX);
    for (unsigned i = 0; i < v->n; i++)
        add_word(&b, v->at[i]);
    return end_words(c, &b);
}

/* ---- values ---- */

static struct slice text_of(const struct json *j)
{
    if (j->kind == JSON_BOOL)
        return j->boolean ? SLICE("true") : SLICE("false");
    return j->kind == JSON_NULL ? SLICE_ABSENT : j->text;
}

/* What stands at the path; through a list it goes into each entry. */
static void collect(const struct json *j, struct slice path, struct values *ret)
{
    if (!j)
        return;
    if (j->kind == JSON_ARRAY) {
        for (const struct json *one = j->child; one; one = one->next)
            collect(one, path, ret);
        return;
    }
    if (!slice_present(path)) {
        ret->there = true;
        ret->present |= j->kind != JSON_NULL;
        if (j->kind != JSON_OBJECT && ret->n < VALUES_MAX)
            ret->at[ret->n++] = text_of(j);
        return;
    }
    struct slice name = slice_split(&path, '.');
    for (const struct json *member = j->kind == JSON_OBJECT ? j->child : NULL; member;
         member = member->next)
        if (slice_eq(member->name, name))
            collect(member, path, ret);
}

/* Times are the same when they are the same instant. */
static bool same(struct slice wanted, struct slice came)
{
    int64_t a, b;
    int offset;
    if (!slice_present(wanted) || !slice_present(came))
        return slice_present(wanted) == slice_present(came);
    if (slice_eq(wanted, came))
        return true;
    return rfc3339_read(wanted, &a, &offset) && rfc3339_read(came, &b, &offset) && a == b;
}

/* In any order, each as often. */
static bool all_same(const struct yaml *wanted, const struct values *v)
{
    bool used[VALUES_MAX] = {false};
    if (wanted->kind == YAML_SCALAR)
        return v->n == 1 && same(wanted->text, v->at[0]);
    if (wanted->count != v->n)
        return false;
    for (const struct yaml *at = wanted->child; at; at = at->next) {
        unsigned i = 0;
        while (i < v->n && (used[i] || !same(at->text, v->at[i])))
            i++;
        if (i == v->n)
            return false;
        used[i] = true;
    }
    return true;
}

static void compare_value(struct compare *c, const struct yaml *at, struct slice path,
                          const struct json *event)
{
    struct values v = {.n = 0};
    collect(event, path, &v);
    if (!all_same(at, &v))
        fault(c, at, path, wanted_words(c, at), came_words(c, &v));
}

static void compare_presence(struct compare *c, const struct yaml *list, bool wanted,
                             const struct json *event)
{
    for (const struct yaml *at = list ? list->child : NULL; at; at = at->next) {
        struct values v = {.n = 0};
        collect(event, at->text, &v);
        if (wanted ? !v.present : v.there)
            fault(c, at, at->text, wanted ? SLICE("any value") : SLICE("nothing"),
                  v.n       ? came_words(c, &v)
                  : v.there ? SLICE("an object")
                            : SLICE("nothing"));
    }
}

static bool contains(struct slice text, struct slice part)
{
    for (size_t i = 0; i + part.n <= text.n; i++)
        if (slice_ieq(slice_sub(text, i, i + part.n), part))
            return true;
    return false;
}

/* Says at which path the text stands. */
static void look_for(struct compare *c, const struct yaml *at, struct slice path,
                     const struct json *j)
{
    for (const struct json *m = j->child; m; m = m->next) {
        struct slice below = slice_present(m->name)
                                 ? arena_printf(c->arena, "%.*s%s%.*s", SLICE_ARG(path),
                                                path.n ? "." : "", SLICE_ARG(m->name))
                                 : path;
        look_for(c, at, below, m);
    }
    if ((j->kind == JSON_STRING || j->kind == JSON_NUMBER) && contains(j->text, at->text))
        fault(c, at, path, arena_printf(c->arena, "\"%.*s\" nowhere in it", SLICE_ARG(at->text)),
              j->text);
}

static void compare_says(struct compare *c, const struct test_says *s, const struct json *event)
{
    for (const struct yaml *at = s->fields ? s->fields->child : NULL; at; at = at->next)
        compare_value(c, at, at->name, event);
    compare_presence(c, s->present, true, event);
    compare_presence(c, s->absent, false, event);
    for (const struct yaml *at = s->never ? s->never->child : NULL; at; at = at->next)
        look_for(c, at, SLICE(""), event);
}

static const struct json *read_json(struct compare *c, struct slice text)
{
    struct json *j;
    struct err err = {0};
    return json_read(text, &json_default_limits, c->arena, &j, &err) == 0 ? j : NULL;
}

/* ---- routes ---- */

static const struct dry_copy *copy_of(const struct dry_event *e, struct slice route)
{
    for (unsigned i = 0; i < e->ncopies; i++)
        if (slice_eq(e->copies[i].route, route))
            return &e->copies[i];
    return NULL;
}

static void compare_readers(struct compare *c, const struct test_routes *routes,
                            const struct dry_event *e)
{
    struct slice where = c->where;
    for (unsigned i = 0; i < routes->n; i++) {
        const struct test_route *r = &routes->rows[i];
        const struct dry_copy *copy = copy_of(e, r->name);
        const struct json *j = copy ? read_json(c, copy->json) : NULL;
        c->where = arena_printf(c->arena, "%.*s, route %.*s", SLICE_ARG(where), SLICE_ARG(r->name));
        if (j)
            compare_says(c, &r->says, j);
    }
    c->where = where;
}

static void compare_routes(struct compare *c, const struct test_routes *routes,
                           const struct dry_event *e)
{
    struct buf wanted, came;
    bool all = routes->n == e->ncopies;
    if (!routes->at)
        return;
    buf_init(&wanted, WORDS_MAX);
    buf_init(&came, WORDS_MAX);
    for (unsigned i = 0; i < routes->n; i++) {
        add_word(&wanted, routes->rows[i].name);
        all = all && copy_of(e, routes->rows[i].name);
    }
    for (unsigned i = 0; i < e->ncopies; i++)
        add_word(&came, e->copies[i].route);
    struct slice want = end_words(c, &wanted), have = end_words(c, &came);
    if (!all)
        fault(c, routes->at, SLICE("routes that take it"), want, have);
    compare_readers(c, routes, e);
}

/* ---- events ---- */

static struct slice event_name(struct compare *c, const struct dry_result *r, unsigned nth)
{
    return arena_printf(c->arena, "event %u (%.*s)", nth + 1, SLICE_ARG(r->events[nth].type));
}

static void compare_event(struct compare *c, const struct test_event *wanted,
                          const struct dry_result *r, unsigned nth)
{
    const struct json *j = read_json(c, r->events[nth].json);
    if (!j)
        return;
    c->where = event_name(c, r, nth);
    if (wanted->time)
        compare_value(c, wanted->time, SLICE("time"), j);
    compare_says(c, &wanted->says, j);
    compare_routes(c, &wanted->routes, &r->events[nth]);
    c->where = SLICE_ABSENT;
}

static bool same_types(const struct test_case *t, const struct dry_result *r)
{
    for (unsigned i = 0; i < t->nevents && i < r->nevents; i++)
        if (!slice_eq(t->events[i].type, r->events[i].type))
            return false;
    return t->nevents == r->nevents;
}

static void compare_types(struct compare *c, const struct test_case *t, const struct dry_result *r)
{
    struct buf wanted, came;
    if (same_types(t, r))
        return;
    buf_init(&wanted, WORDS_MAX);
    buf_init(&came, WORDS_MAX);
    for (unsigned i = 0; i < t->nevents; i++)
        add_word(&wanted, t->events[i].type);
    for (unsigned i = 0; i < r->nevents; i++)
        add_word(&came, r->events[i].type);
    struct slice want = end_words(c, &wanted), have = end_words(c, &came);
    fault(c, t->events_at, SLICE("events"), want, have);
}

/* Where the events are others, those of a type that is there all the same are compared, in order.
 */
static void compare_events(struct compare *c, const struct test_case *t, const struct dry_result *r)
{
    if (!t->events_at)
        return;
    compare_types(c, t, r);
    unsigned from = 0;
    for (unsigned i = 0; i < t->nevents; i++) {
        unsigned at = from;
        while (at < r->nevents && !slice_eq(t->events[i].type, r->events[at].type))
            at++;
        if (at == r->nevents)
            continue;
        compare_event(c, &t->events[i], r, at);
        from = at + 1;
    }
}

/* ---- the answer ---- */

static struct slice error_words(struct compare *c, const struct dry_result *r)
{
    struct buf b;
    buf_init(&b, WORDS_MAX);
    for (unsigned i = 0; i < r->answer.nerrors; i++) {
        const struct hl7_ack_error *e = &r->answer.errors[i];
        buf_printf(&b, "%s%d at %.*s (%.*s)", i ? ", " : "", (int)e->code, SLICE_ARG(r->places[i]),
                   SLICE_ARG(e->text));
    }
    return end_words(c, &b);
}

static void compare_errors(struct compare *c, const struct test_case *t, const struct dry_result *r)
{
    const struct answer *a = &r->answer;
    if (!t->errors_at)
        return;
    if (t->nerrors != a->nerrors)
        fault(c, t->errors_at, SLICE("ERR segments"), arena_printf(c->arena, "%u", t->nerrors),
              error_words(c, r));
    for (unsigned i = 0; i < t->nerrors && i < a->nerrors; i++) {
        const struct test_error *want = &t->errors[i];
        const struct hl7_ack_error *e = &a->errors[i];
        if (want->code == (int64_t)e->code &&
            (!want->place.n || slice_eq(want->place, r->places[i])))
            continue;
        fault(c, want->at, arena_printf(c->arena, "ERR %u", i + 1),
              arena_printf(c->arena, "%lld%s%.*s", (long long)want->code,
                           want->place.n ? " at " : "", SLICE_ARG(want->place)),
              arena_printf(c->arena, "%d at %.*s (%.*s)", (int)e->code, SLICE_ARG(r->places[i]),
                           SLICE_ARG(e->text)));
    }
}

/* "AA", "CA AA", "none". */
static struct slice due_words(struct compare *c, const struct dry_result *r)
{
    const struct hl7_ack_due *due = &r->due;
    if (due->n == 0)
        return SLICE("none");
    if (due->n == 1)
        return slice_str(hl7_ack_name(due->codes[0]));
    return arena_printf(c->arena, "%s %s", hl7_ack_name(due->codes[0]),
                        hl7_ack_name(due->codes[1]));
}

static void compare_answer(struct compare *c, const struct test_case *t, const struct dry_result *r)
{
    struct slice verdict = slice_str(translate_verdict_name(r->verdict));
    const struct answer *a = &r->answer;
    const struct yaml *at = t->ack_at ? t->ack_at : t->at;
    struct slice came = due_words(c, r);
    if (t->ack_at ? !slice_eq(t->ack, came) : a->code != HL7_AA)
        fault(c, at, SLICE("acknowledgment"), t->ack_at ? t->ack : SLICE("AA"),
              a->nerrors ? arena_printf(c->arena, "%.*s: %.*s", SLICE_ARG(came),
                                        SLICE_ARG(error_words(c, r)))
                         : came);
    compare_errors(c, t, r);
    if (t->verdict && !slice_eq(t->verdict->text, verdict))
        fault(c, t->verdict, SLICE("verdict"), t->verdict->text, verdict);
}

const struct test_fault *test_compare(const struct test_file *f, const struct test_case *t,
                                      const struct dry_result *r, struct arena *arena, bool *ret_ok)
{
    struct compare c = {.arena = arena};
    c.end = &c.first;
    compare_answer(&c, t, r);
    compare_events(&c, t, r);
    for (unsigned i = 0; i < r->nevents; i++) {
        c.where = event_name(&c, r, i);
        compare_readers(&c, &f->readers, &r->events[i]);
    }
    *ret_ok = !arena->overflow;
    return c.first;
}
