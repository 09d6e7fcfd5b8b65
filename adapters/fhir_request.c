#include "fhir_request.h"

#include "media_type.h"

enum { ID_MAX = 64, ECHO_MAX = 128, GUID = 36 };

static int refuse(struct fhir_no *no, int status, const char *issue, const char *text)
{
    *no = (struct fhir_no){.status = status, .issue = issue, .text = text};
    return -1;
}

static int refuse_method(struct fhir_no *no, const char *allow, const char *text)
{
    refuse(no, 405, "not-supported", text);
    no->allow = allow;
    return -1;
}

/* ---- media types ---- */

static enum fhir_media media_of(struct slice name)
{
    static const struct {
        const char *name;
        enum fhir_media media;
    } rows[] = {
        {"application/fhir+json", FHIR_MEDIA_JSON},
        {"application/json", FHIR_MEDIA_JSON},
        {"text/json", FHIR_MEDIA_JSON},
        {"application/json+fhir", FHIR_MEDIA_JSON},
        {"json", FHIR_MEDIA_JSON},
        {"application/fhir+xml", FHIR_MEDIA_XML},
        {"application/xml", FHIR_MEDIA_XML},
        {"text/xml", FHIR_MEDIA_XML},
        {"application/xml+fhir", FHIR_MEDIA_XML},
        {"xml", FHIR_MEDIA_XML},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (slice_ieq(name, slice_str(rows[i].name)))
            return rows[i].media;
    return FHIR_MEDIA_NONE;
}

/* Which releases are read: R4, and as XML most of all STU3 and DSTU2. */
static bool version_known(struct slice version)
{
    static const char *const known[] = {"4.0", "4.0.1", "3.0", "3.0.1", "3.0.2", "1.0", "1.0.2"};
    if (!slice_present(version))
        return true;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (slice_eq_str(version, known[i]))
            return true;
    return false;
}

/* Thousandths; 1000 where none is said. */
static unsigned quality(struct slice parameters)
{
    struct slice q = media_parameter(parameters, "q");
    unsigned v = 0, scale = 100;
    if (!q.n)
        return 1000;
    if (q.p[0] == '1')
        return 1000;
    for (size_t i = 2; i < q.n && i < 5 && q.p[i] >= '0' && q.p[i] <= '9'; i++, scale /= 10)
        v += (unsigned)(q.p[i] - '0') * scale;
    return v;
}

static bool is_any(struct slice name)
{
    return slice_eq(name, SLICE("*/*")) || slice_ieq(name, SLICE("application/*")) ||
           slice_eq(name, SLICE("*"));
}

/* The format that is wanted most; `own` where any will do. RFC 9110 §12.5.1. */
static enum fhir_media accepted(struct slice accept, enum fhir_media own)
{
    enum fhir_media best = FHIR_MEDIA_NONE;
    unsigned most = 0;
    for (struct slice rest = accept; slice_present(rest);) {
        struct slice range = slice_trim(slice_split(&rest, ','));
        struct slice name = slice_trim(slice_split(&range, ';'));
        enum fhir_media m = is_any(name) ? own : media_of(name);
        unsigned q = quality(range);
        if (m == FHIR_MEDIA_NONE || !version_known(media_parameter(range, "fhirVersion")) ||
            q <= most)
            continue;
        best = m;
        most = q;
    }
    return best;
}

/* The value of a name in a query, not decoded; absent where it is not there. */
static struct slice query_value(struct slice query, const char *name)
{
    while (slice_present(query)) {
        struct slice value = slice_split(&query, '&');
        if (slice_eq_str(slice_split(&value, '='), name))
            return slice_present(value) ? value : SLICE("");
    }
    return SLICE_ABSENT;
}

/* application/fhir+json in a query: its plus is a blank there, or %2B, its slash may be %2F. */
static enum fhir_media format_of(struct slice value)
{
    char plain[40];
    size_t n = 0;
    for (size_t i = 0; i < value.n && n < sizeof(plain); n++) {
        struct slice rest = slice_sub(value, i, i + 3);
        bool plus = slice_ieq(rest, SLICE("%2b")), slash = slice_ieq(rest, SLICE("%2f"));
        plain[n] = plus ? '+' : slash ? '/' : value.p[i];
        i += plus || slash ? 3 : 1;
    }
    for (size_t i = 0; i < n; i++)
        if (plain[i] == ' ')
            plain[i] = '+';
    return media_of(slice_sub(slice_make(plain, n), 0, slice_find(slice_make(plain, n), ';')));
}

static int read_answer_format(const struct fhir_head *h, enum fhir_media own,
                              struct fhir_request *r, struct fhir_no *no)
{
    struct slice wanted = query_value(h->query, "_format");
    r->answer = own;
    if (slice_present(wanted))
        r->answer = format_of(wanted);
    else if (h->accept.n)
        r->answer = accepted(h->accept, own);
    if (r->answer != FHIR_MEDIA_NONE)
        return 0;
    r->answer = FHIR_MEDIA_JSON;
    return refuse(no, 406, "not-supported",
                  "answers are application/fhir+json or application/fhir+xml, FHIR 4.0");
}

static int check_body_type(const struct fhir_head *h, enum fhir_media media, struct fhir_request *r,
                           struct fhir_no *no)
{
    struct slice rest = h->content_type;
    slice_split(&rest, ';');
    struct slice charset = media_parameter(rest, "charset");
    if (media == FHIR_MEDIA_NONE)
        return refuse(no, 415, "not-supported",
                      "Content-Type must be application/fhir+json or application/fhir+xml");
    if (slice_present(charset) && !slice_ieq(charset, SLICE("utf-8")))
        return refuse(no, 415, "not-supported", "FHIR is sent in UTF-8");
    if (!version_known(media_parameter(rest, "fhirVersion")))
        return refuse(no, 415, "not-supported",
                      "this release of FHIR is not read: 4.0, 3.0 and 1.0 are");
    r->gzip = slice_ieq(h->content_encoding, SLICE("gzip"));
    if (h->content_encoding.n && !r->gzip && !slice_ieq(h->content_encoding, SLICE("identity")))
        return refuse(no, 415, "not-supported", "Content-Encoding may be gzip");
    return 0;
}

/* ---- the interaction ---- */

static bool is_id(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
              (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' || s.p[i] == '.'))
            return false;
    return s.n && s.n <= ID_MAX;
}

bool fhir_request_takes(const struct site_fhir *conf, struct slice type)
{
    for (unsigned i = 0; i < conf->resources.n; i++)
        if (slice_eq(conf->resources.at[i], type))
            return true;
    return false;
}

static int read_type(const struct fhir_head *h, struct fhir_request *r, struct fhir_no *no)
{
    if (slice_eq_str(h->method, "POST")) {
        r->ask = FHIR_ASK_CREATE;
        return 0;
    }
    if ((slice_eq_str(h->method, "PUT") || slice_eq_str(h->method, "DELETE") ||
         slice_eq_str(h->method, "PATCH")) &&
        h->query.n)
        return refuse(no, 412, "not-supported",
                      "nothing is searched here, so that conditional updates and deletes cannot "
                      "be: name the id");
    return refuse_method(no, "POST", "nothing can be read or searched here: see /metadata");
}

static int read_instance(const struct fhir_head *h, struct fhir_request *r, struct fhir_no *no)
{
    if (!is_id(r->id))
        return refuse(no, 404, "not-found", "this is no id of a resource");
    if (slice_eq_str(h->method, "PUT"))
        r->ask = FHIR_ASK_UPDATE;
    else if (slice_eq_str(h->method, "DELETE"))
        r->ask = FHIR_ASK_DELETE;
    else
        return refuse_method(no, "PUT, DELETE",
                             "nothing can be read or patched here: see /metadata");
    return 0;
}

static int read_resource(const struct site_fhir *conf, struct slice path, const struct fhir_head *h,
                         struct fhir_request *r, struct fhir_no *no)
{
    r->type = slice_split(&path, '/');
    if (!fhir_request_takes(conf, r->type))
        return refuse(no, 404, "not-supported",
                      "this type of resource is not taken here: see /metadata");
    if (!slice_present(path) || !path.n)
        return read_type(h, r, no);
    r->id = path;
    return read_instance(h, r, no);
}

static int read_path(const struct site_fhir *conf, const struct fhir_head *h,
                     struct fhir_request *r, struct fhir_no *no)
{
    struct slice path = h->path;
    bool post = slice_eq_str(h->method, "POST");
    if (!slice_starts(path, conf->base))
        return refuse(no, 404, "not-found", "the FHIR server is at another path");
    path = slice_sub(path, conf->base.n, path.n);
    if (path.n && path.p[0] != '/')
        return refuse(no, 404, "not-found", "the FHIR server is at another path");
    path = slice_sub(path, 1, path.n);
    if (slice_eq(path, SLICE("metadata"))) {
        r->ask = FHIR_ASK_METADATA;
        return slice_eq_str(h->method, "GET") || slice_eq_str(h->method, "HEAD")
                   ? 0
                   : refuse_method(no, "GET", "metadata can be read");
    }
    if (path.n == 0 || slice_eq(path, SLICE("$process-message")) ||
        slice_ieq(path, SLICE("%24process-message"))) {
        r->ask = path.n ? FHIR_ASK_MESSAGE : FHIR_ASK_BUNDLE;
        return post ? 0 : refuse_method(no, "POST", "Bundles are sent with POST");
    }
    return read_resource(conf, path, h, r, no);
}

/* ---- ids ---- */

static bool can_echo(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n && s.n <= ECHO_MAX;
}

static bool is_guid(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-'
                 : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return s.n == GUID;
}

struct slice fhir_request_logged(struct slice id)
{
    return is_guid(id) ? id : SLICE_ABSENT;
}

static int require_guid(struct slice id, const char *missing, const char *bad, struct fhir_no *no)
{
    if (is_guid(id))
        return 0;
    return id.n ? refuse(no, 400, "value", bad) : refuse(no, 400, "required", missing);
}

static int read_ids(const struct site_fhir *conf, const struct fhir_head *h, struct fhir_request *r,
                    struct fhir_no *no)
{
    bool bars = conf->profile == SITE_FHIR_BARS;
    r->request_id = can_echo(h->request_id) ? h->request_id : SLICE_ABSENT;
    r->correlation_id = can_echo(h->correlation_id) ? h->correlation_id : SLICE_ABSENT;
    if ((conf->request_id || bars) &&
        require_guid(h->request_id, "X-Request-ID must be there, and a GUID",
                     "X-Request-ID must be a GUID", no) < 0)
        return -1;
    return bars ? require_guid(h->correlation_id, "X-Correlation-ID must be there, and a GUID",
                               "X-Correlation-ID must be a GUID", no)
                : 0;
}

/* What cannot be honoured is refused: an If-None-Exist that is passed over makes a duplicate. */
static int check_conditions(const struct fhir_head *h, const struct fhir_request *r,
                            struct fhir_no *no)
{
    if (slice_present(h->if_none_exist))
        return refuse(no, 412, "not-supported",
                      "nothing is searched here, so that If-None-Exist cannot be honoured");
    if (slice_present(h->if_match))
        return refuse(no, 412, "not-supported",
                      "no versions are kept here, so that If-Match cannot be honoured");
    if (r->ask != FHIR_ASK_METADATA &&
        (slice_present(h->if_none_match) || slice_present(h->if_unmodified_since)))
        return refuse(no, 412, "not-supported",
                      "nothing is looked up here, so that If-None-Match and If-Unmodified-Since "
                      "cannot be honoured");
    if (r->ask == FHIR_ASK_MESSAGE && slice_eq_str(query_value(h->query, "async"), "true"))
        return refuse(no, 422, "not-supported", "messages are answered at once: leave async out");
    if (r->ask != FHIR_ASK_DELETE && r->ask != FHIR_ASK_METADATA && !h->body)
        return refuse(no, 400, "required", "there is no body");
    return 0;
}

int fhir_request_read(const struct site_fhir *conf, const struct fhir_head *head,
                      struct fhir_request *ret, struct fhir_no *no)
{
    *ret = (struct fhir_request){.answer = FHIR_MEDIA_JSON};
    struct slice rest = head->content_type;
    enum fhir_media media = media_of(slice_trim(slice_split(&rest, ';')));
    enum fhir_media own = media == FHIR_MEDIA_NONE ? FHIR_MEDIA_JSON : media;
    ret->outcome = slice_eq(slice_trim(head->prefer), SLICE("return=OperationOutcome"));
    if (read_answer_format(head, own, ret, no) < 0) {
        struct fhir_no ignored;
        read_ids(conf, head, ret, &ignored);
        return -1;
    }
    if (read_ids(conf, head, ret, no) < 0 || read_path(conf, head, ret, no) < 0 ||
        check_conditions(head, ret, no) < 0)
        return -1;
    bool body = ret->ask != FHIR_ASK_DELETE && ret->ask != FHIR_ASK_METADATA;
    return body ? check_body_type(head, media, ret, no) : 0;
}
