#include "dry_run.h"

#include <stdlib.h>
#include "record.h"
#include "router.h"
#include "translate_explain.h"

enum { RESULT_MAX = 256 << 20, EVENTS_BYTES_MAX = 64 << 20 };

static const struct slice topic_route = {"flow.route.", 11};

struct dry_run {
    struct site *site;
    struct translator **translators; /* by source, opened when first needed */
    struct router *router;
    struct record_writer *record;
    struct arena arena; /* of the message */
    struct arena made;  /* of the result */
    struct unit unit;
    struct event_encoder *encoder;
    struct buf json;
};

/* Not the site's own key: tests run where that must not be. */
static void give_key(struct site *site)
{
    site->keys.pseudonym = SLICE("the key of weir test, which is no secret");
}

static int open_parts(struct dry_run *d, struct err *reterr)
{
    d->translators = calloc(d->site->nsources + 1, sizeof(struct translator *));
    d->record = calloc(1, sizeof(*d->record));
    if (!d->translators || !d->record)
        return err_set(reterr, ERR_NOMEM, "no memory for the tests");
    if (record_writer_init(d->record, reterr) < 0 ||
        event_encoder_open(&d->json, &d->encoder, reterr) < 0)
        return -1;
    return router_open(d->site, NULL, &d->router, reterr);
}

int dry_run_open(const char *config, struct dry_run **ret, struct err *reterr)
{
    struct dry_run *d = calloc(1, sizeof(*d));
    if (!d)
        return err_set(reterr, ERR_NOMEM, "no memory for the tests");
    buf_init(&d->json, EVENTS_BYTES_MAX);
    unit_init(&d->unit);
    arena_init(&d->made, RESULT_MAX);
    if (site_open(config, SITE_NO_SECRETS, &d->site, reterr) < 0) {
        dry_run_close(d);
        return -1;
    }
    give_key(d->site);
    arena_init(&d->arena, d->site->message_arena);
    if (open_parts(d, reterr) < 0) {
        dry_run_close(d);
        return -1;
    }
    *ret = d;
    return 0;
}

void dry_run_close(struct dry_run *d)
{
    if (!d)
        return;
    for (unsigned i = 0; d->translators && i < d->site->nsources; i++)
        translate_close(d->translators[i]);
    free(d->translators);
    router_close(d->router);
    if (d->record)
        record_writer_fini(d->record);
    free(d->record);
    event_encoder_close(d->encoder);
    buf_fini(&d->json);
    unit_fini(&d->unit);
    arena_fini(&d->arena);
    arena_fini(&d->made);
    site_close(d->site);
    free(d);
}

const struct site *dry_run_site(const struct dry_run *d)
{
    return d->site;
}

static int translator_of(struct dry_run *d, const struct site_source *source,
                         struct translator **ret, struct err *reterr)
{
    struct translator **at = &d->translators[source - d->site->sources];
    if (!*at && translate_open(d->site, source, site_maps_dir(d->site), at, reterr) < 0)
        return -1;
    *ret = *at;
    return 0;
}

/* The record of flow.reported as the journey hands it on. */
static int as_published(struct dry_run *d, const struct stream_record *r, struct routed *ret,
                        struct err *reterr)
{
    struct event *e;
    if (event_decode(r->value, &d->made, &e, reterr) < 0)
        return -1;
    event_put(e, EV_RECORDEDTIME, SLICE(DRY_RUN_NOW));
    event_put(e, EV_DATA_PUBLISHED_AT, SLICE(DRY_RUN_NOW));
    buf_reset(&d->json);
    event_encode(d->encoder, e, NULL);
    *ret = (struct routed){.event = e,
                           .json = arena_copy(&d->made, buf_slice(&d->json)),
                           .id = event_get(e, EV_ID),
                           .type = event_get(e, EV_TYPE),
                           .received = SLICE(DRY_RUN_NOW),
                           .key = r->key};
    return buf_ok(&d->json) && slice_present(ret->json)
               ? 0
               : err_set(reterr, ERR_LIMIT, "an event is too large");
}

/* Which routes take the event. A source that is not forwarded reaches none. */
static int route(struct dry_run *d, const struct routed *in, const struct site_source *source,
                 struct dry_event *ret, struct err *reterr)
{
    *ret = (struct dry_event){.type = in->type, .json = in->json};
    unsigned first = d->unit.nrecords;
    if (!source->forward)
        return 0;
    if (router_route(d->router, in, &d->unit) < 0)
        return err_set(reterr, ERR_LIMIT, "the copies for the routes are too large");
    ret->ncopies = d->unit.nrecords - first;
    struct dry_copy *copies = arena_zalloc(&d->made, ret->ncopies + 1, sizeof(*copies));
    if (!copies)
        return err_set(reterr, ERR_NOMEM, "no memory for the tests");
    for (unsigned i = 0; i < ret->ncopies; i++) {
        const struct stream_record *r = &d->unit.records[first + i];
        copies[i].route = slice_sub(r->topic, topic_route.n, r->topic.n);
        copies[i].json = r->value;
    }
    ret->copies = copies;
    return 0;
}

static int publish(struct dry_run *d, const struct site_source *source, struct dry_result *ret,
                   struct err *reterr)
{
    /* The first record is the message itself. */
    unsigned n = d->record->n - 1;
    struct dry_event *events = arena_zalloc(&d->made, n + 1, sizeof(*events));
    if (!events)
        return err_set(reterr, ERR_NOMEM, "no memory for the tests");
    for (unsigned i = 0; i < n; i++) {
        struct routed in;
        if (as_published(d, &d->record->set[i + 1], &in, reterr) < 0 ||
            route(d, &in, source, &events[i], reterr) < 0)
            return -1;
    }
    ret->events = events;
    ret->nevents = n;
    return 0;
}

static void set_due(const struct site_source *source, const struct translation *t,
                    struct dry_result *ret)
{
    struct hl7_ack_terms terms;
    answer_terms(&source->ack, t->parsed ? &t->msg : NULL, &terms);
    answer_due(&source->ack, &terms, ret->answer.code, ret->answer.later, &ret->due);
}

/* "PID[2]-3.1", "incident": where there is no memory for one it is not said. */
static void set_places(struct dry_run *d, const struct translation *t, struct dry_result *ret)
{
    char at[RECORD_PLACE];
    for (unsigned i = 0; i < ret->answer.nerrors; i++)
        ret->places[i] = arena_copy(&d->made, slice_str(record_place(&t->reasons[i], at)));
}

int dry_run_message(struct dry_run *d, const struct site_source *source, struct slice raw,
                    struct dry_result *ret, struct err *reterr)
{
    struct translator *translator;
    struct translation t;
    struct translate_reason reason;
    struct err why = {0};
    if (translator_of(d, source, &translator, reterr) < 0)
        return -1;
    arena_reset(&d->arena);
    arena_reset(&d->made);
    unit_reset(&d->unit);
    translate_run(translator, raw, &d->arena, &t);
    bool fits = t.verdict == TRANSLATE_REFUSED ||
                record_message(d->record, source, raw, SLICE(DRY_RUN_NOW), &t, &why) == 0;
    if (!fits) {
        t = answer_unfit(&t, &why, &reason);
        reason.text = arena_copy(&d->made, reason.text);
    }
    *ret = (struct dry_result){.verdict = t.verdict, .trigger = t.trigger};
    answer_of(&t, t.parsed, &ret->answer);
    set_places(d, &t, ret);
    if (fits)
        answer_accept(&source->ack, &ret->answer);
    set_due(source, &t, ret);
    return t.verdict == TRANSLATE_REFUSED ? 0 : publish(d, source, ret, reterr);
}

int dry_run_explain(struct dry_run *d, const struct site_source *source, struct slice raw,
                    struct slice folder, struct buf *out, struct err *reterr)
{
    struct translator *translator;
    struct translation t;
    if (translator_of(d, source, &translator, reterr) < 0)
        return -1;
    arena_reset(&d->arena);
    translate_explain(translator, raw, &d->arena, folder, out, &t);
    return 0;
}
