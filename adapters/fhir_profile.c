#include "fhir_profile.h"

#include <stdio.h>
#include "b64url.h"
#include "fhir_itk3.h"
#include "fhir_read.h"
#include "hl7_ack.h"

/* As the examples of the BaRS API have it. */
#define BARS_CODES "https://fhir.nhs.uk/Codesystem/http-error-codes"

/* ---- codes of refusals ---- */

static const char *bars_code(int status)
{
    static const struct {
        int status;
        const char *code;
    } rows[] = {{400, "REC_BAD_REQUEST"},
                {401, "REC_UNAUTHORIZED"},
                {403, "REC_FORBIDDEN"},
                {404, "REC_NOT_FOUND"},
                {405, "REC_METHOD_NOT_ALLOWED"},
                {406, "REC_NOT_ACCEPTABLE"},
                {408, "REC_TIMEOUT"},
                {409, "REC_CONFLICT"},
                {422, "REC_UNPROCESSABLE_ENTITY"},
                {500, "REC_SERVER_ERROR"},
                {501, "REC_NOT_IMPLEMENTED"},
                {503, "REC_UNAVAILABLE"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return rows[i].code;
    /* 412, 413, 415, 431: the standard has no word for them */
    return status >= 500 ? "REC_SERVER_ERROR" : "REC_BAD_REQUEST";
}

static void set_itk3(struct fhir_issue *i, const char *code)
{
    i->system = ITK3_CODES;
    i->detail = code;
    i->display = itk3_code_name(code);
}

void fhir_profile_issue(int profile, int status, struct fhir_issue *issue)
{
    if (profile == SITE_FHIR_BARS && status >= 400) {
        issue->system = BARS_CODES;
        issue->detail = bars_code(status);
    }
    if (profile == SITE_FHIR_ITK3 && (status == 401 || status == 403))
        set_itk3(issue, "20012");
    if (profile == SITE_FHIR_ITK3 && status == 200)
        set_itk3(issue, "20013");
}

/* Which ITK3 code a reason has: unreadable, the header's fault, or the payload's. */
static const char *itk3_reason(const struct translation *t, const struct translate_reason *r)
{
    static const struct {
        const char *end, *code;
    } flags[] = {{"InfAckRequested", "10002"},
                 {"BusAckRequested", "10003"},
                 {"RecipientType", "10010"},
                 {"destination.endpoint", "20002"}};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (slice_ends(r->expression, slice_str(flags[i].end)))
            return flags[i].code;
    if (r->code == HL7_UNSUPPORTED_TYPE || r->code == HL7_UNSUPPORTED_EVENT)
        return "10004";
    if (slice_starts(r->expression, SLICE("MessageHeader")) ||
        slice_starts(r->expression, SLICE("Bundle")))
        return t->fhir && slice_starts(r->expression, SLICE("Bundle.entry[")) ? "20009" : "20006";
    return t->fhir ? "20009" : "10009";
}

void fhir_profile_reason(int profile, int status, const struct translation *t,
                         const struct translate_reason *reason, struct fhir_issue *issue)
{
    if (profile == SITE_FHIR_ITK3)
        set_itk3(issue, itk3_reason(t, reason));
    else
        fhir_profile_issue(profile, status, issue);
}

/* ---- documents ---- */

static bool misfit(struct translate_reason *ret, unsigned code, const char *expression,
                   struct slice text)
{
    *ret =
        (struct translate_reason){.code = code, .expression = slice_str(expression), .text = text};
    return true;
}

static bool is_endpoint(const struct site_fhir *conf, struct slice text)
{
    for (unsigned i = 0; i < conf->endpoints.n; i++)
        if (slice_eq(conf->endpoints.at[i], text))
            return true;
    return conf->endpoints.n == 0;
}

/* One of its destinations is us. */
static bool is_for_us(const struct site_fhir *conf, const struct json *header)
{
    const struct json *to = json_get(header, "destination");
    for (const struct json *d = json_first(to); d; d = json_next(to, d))
        if (is_endpoint(conf, json_text(d, "endpoint")))
            return true;
    return conf->endpoints.n == 0;
}

static bool itk3_misfit(const struct json *header, struct translate_reason *ret)
{
    struct itk3_handling h;
    itk3_handling_read(header, &h);
    if (h.infrastructure == ITK3_UNREADABLE)
        return misfit(ret, HL7_TABLE_VALUE, "MessageHeader.extension.InfAckRequested",
                      SLICE("InfAckRequested is true or false"));
    if (h.business == ITK3_UNREADABLE)
        return misfit(ret, HL7_TABLE_VALUE, "MessageHeader.extension.BusAckRequested",
                      SLICE("BusAckRequested is true or false"));
    if (h.recipient_unreadable)
        return misfit(ret, HL7_TABLE_VALUE, "MessageHeader.extension.RecipientType",
                      SLICE("RecipientType is FA or FI"));
    return false;
}

bool fhir_profile_misfit(const struct site_fhir *conf, const struct fhir_request *r,
                         const struct translation *t, struct translate_reason *ret)
{
    if (r->ask != FHIR_ASK_MESSAGE || !t->fhir->n)
        return false;
    const struct json *header = t->fhir->entries[0].resource;
    if (!is_for_us(conf, header))
        return misfit(ret, HL7_UNKNOWN_KEY, "MessageHeader.destination.endpoint",
                      SLICE("the message is for another endpoint"));
    /* Entries of any other Bundle may run as what they are; BaRS has four messages. */
    bool known =
        slice_starts(t->trigger, SLICE("message:")) || slice_starts(t->trigger, SLICE("response:"));
    if (conf->profile == SITE_FHIR_BARS && !known)
        return misfit(ret, HL7_UNSUPPORTED_EVENT, "MessageHeader.event",
                      SLICE("no map is for messages of this event"));
    return conf->profile == SITE_FHIR_ITK3 && itk3_misfit(header, ret);
}

/* ---- headers ---- */

static bool refuse(struct fhir_no *no, int status, const char *issue, const char *text)
{
    *no = (struct fhir_no){.status = status, .issue = issue, .text = text};
    return false;
}

/* base64 with its own alphabet and padding, as the other one without. */
static bool unpack(struct slice text, struct arena *arena, struct slice *ret)
{
    char *plain = arena_alloc(arena, text.n + 1);
    unsigned char *out = arena_alloc(arena, text.n + 1);
    size_t n = text.n;
    if (!plain || !out)
        return false;
    while (n && text.p[n - 1] == '=' && text.n - n < 2)
        n--;
    for (size_t i = 0; i < n; i++)
        plain[i] = text.p[i] == '+' ? '-' : text.p[i] == '/' ? '_' : text.p[i];
    if (!b64url_read(slice_make(plain, n), out, text.n, &n))
        return false;
    *ret = slice_make((const char *)out, n);
    return true;
}

/* The object in a header; NULL: it cannot be read. */
static const struct json *object_of(struct slice header, struct arena *arena)
{
    struct json *tree;
    struct err ignored;
    struct slice text;
    if (!unpack(header, arena, &text) ||
        json_read(text, &json_default_limits, arena, &tree, &ignored) < 0)
        return NULL;
    return tree->kind == JSON_OBJECT ? tree : NULL;
}

static bool is_resource(struct slice header, const char *type, struct arena *arena,
                        const struct json **ret)
{
    *ret = NULL;
    if (!slice_present(header))
        return true;
    *ret = object_of(header, arena);
    return *ret && slice_eq_str(json_text(*ret, "resourceType"), type);
}

static bool check_target(const struct site_fhir *conf, struct slice header, struct arena *arena,
                         struct fhir_no *no)
{
    if (!slice_present(header))
        return true;
    const struct json *target = object_of(header, arena);
    struct slice system = json_text(target, "system"), value = json_text(target, "value");
    if (!system.n || !value.n)
        return refuse(no, 400, "value",
                      "NHSD-Target-Identifier is JSON in base64, with system and value");
    struct slice text = arena_join(arena, system, SLICE("|"), value);
    return is_endpoint(conf, text) ||
           refuse(no, 422, "not-found", "NHSD-Target-Identifier names another service");
}

/* An ODS code may stand in a log; whatever else a sender writes there may not. */
/* ODS codes have a letter; what is all digits is some other number, of a person perhaps. */
static bool is_ods_code(struct slice code, size_t max)
{
    bool letter = false, plain = code.n >= 3 && code.n <= max;
    for (size_t k = 0; plain && k < code.n; k++) {
        bool upper = code.p[k] >= 'A' && code.p[k] <= 'Z';
        plain = upper || (code.p[k] >= '0' && code.p[k] <= '9');
        letter = letter || upper;
    }
    return plain && letter;
}

static void note_organisation(const struct json *organisation, struct fhir_request *r)
{
    const struct json *list = json_get(organisation, "identifier");
    for (const struct json *i = json_first(list); i; i = json_next(list, i)) {
        struct slice code = json_text(i, "value");
        if (slice_eq_str(json_text(i, "system"), "https://fhir.nhs.uk/Id/ods-organization-code") &&
            is_ods_code(code, sizeof(r->organisation) - 1))
            snprintf(r->organisation, sizeof(r->organisation), "%.*s", SLICE_ARG(code));
    }
}

bool fhir_profile_headers(const struct site_fhir *conf, const struct fhir_nhsd *h,
                          struct arena *arena, struct fhir_request *r, struct fhir_no *no)
{
    const struct json *organisation, *ignored;
    if (conf->profile != SITE_FHIR_BARS)
        return true;
    if (!is_resource(h->organisation, "Organization", arena, &organisation))
        return refuse(no, 400, "value", "NHSD-End-User-Organisation is an Organization in base64");
    note_organisation(organisation, r);
    if (!check_target(conf, h->target, arena, no))
        return false;
    if (!is_resource(h->software, "Device", arena, &ignored))
        return refuse(no, 400, "value", "NHSD-Requesting-Software is a Device in base64");
    if (!is_resource(h->practitioner, "PractitionerRole", arena, &ignored))
        return refuse(no, 400, "value",
                      "NHSD-Requesting-Practitioner is a PractitionerRole in base64");
    return true;
}
