#include "revision.h"

#include <assert.h>

enum { JSON_MAX = 64 * 1024 * 1024 };

static const struct slice retracted = {"event.retracted", 15};

int revision_writer_init(struct revision_writer *w, struct err *reterr)
{
    *w = (struct revision_writer){.n = 0};
    buf_init(&w->json, JSON_MAX);
    buf_init(&w->content, EVENT_SIZE_MAX * 2);
    if (event_encoder_open(&w->json, &w->encoder, reterr) < 0 ||
        event_encoder_open(&w->content, &w->content_encoder, reterr) < 0)
        return -1;
    return digest_open(SLICE_ABSENT, &w->digest, reterr);
}

void revision_writer_fini(struct revision_writer *w)
{
    event_encoder_close(w->encoder);
    event_encoder_close(w->content_encoder);
    digest_close(w->digest);
    buf_fini(&w->json);
    buf_fini(&w->content);
}

uint64_t revision_content(struct revision_writer *w, struct event *e)
{
    unsigned char hash[DIGEST_SIZE];
    uint64_t print;
    struct slice id = event_get(e, EV_ID), replaces = event_get(e, EV_DATA_REPLACES);
    event_put(e, EV_ID, SLICE_ABSENT);
    event_put(e, EV_DATA_REPLACES, SLICE_ABSENT);
    buf_reset(&w->content);
    event_encode(w->content_encoder, e, NULL);
    event_put(e, EV_ID, id);
    event_put(e, EV_DATA_REPLACES, replaces);
    digest_of(w->digest, buf_slice(&w->content), hash);
    memcpy(&print, hash, sizeof(print));
    return print;
}

void revision_begin(struct revision_writer *w)
{
    buf_reset(&w->json);
    w->n = 0;
}

void revision_new(struct revision_writer *w, const struct stream_record *made)
{
    assert(w->n < RECORD_EVENTS_MAX);
    w->ends[w->n] = 0;
    w->set[w->n++] = *made;
}

static void header(struct stream_record *r, struct stream_header *h, struct slice name,
                   struct slice value)
{
    if (slice_present(value) && r->nheaders < REVISION_HEADERS)
        h[r->nheaders++] = (struct stream_header){name, value};
}

/* e as revision n; false where its id is too long to have one. */
static bool write_event(struct revision_writer *w, struct event *e, struct slice stem, unsigned n)
{
    char before[EVENT_REVISION_SIZE];
    struct slice id = event_id_revise(stem, n, w->ids[w->n]);
    struct slice replaces = event_id_revise(stem, n - 1, before);
    if (!slice_present(id))
        return false;
    event_put(e, EV_ID, id);
    event_put(e, EV_DATA_REPLACES, replaces);
    event_encode(w->encoder, e, NULL);
    event_put(e, EV_DATA_REPLACES, SLICE_ABSENT); /* it borrows `before` */
    w->ends[w->n] = w->json.n;
    return true;
}

void revision_correct(struct revision_writer *w, const struct stream_record *made, struct event *e,
                      unsigned n)
{
    assert(w->n < RECORD_EVENTS_MAX);
    struct stream_header *h = &w->headers[w->n * REVISION_HEADERS];
    struct stream_record r = {.topic = made->topic, .key = made->key, .headers = h};
    bool written = write_event(w, e, event_get(e, EV_ID), n);
    assert(written); /* translating makes no longer id */
    (void)written;
    for (unsigned i = 0; i < made->nheaders; i++)
        header(&r, h, made->headers[i].name,
               slice_eq_str(made->headers[i].name, "ce_id") ? slice_str(w->ids[w->n])
                                                            : made->headers[i].value);
    w->set[w->n++] = r;
}

int revision_retract(struct revision_writer *w, const struct site_source *source,
                     const struct stream_message *old, unsigned n, struct arena *arena,
                     struct err *reterr)
{
    /* Not `retired`: that a merge did not happen must not merge. */
    static const char *const kept[] = {"received", "person", "person-local", "history"};
    struct stream_header *h = &w->headers[w->n * REVISION_HEADERS];
    struct stream_record r = {
        .topic = SLICE("flow.reported"), .key = source->name, .headers = h, .own = true};
    struct event *e;
    unsigned before;
    assert(w->n < RECORD_EVENTS_MAX);
    if (event_decode(old->value, arena, &e, reterr) < 0)
        return -1;
    event_put(e, EV_TYPE, retracted);
    if (!write_event(w, e, event_id_stem(stream_header_get(old, "ce_id"), &before), n))
        return err_set(reterr, ERR_INPUT, "it has no id that a revision can be made of");
    header(&r, h, SLICE("source"), source->name);
    header(&r, h, SLICE("ce_id"), slice_str(w->ids[w->n]));
    header(&r, h, SLICE("ce_type"), retracted);
    header(&r, h, SLICE("content-type"), SLICE("application/cloudevents+json"));
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        header(&r, h, slice_str(kept[i]), stream_header_get(old, kept[i]));
    header(&r, h, SLICE("forward"),
           source->forward ? stream_header_get(old, "forward") : SLICE("no"));
    w->set[w->n++] = r;
    return 0;
}

int revision_end(struct revision_writer *w, struct err *reterr)
{
    size_t from = 0;
    if (!buf_ok(&w->json))
        return err_set(reterr, ERR_LIMIT, "its corrections are larger than %d bytes", JSON_MAX);
    for (unsigned i = 0; i < w->n; i++)
        if (w->ends[i]) {
            w->set[i].value = slice_make(w->json.p + from, w->ends[i] - from);
            from = w->ends[i];
        }
    return 0;
}

size_t revision_bytes(const struct revision_writer *w)
{
    size_t n = 0;
    for (unsigned i = 0; i < w->n; i++)
        n += w->set[i].value.n;
    return n;
}
