#include "fhir_message_answer.h"

#include <stdio.h>
#include "b64url.h"
#include "fhir_itk3.h"
#include "fhir_read.h"

enum { UUID_BYTES = 16, URN = 48 };

/* Which of the ids of an answer. */
enum own { OWN_HEADER, OWN_OUTCOME, OWN_BUNDLE };

static void text(struct json_writer *w, const char *name, const char *value)
{
    json_member(w, name, slice_str(value));
}

static void copy_member(struct json_writer *w, const struct json *from, const char *name)
{
    const struct json *j = json_get(from, name);
    if (!j)
        return;
    json_key(w, slice_str(name));
    json_tree(w, j);
}

/* A digest as a UUID of version 8 (RFC 9562 §5.8): of what the message's events are known by, so
 * that it is the same however often the message comes; else of its bytes. */
static void make_urn(const struct translation *t, enum own own, char out[URN])
{
    unsigned char b[UUID_BYTES] = {0};
    size_t n = 0;
    if (!b64url_read(t->message_id, b, sizeof(b), &n) || n < UUID_BYTES)
        for (size_t i = 0; i < UUID_BYTES; i++)
            sscanf(t->sha256 + 2 * i, "%2hhx", &b[i]);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x80);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    b[15] = (unsigned char)(b[15] ^ own);
    snprintf(out, URN,
             "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}

static const char *uuid_of(const char *urn)
{
    return urn + sizeof("urn:uuid:") - 1;
}

/* NULL where it could not be read that far. */
static const struct json *header_of(const struct translation *t)
{
    return t->fhir && t->fhir->kind == FHIR_MESSAGE && t->fhir->n ? t->fhir->entries[0].resource
                                                                  : NULL;
}

static struct slice endpoint(const struct json *party, const char *otherwise)
{
    struct slice s = json_text(json_first(party), "endpoint");
    return s.n ? s : slice_str(otherwise);
}

/* What it answers: the header's id; of a header without one the Bundle's. */
static void write_response(struct json_writer *w, const struct translation *t, const char *code,
                           const char *outcome)
{
    struct slice id = json_text(header_of(t), "id");
    if (!id.n && t->fhir)
        id = json_text(t->fhir->root, "id");
    json_key(w, SLICE("response"));
    json_object(w);
    json_member(w, "identifier", id.n ? id : SLICE("unknown"));
    text(w, "code", code);
    if (outcome) {
        json_key(w, SLICE("details"));
        json_object(w);
        text(w, "reference", outcome);
        json_object_end(w);
    }
    json_object_end(w);
}

static void begin_entry(struct json_writer *w, const char *urn)
{
    json_object(w);
    text(w, "fullUrl", urn);
    json_key(w, SLICE("resource"));
}

/* FHIR R4 §2.4.3.4: who sent and who received change places. Members are in the order that XML
 * asks for. */
static void write_header(struct json_writer *w, const struct translation *t, const char *urn)
{
    static const char *const events[] = {"eventCoding", "eventUri", "event"};
    const struct json *asked = header_of(t);
    json_object(w);
    text(w, "resourceType", "MessageHeader");
    text(w, "id", uuid_of(urn));
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        copy_member(w, asked, events[i]);
    json_key(w, SLICE("destination"));
    json_array(w);
    json_object(w);
    json_member(w, "endpoint", endpoint(json_get(asked, "source"), "urn:unknown"));
    json_object_end(w);
    json_array_end(w);
    copy_member(w, asked, "timestamp"); /* STU3, DSTU2 */
    json_key(w, SLICE("source"));
    json_object(w);
    json_member(w, "endpoint", endpoint(json_get(asked, "destination"), "urn:weir"));
    json_object_end(w);
    write_response(w, t, "ok", NULL);
    json_object_end(w);
}

void fhir_message_ok(struct json_writer *w, const struct translation *t)
{
    char urn[URN], bundle[URN];
    make_urn(t, OWN_HEADER, urn);
    make_urn(t, OWN_BUNDLE, bundle);
    json_object(w);
    text(w, "resourceType", "Bundle");
    text(w, "id", uuid_of(bundle));
    text(w, "type", "message");
    copy_member(w, t->fhir->root, "timestamp");
    json_key(w, SLICE("entry"));
    json_array(w);
    begin_entry(w, urn);
    write_header(w, t, urn);
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
}

/* ---- ITK3 ---- */

bool fhir_message_wants_ack(const struct translation *t)
{
    struct itk3_handling h;
    if (!header_of(t))
        return true;
    itk3_handling_read(header_of(t), &h);
    return h.infrastructure == ITK3_YES || h.infrastructure == ITK3_UNREADABLE;
}

static void write_profile(struct json_writer *w, const char *profile)
{
    json_key(w, SLICE("meta"));
    json_object(w);
    json_key(w, SLICE("profile"));
    json_array(w);
    json_string(w, slice_str(profile));
    json_array_end(w);
    json_object_end(w);
}

static void write_flag(struct json_writer *w, const char *name)
{
    json_object(w);
    text(w, "url", name);
    json_key(w, SLICE("valueBoolean"));
    json_bool(w, false);
    json_object_end(w);
}

/* An acknowledgment asks for none; what the sender wanted to hear again, he hears. */
static void write_handling(struct json_writer *w, const struct json *asked)
{
    struct itk3_handling h;
    itk3_handling_read(asked, &h);
    json_key(w, SLICE("extension"));
    json_array(w);
    json_object(w);
    text(w, "url", ITK3_PROFILE "Extension-ITK-MessageHandling-2");
    json_key(w, SLICE("extension"));
    json_array(w);
    write_flag(w, "BusAckRequested");
    write_flag(w, "InfAckRequested");
    if (h.sender_text && h.sender_text->kind == JSON_STRING) {
        json_object(w);
        text(w, "url", "SenderReference");
        json_member(w, "valueString", h.sender_text->text);
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
    json_array_end(w);
}

static void write_reference(struct json_writer *w, const char *name, const char *to)
{
    json_key(w, slice_str(name));
    json_array(w);
    json_object(w);
    text(w, "reference", to);
    json_object_end(w);
    json_array_end(w);
}

static void write_ack_header(struct json_writer *w, const struct translation *t, const char *code,
                             const char *urn, const char *outcome)
{
    const struct json *asked = header_of(t);
    json_object(w);
    text(w, "resourceType", "MessageHeader");
    text(w, "id", uuid_of(urn));
    write_profile(w, ITK3_PROFILE "ITK-MessageHeader-2");
    write_handling(w, asked);
    json_key(w, SLICE("event"));
    json_object(w);
    text(w, "system", "https://fhir.nhs.uk/STU3/CodeSystem/ITK-MessageEvent-2");
    text(w, "code", "ITK008M");
    text(w, "display", "ITK Response");
    json_object_end(w);
    copy_member(w, asked, "timestamp");
    json_key(w, SLICE("source"));
    json_object(w);
    json_member(w, "endpoint", endpoint(json_get(asked, "destination"), "urn:weir"));
    json_object_end(w);
    write_response(w, t, code, outcome);
    write_reference(w, "focus", outcome);
    json_object_end(w);
}

void fhir_message_ack(struct json_writer *w, const struct translation *t, const char *code,
                      const struct fhir_issue *issues, unsigned n)
{
    char urn[URN], outcome[URN], bundle[URN];
    make_urn(t, OWN_HEADER, urn);
    make_urn(t, OWN_OUTCOME, outcome);
    make_urn(t, OWN_BUNDLE, bundle);
    json_object(w);
    text(w, "resourceType", "Bundle");
    text(w, "id", uuid_of(bundle));
    write_profile(w, ITK3_PROFILE "ITK-Message-Bundle-1");
    json_key(w, SLICE("identifier"));
    json_object(w);
    text(w, "value", uuid_of(bundle));
    json_object_end(w);
    text(w, "type", "message");
    json_key(w, SLICE("entry"));
    json_array(w);
    begin_entry(w, urn);
    write_ack_header(w, t, code, urn, outcome);
    json_object_end(w);
    begin_entry(w, outcome);
    fhir_outcome_write(w, issues, n);
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
}
