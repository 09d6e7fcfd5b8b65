#include "barrier.h"

#include <stdio.h>
#include <stdlib.h>

struct barrier {
    enum barrier_retired retired;
    struct sched_item *survivor; /* waits here, or NULL */
    struct barrier *next, *prev; /* of those passed */
    size_t n;
    char name[];
};

struct name {
    char text[BARRIER_NAME_MAX];
    size_t n;
};

static bool name_of(struct slice id, struct slice retired_key, struct name *ret)
{
    int n =
        snprintf(ret->text, sizeof(ret->text), "%.*s %.*s", SLICE_ARG(retired_key), SLICE_ARG(id));
    ret->n = (size_t)n;
    return n > 0 && ret->n < sizeof(ret->text);
}

static struct barrier *find(const struct barriers *b, struct slice id, struct slice retired_key)
{
    struct name name;
    if (!name_of(id, retired_key, &name))
        return NULL;
    uint64_t *v = dict_get(&b->by_name, slice_make(name.text, name.n));
    return v ? (struct barrier *)(uintptr_t)*v : NULL;
}

static struct barrier *make(struct barriers *b, struct slice id, struct slice retired_key)
{
    struct barrier *found = find(b, id, retired_key);
    if (found)
        return found;
    struct name name;
    if (!name_of(id, retired_key, &name))
        return NULL;
    struct barrier *bar = calloc(1, sizeof(*bar) + name.n);
    uint64_t *slot = bar ? dict_put(&b->by_name, slice_make(name.text, name.n), NULL) : NULL;
    if (!slot) {
        free(bar);
        return NULL;
    }
    bar->retired = BARRIER_UNKNOWN;
    bar->n = name.n;
    memcpy(bar->name, name.text, name.n);
    *slot = (uint64_t)(uintptr_t)bar;
    return bar;
}

static void passed_remove(struct barriers *b, struct barrier *bar)
{
    if (bar->prev)
        bar->prev->next = bar->next;
    else if (b->passed == bar)
        b->passed = bar->next;
    else
        return;
    if (bar->next)
        bar->next->prev = bar->prev;
    else
        b->passed_last = bar->prev;
    bar->next = bar->prev = NULL;
    b->npassed--;
}

static void drop(struct barriers *b, struct barrier *bar)
{
    passed_remove(b, bar);
    dict_delete(&b->by_name, slice_make(bar->name, bar->n));
    free(bar);
}

static void passed_add(struct barriers *b, struct barrier *bar)
{
    bar->prev = b->passed_last;
    if (b->passed_last)
        b->passed_last->next = bar;
    else
        b->passed = bar;
    b->passed_last = bar;
    if (++b->npassed > BARRIERS_PASSED_MAX)
        drop(b, b->passed);
}

void barriers_init(struct barriers *b)
{
    *b = (struct barriers){0};
    dict_init(&b->by_name, SIZE_MAX);
}

void barriers_fini(struct barriers *b)
{
    size_t at = 0;
    struct slice name;
    uint64_t value;
    while (dict_next(&b->by_name, &at, &name, &value))
        free((struct barrier *)(uintptr_t)value);
    dict_fini(&b->by_name);
}

int barrier_begin(struct barriers *b, const struct sched_item *retired)
{
    struct barrier *bar = make(b, retired->id, retired->key);
    if (!bar)
        return -1;
    passed_remove(b, bar);
    bar->retired = BARRIER_QUEUED;
    return 0;
}

static struct sched_item *note(struct barriers *b, struct barrier *bar, enum barrier_retired what)
{
    struct sched_item *survivor = bar->survivor;
    bar->retired = what;
    if (what == BARRIER_PASSED && !survivor)
        passed_add(b, bar);
    return survivor;
}

struct sched_item *barrier_note(struct barriers *b, const struct sched_item *retired,
                                enum barrier_retired what)
{
    struct barrier *bar = find(b, retired->id, retired->key);
    return bar && bar->retired != BARRIER_PASSED ? note(b, bar, what) : NULL;
}

struct sched_item *barrier_tell(struct barriers *b, struct slice id, struct slice retired_key,
                                enum barrier_retired what)
{
    struct barrier *bar = make(b, id, retired_key);
    bool known = !bar || bar->retired == BARRIER_QUEUED || bar->retired == BARRIER_PASSED;
    return known ? NULL : note(b, bar, what);
}

enum barrier_retired barrier_ask(const struct barriers *b, const struct sched_item *survivor)
{
    enum barrier_retired worst = BARRIER_PASSED;
    for (struct slice left = survivor->with; slice_present(left);) {
        struct barrier *bar = find(b, survivor->id, slice_split(&left, ' '));
        enum barrier_retired now = bar ? bar->retired : BARRIER_UNKNOWN;
        if (now > worst)
            worst = now;
    }
    return worst;
}

int barrier_wait(struct barriers *b, struct sched_item *survivor, int64_t now)
{
    bool again = survivor->since >= 0;
    survivor->since = now;
    if (again)
        return 0;
    survivor->wait_prev = NULL;
    survivor->wait_next = b->waiting;
    if (b->waiting)
        b->waiting->wait_prev = survivor;
    b->waiting = survivor;
    int rc = 0;
    for (struct slice left = survivor->with; slice_present(left);) {
        struct barrier *bar = make(b, survivor->id, slice_split(&left, ' '));
        if (bar)
            bar->survivor = survivor;
        else
            rc = -1;
    }
    return rc;
}

void barrier_unwait(struct barriers *b, struct sched_item *survivor)
{
    if (survivor->since < 0)
        return;
    survivor->since = -1;
    if (survivor->wait_prev)
        survivor->wait_prev->wait_next = survivor->wait_next;
    else
        b->waiting = survivor->wait_next;
    if (survivor->wait_next)
        survivor->wait_next->wait_prev = survivor->wait_prev;
    for (struct slice left = survivor->with; slice_present(left);) {
        struct barrier *bar = find(b, survivor->id, slice_split(&left, ' '));
        if (bar)
            bar->survivor = NULL;
    }
}

void barrier_end(struct barriers *b, struct sched_item *survivor)
{
    barrier_unwait(b, survivor);
    for (struct slice left = survivor->with; slice_present(left);) {
        struct barrier *bar = find(b, survivor->id, slice_split(&left, ' '));
        if (bar)
            drop(b, bar);
    }
}
