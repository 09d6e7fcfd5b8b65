#include "unrouted.h"

#include <stdlib.h>
#include "dict.h"

enum { TYPE_MAX = 64, ID_MAX = 128 };

struct id {
    char text[ID_MAX];
    size_t n;
};
struct row {
    char type[TYPE_MAX];
    size_t n;
    uint64_t count;
    struct id ids[UNROUTED_IDS_MAX]; /* a ring */
};
struct unrouted {
    struct dict numbers; /* type -> row */
    struct row rows[UNROUTED_TYPES_MAX];
    unsigned nrows;
    uint64_t count;
};

int unrouted_open(struct unrouted **ret, struct err *reterr)
{
    struct unrouted *u = calloc(1, sizeof(*u));
    if (!u)
        return err_set(reterr, ERR_NOMEM, "no memory for what no route takes");
    dict_init(&u->numbers, UNROUTED_TYPES_MAX);
    *ret = u;
    return 0;
}

void unrouted_close(struct unrouted *u)
{
    if (!u)
        return;
    dict_fini(&u->numbers);
    free(u);
}

/* The last row is for all types that get none of their own. */
static struct row *row_of(struct unrouted *u, struct slice type)
{
    bool fresh;
    if (type.n > TYPE_MAX || (u->nrows >= UNROUTED_TYPES_MAX - 1 && !dict_get(&u->numbers, type)))
        type = SLICE("other");
    uint64_t *number = dict_put(&u->numbers, type, &fresh);
    if (!number)
        return NULL;
    if (fresh) {
        *number = u->nrows++;
        struct row *r = &u->rows[*number];
        if (type.n)
            memcpy(r->type, type.p, type.n);
        r->n = type.n;
    }
    return &u->rows[*number];
}

void unrouted_note(struct unrouted *u, struct slice type, struct slice id)
{
    struct row *r = row_of(u, type);
    u->count++;
    if (!r)
        return;
    struct id *to = &r->ids[r->count++ % UNROUTED_IDS_MAX];
    to->n = id.n <= ID_MAX ? id.n : 0; /* a part of an id names nothing */
    if (to->n)
        memcpy(to->text, id.p, to->n);
}

static void write_row(const struct row *r, struct json_writer *w)
{
    json_object(w);
    json_key(w, SLICE("type"));
    json_string(w, slice_make(r->type, r->n));
    json_key(w, SLICE("count"));
    json_int(w, (int64_t)r->count);
    json_key(w, SLICE("newest"));
    json_array(w);
    for (uint64_t i = 1; i <= UNROUTED_IDS_MAX && i <= r->count; i++) {
        const struct id *id = &r->ids[(r->count - i) % UNROUTED_IDS_MAX];
        if (id->n)
            json_string(w, slice_make(id->text, id->n));
    }
    json_array_end(w);
    json_object_end(w);
}

void unrouted_write(const struct unrouted *u, struct json_writer *w)
{
    json_key(w, SLICE("unrouted"));
    json_array(w);
    for (unsigned i = 0; i < u->nrows; i++)
        write_row(&u->rows[i], w);
    json_array_end(w);
}

uint64_t unrouted_count(const struct unrouted *u)
{
    return u->count;
}
