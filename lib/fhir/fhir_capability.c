#include "fhir_capability.h"

static void begin_array(struct json_writer *w, const char *name)
{
    json_key(w, slice_str(name));
    json_array(w);
}

/* [{"code": …}, …] */
static void write_codes(struct json_writer *w, const char *name, const char *const *codes)
{
    begin_array(w, name);
    for (; *codes; codes++) {
        json_object(w);
        json_member(w, "code", slice_str(*codes));
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_resource(struct json_writer *w, struct slice type)
{
    static const char *const interactions[] = {"create", "update", "delete", NULL};
    json_object(w);
    json_member(w, "type", type);
    write_codes(w, "interaction", interactions);
    json_member(w, "versioning", SLICE("no-version"));
    json_key(w, SLICE("readHistory"));
    json_bool(w, false);
    json_key(w, SLICE("updateCreate"));
    json_bool(w, true);
    json_key(w, SLICE("conditionalCreate"));
    json_bool(w, false);
    json_key(w, SLICE("conditionalUpdate"));
    json_bool(w, false);
    json_member(w, "conditionalDelete", SLICE("not-supported"));
    json_object_end(w);
}

static void write_security(struct json_writer *w, const struct fhir_capability *c)
{
    static const char *const both =
        "Callers show a client certificate, and a bearer token (JWT) in Authorization.";
    static const char *const token = "Callers show a bearer token (JWT) in Authorization.";
    static const char *const certificate = "Callers show a client certificate.";
    if (!c->bearer && !c->certificates)
        return;
    json_key(w, SLICE("security"));
    json_object(w);
    json_member(w, "description",
                slice_str(c->bearer && c->certificates ? both
                          : c->bearer                  ? token
                                                       : certificate));
    json_object_end(w);
}

static void write_rest(struct json_writer *w, const struct fhir_capability *c)
{
    static const char *const interactions[] = {"transaction", "batch", NULL};
    begin_array(w, "rest");
    json_object(w);
    json_member(w, "mode", SLICE("server"));
    write_security(w, c);
    begin_array(w, "resource");
    for (unsigned i = 0; i < c->ntypes; i++)
        write_resource(w, c->types[i]);
    json_array_end(w);
    write_codes(w, "interaction", interactions);
    begin_array(w, "operation");
    json_object(w);
    json_member(w, "name", SLICE("process-message"));
    json_member(w, "definition",
                SLICE("http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"));
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
    json_array_end(w);
}

static void write_software(struct json_writer *w, const struct fhir_capability *c)
{
    json_key(w, SLICE("software"));
    json_object(w);
    json_member(w, "name", SLICE("weir"));
    json_member(w, "version", c->software_version);
    json_object_end(w);
    json_key(w, SLICE("implementation"));
    json_object(w);
    json_member(w, "description",
                SLICE("Takes patient flow; keeps nothing that could be read here."));
    if (c->url.n)
        json_member(w, "url", c->url);
    json_object_end(w);
}

void fhir_capability_write(struct json_writer *w, const struct fhir_capability *c)
{
    json_object(w);
    json_member(w, "resourceType", SLICE("CapabilityStatement"));
    json_member(w, "status", SLICE("active"));
    json_member(w, "date", c->date);
    json_member(w, "kind", SLICE("instance"));
    write_software(w, c);
    json_member(w, "fhirVersion", SLICE("4.0.1"));
    begin_array(w, "format");
    json_string(w, SLICE("application/fhir+json"));
    json_string(w, SLICE("application/fhir+xml"));
    json_array_end(w);
    write_rest(w, c);
    json_object_end(w);
}
