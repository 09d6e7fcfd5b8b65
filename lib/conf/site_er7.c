#include "site_parts.h"

#define ROW(member) offsetof(struct site_er7, member)

static const struct conf_option options[] = {
    {"path", CONF_TEXT, ROW(path), "/", .help = "Where messages are posted to."},
};

_Static_assert(ROW(door) == 0, "the options of the door are read into the same struct");
_Static_assert(sizeof(options) / sizeof(*options) <= SITE_DOOR_OWN_MAX,
               "they fit beside the door's");

static const struct site_door_own own = {
    .options = options, .n = sizeof(options) / sizeof(*options), .port = "8080"};

/* Only HL7 v2 says who sends. */
static int check_peers(const struct site_source *src, struct err *reterr)
{
    const struct site_tls *tls = &src->http.door.tls;
    for (unsigned i = 0; src->format != SITE_HL7V2 && i < tls->npeers; i++)
        if (tls->peers[i].sending.n)
            return yaml_err(tls->node, reterr,
                            "peers: \"sending\" is about MSH-3 and MSH-4, which JSON has not");
    return 0;
}

static int check_format(const struct site_source *src, struct err *reterr)
{
    if (src->format == SITE_HL7V2 || src->format == SITE_JSON)
        return 0;
    return yaml_err(src->http_node, reterr,
                    "http: HL7 v2 and JSON are posted there; FHIR has the section \"fhir\", CSV "
                    "comes in files (\"folder\")");
}

int site_read_er7(struct site *s, struct site_source *src, struct err *reterr)
{
    src->has_http = src->http_node != NULL;
    if (!src->has_http)
        return 0;
    if (site_read_door(s, src->http_node, &own, &src->http.door, reterr) < 0 ||
        check_format(src, reterr) < 0)
        return -1;
    return check_peers(src, reterr);
}

void site_print_er7(struct buf *out)
{
    buf_puts(out, "\n### sources: `<name>`: http\n\nHL7 v2 over HTTP (POST of "
                  "`application/hl7-v2+er7`): [acknowledgments.md](acknowledgments.md). With "
                  "`format: json` an object a request (POST of `application/json`): "
                  "[files.md](files.md#json-over-http).\n\n");
    site_print_door(&own, out);
}
