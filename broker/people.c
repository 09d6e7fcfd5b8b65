#include "people.h"

#include <stdlib.h>
#include "dict.h"

enum { CHUNK = 256 * 1024, NAME_MAX_BYTES = 200 };

struct person {
    struct person *parent; /* NULL: its own pseudonym is the key */
    uint8_t n;
    char name[];
};
/* Persons are never freed singly: they stand in chunks. */
struct chunk {
    struct chunk *next;
    size_t used;
    char bytes[];
};
struct people {
    struct dict by_name;
    struct chunk *chunks;
};

int people_open(size_t max, struct people **ret, struct err *reterr)
{
    struct people *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(reterr, ERR_NOMEM, "no memory for ordering keys");
    dict_init(&p->by_name, max);
    *ret = p;
    return 0;
}

void people_close(struct people *p)
{
    if (!p)
        return;
    dict_fini(&p->by_name);
    while (p->chunks) {
        struct chunk *next = p->chunks->next;
        free(p->chunks);
        p->chunks = next;
    }
    free(p);
}

static void *chunk_alloc(struct people *p, size_t n)
{
    n = (n + 15) & ~(size_t)15;
    if (!p->chunks || p->chunks->used + n > CHUNK) {
        struct chunk *c = malloc(sizeof(*c) + CHUNK);
        if (!c)
            return NULL;
        c->next = p->chunks;
        c->used = 0;
        p->chunks = c;
    }
    void *at = p->chunks->bytes + p->chunks->used;
    p->chunks->used += n;
    return at;
}

static struct person *find(const struct people *p, struct slice name)
{
    uint64_t *v = dict_get(&p->by_name, name);
    return v ? (struct person *)(uintptr_t)*v : NULL;
}

static struct person *make(struct people *p, struct slice name)
{
    if (!name.n || name.n > NAME_MAX_BYTES || p->by_name.count >= p->by_name.max)
        return NULL;
    struct person *who = chunk_alloc(p, sizeof(*who) + name.n);
    uint64_t *v = who ? dict_put(&p->by_name, name, NULL) : NULL;
    if (!v)
        return NULL;
    *who = (struct person){.n = (uint8_t)name.n};
    memcpy(who->name, name.p, name.n);
    *v = (uint64_t)(uintptr_t)who;
    return who;
}

static struct person *root(struct person *who)
{
    struct person *top = who;
    while (top->parent)
        top = top->parent;
    while (who->parent && who->parent != top) {
        struct person *up = who->parent;
        who->parent = top;
        who = up;
    }
    return top;
}

struct slice people_identity(const struct person *who)
{
    return slice_make(who->name, who->n);
}

struct slice people_key(const struct person *who)
{
    while (who->parent)
        who = who->parent;
    return people_identity(who);
}

static void changed(struct people_answer *a, struct person *who)
{
    if (a->nchanged < PEOPLE_CHANGED_MAX)
        a->changed[a->nchanged++] = who;
}

/* Joins an identity to the person whose key is `into`; one that had another key retires it. */
static void join(struct people *p, struct slice name, struct person *into, struct people_answer *a)
{
    struct person *who = find(p, name);
    if (!who) {
        if (a->nchanged == PEOPLE_CHANGED_MAX || !(who = make(p, name))) {
            a->forgotten = true;
            return;
        }
        who->parent = into;
        changed(a, who);
        return;
    }
    struct person *top = root(who);
    if (top == into)
        return;
    if (a->nretired == PEOPLE_RETIRED_MAX || a->nchanged == PEOPLE_CHANGED_MAX) {
        a->forgotten = true;
        return;
    }
    a->retired[a->nretired++] = people_identity(top);
    top->parent = into;
    changed(a, top);
}

void people_ask(struct people *p, struct slice subject, struct slice local, struct slice retired,
                struct people_answer *ret)
{
    *ret = (struct people_answer){0};
    struct person *who = slice_present(subject) ? find(p, subject) : NULL;
    struct person *other = slice_present(local) ? find(p, local) : NULL;
    struct slice first = slice_present(subject) ? subject : local;
    if (!who && other)
        who = other;
    if (!who) {
        who = make(p, first);
        if (!who) {
            ret->key = first;
            ret->forgotten = true;
            return;
        }
        changed(ret, who);
    }
    struct person *top = root(who);
    ret->key = people_identity(top);
    if (slice_present(subject))
        join(p, subject, top, ret);
    if (slice_present(local))
        join(p, local, top, ret);
    for (struct slice left = retired; slice_present(left);) {
        struct slice name = slice_split(&left, ' ');
        if (name.n)
            join(p, name, top, ret);
    }
}

bool people_fold(struct people *p, struct slice identity, struct slice key)
{
    struct person *who = find(p, identity), *into = find(p, key);
    if (!who && !(who = make(p, identity)))
        return false;
    if (!into && !(into = slice_eq(identity, key) ? who : make(p, key)))
        return false;
    struct person *top = root(into);
    if (root(who) != top)
        who->parent = top;
    return true;
}

size_t people_count(const struct people *p)
{
    return p->by_name.count;
}
