#include "stream_kafka_headers.h"

#include <string.h>

enum { TOGETHER_MAX = 1024 }; /* bytes; those of weir's records are a third of it */

static const struct slice together = {"weir", 4};

struct pack {
    char bytes[TOGETHER_MAX];
    size_t n;
};

static bool has(struct slice s, char c)
{
    return slice_find(s, c) < s.n;
}

static void put(struct pack *p, struct slice s, char end)
{
    if (s.n)
        memcpy(p->bytes + p->n, s.p, s.n);
    p->n += s.n;
    p->bytes[p->n++] = end;
}

static bool put_together(struct pack *p, const struct stream_header *h)
{
    if (h->name.n + h->value.n + 2 > sizeof(p->bytes) - p->n || has(h->name, '=') ||
        has(h->name, ';') || has(h->value, ';'))
        return false;
    put(p, h->name, '=');
    put(p, h->value, ';');
    return true;
}

static void add(rd_kafka_headers_t *to, struct slice name, struct slice value)
{
    rd_kafka_header_add(to, name.p, (ssize_t)name.n, value.p, (ssize_t)value.n);
}

rd_kafka_headers_t *kafka_headers_of(const struct stream_record *r)
{
    struct pack pack;
    pack.n = 0;
    if (!r->nheaders)
        return NULL;
    rd_kafka_headers_t *to = rd_kafka_headers_new(r->nheaders);
    for (unsigned i = 0; i < r->nheaders; i++)
        if (!r->own || !put_together(&pack, &r->headers[i]))
            add(to, r->headers[i].name, r->headers[i].value);
    if (pack.n)
        add(to, together, slice_make(pack.bytes, pack.n - 1));
    return to;
}

static unsigned take_apart(struct slice bytes, struct stream_header *out, unsigned room)
{
    unsigned n = 0;
    while (n < room && bytes.n) {
        struct slice value = slice_split(&bytes, ';'), name = slice_split(&value, '=');
        out[n++] = (struct stream_header){name, value};
    }
    return n;
}

unsigned kafka_headers_read(const rd_kafka_message_t *m,
                            struct stream_header out[STREAM_HEADERS_MAX])
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t size;
    unsigned n = 0;
    if (rd_kafka_message_headers(m, &headers))
        return 0;
    for (size_t i = 0; n < STREAM_HEADERS_MAX; i++) {
        if (rd_kafka_header_get_all(headers, i, &name, &value, &size))
            break;
        struct stream_header h = {slice_str(name), slice_make(value, value ? size : 0)};
        if (slice_eq(h.name, together))
            n += take_apart(h.value, out + n, STREAM_HEADERS_MAX - n);
        else
            out[n++] = h;
    }
    return n;
}
