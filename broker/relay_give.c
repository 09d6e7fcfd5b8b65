#include "relay_parts.h"

#include <stdio.h>
#include "log.h"

enum { LOG_AGAIN_MS = 60 * 1000 };

void relay_trouble(struct relay *r, enum trouble trouble, const char *what, const struct err *e)
{
    bool tell = !r->stats.failing || r->now_ms - r->logged_ms >= LOG_AGAIN_MS;
    if (!r->stats.failing)
        r->stats.failing_ms = r->now_ms;
    r->stats.failing = r->held = true;
    r->trouble = trouble;
    r->stats.failures++;
    series_add(r->failures, 1);
    snprintf(r->stats.why, sizeof(r->stats.why), "%s", e->text);
    if (!tell)
        return;
    r->logged_ms = r->now_ms;
    log_line(LOG_ERROR, "relay.failed", "%s, tried again: %s", what, e->text);
}

void relay_no_trouble(struct relay *r, enum trouble trouble)
{
    if (!r->stats.failing || r->trouble != trouble)
        return;
    r->stats.failing = false;
    log_line(LOG_INFO, "relay.goes_on", "what failed goes again");
}

static void count(struct relay *r, const struct set *s)
{
    r->stats.records += s->unit.nrecords;
    for (unsigned i = 0; i < s->unit.nrecords && r->copied; i++)
        series_add(metric_of(r->copied, s->unit.records[i].topic), 1);
}

static void on_done(void *arg, const struct err *e)
{
    struct set *s = arg;
    struct relay *r = s->relay;
    if (e) {
        s->state = SET_FAILED;
        relay_trouble(r, TROUBLE_TARGET, "what is copied did not become durable", e);
        return;
    }
    relay_no_trouble(r, TROUBLE_TARGET);
    count(r, s);
    r->moved_ms = r->now_ms;
    s->state = SET_DURABLE;
    relay_move(r);
}

/* False: not now. */
static bool give(struct relay *r, struct set *s)
{
    struct err err = {0};
    if (s->unit.failed) {
        r->stats.broken = r->stopped = true;
        return false;
    }
    if (!s->unit.nrecords) {
        s->state = SET_DURABLE;
        return true;
    }
    enum set_state before = s->state;
    if (!relay_any(r, SET_UNDER_WAY))
        r->moved_ms = r->now_ms;
    s->state = SET_UNDER_WAY;
    enum stream_result got =
        stream_append(r->o.target, s->unit.records, s->unit.nrecords, on_done, s, &err);
    if (got == STREAM_OK)
        return true;
    s->state = before;
    r->held = true;
    if (got == STREAM_BAD)
        relay_trouble(r, TROUBLE_TARGET, "alarm.relay: what is copied is refused", &err);
    return false;
}

/* In order. One that failed took those behind it along: all of them are called back before the
 * first of them is given again. */
void relay_give(struct relay *r)
{
    if (r->abandoned || (relay_any(r, SET_FAILED) && relay_any(r, SET_UNDER_WAY)))
        return;
    for (unsigned i = 0; i < r->o.sets; i++) {
        struct set *s = relay_nth(r, i);
        if (s->state == SET_EMPTY)
            return;
        if ((s->state == SET_FILLING || s->state == SET_FAILED) && !give(r, s))
            return;
    }
}

/* ---- the positions ---- */

static void empty(struct set *s)
{
    unit_reset(&s->unit);
    s->reads = 0;
    s->bytes = 0;
    s->oldest_ms = 0;
    s->state = SET_EMPTY;
}

static void on_moved(void *arg, const struct err *e)
{
    struct relay *r = arg;
    unsigned n = r->moving;
    r->moving = 0;
    for (unsigned i = 0; i < n; i++)
        if (e)
            relay_nth(r, i)->state = SET_DURABLE;
        else
            empty(relay_nth(r, i));
    if (e) {
        relay_trouble(r, TROUBLE_POSITION, "the position here did not become durable", e);
        return;
    }
    r->first = (r->first + n) % r->o.sets;
    relay_no_trouble(r, TROUBLE_POSITION);
    relay_move(r);
}

/* Of all that is durable there without a gap. */
void relay_move(struct relay *r)
{
    struct err err = {0};
    unsigned n = 0, sets = 0;
    if (r->moving)
        return;
    for (; sets < r->o.sets && relay_nth(r, sets)->state == SET_DURABLE; sets++) {
        const struct unit *u = &relay_nth(r, sets)->unit;
        if (n + u->npositions > RELAY_POSITIONS_MAX)
            break;
        for (unsigned i = 0; i < u->npositions; i++)
            r->positions[n++] = u->positions[i];
    }
    if (!sets)
        return;
    for (unsigned i = 0; i < sets; i++)
        relay_nth(r, i)->state = SET_MOVING;
    r->moving = sets;
    enum stream_result got =
        stream_forward(r->o.source, NULL, 0, r->positions, n, on_moved, r, &err);
    if (got == STREAM_OK)
        return;
    r->moving = 0;
    for (unsigned i = 0; i < sets; i++)
        relay_nth(r, i)->state = SET_DURABLE;
    r->held = true;
    if (got == STREAM_BAD)
        relay_trouble(r, TROUBLE_POSITION, "alarm.relay: its position is refused", &err);
}
