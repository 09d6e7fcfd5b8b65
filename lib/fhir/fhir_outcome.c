#include "fhir_outcome.h"

static void member(struct json_writer *w, struct slice name, struct slice value)
{
    json_key(w, name);
    json_string(w, value);
}

static void write_details(struct json_writer *w, const struct fhir_issue *i)
{
    json_key(w, SLICE("details"));
    json_object(w);
    json_key(w, SLICE("coding"));
    json_array(w);
    json_object(w);
    member(w, SLICE("system"), slice_str(i->system));
    member(w, SLICE("code"), slice_str(i->detail));
    if (i->display)
        member(w, SLICE("display"), slice_str(i->display));
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
}

static void write_issue(struct json_writer *w, const struct fhir_issue *i)
{
    json_object(w);
    member(w, SLICE("severity"), slice_str(i->severity));
    member(w, SLICE("code"), slice_str(i->code));
    if (i->system)
        write_details(w, i);
    if (i->text.n)
        member(w, SLICE("diagnostics"), i->text);
    if (i->expression.n) {
        json_key(w, SLICE("expression"));
        json_array(w);
        json_string(w, i->expression);
        json_array_end(w);
    }
    json_object_end(w);
}

void fhir_outcome_write(struct json_writer *w, const struct fhir_issue *issues, unsigned n)
{
    json_object(w);
    member(w, SLICE("resourceType"), SLICE("OperationOutcome"));
    json_key(w, SLICE("issue"));
    json_array(w);
    for (unsigned i = 0; i < n; i++)
        write_issue(w, &issues[i]);
    json_array_end(w);
    json_object_end(w);
}
