#include "site_fhir.h"

#include "site_parts.h"

#define ROW(member) offsetof(struct site_fhir, member)

/* What flow is told with, in the order of the issue of events: visits, people, bookings, requests.
 */
#define RESOURCES                                                                                  \
    "Encounter Patient Appointment ServiceRequest Task Location DiagnosticReport EpisodeOfCare "   \
    "Flag SupplyRequest SupplyDelivery Bundle"

static const char *const profiles[] = {"none", "bars", "itk3", NULL};

static const struct conf_option options[] = {
    {"base", CONF_TEXT, ROW(base), "/fhir",
     .help = "Where the FHIR server begins: `/fhir` makes `/fhir/Encounter` and "
             "`/fhir/$process-message`; `/` is fine."},
    {"resources", CONF_TEXTS, ROW(resources),
     .help = "Resource types that are created, updated and deleted here; of others: 404. Not "
             "given: " RESOURCES "."},
    {"entries", CONF_INT, ROW(entries), "1000", 1, 10000,
     .help = "Most entries of a batch; of one that has more: 413."},
    {"require_request_id", CONF_BOOL, ROW(request_id), "false",
     .help = "`true`: a request without an `X-Request-ID` that is a GUID is refused with 400."},
    {"profile", CONF_CHOICE, ROW(profile), "none", .choices = profiles,
     .help = "`bars`: NHS Booking and Referral Standard: `X-Request-ID` and `X-Correlation-ID` are "
             "required, refusals have codes such as `REC_BAD_REQUEST`, a request that comes again "
             "is 409. `itk3`: answers to messages are ITK3 acknowledgments."},
    {"endpoints", CONF_TEXTS, ROW(endpoints),
     .help = "What a message may say for `MessageHeader.destination.endpoint`, and of `bars` for "
             "the system and value of `NHSD-Target-Identifier`, a bar between; another: 422. Not "
             "given: anything."},
    {"remember", CONF_INT, ROW(remember), "100000", 0, 1000000,
     .help = "Most requests (`bars`) and Bundles (`unique_bundles`) that are remembered, in "
             "memory alone: about 100 bytes each."},
    {"unique_bundles", CONF_BOOL, ROW(unique_bundles), "false",
     .help = "`true`: a `Bundle.id` that another message had (FHIR R4 §2.4.3.1: an error of its "
             "sender) is refused with 409."},
};

_Static_assert(ROW(door) == 0, "the options of the door are read into the same struct");
_Static_assert(sizeof(options) / sizeof(*options) <= SITE_DOOR_OWN_MAX,
               "they fit beside the door's");

static const struct site_door_own own = {
    .options = options, .n = sizeof(options) / sizeof(*options), .port = "8443"};

/* Words of a text as a list. */
int site_words(struct site *s, const char *text, struct conf_texts *ret, struct err *reterr)
{
    struct slice rest = slice_str(text);
    unsigned n = 1;
    for (const char *p = text; *p; p++)
        n += *p == ' ';
    ret->at = arena_alloc(s->arena, n * sizeof(*ret->at));
    if (!ret->at)
        return site_no_room(s, reterr);
    for (ret->n = 0; slice_present(rest);)
        ret->at[ret->n++] = slice_split(&rest, ' ');
    return 0;
}

static bool is_type(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z')))
            return false;
    return s.n && s.p[0] <= 'Z';
}

static int check_resources(struct site *s, const struct site_source *src, struct site_fhir *f,
                           struct err *reterr)
{
    for (unsigned i = 0; i < f->resources.n; i++)
        if (!is_type(f->resources.at[i]))
            return yaml_err(yaml_at(src->fhir_node, "resources"), reterr,
                            "resources: \"%.*s\" is no resource type: Encounter, Patient",
                            SLICE_ARG(f->resources.at[i]));
    return f->resources.n ? 0 : site_words(s, RESOURCES, &f->resources, reterr);
}

/* "/" is "" and "/fhir/" is "/fhir". */
static int check_base(const struct site_source *src, struct site_fhir *f, struct err *reterr)
{
    if (!slice_starts(f->base, SLICE("/")) || slice_find(f->base, '?') < f->base.n)
        return yaml_err(yaml_at(src->fhir_node, "base"), reterr,
                        "base: begins with a slash: /fhir, /bars/FHIR/R4");
    if (slice_ends(f->base, SLICE("/")))
        f->base = slice_sub(f->base, 0, f->base.n - 1);
    return 0;
}

static int check_format(const struct site_source *src, struct err *reterr)
{
    if (src->format == SITE_FHIR)
        return 0;
    return yaml_err(src->fhir_node, reterr,
                    "fhir: what comes in there is FHIR: say format: fhir for the source, and "
                    "leave fhir out of sources of other formats");
}

int site_read_fhir(struct site *s, struct site_source *src, struct err *reterr)
{
    struct site_fhir *f = &src->fhir;
    src->has_fhir = src->fhir_node != NULL;
    if (!src->has_fhir)
        return 0;
    if (site_read_door(s, src->fhir_node, &own, &f->door, reterr) < 0 ||
        check_format(src, reterr) < 0 || check_base(src, f, reterr) < 0)
        return -1;
    return check_resources(s, src, f, reterr);
}

void site_print_fhir(struct buf *out)
{
    buf_puts(out, "\n### sources: `<name>`: fhir\n\nFHIR over HTTP: [fhir.md](fhir.md). The source "
                  "says `format: fhir`.\n\n");
    site_print_door(&own, out);
}
