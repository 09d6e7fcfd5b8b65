#include "translators.h"

#include "sender.h"

int translators_init(struct translators *t, const struct site *site, const char *source,
                     struct err *reterr)
{
    struct translators fresh = {.site = site};
    if (source && !(fresh.named = site_source_find(site, slice_str(source))))
        return err_set(reterr, ERR_CONF, "%s: there is no source '%s'", site->file, source);
    if (site->nsources > TRANSLATORS_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %d sources", TRANSLATORS_MAX);
    *t = fresh;
    return 0;
}

void translators_fini(struct translators *t)
{
    for (size_t i = 0; i < TRANSLATORS_MAX; i++)
        translate_close(t->at[i]);
    *t = (struct translators){0};
}

const struct site_source *translators_known(const struct translators *t)
{
    return t->named || t->site->nsources != 1 ? t->named : &t->site->sources[0];
}

static const struct site_source *choose(const struct translators *t, struct slice raw,
                                        struct arena *scratch, struct err *reterr)
{
    static const struct hl7_limits limits = {10000, 100000};
    struct hl7_msg m;
    struct hl7_header h;
    struct err ignored = {0};
    const struct site *site = t->site;
    if (translators_known(t))
        return translators_known(t);
    if (hl7_msg_parse(raw, &limits, scratch, &m, &ignored) == 0) {
        hl7_msg_header(&m, &h);
        for (unsigned i = 0; i < site->nsources; i++)
            if (sender_named(&site->sources[i], &m, &h))
                return &site->sources[i];
    }
    err_set(reterr, ERR_INPUT,
            "which source is this from? None has a `sending` that its MSH-3/MSH-4 matches; name "
            "one with --source");
    return NULL;
}

int translators_find(struct translators *t, struct slice raw, struct arena *scratch,
                     const struct site_source **ret_source, struct translator **ret,
                     struct err *reterr)
{
    const struct site_source *source = choose(t, raw, scratch, reterr);
    if (!source)
        return -1;
    struct translator **at = &t->at[source - t->site->sources];
    if (!*at && translate_open(t->site, source, site_maps_dir(t->site), at, reterr) < 0)
        return -1;
    if (ret_source)
        *ret_source = source;
    *ret = *at;
    return 0;
}
