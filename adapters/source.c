#include "source.h"

#include "clock.h"
#include "log.h"
#include "record.h"
#include "sender.h"

enum { SOURCES = 256, PAIRS = 4096, QUIET_MS = 1000 };

void source_families_open(struct source_families *f, struct metrics *m)
{
    *f = (struct source_families){
        .received = metrics_counter(m, "weir_messages_received_total",
                                    "Messages taken from a source.", "source", SOURCES),
        .answered = metrics_counter(m, "weir_messages_answered_total",
                                    "Answers by acknowledgment code (HL7 table 0008); none: a "
                                    "message whose sender wanted no answer, or a connection "
                                    "closed instead.",
                                    "source code", SOURCES * SOURCE_ANSWERS),
        .rejected = metrics_counter(m, "weir_messages_rejected_total",
                                    "Messages and frames that went to flow.rejected.",
                                    "source kind", SOURCES * 2),
        .junk = metrics_counter(m, "weir_intake_junk_bytes_total",
                                "Bytes outside of frames, or of frames that never ended.", "source",
                                SOURCES),
        .events = metrics_counter(m, "weir_events_reported_total", "Events made from messages.",
                                  "source type", PAIRS),
        .unmapped = metrics_counter(m, "weir_messages_unmapped_total",
                                    "Messages whose trigger has no map: kept, accepted, no event.",
                                    "source trigger", PAIRS),
        .codes = metrics_counter(m, "weir_codes_unmapped_total",
                                 "Codes of events that are in no table, by the field they stand "
                                 "in: weir codes --unknown.",
                                 "source field", PAIRS),
        .last =
            metrics_gauge(m, "weir_source_last_message_timestamp_seconds",
                          "When the source last sent a message; 0 = not yet.", "source", SOURCES),
        .connections =
            metrics_gauge(m, "weir_intake_connections", "Connections open now.", "source", SOURCES),
        .refused = metrics_counter(m, "weir_intake_connections_refused_total",
                                   "Connections turned away.", "source reason", SOURCES * 12),
        .unexpected = metrics_counter(
            m, "weir_messages_unexpected_sender_total",
            "Messages whose MSH-3/MSH-4 are not among the source's `sending`.", "source", SOURCES),
        .odd = metrics_counter(m, "weir_messages_odd_total",
                               "Messages whose structure departs from the standard and was borne.",
                               "source what", SOURCES * 5),
        .dropped = metrics_counter(m, "weir_intake_frames_dropped_total",
                                   "Frames begun and never ended: not answered.", "source reason",
                                   SOURCES * 3),
        .unusable = metrics_counter(m, "weir_messages_accepted_unusable_total",
                                    "Messages that cannot be used and were answered as accepted "
                                    "(ack.on_invalid): they stand in flow.rejected.",
                                    "source", SOURCES),
        .unchanged = metrics_counter(
            m, "weir_rows_unchanged_total",
            "Rows of files that the file before had, too: not taken again.", "source", SOURCES),
        .certificate = metrics_gauge(m, "weir_tls_certificate_expiry_seconds",
                                     "Until the first certificate of that file ends, or the last "
                                     "authority; below 0: it has.",
                                     "source file", SOURCES * 3),
        .http = metrics_counter(m, "weir_fhir_answers_total",
                                "Requests of FHIR answered, by status of HTTP.", "source status",
                                SOURCES * 20),
        .translate = metrics_histogram(m, "weir_translate_seconds", "Time to translate a message.",
                                       "source", SOURCES, metrics_seconds, 16),
        .append = metrics_histogram(m, "weir_append_seconds",
                                    "Time from taking a message to its being durable.", "source",
                                    SOURCES, metrics_seconds, 16),
    };
}

static void limit_failed(struct source *s)
{
    const struct site_mllp *m = &s->conf->mllp;
    failed_frames_limit(&s->failed, s->conf->has_mllp ? (size_t)m->failed_frames : 0,
                        (size_t)m->failed_bytes);
}

int source_open(const struct site *site, const struct site_source *conf,
                const struct source_families *f, struct source *ret, struct err *reterr)
{
    struct source s = {.site = site, .conf = conf, .families = f};
    if (translate_open(site, conf, site_maps_dir(site), &s.translator, reterr) < 0)
        return -1;
    s.received = metric_of(f->received, conf->name);
    s.junk = metric_of(f->junk, conf->name);
    s.last = metric_of(f->last, conf->name);
    s.connections = metric_of(f->connections, conf->name);
    s.unexpected = metric_of(f->unexpected, conf->name);
    s.unusable = metric_of(f->unusable, conf->name);
    s.unchanged = metric_of(f->unchanged, conf->name);
    s.translate = metric_of(f->translate, conf->name);
    s.append = metric_of(f->append, conf->name);
    for (int code = HL7_AA; code < SOURCE_ANSWERS; code++) {
        struct slice labels[] = {
            conf->name,
            slice_str(code == SOURCE_NO_ANSWER ? "none" : hl7_ack_name((enum hl7_ack_code)code))};
        s.answered[code] = metric_series(f->answered, labels);
    }
    dict_init(&s.events, PAIRS);
    dict_init(&s.codes, PAIRS);
    limit_failed(&s);
    *ret = s;
    return 0;
}

void source_close(struct source *s)
{
    translate_close(s->translator);
    s->translator = NULL;
    dict_fini(&s->events);
    dict_fini(&s->codes);
    failed_frames_fini(&s->failed);
}

void source_take(struct source *s, struct source *fresh)
{
    struct translator *old = s->translator;
    s->site = fresh->site;
    s->conf = fresh->conf;
    limit_failed(s);
    s->translator = fresh->translator;
    fresh->translator = old;
    source_close(fresh);
}

/* Writing the labels of a series costs more than the counting: each value is looked up once. */
static struct series *series_of(const struct source *s, struct dict *known, struct metric *family,
                                struct slice value)
{
    struct slice labels[] = {s->conf->name, value};
    bool is_new;
    uint64_t *slot = dict_put(known, value, &is_new);
    if (!slot)
        return metric_series(family, labels);
    if (is_new)
        *slot = (uint64_t)(uintptr_t)metric_series(family, labels);
    return (struct series *)(uintptr_t)*slot;
}

/* A trigger is three capitals or digits; anything else a sender could put there has no place in a
 * label. */
static struct slice trigger_label(struct slice trigger)
{
    bool fine = trigger.n == 3;
    for (size_t i = 0; fine && i < 3; i++)
        fine = (trigger.p[i] >= 'A' && trigger.p[i] <= 'Z') ||
               (trigger.p[i] >= '0' && trigger.p[i] <= '9');
    return fine ? trigger : SLICE("other");
}

static bool in_order(const struct hl7_msg *m)
{
    static const char *const order[] = {"EVN", "PID", "PV1", "PV2"};
    const struct hl7_segment *last = NULL;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const struct hl7_segment *found = hl7_msg_segment(m, slice_str(order[i]), 0);
        if (found && last && found < last)
            return false;
        if (found)
            last = found;
    }
    return true;
}

static void count_odd(struct source *s, const struct hl7_msg *m)
{
    static const struct {
        enum hl7_flag flag;
        const char *what;
    } rows[] = {{HL7_LF_ENDS, "segment_end"},
                {HL7_SHORT_DELIMS, "short_delimiters"},
                {HL7_LEADING_BYTES, "leading_bytes"},
                {HL7_ODD_SEGMENT, "segment_id"}};
    for (size_t i = 0; m->flags && i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice labels[] = {s->conf->name, slice_str(rows[i].what)};
        if (m->flags & rows[i].flag)
            series_add(metric_series(s->families->odd, labels), 1);
    }
    struct slice labels[] = {s->conf->name, SLICE("segment_order")};
    if (!in_order(m))
        series_add(metric_series(s->families->odd, labels), 1);
}

/* Which codes they were is told by `weir codes --unknown`: a label would have no bound. */
static void count_codes(struct source *s, const struct event *e)
{
    static const struct slice flag = {"unmapped_code:", 14};
    unsigned n = event_count(e, EV_DATA_QUALITY);
    for (unsigned i = 0; i < n; i++) {
        struct slice doubt = event_nth(e, EV_DATA_QUALITY, i);
        if (!slice_starts(doubt, flag))
            continue;
        struct slice field = slice_sub(doubt, flag.n, doubt.n);
        series_add(series_of(s, &s->codes, s->families->codes, field), 1);
    }
}

void source_count(struct source *s, const struct translation *t)
{
    for (unsigned i = 0; i < t->nevents; i++) {
        series_add(series_of(s, &s->events, s->families->events, t->events[i].type), 1);
        count_codes(s, t->events[i].event);
    }
    if (t->verdict == TRANSLATE_UNMAPPED) {
        struct slice labels[] = {s->conf->name, trigger_label(t->trigger)};
        series_add(metric_series(s->families->unmapped, labels), 1);
        s->unmapped++;
    }
    if (t->verdict == TRANSLATE_REFUSED) {
        struct slice labels[] = {s->conf->name, SLICE("message")};
        series_add(metric_series(s->families->rejected, labels), 1);
    }
    if (t->parsed && !sender_expected(s->conf, &t->msg, &t->header))
        series_add(s->unexpected, 1);
    if (t->parsed)
        count_odd(s, &t->msg);
}

void source_answered(struct source *s, const struct hl7_ack_due *due, bool refused)
{
    for (unsigned i = 0; i < due->n; i++)
        series_add(s->answered[due->codes[i]], 1);
    if (due->n == 0)
        series_add(s->answered[SOURCE_NO_ANSWER], 1);
    s->refused += refused;
}

void source_dropped(struct source *s, enum source_drop why, uint64_t bytes)
{
    static const char *const names[] = {"restart", "cut", "slow"};
    struct slice labels[] = {s->conf->name, slice_str(names[why])};
    int64_t now = clock_mono_ms();
    series_add(metric_series(s->families->dropped, labels), 1);
    if (now < s->drops_quiet_until) {
        s->drops_unsaid++;
        return;
    }
    log_line(LOG_WARN, "frame.dropped",
             "source=%.*s why=%s bytes=%llu not answered, so that it is sent again; 'weir frames' "
             "shows how it began not_logged_before=%llu",
             SLICE_ARG(s->conf->name), names[why], (unsigned long long)bytes,
             (unsigned long long)s->drops_unsaid);
    s->drops_quiet_until = now + QUIET_MS;
    s->drops_unsaid = 0;
}

void source_turned_away(struct source *s, const char *why, const struct address *peer)
{
    char text[ADDRESS_TEXT];
    struct slice labels[] = {s->conf->name, slice_str(why)};
    int64_t now = clock_mono_ms();
    series_add(metric_series(s->families->refused, labels), 1);
    if (now < s->turned_quiet_until) {
        s->turned_unsaid++;
        return;
    }
    log_line(LOG_WARN, "session.refused", "source=%.*s peer=%.*s why=%s not_logged_before=%llu",
             SLICE_ARG(s->conf->name), SLICE_ARG(address_ip_text(peer, text)), why,
             (unsigned long long)s->turned_unsaid);
    s->turned_quiet_until = now + QUIET_MS;
    s->turned_unsaid = 0;
}

void source_log_no_mllp(struct source *s, uint64_t bytes)
{
    int64_t now = clock_mono_ms();
    if (now < s->no_mllp_quiet_until)
        return;
    log_line(LOG_WARN, "intake.no_mllp",
             "source=%.*s bytes=%llu and no frame yet on this connection: is it set to plain MLLP "
             "(VT in front), not TLS, HTTP or bare HL7? 'weir frames' shows them",
             SLICE_ARG(s->conf->name), (unsigned long long)bytes);
    s->no_mllp_quiet_until = now + QUIET_MS;
}

void source_log_refusal(struct source *s, const char *sha256, const struct translate_reason *first,
                        bool unusable)
{
    char at[RECORD_PLACE];
    int64_t now = clock_mono_ms();
    if (unusable)
        series_add(s->unusable, 1);
    if (now < s->quiet_until) {
        s->refusals_unsaid++;
        return;
    }
    log_line(unusable ? LOG_ERROR : LOG_WARN, unusable ? "alarm.unusable" : "message.rejected",
             "source=%.*s %ssha256=%.16s code=%u at=%s why=\"%.*s\" not_logged_before=%llu",
             SLICE_ARG(s->conf->name),
             unusable ? "kept in flow.rejected, its sender heard AA: see 'weir rejected list' "
                      : "",
             sha256, first->code, record_place(first, at), SLICE_ARG(first->text),
             (unsigned long long)s->refusals_unsaid);
    s->quiet_until = now + QUIET_MS;
    s->refusals_unsaid = 0;
}
