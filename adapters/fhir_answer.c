#include "fhir_answer.h"

#include <stdio.h>
#include "fhir_message_answer.h"
#include "fhir_profile.h"
#include "hl7_ack.h"

enum { BODY_MAX = 16 << 20, ISSUES_MAX = 32, ID_HEX = 32, PLACE = 192 };

void fhir_answer_init(struct fhir_answer *a, int profile)
{
    *a = (struct fhir_answer){.status = 500, .profile = profile};
    buf_init(&a->body, BODY_MAX);
}

void fhir_answer_fini(struct fhir_answer *a)
{
    buf_fini(&a->body);
}

static void begin(struct fhir_answer *a, int status)
{
    buf_reset(&a->body);
    a->status = status;
    a->location[0] = '\0';
    a->etag = NULL;
}

/* Runs write with a writer of its own; a body that cannot be written stays empty. */
static struct json_writer *open_writer(struct fhir_answer *a)
{
    struct json_writer *w = NULL;
    struct err ignored;
    return json_writer_open(&a->body, &w, &ignored) == 0 ? w : NULL;
}

static void write_outcome(struct fhir_answer *a, const struct fhir_issue *issues, unsigned n)
{
    struct json_writer *w = open_writer(a);
    if (!w)
        return;
    fhir_outcome_write(w, issues, n);
    json_writer_close(w);
}

static void write_ack(struct fhir_answer *a, const struct translation *t, const char *code,
                      const struct fhir_issue *issues, unsigned n)
{
    struct json_writer *w = open_writer(a);
    if (!w)
        return;
    fhir_message_ack(w, t, code, issues, n);
    json_writer_close(w);
}

void fhir_answer_no(struct fhir_answer *a, int status, const char *issue, struct slice text)
{
    struct fhir_issue i = {.severity = "error", .code = issue, .text = text};
    fhir_profile_issue(a->profile, status, &i);
    begin(a, status);
    write_outcome(a, &i, 1);
}

/* HL7 table 0357, which reasons are told in, whatever the format. */
static const struct verdict {
    unsigned code;
    int status;
    const char *issue; /* valueset-issue-type */
} verdicts[] = {
    {HL7_SEGMENT_SEQUENCE, 400, "structure"},
    {HL7_REQUIRED_FIELD, 422, "required"},
    {HL7_DATA_TYPE, 400, "structure"},
    {HL7_TABLE_VALUE, 422, "value"},
    {HL7_VALUE_TOO_LONG, 413, "too-costly"},
    {HL7_UNSUPPORTED_TYPE, 422, "not-supported"},
    {HL7_UNSUPPORTED_EVENT, 422, "not-supported"},
    {HL7_UNSUPPORTED_VERSION, 422, "not-supported"},
    {HL7_UNKNOWN_KEY, 422, "not-found"},
    {HL7_DUPLICATE_KEY, 409, "conflict"},
    {HL7_INTERNAL, 422, "processing"},
};

static struct verdict verdict_of(unsigned code)
{
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
        if (verdicts[i].code == code)
            return verdicts[i];
    return (struct verdict){code, 422, "processing"};
}

/* A resource that is kept within a Bundle (fhir_kept.h) was sent as itself. */
static struct slice sent_place(const struct fhir_request *r, struct slice kept, char *out, size_t n)
{
    static const char within[] = "Bundle.entry[0].resource";
    bool alone = r->ask == FHIR_ASK_CREATE || r->ask == FHIR_ASK_UPDATE;
    if (!alone || slice_eq_str(r->type, "Bundle") || !slice_starts(kept, slice_str(within)))
        return kept;
    kept = slice_sub(kept, sizeof(within) - 1, kept.n);
    snprintf(out, n, "%.*s%.*s", SLICE_ARG(r->type), SLICE_ARG(kept));
    return slice_str(out);
}

void fhir_answer_refused(struct fhir_answer *a, const struct fhir_request *r,
                         const struct translation *t)
{
    struct fhir_issue issues[ISSUES_MAX];
    char places[ISSUES_MAX][PLACE];
    unsigned n = 0;
    if (t->nreasons == 0) {
        fhir_answer_no(a, 413, "too-costly", SLICE("the document needs more than it may"));
        return;
    }
    int status = verdict_of(t->reasons[0].code).status;
    begin(a, status);
    for (; n < t->nreasons && n < ISSUES_MAX; n++) {
        issues[n] = (struct fhir_issue){
            .severity = a->profile == SITE_FHIR_ITK3 ? "fatal" : "error",
            .code = verdict_of(t->reasons[n].code).issue,
            .text = t->reasons[n].text,
            .expression = sent_place(r, t->reasons[n].expression, places[n], sizeof(places[n]))};
        fhir_profile_reason(a->profile, status, t, &t->reasons[n], &issues[n]);
    }
    if (a->profile == SITE_FHIR_ITK3 && r->ask == FHIR_ASK_MESSAGE && fhir_message_wants_ack(t))
        write_ack(a, t, "fatal-error", issues, n);
    else
        write_outcome(a, issues, n);
}

/* Where a resource would stand: an id that its bytes and its place in them give. */
static void place(char out[FHIR_LOCATION], struct slice type, const struct translation *t,
                  unsigned nth)
{
    snprintf(out, FHIR_LOCATION, "%.*s/%.*s-%u/_history/1", SLICE_ARG(type), ID_HEX, t->sha256,
             nth);
}

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {{200, "200 OK"},
                {201, "201 Created"},
                {204, "204 No Content"},
                {400, "400 Bad Request"},
                {409, "409 Conflict"},
                {413, "413 Content Too Large"},
                {422, "422 Unprocessable Content"},
                {503, "503 Service Unavailable"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return rows[i].text;
    return "500 Internal Server Error";
}

/* No element of FHIR is empty: a Bundle of nothing has no entry. */
static void begin_bundle(struct json_writer *w, const char *type, unsigned nentries)
{
    json_object(w);
    json_member(w, "resourceType", SLICE("Bundle"));
    json_member(w, "type", slice_str(type));
    if (!nentries)
        return;
    json_key(w, SLICE("entry"));
    json_array(w);
}

/* What was asked is done, but nobody can be told all of it. Sent again it does no harm. */
static void end_bundle(struct fhir_answer *a, struct json_writer *w, unsigned nentries)
{
    if (nentries)
        json_array_end(w);
    json_object_end(w);
    json_writer_close(w);
    if (!buf_ok(&a->body))
        fhir_answer_no(a, 500, "too-costly",
                       SLICE("the answer would be too long: what can be taken is taken; send it "
                             "again with fewer entries at once"));
}

/* outcome: JSON of a resource; empty: none. */
static void write_response(struct json_writer *w, int status, const char *location,
                           const char *etag, struct slice outcome)
{
    json_object(w);
    json_key(w, SLICE("response"));
    json_object(w);
    json_member(w, "status", slice_str(status_text(status)));
    if (location[0])
        json_member(w, "location", slice_str(location));
    if (etag)
        json_member(w, "etag", slice_str(etag));
    if (outcome.n) {
        json_key(w, SLICE("outcome"));
        json_raw(w, outcome);
    }
    json_object_end(w);
    json_object_end(w);
}

#define FIRST_VERSION "W/\"1\""

/* An entry of a transaction or batch that was taken. */
static int entry_status(const struct fhir_entry *e, const struct translation *t, unsigned nth,
                        char location[FHIR_LOCATION], const char **ret_etag)
{
    location[0] = '\0';
    *ret_etag = NULL;
    if (slice_eq_str(e->method, "DELETE"))
        return 204;
    if (slice_eq_str(e->method, "PUT") && e->id.n) {
        snprintf(location, FHIR_LOCATION, "%.*s/%.*s", SLICE_ARG(e->type), SLICE_ARG(e->id));
        return 200;
    }
    place(location, e->type, t, nth);
    *ret_etag = FIRST_VERSION;
    return 201;
}

static void write_transaction(struct fhir_answer *a, const struct translation *t)
{
    char location[FHIR_LOCATION];
    const char *etag;
    struct json_writer *w = open_writer(a);
    if (!w)
        return;
    begin_bundle(w, "transaction-response", t->fhir->n);
    for (unsigned i = 0; i < t->fhir->n; i++) {
        int status = entry_status(&t->fhir->entries[i], t, i, location, &etag);
        write_response(w, status, location, etag, SLICE_ABSENT);
    }
    end_bundle(a, w, t->fhir->n);
}

/* ITK3 is told what it asks for, and nothing else. */
static void write_acknowledged(struct fhir_answer *a, const struct translation *t)
{
    struct fhir_issue taken = {.severity = "information", .code = "informational"};
    fhir_profile_issue(a->profile, a->status, &taken);
    if (fhir_message_wants_ack(t))
        write_ack(a, t, "ok", &taken, 1);
}

static void write_message(struct fhir_answer *a, const struct translation *t)
{
    struct json_writer *w = open_writer(a);
    if (!w)
        return;
    fhir_message_ok(w, t);
    json_writer_close(w);
}

static void write_taken(struct fhir_answer *a, const struct fhir_request *r)
{
    struct fhir_issue i = {
        .severity = "information", .code = "informational", .text = SLICE("taken and durable")};
    if (r->outcome)
        write_outcome(a, &i, 1);
}

void fhir_answer_taken(struct fhir_answer *a, const struct fhir_request *r,
                       const struct translation *t)
{
    begin(a, 200);
    switch (r->ask) {
    case FHIR_ASK_CREATE:
        a->status = 201;
        place(a->location, r->type, t, 0);
        a->etag = FIRST_VERSION;
        write_taken(a, r);
        break;
    case FHIR_ASK_UPDATE:
        snprintf(a->location, FHIR_LOCATION, "%.*s/%.*s", SLICE_ARG(r->type), SLICE_ARG(r->id));
        write_taken(a, r);
        break;
    case FHIR_ASK_DELETE:
        a->status = r->outcome ? 200 : 204;
        write_taken(a, r);
        break;
    case FHIR_ASK_MESSAGE:
        if (a->profile == SITE_FHIR_ITK3)
            write_acknowledged(a, t);
        else
            write_message(a, t);
        break;
    case FHIR_ASK_BUNDLE:
        if (t->fhir->kind == FHIR_BATCH && t->fhir->n == 1)
            a->status = entry_status(&t->fhir->entries[0], t, 0, a->location, &a->etag);
        else
            write_transaction(a, t);
        break;
    default:
        write_taken(a, r);
    }
}

void fhir_answer_batch(struct fhir_answer *a, const struct fhir_answer *entries, unsigned n)
{
    begin(a, 200);
    struct json_writer *w = open_writer(a);
    if (!w)
        return;
    begin_bundle(w, "batch-response", n);
    for (unsigned i = 0; i < n; i++)
        write_response(w, entries[i].status, entries[i].location, entries[i].etag,
                       buf_slice(&entries[i].body));
    end_bundle(a, w, n);
}

/* ---- what does not fit the request ---- */

static bool misfit(struct translate_reason *ret, unsigned code, struct slice expression,
                   struct slice text)
{
    *ret = (struct translate_reason){.code = code, .expression = expression, .text = text};
    return true;
}

static bool entry_misfit(const struct site_fhir *conf, const struct fhir_entry *e,
                         struct translate_reason *ret)
{
    const struct json *request = json_get(e->tree, "request");
    if (!slice_eq_str(e->method, "POST") && !slice_eq_str(e->method, "PUT") &&
        !slice_eq_str(e->method, "DELETE"))
        return misfit(ret, HL7_UNSUPPORTED_EVENT, SLICE("Bundle.entry.request.method"),
                      SLICE("entries are POST, PUT or DELETE here: nothing can be read"));
    if (json_get(request, "ifNoneExist") || json_get(request, "ifMatch") ||
        json_get(request, "ifNoneMatch") || json_get(request, "ifModifiedSince"))
        return misfit(ret, HL7_UNSUPPORTED_EVENT, SLICE("Bundle.entry.request"),
                      SLICE("nothing is searched and no versions are kept here, so that conditions "
                            "cannot be honoured"));
    struct slice url = json_text(request, "url");
    if (slice_find(url, '?') < url.n)
        return misfit(ret, HL7_UNSUPPORTED_EVENT, SLICE("Bundle.entry.request.url"),
                      SLICE("nothing is searched here: name the id"));
    if (!slice_eq_str(e->method, "POST") && !e->id.n)
        return misfit(ret, HL7_SEGMENT_SEQUENCE, SLICE("Bundle.entry.request.url"),
                      SLICE("the url names no id"));
    if (!fhir_request_takes(conf, e->type))
        return misfit(ret, HL7_UNSUPPORTED_TYPE, SLICE("Bundle.entry.resource"),
                      SLICE("a type of resource that is not taken here: see /metadata"));
    return false;
}

/* What has a place of its own, where its entries or its header are looked at. */
static bool is_interaction(const struct fhir_doc *doc)
{
    return doc->kind == FHIR_TRANSACTION || doc->kind == FHIR_BATCH || doc->kind == FHIR_MESSAGE;
}

static bool bundle_misfit(const struct site_fhir *conf, const struct fhir_doc *doc,
                          struct translate_reason *ret)
{
    if (doc->kind != FHIR_TRANSACTION && doc->kind != FHIR_BATCH)
        return misfit(ret, HL7_SEGMENT_SEQUENCE, SLICE("Bundle.type"),
                      SLICE("to the base a Bundle of type transaction or batch is sent"));
    for (unsigned i = 0; i < doc->n; i++)
        if (entry_misfit(conf, &doc->entries[i], ret))
            return true;
    return false;
}

bool fhir_answer_misfit(const struct site_fhir *conf, const struct fhir_request *r,
                        const struct fhir_doc *doc, struct translate_reason *ret)
{
    if (r->ask == FHIR_ASK_DELETE)
        return false;
    if (r->ask == FHIR_ASK_BUNDLE)
        return bundle_misfit(conf, doc, ret);
    if (r->ask == FHIR_ASK_MESSAGE)
        return doc->kind != FHIR_MESSAGE &&
               misfit(ret, HL7_SEGMENT_SEQUENCE, SLICE("Bundle.type"),
                      SLICE("to $process-message a Bundle of type message is sent"));
    if (!slice_eq(json_text(doc->root, "resourceType"), r->type))
        return misfit(ret, HL7_SEGMENT_SEQUENCE, SLICE_ABSENT,
                      SLICE("the url names another type than the resource has"));
    if (is_interaction(doc))
        return misfit(ret, HL7_UNSUPPORTED_TYPE, SLICE("Bundle.type"),
                      doc->kind == FHIR_MESSAGE
                          ? SLICE("a Bundle of type message is sent to $process-message")
                          : SLICE("a Bundle of type transaction or batch is sent to the base"));
    if (r->ask == FHIR_ASK_UPDATE && !slice_eq(json_text(doc->root, "id"), r->id))
        return misfit(ret, HL7_SEGMENT_SEQUENCE, SLICE("id"),
                      SLICE("an update has the id of the url in the resource"));
    return false;
}
