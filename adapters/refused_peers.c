#include "refused_peers.h"

#include <stdio.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000 };

void refused_peers_init(struct refused_peers *r, struct audit *audit)
{
    *r = (struct refused_peers){.audit = audit};
}

static bool is_due(const struct refused_peer *p, int64_t now_ms)
{
    return !p->said || now_ms - p->said_ms >= HOUR_MS;
}

/* The entry of that address and reason: its own, a new one, or that of somebody who was not there
 * for an hour. NULL: no room. */
static struct refused_peer *entry_of(struct refused_peers *r, const struct address *peer,
                                     const char *reason, int64_t now_ms)
{
    struct refused_peer *stale = NULL;
    for (unsigned i = 0; i < r->n; i++) {
        struct refused_peer *p = &r->at[i];
        if (memcmp(p->ip, peer->ip, sizeof(p->ip)) == 0 && strcmp(p->reason, reason) == 0)
            return p;
        if (is_due(p, now_ms))
            stale = p;
    }
    struct refused_peer *p = r->n < REFUSED_PEERS ? &r->at[r->n++] : stale;
    if (!p)
        return NULL;
    if (p == stale)
        r->others += p->times;
    *p = (struct refused_peer){.reason = reason};
    memcpy(p->ip, peer->ip, sizeof(p->ip));
    return p;
}

static int record(struct refused_peers *r, const struct refused_peer *p, struct slice source,
                  const struct address *peer, const char *subject)
{
    char ip[ADDRESS_TEXT], times[24], others[24];
    struct err err;
    snprintf(times, sizeof(times), "%llu", (unsigned long long)p->times);
    snprintf(others, sizeof(others), "%llu", (unsigned long long)r->others);
    const struct audit_field fields[] = {
        {SLICE("source"), source},
        {SLICE("peer"), address_ip_text(peer, ip)},
        {SLICE("reason"), slice_str(p->reason)},
        {SLICE("subject"), slice_str(subject)},
        {SLICE("times"), slice_str(times)},
        {SLICE("others"), slice_str(others)},
    };
    unsigned n = sizeof(fields) / sizeof(fields[0]) - (r->others == 0);
    /* Nobody waits here for a stream that does not answer. */
    if (audit_look(r->audit, &err) != 1)
        return -1;
    return audit_append(r->audit, SLICE("tls.refused"), SLICE("system"), fields, n, NULL, NULL,
                        &err);
}

void refused_peers_note(struct refused_peers *r, struct slice source, const struct address *peer,
                        const char *reason, const char *subject, int64_t now_ms)
{
    if (!r->audit)
        return;
    if (now_ms - r->hour_ms >= HOUR_MS) {
        r->hour_ms = now_ms;
        r->records = 0;
    }
    struct refused_peer *p = entry_of(r, peer, reason, now_ms);
    if (!p) {
        r->others++;
        return;
    }
    p->times++;
    /* What the audit does not take now is recorded with the next refusal. */
    if (!is_due(p, now_ms) || r->records == REFUSED_PEERS ||
        record(r, p, source, peer, subject) < 0)
        return;
    r->records++;
    r->others = 0;
    p->said = true;
    p->said_ms = now_ms;
    p->times = 0;
}
