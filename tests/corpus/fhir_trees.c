/* fhir_trees FILE… - prints each FHIR document as weir's reader sees it, for comparing with the
 * parser of another author (test_fhir_twins.py): a line of JSON, the tree, or one word more than
 * JSON has, "refused", and why. */
#include <stdio.h>
#include "buf.h"
#include "fhir_read.h"

enum { FILE_MAX = 16 << 20, ARENA_MAX = 256 << 20 };

static int read_file(const char *name, struct buf *into)
{
    FILE *f = fopen(name, "rb");
    char piece[65536];
    size_t n;
    if (!f)
        return -1;
    buf_reset(into);
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        buf_put(into, slice_make(piece, n));
    fclose(f);
    return buf_ok(into) ? 0 : -1;
}

static void print_tree(struct slice raw, struct arena *arena, struct buf *out,
                       struct json_writer *w)
{
    struct fhir_doc doc;
    struct fhir_fault fault = {0};
    if (fhir_read(raw, &json_default_limits, arena, &doc, &fault) < 0) {
        printf("refused %s %s\n", fault.expression, fault.err.text);
        return;
    }
    buf_reset(out);
    json_writer_reset(w);
    json_tree(w, doc.root);
    fwrite(out->p, 1, out->n, stdout);
    putchar('\n');
}

int main(int argc, char **argv)
{
    struct arena arena;
    struct buf raw, out;
    struct json_writer *w = NULL;
    struct err err;
    arena_init(&arena, ARENA_MAX);
    buf_init(&raw, FILE_MAX);
    buf_init(&out, FILE_MAX);
    int rc = json_writer_open(&out, &w, &err);
    for (int i = 1; rc == 0 && i < argc; i++) {
        arena_reset(&arena);
        rc = read_file(argv[i], &raw);
        if (rc == 0)
            print_tree(buf_slice(&raw), &arena, &out, w);
        else
            fprintf(stderr, "fhir_trees: %s cannot be read\n", argv[i]);
    }
    json_writer_close(w);
    buf_fini(&out);
    buf_fini(&raw);
    arena_fini(&arena);
    return rc < 0 ? 1 : 0;
}
