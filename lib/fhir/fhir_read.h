/* fhir_read.h - one FHIR document (a resource or a Bundle), JSON or XML, read into one tree.
 *
 * Whether JSON (first byte `{`) or XML (`<`) is told from the bytes, behind blanks and a byte order
 * mark. XML becomes the tree of its JSON twin (fhir_xml.h). Reading is a pure function of the
 * bytes; trees, entries and faults live in the arena given, which is never given back singly. */
#ifndef WEIR_FHIR_READ_H
#define WEIR_FHIR_READ_H

#include "json.h"

enum fhir_kind {
    FHIR_RESOURCE,    /* no Bundle: one entry, the resource itself */
    FHIR_TRANSACTION, /* R4 Bundle.type */
    FHIR_BATCH,
    FHIR_MESSAGE, /* entry 0 is its MessageHeader */
    FHIR_HISTORY,
    FHIR_BUNDLE, /* any other: collection, document, searchset, responses */
};

struct fhir_entry {
    const struct json *tree;     /* of the Bundle; NULL where the document is a single resource */
    const struct json *resource; /* NULL: none, as in a DELETE */
    struct slice full_url;       /* absent: none */
    struct slice method;         /* Bundle.entry.request.method; absent: no request */
    struct slice type, id;       /* of the resource; without one, of request.url. Either absent */
};

struct fhir_doc {
    enum fhir_kind kind;
    const struct json *root; /* always an object with a resourceType */
    const struct fhir_entry *entries;
    unsigned n;
    const struct fhir_index *index; /* for fhir_resolve (fhir_reference.h) */
};

/* Why a document is refused: never with patient data. err.code is ERR_INPUT, ERR_LIMIT (the
 * document is longer, deeper or of more values than the limits), ERR_NOMEM. */
struct fhir_fault {
    const char *issue;   /* code of OperationOutcome.issue (valueset-issue-type): "structure" */
    char expression[96]; /* FHIRPath of the element, "Bundle.entry[2].fullUrl"; "": none */
    struct err err;
};

/* Reads the whole of raw. Refused are: what is no JSON or XML, duplicate keys, DTDs and entities,
 * no resourceType, null in an array (FHIR R4 §2.6.2), an empty object or array, and a Bundle that
 * breaks the rules of its type (fhir_bundle.h). Returns 0, or -1 with *ret_fault filled. */
int fhir_read(struct slice raw, const struct json_limits *limits, struct arena *arena,
              struct fhir_doc *ret, struct fhir_fault *ret_fault);

/* The same without the rules that entries follow: for a batch, whose entries are judged one by one.
 */
int fhir_parse(struct slice raw, const struct json_limits *limits, struct arena *arena,
               struct fhir_doc *ret, struct fhir_fault *ret_fault);

/* Which of both it would be read as. */
bool fhir_is_xml(struct slice raw);

#endif
