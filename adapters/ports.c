#include "ports.h"

#include <stdlib.h>
#include "log.h"

enum { REAP_MS = 50 };

static bool hosts(const struct ports *p, const struct site_source *s)
{
    return (s->has_mllp || s->has_folder || s->has_http || s->has_fhir) &&
           slice_eq_str(s->adapter, p->o.adapter);
}

static struct mllp_port_options options_of(const struct ports *p, const struct site *site,
                                           const struct site_source *conf)
{
    return (struct mllp_port_options){.intake = p->o.intake,
                                      .loop = p->o.loop,
                                      .shared = p->o.shared,
                                      .site = site,
                                      .conf = conf,
                                      .families = p->o.families,
                                      .audit = p->o.audit};
}

static void port_free(struct mllp_port *port)
{
    mllp_port_close(port);
    free(port);
}

static int port_new(const struct ports *p, const struct site *site, const struct site_source *conf,
                    struct mllp_port **ret, struct err *reterr)
{
    struct mllp_port_options o = options_of(p, site, conf);
    struct mllp_port *port = calloc(1, sizeof(*port));
    if (!port)
        return err_set(reterr, ERR_NOMEM, "no memory for a source");
    if (mllp_port_open(port, &o, reterr) < 0) {
        port_free(port);
        return -1;
    }
    *ret = port;
    return 0;
}

static int check_count(const struct ports *p, const struct site *site, struct err *reterr)
{
    unsigned n = 0;
    for (unsigned i = 0; i < site->nsources; i++)
        n += hosts(p, &site->sources[i]);
    if (n > PORTS_MAX)
        return err_set(reterr, ERR_CONF, "more than %d sources in one adapter", PORTS_MAX);
    if (n == 0)
        return err_set(reterr, ERR_CONF,
                       "%s: no source has `adapter: %s` and `mllp:`, `http:`, `fhir:` or `folder:`",
                       site->file, p->o.adapter);
    return 0;
}

struct mllp_port *ports_find(const struct ports *p, struct slice source)
{
    for (unsigned i = 0; i < p->n; i++)
        if (slice_eq(p->all[i]->source.conf->name, source))
            return p->all[i];
    return NULL;
}

static void reap(void *arg)
{
    struct ports *p = arg;
    unsigned left = 0;
    for (unsigned i = 0; i < p->nleaving; i++) {
        struct mllp_port *port = p->leaving[i];
        if (!mllp_port_quiet(port)) {
            p->leaving[left++] = port;
            continue;
        }
        log_line(LOG_INFO, "source.gone", "source=%.*s", SLICE_ARG(port->source.conf->name));
        port_free(port);
    }
    p->nleaving = left;
    if (left)
        loop_timer_start(p->reaper, REAP_MS);
}

int ports_open(struct ports *p, const struct ports_options *o, const struct site *site,
               struct err *reterr)
{
    *p = (struct ports){.o = *o};
    if (check_count(p, site, reterr) < 0 ||
        loop_timer_add(o->loop, reap, p, &p->reaper, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < site->nsources; i++)
        if (hosts(p, &site->sources[i])) {
            if (port_new(p, site, &site->sources[i], &p->all[p->n], reterr) < 0)
                return -1;
            p->n++;
        }
    return 0;
}

void ports_close(struct ports *p)
{
    while (p->n)
        port_free(p->all[--p->n]);
    while (p->nleaving)
        port_free(p->leaving[--p->nleaving]);
    loop_timer_remove(p->reaper);
    p->reaper = NULL;
}

void ports_drain(struct ports *p)
{
    for (unsigned i = 0; i < p->n; i++)
        mllp_port_drain(p->all[i]);
}

bool ports_quiet(const struct ports *p)
{
    bool quiet = p->nleaving == 0;
    for (unsigned i = 0; i < p->n; i++)
        quiet = quiet && p->all[i]->nsessions == 0 && folder_quiet(p->all[i]->folder) &&
                er7_port_quiet(p->all[i]->http) && fhir_port_quiet(p->all[i]->fhir);
    return quiet;
}

void ports_resume(struct ports *p)
{
    for (unsigned i = 0; i < p->n; i++)
        mllp_port_resume(p->all[i]);
}

/* ---- reload ---- */

/* What the ports will be: of each source either a change of the port that there is, or a new one.
 */
struct plan {
    struct {
        struct mllp_port *port; /* there already */
        struct mllp_change *change;
        struct mllp_port *fresh;
    } of[PORTS_MAX];
    unsigned n;
};

static void plan_drop(struct plan *plan)
{
    for (unsigned i = 0; i < plan->n; i++) {
        if (plan->of[i].fresh)
            port_free(plan->of[i].fresh);
        if (plan->of[i].change)
            mllp_change_drop(plan->of[i].change);
        free(plan->of[i].change);
    }
}

static int plan_one(struct ports *p, struct plan *plan, const struct site *site,
                    const struct site_source *conf, struct err *reterr)
{
    struct mllp_port_options o = options_of(p, site, conf);
    struct mllp_port *port = ports_find(p, conf->name), *fresh = NULL;
    struct mllp_change *change = port ? calloc(1, sizeof(*change)) : NULL;
    if (port && !change)
        return err_set(reterr, ERR_NOMEM, "no memory for a source");
    if (port ? mllp_port_prepare(port, &o, change, reterr) < 0
             : port_new(p, site, conf, &fresh, reterr) < 0) {
        free(change);
        return -1;
    }
    plan->of[plan->n].port = port;
    plan->of[plan->n].change = change;
    plan->of[plan->n++].fresh = fresh;
    return 0;
}

static bool planned(const struct plan *plan, const struct mllp_port *port)
{
    for (unsigned i = 0; i < plan->n; i++)
        if (plan->of[i].port == port)
            return true;
    return false;
}

static void list(struct buf *what, unsigned *n, const char *verb, const struct mllp_port *port)
{
    buf_printf(what, "%s%s %.*s", (*n)++ ? ", " : "; ", verb, SLICE_ARG(port->source.conf->name));
}

/* Cannot fail. */
static void plan_take(struct ports *p, struct plan *plan, struct buf *what)
{
    unsigned listed = 0;
    buf_printf(what, "maps, tables and limits of %u source%s", plan->n, plan->n == 1 ? "" : "s");
    for (unsigned i = 0; i < p->n; i++) {
        if (planned(plan, p->all[i]))
            continue;
        list(what, &listed, "gone:", p->all[i]);
        mllp_port_drain(p->all[i]);
        p->leaving[p->nleaving++] = p->all[i];
    }
    for (unsigned i = 0; i < plan->n; i++) {
        struct mllp_port *port = plan->of[i].port;
        if (port && plan->of[i].change->listener)
            list(what, &listed, "other address:", port);
        if (port)
            mllp_port_take(port, plan->of[i].change);
        else
            list(what, &listed, "new:", plan->of[i].fresh);
        free(plan->of[i].change);
        p->all[i] = port ? port : plan->of[i].fresh;
    }
    p->n = plan->n;
    if (p->nleaving)
        loop_timer_start(p->reaper, 0);
}

int ports_reload(struct ports *p, const struct site *fresh, struct buf *what, struct err *reterr)
{
    struct plan plan = {.n = 0};
    int rc = check_count(p, fresh, reterr);
    if (rc == 0 && p->nleaving + p->n > PORTS_MAX)
        rc = err_set(reterr, ERR_REFUSED, "sources of the configuration before still end");
    for (unsigned i = 0; i < fresh->nsources && rc == 0; i++)
        if (hosts(p, &fresh->sources[i]))
            rc = plan_one(p, &plan, fresh, &fresh->sources[i], reterr);
    if (rc == 0)
        plan_take(p, &plan, what);
    else
        plan_drop(&plan);
    return rc;
}
