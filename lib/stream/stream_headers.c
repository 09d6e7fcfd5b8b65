#include "stream_headers.h"

enum { LENGTHS = 8 };

size_t stream_headers_size(const struct stream_header *h, unsigned n)
{
    size_t size = 0;
    for (unsigned i = 0; i < n; i++)
        size += LENGTHS + h[i].name.n + h[i].value.n;
    return size;
}

static char *put_u32(char *out, size_t v)
{
    for (int i = 0; i < 4; i++)
        *out++ = (char)(v >> (8 * i) & 0xff);
    return out;
}

static char *put_bytes(char *out, struct slice s)
{
    if (s.n)
        memcpy(out, s.p, s.n);
    return out + s.n;
}

void stream_headers_write(const struct stream_header *h, unsigned n, char *out)
{
    for (unsigned i = 0; i < n; i++) {
        out = put_u32(out, h[i].name.n);
        out = put_u32(out, h[i].value.n);
        out = put_bytes(out, h[i].name);
        out = put_bytes(out, h[i].value);
    }
}

static size_t get_u32(const char *p)
{
    size_t v = 0;
    for (int i = 0; i < 4; i++)
        v |= (size_t)(unsigned char)p[i] << (8 * i);
    return v;
}

int stream_headers_read(struct slice bytes, struct stream_header out[STREAM_HEADERS_MAX])
{
    int n = 0;
    while (bytes.n) {
        if (n == STREAM_HEADERS_MAX || bytes.n < LENGTHS)
            return -1;
        size_t name = get_u32(bytes.p), value = get_u32(bytes.p + 4);
        bytes = slice_sub(bytes, LENGTHS, bytes.n);
        if (name > bytes.n || value > bytes.n - name)
            return -1;
        out[n].name = slice_sub(bytes, 0, name);
        out[n++].value = slice_sub(bytes, name, name + value);
        bytes = slice_sub(bytes, name + value, bytes.n);
    }
    return n;
}
