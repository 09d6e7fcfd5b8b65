#include "hl7_path.h"

#include "hl7_escape.h"
#include "scan.h"

enum { TESTS_MAX = 8, NUMBER_MAX = 99999 };

struct test {
    unsigned component, subcomponent;
    bool negated;
    struct slice text;
};

enum choice { CHOICE_FIRST, CHOICE_NTH, CHOICE_ALL, CHOICE_TESTS };

struct hl7_path {
    struct slice text;
    uint32_t key;
    unsigned segment; /* 0: no index was written */
    unsigned tested;  /* the field of the segment that is tested; 0: none */
    struct test segment_test;
    unsigned field;
    enum choice choice;
    unsigned nth;
    unsigned ntests;
    const struct test *tests;
    unsigned component, subcomponent; /* 0: as it stands */
    bool delimiters;                  /* MSH-1 or MSH-2: never taken apart */
};

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static int take_number(struct scan *c, const char *what, unsigned *ret)
{
    return scan_number(c, NUMBER_MAX, ret)
               ? 0
               : scan_fail(c, "a %s number from 1 to %d is wanted here", what, NUMBER_MAX);
}

/* What stands after a dot: component, and after another dot subcomponent. */
static int take_part(struct scan *c, unsigned *component, unsigned *subcomponent)
{
    if (take_number(c, "component", component) < 0)
        return -1;
    return scan_take(c, '.') ? take_number(c, "subcomponent", subcomponent) : 0;
}

static int take_test(struct scan *c, struct test *ret)
{
    *ret = (struct test){0};
    if (!scan_take(c, '.'))
        return scan_fail(c, "a test begins with a component: [.5 = 'NHS']");
    if (take_part(c, &ret->component, &ret->subcomponent) < 0)
        return -1;
    scan_blanks(c);
    ret->negated = scan_take(c, '!');
    if (!scan_take(c, '='))
        return scan_fail(c, "= or != is wanted here");
    scan_blanks(c);
    if (scan_quoted(c, &ret->text) < 0)
        return -1;
    scan_blanks(c);
    return 0;
}

/* Which field of the segment is looked at, and for what. */
static int take_segment_test(struct scan *c, struct hl7_path *path)
{
    if (take_number(c, "field", &path->tested) < 0)
        return -1;
    return take_test(c, &path->segment_test);
}

static int take_segment(struct scan *c, struct hl7_path *path)
{
    struct slice id = slice_sub(c->text, 0, 3);
    for (size_t i = 0; i < 3; i++) {
        c->at = i;
        bool ok = i < id.n && ((id.p[i] >= 'A' && id.p[i] <= 'Z') || (i && digit(id.p[i])));
        if (!ok)
            return scan_fail(c,
                             "a path begins with a segment of three capitals or digits: PID-3.1");
    }
    c->at = 3;
    path->key = hl7_key(id);
    if (!scan_take(c, '['))
        return 0;
    if (scan_take(c, '-') ? take_segment_test(c, path) < 0
                          : take_number(c, "segment", &path->segment) < 0)
        return -1;
    return scan_take(c, ']') ? 0 : scan_fail(c, "the choice of a segment is closed by ]");
}

static bool take_and(struct scan *c)
{
    bool more = scan_word(c, SLICE("and "));
    if (more)
        scan_blanks(c);
    return more;
}

static int take_tests(struct scan *c, struct hl7_path *path)
{
    struct test tests[TESTS_MAX];
    path->choice = CHOICE_TESTS;
    do {
        if (path->ntests == TESTS_MAX)
            return scan_fail(c, "more than %d tests in one path", TESTS_MAX);
        if (take_test(c, &tests[path->ntests]) < 0)
            return -1;
        path->ntests++;
    } while (take_and(c));
    struct test *kept = arena_alloc(c->arena, path->ntests * sizeof(*kept));
    if (!kept)
        return scan_fail(c, "no room for this path");
    memcpy(kept, tests, path->ntests * sizeof(*kept));
    path->tests = kept;
    return 0;
}

static int take_choice(struct scan *c, struct hl7_path *path)
{
    if (!scan_take(c, '['))
        return 0;
    scan_blanks(c);
    if (scan_take(c, '*')) {
        path->choice = CHOICE_ALL;
    } else if (c->at < c->text.n && c->text.p[c->at] == '.') {
        if (take_tests(c, path) < 0)
            return -1;
    } else {
        path->choice = CHOICE_NTH;
        if (take_number(c, "repetition", &path->nth) < 0)
            return -1;
    }
    scan_blanks(c);
    return scan_take(c, ']') ? 0 : scan_fail(c, "the choice of a repetition is closed by ]");
}

static int take_path(struct scan *c, struct hl7_path *path)
{
    if (take_segment(c, path) < 0)
        return -1;
    if (!scan_take(c, '-'))
        return scan_fail(c, "- and a field number are wanted here: PID-3");
    if (take_number(c, "field", &path->field) < 0 || take_choice(c, path) < 0)
        return -1;
    if (scan_take(c, '.') && take_part(c, &path->component, &path->subcomponent) < 0)
        return -1;
    if (c->at < c->text.n)
        return scan_fail(c, "the path should end here");
    path->delimiters = path->key == hl7_key(SLICE("MSH")) && path->field <= 2;
    if (path->delimiters && (path->choice != CHOICE_FIRST || path->component))
        return scan_fail(c, "MSH-1 and MSH-2 have no repetitions or components");
    return 0;
}

int hl7_path_compile(struct slice text, struct arena *arena, const struct hl7_path **ret,
                     size_t *ret_at, struct err *reterr)
{
    struct scan c = {.text = text, .arena = arena, .err = reterr};
    struct hl7_path path = {0};
    struct hl7_path *kept = NULL;
    int rc = take_path(&c, &path);
    if (rc == 0) {
        path.text = arena_copy(arena, text);
        kept = arena_alloc(arena, sizeof(*kept));
        if (!kept || !slice_present(path.text))
            rc = scan_fail(&c, "no room for this path");
    }
    if (rc < 0) {
        *ret_at = c.at;
        return -1;
    }
    *kept = path;
    *ret = kept;
    return 0;
}

static bool meets_one(const struct test *t, const struct hl7_msg *m, struct slice repetition)
{
    struct slice v = hl7_msg_part(m, repetition, t->component, t->subcomponent);
    return hl7_escape_eq(v, &m->delims, t->text) != t->negated;
}

static bool meets(const struct hl7_path *p, const struct hl7_msg *m, struct slice repetition)
{
    for (unsigned i = 0; i < p->ntests; i++)
        if (!meets_one(&p->tests[i], m, repetition))
            return false;
    return true;
}

static bool segment_meets(const struct hl7_path *p, const struct hl7_msg *m,
                          const struct hl7_segment *s)
{
    if (!p->tested)
        return true;
    struct slice rest = hl7_msg_field(m, s, p->tested);
    if (!slice_present(rest))
        return meets_one(&p->segment_test, m, SLICE_ABSENT);
    while (slice_present(rest))
        if (meets_one(&p->segment_test, m, hl7_msg_take_repetition(m, &rest)))
            return true;
    return false;
}

/* p NULL: any of that id. */
static const struct hl7_segment *find_within(const struct hl7_msg *m, struct hl7_scope scope,
                                             uint32_t key, const struct hl7_path *p)
{
    uint32_t end = scope.end && scope.end < m->nsegments ? scope.end : m->nsegments;
    for (uint32_t i = scope.first; i < end; i++)
        if (m->segments[i].key == key && (!p || segment_meets(p, m, &m->segments[i])))
            return &m->segments[i];
    return NULL;
}

static const struct hl7_segment *find_nth(const struct hl7_msg *m, uint32_t key, unsigned nth)
{
    for (uint32_t i = 0; i < m->nsegments; i++)
        if (m->segments[i].key == key && --nth == 0)
            return &m->segments[i];
    return NULL;
}

/* What was looked for: a segment's key, with its number where one was written; or a path with a
 * test. */
typedef uint64_t wanted_t;
#define WANTED_PATH ((wanted_t)1 << 63)

enum { FOUND_SLOTS = 128, FOUND_MAX = 96 };

struct hl7_found {
    struct {
        wanted_t wanted; /* 0: free */
        const struct hl7_segment *segment;
    } slots[FOUND_SLOTS];
    unsigned n;
    uint64_t read;
};

struct hl7_found *hl7_found_make(struct arena *arena)
{
    return arena_zalloc(arena, 1, sizeof(struct hl7_found));
}

/* The slot of that, or the free one that it would have. */
static unsigned slot_of(const struct hl7_found *f, wanted_t wanted)
{
    unsigned i = (unsigned)((wanted * 0x9e3779b97f4a7c15U) >> 57);
    while (f->slots[i].wanted && f->slots[i].wanted != wanted)
        i = (i + 1) % FOUND_SLOTS;
    return i;
}

static void remember(struct hl7_found *f, wanted_t wanted, const struct hl7_segment *s)
{
    unsigned i = slot_of(f, wanted);
    if (f->slots[i].wanted || f->n == FOUND_MAX)
        return;
    f->slots[i].wanted = wanted;
    f->slots[i].segment = s;
    f->n++;
}

static bool recall(const struct hl7_found *f, wanted_t wanted, const struct hl7_segment **ret)
{
    unsigned i = slot_of(f, wanted);
    *ret = f->slots[i].segment;
    return f->slots[i].wanted != 0;
}

static const struct hl7_segment *find_in(const struct hl7_msg *m, const struct hl7_scope *scope,
                                         uint32_t key, const struct hl7_path *p)
{
    wanted_t wanted = p ? WANTED_PATH | (uintptr_t)p : key;
    const struct hl7_segment *s;
    if (scope->found && wanted && recall(scope->found, wanted, &s))
        return s;
    s = find_within(m, *scope, key, p);
    if (scope->found && wanted)
        remember(scope->found, wanted, s);
    return s;
}

/* In front of all groups; that of the message where there are none. */
static const struct hl7_scope *outermost(const struct hl7_scope *scope)
{
    while (scope->above)
        scope = scope->above;
    return scope;
}

static void count_read(const struct hl7_scope *scope, const struct hl7_segment *s)
{
    struct hl7_found *f = scope->above ? outermost(scope)->found : NULL;
    if (f && s)
        f->read += s->bytes.n;
}

uint64_t hl7_scope_read(struct hl7_scope scope)
{
    const struct hl7_found *f = outermost(&scope)->found;
    return f ? f->read : 0;
}

static const struct hl7_segment *find_above(const struct hl7_msg *m, struct hl7_scope scope,
                                            uint32_t key, const struct hl7_path *p)
{
    const struct hl7_segment *s = find_in(m, &scope, key, p);
    if (s || !scope.above)
        return s;
    for (const struct hl7_scope *above = scope.above; above && !s; above = above->above)
        s = find_in(m, above, key, p);
    count_read(&scope, s);
    return s;
}

/* Of the whole message, whatever the group. */
static const struct hl7_segment *find_numbered(const struct hl7_path *p, const struct hl7_msg *m,
                                               const struct hl7_scope *scope)
{
    struct hl7_found *f = outermost(scope)->found;
    wanted_t wanted = (wanted_t)p->segment << 24 | p->key;
    const struct hl7_segment *s;
    if (!f || !recall(f, wanted, &s)) {
        s = find_nth(m, p->key, p->segment);
        if (f)
            remember(f, wanted, s);
    }
    count_read(scope, s);
    return s;
}

const struct hl7_segment *hl7_scope_segment(const struct hl7_msg *m, struct hl7_scope scope,
                                            uint32_t key)
{
    return find_above(m, scope, key, NULL);
}

static const struct hl7_segment *find_segment(const struct hl7_path *p, const struct hl7_msg *m,
                                              struct hl7_scope scope)
{
    if (p->segment)
        return find_numbered(p, m, &scope);
    return find_above(m, scope, p->key, p->tested ? p : NULL);
}

/* The first repetition in *rest that is meant, taken off it; absent when there is none. */
static struct slice next_meant(const struct hl7_path *p, const struct hl7_msg *m,
                               struct slice *rest)
{
    while (slice_present(*rest)) {
        struct slice repetition = hl7_msg_take_repetition(m, rest);
        if (p->choice != CHOICE_TESTS || meets(p, m, repetition))
            return repetition;
    }
    return SLICE_ABSENT;
}

struct slice hl7_path_get(const struct hl7_path *p, const struct hl7_msg *m, struct hl7_scope scope)
{
    struct slice field = hl7_msg_field(m, find_segment(p, m, scope), p->field);
    if (p->delimiters || !slice_present(field))
        return field;
    struct slice repetition =
        p->choice == CHOICE_NTH ? hl7_msg_repetition(m, field, p->nth) : next_meant(p, m, &field);
    return hl7_msg_part(m, repetition, p->component, p->subcomponent);
}

void hl7_path_each(const struct hl7_path *p, const struct hl7_msg *m, struct hl7_scope scope,
                   bool (*fn)(struct slice repetition, struct slice value, void *arg), void *arg)
{
    struct slice rest = hl7_msg_field(m, find_segment(p, m, scope), p->field);
    if (p->delimiters) {
        if (slice_present(rest))
            fn(rest, rest, arg);
        return;
    }
    if (p->choice == CHOICE_NTH) {
        struct slice only = hl7_msg_repetition(m, rest, p->nth);
        if (slice_present(only))
            fn(only, hl7_msg_part(m, only, p->component, p->subcomponent), arg);
        return;
    }
    for (;;) {
        struct slice repetition = next_meant(p, m, &rest);
        if (!slice_present(repetition) ||
            !fn(repetition, hl7_msg_part(m, repetition, p->component, p->subcomponent), arg) ||
            p->choice == CHOICE_FIRST)
            return;
    }
}

struct slice hl7_path_text(const struct hl7_path *p)
{
    return p->text;
}
