#include "proc_tls.h"

#include <string.h>
#include "clock.h"
#include "rfc3339.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static const char *const file_options[] = {"cert_file", "key_file", "ca_file", "crl_file"};

/* The option whose file an error of lib/net begins with; else the section. */
static const struct yaml *option_of(const struct yaml *node, const char *text,
                                    const struct slice files[4])
{
    for (int i = 0; i < 4; i++) {
        const struct yaml *at = yaml_get(node, file_options[i]);
        if (at && slice_present(files[i]) && slice_starts(slice_str(text), files[i]))
            return at;
    }
    return node;
}

static int open_tls(const struct yaml *node, const struct tls_options *o,
                    const struct slice files[4], struct tls **ret, struct err *reterr)
{
    struct err err = {0};
    if (tls_open(o, ret, &err) == 0)
        return 0;
    if (err.code != ERR_CONF) {
        *reterr = err;
        return -1;
    }
    return yaml_err(option_of(node, err.text, files), reterr, "%s", err.text);
}

static struct tls_name name_of(const struct site_tls_peer *p)
{
    return (struct tls_name){.subject = p->subject, .alt = p->san.at, .nalt = p->san.n};
}

static int check_peers(const struct site_tls *conf, struct err *reterr)
{
    for (unsigned i = 0; i < conf->npeers; i++) {
        struct tls_name name = name_of(&conf->peers[i]);
        struct err err = {0};
        if (tls_name_check(&name, &err) < 0)
            return yaml_err(conf->peers[i].node, reterr, "%s", err.text);
    }
    return 0;
}

int proc_tls_server(const struct site_tls *conf, struct tls **ret, struct err *reterr)
{
    const struct slice files[] = {conf->cert_file, conf->key_file, conf->ca_file, conf->crl_file};
    struct tls_options o = {.server = true,
                            .cert_file = conf->cert_file.p,
                            .key_file = conf->key_file.p,
                            .ca_file = conf->ca_file.p,
                            .crl_file = conf->crl_file.p,
                            .key_password = conf->key_password,
                            .ask = conf->client_certificate,
                            .only_1_3 = conf->only_1_3};
    return check_peers(conf, reterr) < 0 ? -1 : open_tls(conf->node, &o, files, ret, reterr);
}

int proc_tls_client(const struct site_tls_client *conf, struct tls **ret, struct err *reterr)
{
    const struct slice files[] = {conf->cert_file, conf->key_file, conf->ca_file, SLICE_ABSENT};
    struct tls_options o = {.cert_file = conf->cert_file.p,
                            .key_file = conf->key_file.p,
                            .ca_file = conf->ca_file.p,
                            .key_password = conf->key_password,
                            .only_1_3 = conf->only_1_3};
    return open_tls(conf->node, &o, files, ret, reterr);
}

int64_t proc_tls_days(int64_t until, int64_t now)
{
    int64_t left = until - now;
    return left >= 0 ? left / DAY_MS : -((-left + DAY_MS - 1) / DAY_MS);
}

void proc_tls_ends(const struct tls *t, struct proc_tls_end ret[PROC_TLS_FILES])
{
    struct tls_dates d;
    tls_dates(t, &d);
    ret[PROC_TLS_CERT] = (struct proc_tls_end){"cert_file", d.until};
    ret[PROC_TLS_CA] = (struct proc_tls_end){"ca_file", d.ca_until};
    ret[PROC_TLS_CRL] = (struct proc_tls_end){"crl_file", d.crl_until};
}

int proc_tls_dates(const struct yaml *node, const struct tls *t, int64_t within, bool *ret_soon,
                   struct err *reterr)
{
    struct proc_tls_end ends[PROC_TLS_FILES];
    struct tls_dates d;
    char at[RFC3339_SIZE];
    int64_t now = clock_wall_ms();
    *ret_soon = false;
    tls_dates(t, &d);
    if (d.from > now)
        return yaml_err(yaml_get(node, "cert_file"), reterr,
                        "the certificate does not hold before %s", rfc3339_utc(d.from, at).p);
    proc_tls_ends(t, ends);
    for (int i = 0; i < PROC_TLS_FILES; i++) {
        const struct yaml *option = yaml_get(node, ends[i].option);
        if (ends[i].until && ends[i].until <= now)
            return yaml_err(option, reterr, "%s ended on %s: nobody can connect any more",
                            option->text.p, rfc3339_utc(ends[i].until, at).p);
    }
    for (int i = 0; i < PROC_TLS_FILES && !*ret_soon; i++) {
        const struct yaml *option = yaml_get(node, ends[i].option);
        *ret_soon = ends[i].until && ends[i].until - now <= within;
        if (*ret_soon)
            yaml_fill(option, reterr, "%s ends on %s, in %lld days", option->text.p,
                      rfc3339_utc(ends[i].until, at).p,
                      (long long)proc_tls_days(ends[i].until, now));
    }
    return 0;
}

const struct site_tls_peer *proc_tls_peer(const struct site_tls *conf, const struct tls_link *link)
{
    for (unsigned i = 0; i < conf->npeers; i++) {
        struct tls_name name = name_of(&conf->peers[i]);
        if (tls_link_is(link, &name))
            return &conf->peers[i];
    }
    return NULL;
}
