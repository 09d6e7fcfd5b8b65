#include "json.h"

#include <assert.h>
#include <stdlib.h>
#include <yajl/yajl_gen.h>
#include "utf8.h"

struct json_writer {
    yajl_gen gen;
    struct buf *out;
    struct buf mended; /* a string whose bytes are no UTF-8, put right */
};

/* Most pieces are one byte of punctuation and fit. */
static void on_print(void *ctx, const char *p, size_t n)
{
    struct buf *out = ctx;
    size_t at = out->n;
    if (out->failed || n > out->cap - at) {
        buf_put(out, slice_make(p, n));
        return;
    }
    out->n = at + n;
    if (n == 1)
        out->p[at] = *p;
    else
        memcpy(out->p + at, p, n);
}

int json_writer_open(struct buf *out, struct json_writer **ret, struct err *reterr)
{
    struct json_writer *w = calloc(1, sizeof(*w));
    yajl_gen gen = w ? yajl_gen_alloc(NULL) : NULL;
    if (!gen) {
        free(w);
        return err_set(reterr, ERR_NOMEM, "no memory for a JSON writer");
    }
    w->gen = gen;
    w->out = out;
    buf_init(&w->mended, out->max);
    yajl_gen_config(gen, yajl_gen_print_callback, on_print, out);
    *ret = w;
    return 0;
}

void json_writer_close(struct json_writer *w)
{
    if (!w)
        return;
    yajl_gen_free(w->gen);
    buf_fini(&w->mended);
    free(w);
}

void json_writer_reset(struct json_writer *w)
{
    yajl_gen_reset(w->gen, NULL);
}

/* What is left is misuse: a value where a name belongs, an end without a beginning, too deep. */
static void must(yajl_gen_status status)
{
    assert(status == yajl_gen_status_ok);
    (void)status;
}

void json_object(struct json_writer *w)
{
    must(yajl_gen_map_open(w->gen));
}

void json_object_end(struct json_writer *w)
{
    must(yajl_gen_map_close(w->gen));
}

void json_array(struct json_writer *w)
{
    must(yajl_gen_array_open(w->gen));
}

void json_array_end(struct json_writer *w)
{
    must(yajl_gen_array_close(w->gen));
}

static struct slice mend(struct json_writer *w, struct slice s)
{
    buf_reset(&w->mended);
    while (s.n) {
        size_t valid = utf8_span(s);
        buf_put(&w->mended, slice_sub(s, 0, valid));
        if (valid == s.n)
            break;
        buf_put(&w->mended, SLICE("\xef\xbf\xbd"));
        s = slice_sub(s, valid + 1, s.n);
    }
    if (!buf_ok(&w->mended))
        w->out->failed = true;
    return buf_slice(&w->mended);
}

static void text(struct json_writer *w, struct slice s)
{
    must(yajl_gen_string(w->gen, (const unsigned char *)(s.n ? s.p : ""), s.n));
}

void json_key(struct json_writer *w, struct slice name)
{
    text(w, name);
}

void json_string(struct json_writer *w, struct slice s)
{
    text(w, utf8_span(s) < s.n ? mend(w, s) : s);
}

void json_number(struct json_writer *w, struct slice digits)
{
    must(yajl_gen_number(w->gen, digits.p, digits.n));
}

void json_raw(struct json_writer *w, struct slice value)
{
    must(yajl_gen_number(w->gen, value.p, value.n));
}

void json_int(struct json_writer *w, int64_t v)
{
    must(yajl_gen_integer(w->gen, v));
}

void json_bool(struct json_writer *w, bool v)
{
    must(yajl_gen_bool(w->gen, v));
}

void json_null(struct json_writer *w)
{
    must(yajl_gen_null(w->gen));
}

static void write_leaf(struct json_writer *w, const struct json *tree)
{
    switch (tree->kind) {
    case JSON_STRING:
        json_string(w, tree->text);
        break;
    case JSON_NUMBER:
        json_number(w, tree->text);
        break;
    case JSON_BOOL:
        json_bool(w, tree->boolean);
        break;
    default:
        json_null(w);
    }
}

void json_tree(struct json_writer *w, const struct json *tree)
{
    if (tree->kind != JSON_OBJECT && tree->kind != JSON_ARRAY) {
        write_leaf(w, tree);
        return;
    }
    bool object = tree->kind == JSON_OBJECT;
    if (object)
        json_object(w);
    else
        json_array(w);
    for (const struct json *c = tree->child; c; c = c->next) {
        if (object)
            json_key(w, c->name);
        json_tree(w, c);
    }
    if (object)
        json_object_end(w);
    else
        json_array_end(w);
}
