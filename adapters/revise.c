#include "revise.h"

#include <stdlib.h>
#include "dict.h"
#include "event_id.h"

enum { CHAINS_FIRST = 1024 };
static const uint32_t none = UINT32_MAX;

/* What was said under one stem, newest revision. */
struct chain {
    uint64_t stem, content, copy;
    int64_t offset; /* -1: not in the stream yet */
    uint32_t next;  /* of the same message */
    uint32_t revision;
    uint32_t asked; /* number of the message that made it last */
    uint16_t partition;
    bool retracted;
};

struct revise {
    struct dict messages; /* message id -> its first chain */
    struct chain *chains;
    size_t count, cap, max;
    /* of the message at hand */
    uint64_t copy;
    uint32_t asking, walk;
};

int revise_open(size_t max, struct revise **ret, struct err *reterr)
{
    struct revise *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for events");
    r->max = max < none / 2 ? max : none / 2 - 1;
    dict_init(&r->messages, r->max * 2);
    *ret = r;
    return 0;
}

void revise_close(struct revise *r)
{
    if (!r)
        return;
    dict_fini(&r->messages);
    free(r->chains);
    free(r);
}

void revise_widen(struct revise *r)
{
    r->max = r->messages.max;
}

size_t revise_count(const struct revise *r)
{
    return r->count;
}

/* FNV-1a. Prints are only compared within one message. */
uint64_t revise_print(struct slice bytes)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < bytes.n; i++)
        h = (h ^ (unsigned char)bytes.p[i]) * 1099511628211u;
    return h ? h : 1;
}

static bool grow(struct revise *r)
{
    size_t cap = r->cap ? r->cap * 2 : CHAINS_FIRST;
    struct chain *more = realloc(r->chains, cap * sizeof(*more));
    if (!more)
        return false;
    r->chains = more;
    r->cap = cap;
    return true;
}

static uint32_t first_of(const struct revise *r, struct slice message_id)
{
    uint64_t *v = dict_get(&r->messages, message_id);
    return v ? (uint32_t)*v : none;
}

static struct chain *find(struct revise *r, struct slice message_id, uint64_t stem)
{
    for (uint32_t i = first_of(r, message_id); i != none; i = r->chains[i].next)
        if (r->chains[i].stem == stem)
            return &r->chains[i];
    return NULL;
}

static struct chain *add(struct revise *r, struct slice message_id, uint64_t stem)
{
    bool is_new;
    if (r->count >= r->max || (r->count == r->cap && !grow(r)))
        return NULL;
    uint64_t *first = dict_put(&r->messages, message_id, &is_new);
    if (!first)
        return NULL;
    struct chain *c = &r->chains[r->count];
    *c = (struct chain){.stem = stem, .offset = -1, .next = is_new ? none : (uint32_t)*first};
    *first = r->count++;
    return c;
}

enum revise_noted revise_note(struct revise *r, const struct revise_known *k)
{
    unsigned revision;
    struct slice stem = event_id_stem(k->id, &revision);
    if (stem.n <= EVENT_ID_MESSAGE)
        return REVISE_NO_ID;
    struct slice message_id = slice_sub(stem, 0, EVENT_ID_MESSAGE);
    uint64_t print = revise_print(stem);
    struct chain *c = find(r, message_id, print);
    if (c && revision <= c->revision)
        return REVISE_NOTED;
    if (!c && !(c = add(r, message_id, print)))
        return REVISE_NO_ROOM;
    c->revision = revision;
    c->retracted = k->retracted;
    c->content = k->content;
    c->copy = k->copy;
    c->partition = (uint16_t)k->partition;
    c->offset = k->offset;
    return REVISE_NOTED;
}

bool revise_begin(struct revise *r, struct slice message_id, uint64_t copy)
{
    if (message_id.n != EVENT_ID_MESSAGE)
        return false;
    r->copy = copy;
    r->asking++;
    r->walk = first_of(r, message_id);
    return r->walk != none;
}

bool revise_knows(const struct revise *r, struct slice id)
{
    return first_of(r, slice_sub(id, 0, EVENT_ID_MESSAGE)) != none;
}

static bool is_ours(const struct revise *r, const struct chain *c)
{
    return c->copy == 0 || c->copy == r->copy;
}

enum revise_answer revise_event(struct revise *r, struct slice id, uint64_t content,
                                struct revised *ret)
{
    uint64_t stem = revise_print(id);
    struct slice message_id = slice_sub(id, 0, EVENT_ID_MESSAGE); /* its own, where it has a key */
    struct chain *c = find(r, message_id, stem);
    bool is_new = !c;
    if (!is_new && c->asked == r->asking)
        return REVISE_OTHER; /* told twice by this message */
    if (is_new && !(c = add(r, message_id, stem)))
        return REVISE_FULL;
    c->asked = r->asking;
    if (!is_new && !c->retracted && !is_ours(r, c))
        return REVISE_OTHER; /* what was taken back is for any that says it */
    if (!is_new && !c->retracted && c->content == content)
        return REVISE_SAME;
    c->revision += !is_new;
    c->retracted = false;
    c->content = content;
    c->copy = r->copy;
    c->offset = -1;
    *ret = (struct revised){.revision = c->revision, .offset = -1};
    return is_new ? REVISE_NEW : REVISE_CORRECTED;
}

bool revise_gone(struct revise *r, struct revised *ret)
{
    while (r->walk != none) {
        struct chain *c = &r->chains[r->walk];
        r->walk = c->next;
        if (c->asked == r->asking || c->retracted || c->offset < 0 || !is_ours(r, c))
            continue;
        c->revision++;
        c->retracted = true;
        *ret = (struct revised){c->revision, c->partition, c->offset};
        return true;
    }
    return false;
}
