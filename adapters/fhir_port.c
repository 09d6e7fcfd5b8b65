#include "fhir_port.h"

#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "fhir_call.h"
#include "fhir_capability.h"
#include "fhir_kept.h"
#include "fhir_profile.h"
#include "fhir_xml_write.h"
#include "log.h"

enum { QUIET_MS = 1000, OUT_MAX = 32 << 20, ARENA_MIN = 16 << 20 };

#define JSON_TYPE "application/fhir+json; charset=utf-8"
#define XML_TYPE "application/fhir+xml; charset=utf-8"

static const struct site_fhir *conf_of(const struct fhir_port *p)
{
    return &p->source->conf->fhir;
}

/* ---- answers ---- */

static void count(const struct fhir_port *p, int status)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", status);
    struct slice labels[] = {p->source->conf->name, slice_str(text)};
    series_add(metric_series(p->source->families->http, labels), 1);
}

/* Ids, status and who: never the body (BaRS logging; ASVS 16.2.5). */
static void log_exchange(struct fhir_port *p, const struct http_exchange *x,
                         const struct fhir_request *r, int status)
{
    char text[ADDRESS_TEXT];
    int64_t now = clock_mono_ms();
    struct slice request = fhir_request_logged(r->request_id);
    struct slice correlation = fhir_request_logged(r->correlation_id);
    bool fine = status < 400;
    if (!fine && now < p->quiet_until) {
        p->unsaid++;
        return;
    }
    log_line(fine ? LOG_DEBUG : LOG_WARN, "fhir.answered",
             "source=%.*s peer=%.*s status=%d request_id=%.*s correlation_id=%.*s "
             "organisation=%s not_logged_before=%llu",
             SLICE_ARG(p->source->conf->name), SLICE_ARG(address_ip_text(http_peer(x), text)),
             status, SLICE_ARG(request), SLICE_ARG(correlation), r->organisation,
             (unsigned long long)p->unsaid);
    if (fine)
        return;
    p->quiet_until = now + QUIET_MS;
    p->unsaid = 0;
}

/* The body as it leaves; JSON where it cannot be written as XML. */
static struct slice body_of(struct fhir_port *p, const struct fhir_request *r,
                            const struct fhir_answer *a, const char **ret_type)
{
    struct json *tree;
    struct err ignored;
    *ret_type = a->body.n ? JSON_TYPE : NULL;
    if (r->answer != FHIR_MEDIA_XML || !a->body.n)
        return buf_slice(&a->body);
    arena_reset(&p->arena);
    buf_reset(&p->out);
    if (json_read(buf_slice(&a->body), &json_default_limits, &p->arena, &tree, &ignored) == 0)
        fhir_xml_write(tree, &p->out);
    if (!buf_ok(&p->out) || !p->out.n)
        return buf_slice(&a->body);
    *ret_type = XML_TYPE;
    return buf_slice(&p->out);
}

void fhir_port_send(struct fhir_port *p, struct http_exchange *x, const struct fhir_request *r,
                    const struct fhir_answer *a, const char *allow)
{
    enum { ID = 160, URL = 512 };
    char request[ID], correlation[ID], url[URL];
    const char *type;
    struct slice body = body_of(p, r, a, &type);
    snprintf(request, sizeof(request), "%.*s", SLICE_ARG(r->request_id));
    snprintf(correlation, sizeof(correlation), "%.*s", SLICE_ARG(r->correlation_id));
    snprintf(url, sizeof(url), "%.*s/%s", SLICE_ARG(conf_of(p)->base), a->location);
    if (request[0])
        http_reply_field(x, "X-Request-ID", request);
    if (correlation[0])
        http_reply_field(x, "X-Correlation-ID", correlation);
    if (a->location[0])
        http_reply_field(x, "Location", url);
    if (a->etag)
        http_reply_field(x, "ETag", a->etag);
    if (allow)
        http_reply_field(x, "Allow", allow);
    if (a->status == 503)
        http_reply_field(x, "Retry-After", "5");
    count(p, a->status);
    log_exchange(p, x, r, a->status);
    http_reply(x, a->status, type, body);
}

static void answer_no(struct fhir_port *p, struct http_exchange *x, const struct fhir_request *r,
                      const struct fhir_no *no)
{
    fhir_answer_no(&p->answer, no->status, no->issue, slice_str(no->text));
    fhir_port_send(p, x, r, &p->answer, no->allow);
}

/* ---- a request ---- */

static void serve_metadata(struct fhir_port *p, struct http_exchange *x,
                           const struct fhir_request *r)
{
    const struct site_door *door = &conf_of(p)->door;
    struct json_writer *w;
    struct err ignored;
    struct fhir_capability c = {.software_version = SLICE(WEIR_VERSION),
                                .date = slice_str(p->since),
                                .types = conf_of(p)->resources.at,
                                .ntypes = conf_of(p)->resources.n,
                                .bearer = door->bearer.node != NULL,
                                .certificates = door->tls.node && door->tls.client_certificate};
    fhir_answer_no(&p->answer, 200, "informational", SLICE_ABSENT);
    buf_reset(&p->answer.body);
    if (json_writer_open(&p->answer.body, &w, &ignored) == 0) {
        fhir_capability_write(w, &c);
        json_writer_close(w);
    }
    fhir_port_send(p, x, r, &p->answer, NULL);
}

/* What BaRS says in headers of its own. */
static bool headers_fit(struct fhir_port *p, struct http_exchange *x, struct fhir_request *r)
{
    struct fhir_no no;
    const struct fhir_nhsd h = {.target = http_field(x, "nhsd-target-identifier"),
                                .organisation = http_field(x, "nhsd-end-user-organisation"),
                                .software = http_field(x, "nhsd-requesting-software"),
                                .practitioner = http_field(x, "nhsd-requesting-practitioner")};
    arena_reset(&p->arena);
    if (fhir_profile_headers(conf_of(p), &h, &p->arena, r, &no))
        return true;
    answer_no(p, x, r, &no);
    return false;
}

static bool can_take(struct fhir_port *p, struct http_exchange *x, const struct fhir_request *r)
{
    struct fhir_no no = {.status = 503, .issue = "transient"};
    if (p->paused)
        no.text = "the source is paused: send it again later";
    else if (intake_full(p->intake))
        no.text = "too much is under way: send it again later";
    else
        return true;
    answer_no(p, x, r, &no);
    return false;
}

/* False: it was answered. */
static bool unpack(struct fhir_port *p, struct http_exchange *x, const struct fhir_request *r)
{
    struct err err = {0};
    int status = r->gzip ? http_door_unpack(x, &err) : 0;
    struct fhir_no no = {.status = status,
                         .issue = status == 413   ? "too-costly"
                                  : status == 503 ? "transient"
                                                  : "structure",
                         .text = err.text};
    if (status)
        answer_no(p, x, r, &no);
    return !status;
}

static struct fhir_head head_of(const struct http_exchange *x)
{
    return (struct fhir_head){.method = http_method(x),
                              .path = http_path(x),
                              .query = http_query(x),
                              .content_type = http_field(x, "content-type"),
                              .content_encoding = http_field(x, "content-encoding"),
                              .accept = http_field(x, "accept"),
                              .prefer = http_field(x, "prefer"),
                              .if_match = http_field(x, "if-match"),
                              .if_none_match = http_field(x, "if-none-match"),
                              .if_none_exist = http_field(x, "if-none-exist"),
                              .if_unmodified_since = http_field(x, "if-unmodified-since"),
                              .request_id = http_field(x, "x-request-id"),
                              .correlation_id = http_field(x, "x-correlation-id"),
                              .body = http_body(x).n > 0};
}

static void serve(struct http_exchange *x, void *arg)
{
    struct fhir_port *p = arg;
    struct fhir_head head = head_of(x);
    struct fhir_request r;
    struct fhir_no no;
    if (fhir_request_read(conf_of(p), &head, &r, &no) < 0)
        answer_no(p, x, &r, &no);
    else if (r.ask == FHIR_ASK_METADATA)
        serve_metadata(p, x, &r);
    else if (headers_fit(p, x, &r) && can_take(p, x, &r) && unpack(p, x, &r))
        fhir_call_begin(p, x, &r, http_body(x));
}

/* What the server can do is told to everybody. */
static bool open_to_all(const struct http_exchange *x, void *arg)
{
    struct fhir_port *p = arg;
    struct fhir_head head = head_of(x);
    struct fhir_request r;
    struct fhir_no ignored;
    return fhir_request_read(conf_of(p), &head, &r, &ignored) == 0 && r.ask == FHIR_ASK_METADATA;
}

static void keep_out(struct http_exchange *x, int status, const char *why, void *arg)
{
    struct fhir_port *p = arg;
    struct fhir_head head = head_of(x);
    struct fhir_request r;
    struct fhir_no no;
    fhir_request_read(conf_of(p), &head, &r, &no); /* as far as the form of the answer goes */
    no = (struct fhir_no){.status = status,
                          .issue = status == 401   ? "login"
                                   : status == 403 ? "forbidden"
                                                   : "structure",
                          .text = why};
    answer_no(p, x, &r, &no);
}

/* ---- the server ---- */

static const struct site_tls *tls_conf(const struct source *source)
{
    return &source->conf->fhir.door.tls;
}

/* What never became a request: no header of it is to be trusted, not even which format it wants. */
static struct slice on_refusal(int status, const char **ret_type, void *arg)
{
    static const struct {
        int status;
        const char *issue, *text;
    } rows[] = {
        {408, "timeout", "the request took too long"},
        {413, "too-costly", "the request is longer than this source may send"},
        {431, "too-costly", "the headers are too long or too many"},
        {500, "exception", "the answer is longer than can be sent"},
        {501, "not-supported", "Transfer-Encoding may be chunked"},
        {503, "transient", "too much is under way: send it again later"},
        {400, "structure", "this is no HTTP request that can be read in one way only"},
    };
    struct fhir_port *p = arg;
    size_t i = 0;
    while (rows[i].status != status && rows[i].status != 400)
        i++;
    count(p, status);
    fhir_answer_no(&p->answer, status, rows[i].issue, slice_str(rows[i].text));
    *ret_type = JSON_TYPE;
    return buf_slice(&p->answer.body);
}

static const struct site_door *door_conf(const struct source *source)
{
    return &source->conf->fhir.door;
}

static int open_door(struct fhir_port *p, struct err *reterr)
{
    static const struct port_tls_hooks tls = {
        .conf = tls_conf, .ready = http_door_ready, .released = http_door_released};
    const struct http_door_options o = {.loop = p->loop,
                                        .source = p->source,
                                        .conf = door_conf,
                                        .tls = &tls,
                                        .answer_max = OUT_MAX,
                                        .serve = serve,
                                        .open_to_all = open_to_all,
                                        .keep_out = keep_out,
                                        .refusal = on_refusal,
                                        .arg = p};
    return http_door_open(&p->door, &o, reterr);
}

int fhir_port_open(struct loop *loop, struct intake *intake, struct source *source,
                   struct fhir_port **ret, struct err *reterr)
{
    struct fhir_port *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(reterr, ERR_NOMEM, "no memory for a listener");
    *p = (struct fhir_port){.loop = loop, .intake = intake, .source = source};
    size_t max = conf_of(p)->door.message_max;
    fhir_answer_init(&p->answer, conf_of(p)->profile);
    request_memory_init(&p->seen, (size_t)conf_of(p)->remember);
    buf_init(&p->out, OUT_MAX);
    buf_init(&p->kept, max + FHIR_KEPT_MORE);
    /* What the translator can read, the cutting of a batch can. */
    size_t arena = max * 16 > ARENA_MIN ? max * 16 : ARENA_MIN;
    arena_init(&p->arena,
               arena > source->site->message_arena ? arena : source->site->message_arena);
    rfc3339_utc(clock_wall_ms(), p->since);
    if (open_door(p, reterr) < 0) {
        fhir_port_close(p);
        return -1;
    }
    http_door_tell(&p->door, "fhir", conf_of(p)->base);
    *ret = p;
    return 0;
}

void fhir_port_close(struct fhir_port *p)
{
    if (!p)
        return;
    http_door_close(&p->door); /* no call has its exchange any more */
    while (p->first)
        fhir_call_drop(p->first);
    fhir_answer_fini(&p->answer);
    request_memory_fini(&p->seen);
    buf_fini(&p->out);
    buf_fini(&p->kept);
    arena_fini(&p->arena);
    free(p);
}

void fhir_port_drain(struct fhir_port *p)
{
    if (p)
        http_door_drain(&p->door);
}

bool fhir_port_quiet(const struct fhir_port *p)
{
    return !p || (!p->first && http_door_quiet(&p->door));
}

void fhir_port_pause(struct fhir_port *p, bool paused)
{
    if (p)
        p->paused = paused;
}
