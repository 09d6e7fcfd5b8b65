#include "row_memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No row has them: a slot without a mark is free. */
enum { KNOWN = 1, SEEN = 2, MARKS = 3, SMALLEST = 1024 };

struct head {
    char magic[8];
    uint64_t rows, columns;
    struct row_hash check; /* all of them, by exclusive or */
};

static const char magic[8] = "weirrow1";

void row_memory_init(struct row_memory *m, size_t max)
{
    *m = (struct row_memory){.max = max};
}

void row_memory_fini(struct row_memory *m)
{
    free(m->slots);
    free(m->columns);
    row_memory_init(m, m->max);
}

static bool same(struct row_hash x, struct row_hash y)
{
    return x.a == y.a && ((x.b ^ y.b) & ~(uint64_t)MARKS) == 0;
}

/* The slot of h, or the free one where it belongs. There is always a free one. */
static struct row_hash *find(const struct row_memory *m, struct row_hash h)
{
    size_t i = h.a & (m->cap - 1);
    while ((m->slots[i].b & MARKS) && !same(m->slots[i], h))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

static bool grow(struct row_memory *m)
{
    struct row_memory old = *m;
    size_t cap = m->cap ? m->cap * 2 : SMALLEST;
    struct row_hash *slots = calloc(cap, sizeof(*slots));
    if (!slots)
        return false;
    m->slots = slots;
    m->cap = cap;
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].b & MARKS)
            *find(m, old.slots[i]) = old.slots[i];
    free(old.slots);
    return true;
}

static void put(struct row_memory *m, struct row_hash h, unsigned mark)
{
    if ((m->used + 1) * 4 > m->cap * 3 && !grow(m))
        return;
    struct row_hash *slot = find(m, h);
    if (slot->b & MARKS)
        return;
    *slot = (struct row_hash){h.a, (h.b & ~(uint64_t)MARKS) | mark};
    m->used++;
    m->seen += mark == SEEN;
}

enum row_seen row_memory_look(struct row_memory *m, struct row_hash h)
{
    struct row_hash *slot = m->used ? find(m, h) : NULL;
    if (!slot || !(slot->b & MARKS))
        return ROW_NEW;
    m->seen += !(slot->b & SEEN);
    slot->b |= SEEN;
    return slot->b & KNOWN ? ROW_UNCHANGED : ROW_REPEATED;
}

void row_memory_put(struct row_memory *m, struct row_hash h)
{
    if (m->seen < m->max)
        put(m, h, SEEN);
}

static void add(struct row_hash *sum, struct row_hash h)
{
    sum->a ^= h.a;
    sum->b ^= h.b & ~(uint64_t)MARKS;
}

static bool read_rows(struct row_memory *m, FILE *f, const struct head *head)
{
    struct row_hash some[512], check = {0, 0};
    m->columns = calloc(head->columns + 1, sizeof(*m->columns));
    if (!m->columns || fread(m->columns, sizeof(*m->columns), head->columns, f) != head->columns)
        return false;
    m->ncolumns = (unsigned)head->columns;
    for (unsigned i = 0; i < m->ncolumns; i++)
        add(&check, m->columns[i]);
    for (uint64_t left = head->rows, n; left; left -= n) {
        n = left < 512 ? left : 512;
        if (fread(some, sizeof(*some), n, f) != n)
            return false;
        for (uint64_t i = 0; i < n; i++) {
            add(&check, some[i]);
            if (m->used < m->max)
                put(m, some[i], KNOWN);
        }
    }
    return check.a == head->check.a && check.b == head->check.b;
}

void row_memory_load(struct row_memory *m, const char *path)
{
    struct head head;
    FILE *f = fopen(path, "rbe");
    row_memory_fini(m);
    if (!f)
        return;
    if (fread(&head, sizeof(head), 1, f) != 1 || memcmp(head.magic, magic, sizeof(magic)) != 0 ||
        head.columns > ROW_COLUMNS_MAX || !read_rows(m, f, &head))
        row_memory_fini(m);
    fclose(f);
}

static struct row_hash *next_seen(const struct row_memory *m, size_t *at)
{
    while (*at < m->cap && !(m->slots[*at].b & SEEN))
        ++*at;
    return *at < m->cap ? &m->slots[(*at)++] : NULL;
}

static struct head head_of(const struct row_memory *m, const struct row_hash *columns,
                           unsigned ncolumns)
{
    struct head head = {.columns = ncolumns};
    const struct row_hash *h;
    memcpy(head.magic, magic, sizeof(magic));
    for (unsigned i = 0; i < ncolumns; i++)
        add(&head.check, columns[i]);
    for (size_t at = 0; head.rows < m->max && (h = next_seen(m, &at)); head.rows++)
        add(&head.check, *h);
    return head;
}

int row_memory_save(const struct row_memory *m, const struct row_hash *columns, unsigned ncolumns,
                    const char *path, struct err *reterr)
{
    struct head head = head_of(m, columns, ncolumns);
    char half[4096];
    size_t at = 0;
    if (snprintf(half, sizeof(half), "%s.writing", path) >= (int)sizeof(half))
        return err_set(reterr, ERR_IO, "the name is too long");
    FILE *f = fopen(half, "wbe");
    bool ok = f && fwrite(&head, sizeof(head), 1, f) == 1 &&
              fwrite(columns, sizeof(*columns), ncolumns, f) == ncolumns;
    for (uint64_t i = 0; ok && i < head.rows; i++)
        ok = fwrite(next_seen(m, &at), sizeof(struct row_hash), 1, f) == 1;
    if (f && fclose(f) != 0)
        ok = false;
    if (!ok || rename(half, path) < 0)
        return err_set(reterr, ERR_IO, "%s", strerror(errno));
    return 0;
}
