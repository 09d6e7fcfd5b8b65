/* fuzz_fhir.c - any bytes are a document or a refusal that says why; what was read is written as
 * JSON and read to the same tree again, whether it was JSON or XML; references lead somewhere
 * within it or nowhere. */
#include <stdint.h>
#include "fhir_reference.h"
#include "fuzz_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void follow(const struct fhir_doc *doc, const struct fhir_entry *from,
                   const struct json *tree)
{
    for (const struct json *c = tree->child; c; c = c->next) {
        const struct json *to = fhir_resolve(doc, from, c);
        assert(!to || to->kind == JSON_OBJECT);
        follow(doc, from, c);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_limits limits = {.bytes = 1 << 20, .depth = 64, .values = 100 * 1000};
    struct arena arena;
    struct fhir_doc doc, again;
    struct fhir_fault fault;
    arena_init(&arena, 64 << 20);
    if (fhir_read(slice_make((const char *)data, size), &limits, &arena, &doc, &fault) == 0) {
        struct buf first, second;
        for (unsigned i = 0; i < doc.n; i++)
            if (doc.entries[i].resource)
                follow(&doc, &doc.entries[i], doc.entries[i].resource);
        limits.bytes = 64 << 20; /* a control character is six bytes in JSON */
        fuzz_write_tree(doc.root, &first);
        int rc = fhir_read(buf_slice(&first), &limits, &arena, &again, &fault);
        assert(rc == 0);
        fuzz_write_tree(again.root, &second);
        assert(slice_eq(buf_slice(&first), buf_slice(&second)));
        buf_fini(&first);
        buf_fini(&second);
    } else {
        assert(fault.issue && fault.err.text[0]);
    }
    arena_fini(&arena);
    return 0;
}
