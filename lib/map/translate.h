/* translate.h - bytes of one message in, flow events out: the one way in which a source's messages
 * are understood, used by adapters, `weir translate` and tests alike.
 *
 * A translator belongs to one source: it holds that source's maps (shipped ones of its adapter,
 * then its overlays) compiled to numbers, its tables and the site's pseudonym key. Running it is a
 * pure function of the bytes and the configuration: no I/O, no clock, no memory but the arena's, so
 * the same message gives the same ids and the same answer for ever. One thread at a time. Results
 * borrow the raw bytes, the arena and the translator. */
#ifndef WEIR_TRANSLATE_H
#define WEIR_TRANSLATE_H

#include "event.h"
#include "hl7_msg.h"
#include "site.h"

struct fhir_doc;
struct json;
struct translator;
struct map_trace;

/* maps_dir holds a folder per adapter (adapters/acute/adt.yaml, …). All of the adapter's *.yaml are
 * read, in the order of their names, then the source's overlays. ERR_CONF with file:line:column and
 * what would be right; ERR_IO. The site must outlive the translator. */
int translate_open(const struct site *site, const struct site_source *source, const char *maps_dir,
                   struct translator **ret, struct err *reterr);
/* NULL is fine. */
void translate_close(struct translator *t);

enum translate_verdict {
    TRANSLATE_EVENTS,   /* at least one event */
    TRANSLATE_NOTHING,  /* understood; reports nothing */
    TRANSLATE_UNMAPPED, /* no map for this trigger: kept, counted, accepted */
    TRANSLATE_REFUSED,  /* cannot be used, now or ever: see reasons */
};

/* "events", "nothing", "unmapped", "refused": the header `verdict` of flow.messages. */
const char *translate_verdict_name(enum translate_verdict v);

enum { TRANSLATE_REASONS_MAX = 64 };

/* Why a message is refused, for ERR segments, OperationOutcome and flow.rejected. Carries no
 * patient data. */
struct translate_reason {
    unsigned code;                         /* HL7 table 0357 */
    bool retriable;                        /* the same bytes may be taken later */
    bool header;                           /* MSH-9, 11 or 12, or no header at all: AR, not AE */
    struct slice segment;                  /* "MSH"; absent where no place can be named */
    unsigned sequence;                     /* which of these segments, from 1; 0 = the only one */
    unsigned field, component, repetition; /* from 1; 0 = not named */
    struct slice expression; /* of JSON, CSV, FHIR: the place, as in "Encounter.period.start",
                                "incident", a column; absent where none can be named */
    struct slice text;       /* what is wrong and what would be right */
};

/* One event and the identities that its record on flow.reported carries in headers. */
struct translate_event {
    struct event *event; /* id and subject set; no recordedtime, no published_at */
    struct slice id, type;
    struct slice person;       /* = subject; absent where no patient is meant or known */
    struct slice person_local; /* pseudonym of authority and local number, where it is not person */
    struct slice retired;      /* of a merge: pseudonyms of the retired ids, blank between */
};

struct translation {
    enum translate_verdict verdict;
    struct translate_event *events;
    unsigned nevents;
    struct translate_reason *reasons;
    unsigned nreasons;    /* of a refused message; 0: there was no memory to say why */
    struct slice trigger; /* "A01" (from EVN-1 where MSH-9 has none); absent when not known */
    int format;           /* enum site_format of the source */
    bool parsed;          /* of HL7 v2: msg and header are valid; else answer from defaults */
    bool control_id_made; /* none was sent: control_id was made from the bytes */
    struct slice control_id;
    struct slice message_id; /* what the ids of its events begin with; absent where the header is
                                of no use */
    struct hl7_msg msg;
    struct hl7_header header;    /* as sent */
    const struct json *tree;     /* of JSON, CSV, FHIR: what was read; NULL where it could not be */
    const struct fhir_doc *fhir; /* of FHIR: the document (fhir_read.h), or NULL */
    char sha256[65];             /* of raw, lower-case hex: for flow.messages and flow.rejected */
};

/* Translates raw (one frame's content). Always fills *ret: a message that does not fit the arena is
 * refused like any other that is too long. */
void translate_run(struct translator *t, struct slice raw, struct arena *arena,
                   struct translation *ret);

/* From now on trace hears of every step of every run (map_trace.h); NULL: nobody, as at first. */
void translate_trace(struct translator *t, const struct map_trace *trace);

/* What the maps of this source answer to, for `weir check`: the nth trigger and its event types
 * (blank between), false past the end. Borrowed. */
bool translate_trigger(const struct translator *t, unsigned nth, struct slice *ret_trigger,
                       struct slice *ret_types);

#endif
