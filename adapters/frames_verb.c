#include "frames_verb.h"

#include <stdlib.h>
#include "hl7_guess.h"
#include "hl7_mask.h"
#include "rfc3339.h"

/* Twice what a head may be (site_source.c: failed_frame_bytes), and a NUL. */
enum { HEX_MAX = 2 * 64 * 1024 + 1 };

struct frames_verb {
    struct audit *audit;
    const struct ports *ports;
    struct control_call *call; /* waits for the audit record */
    const struct json *request;
    struct buf head, hex; /* of the frame that is written */
    bool closed;
};

static void write_head(struct frames_verb *v, struct json_writer *w, struct slice head, bool reveal)
{
    buf_reset(&v->head);
    buf_reset(&v->hex);
    char *bytes = buf_reserve(&v->head, head.n), *hex = buf_reserve(&v->hex, 2 * head.n + 1);
    if (!bytes || !hex) /* it stays told that so many bytes came */
        return;
    if (reveal)
        memcpy(bytes, head.p, head.n);
    else
        hl7_mask(head, bytes);
    json_member(w, "head", digest_hex((const unsigned char *)bytes, head.n, hex));
}

static void write_one(struct frames_verb *v, struct json_writer *w, struct slice source,
                      const struct failed_frame *f, bool reveal)
{
    char at[RFC3339_SIZE];
    struct slice head = buf_slice(&f->head);
    const char *guess = hl7_guess(head);
    json_object(w);
    json_member(w, "source", source);
    json_key(w, SLICE("no"));
    json_int(w, (int64_t)f->no);
    json_member(w, "at", rfc3339_utc(f->at_ms, at));
    json_member(w, "fault", slice_str(frame_fault_name(f->fault)));
    json_member(w, "peer", slice_str(f->peer));
    json_key(w, SLICE("bytes"));
    json_int(w, (int64_t)f->bytes);
    if (guess && (f->fault == FRAME_NO_MLLP || f->fault == FRAME_UNREAD))
        json_member(w, "looks_like", slice_str(guess));
    write_head(v, w, head, reveal);
    json_object_end(w);
}

static void answer(struct frames_verb *v, struct control_call *call, const struct json *request,
                   bool reveal)
{
    struct slice wanted = json_text(request, "source");
    struct json_writer *w = control_answer(call);
    json_key(w, SLICE("masked"));
    json_bool(w, !reveal);
    json_key(w, SLICE("frames"));
    json_array(w);
    for (unsigned i = 0; i < v->ports->n; i++) {
        const struct source *s = &v->ports->all[i]->source;
        const struct failed_frame *f = NULL;
        if (wanted.n && !slice_eq(wanted, s->conf->name))
            continue;
        while ((f = failed_frames_next(&s->failed, f ? f->no : 0)))
            write_one(v, w, s->conf->name, f, reveal);
    }
    json_array_end(w);
    control_done(call);
}

static void verb_free(struct frames_verb *v)
{
    buf_fini(&v->head);
    buf_fini(&v->hex);
    free(v);
}

static void on_audited(void *arg, const struct err *e)
{
    struct frames_verb *v = arg;
    struct control_call *call = v->call;
    v->call = NULL;
    if (v->closed)
        verb_free(v);
    else if (e)
        control_fail(call, "no audit record, no reveal: %s", e->text);
    else
        answer(v, call, v->request, true);
}

static struct slice given(const struct json *request, const char *name)
{
    struct slice s = json_text(request, name);
    return slice_present(s) ? slice_sub(s, 0, 300) : SLICE("");
}

static void reveal(struct frames_verb *v, struct control_call *call, const struct json *request)
{
    struct err err = {0};
    struct slice source = given(request, "source");
    const struct audit_field fields[] = {{SLICE("what"), SLICE("failed frames")},
                                         {SLICE("source"), source},
                                         {SLICE("by"), given(request, "by")}};
    if (v->call) {
        control_fail(call, "somebody else is being shown frames: ask again");
        return;
    }
    v->call = call;
    v->request = request;
    if (audit_append(v->audit, SLICE("reveal"), slice_str(control_who(call)), fields,
                     sizeof(fields) / sizeof(fields[0]), on_audited, v, &err) == 0)
        return;
    v->call = NULL;
    control_fail(call, "no audit record, no reveal: %s", err.text);
}

static void do_frames(struct control_call *call, const struct json *request, void *arg)
{
    struct frames_verb *v = arg;
    struct slice source = json_text(request, "source");
    if (source.n && !ports_find(v->ports, source))
        control_fail_wrong(call, "there is no source '%.*s'", SLICE_ARG(source));
    else if (slice_eq_str(given(request, "reveal"), "yes"))
        reveal(v, call, request);
    else
        answer(v, call, request, false);
}

int frames_verb_open(struct control *control, struct audit *audit, const struct ports *ports,
                     struct frames_verb **ret, struct err *reterr)
{
    struct frames_verb *v = calloc(1, sizeof(*v));
    if (!v)
        return err_set(reterr, ERR_NOMEM, "no memory for a control verb");
    v->audit = audit;
    v->ports = ports;
    buf_init(&v->head, HEX_MAX);
    buf_init(&v->hex, HEX_MAX);
    if (control_add(control, "frames", do_frames, v, reterr) < 0) {
        verb_free(v);
        return -1;
    }
    *ret = v;
    return 0;
}

void frames_verb_close(struct frames_verb *v)
{
    if (!v)
        return;
    v->closed = true;
    if (!v->call)
        verb_free(v);
}
