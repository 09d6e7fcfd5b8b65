#include "tls_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 4 };

/* What tells one version of a file from another, also behind a link that was turned. */
struct stamp {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec written, changed;
};

struct tls {
    struct tls_options o;
    SSL_CTX *ctx;
    struct stamp stamps[FILES]; /* of the files last looked at, taken or not */
    struct tls_dates dates;
    char subject[TLS_NAME_TEXT];
};

SSL_CTX *tls_context(const struct tls *t)
{
    return t->ctx;
}

bool tls_serves(const struct tls *t)
{
    return t->o.server;
}

const char *tls_why(char *out, size_t n)
{
    unsigned long e = ERR_peek_last_error();
    const char *reason = e ? ERR_reason_error_string(e) : NULL;
    if (ERR_SYSTEM_ERROR(e))
        reason = strerror(ERR_GET_REASON(e));
    size_t length = reason ? strlen(reason) : 0;
    if (length >= n)
        length = n - 1;
    if (length)
        memcpy(out, reason, length);
    out[length] = '\0';
    ERR_clear_error();
    return length ? out : "no reason is known";
}

void tls_name_text(const X509_NAME *name, char *out, size_t n)
{
    const unsigned long how =
        (XN_FLAG_RFC2253 & ~(unsigned long)XN_FLAG_DN_REV) | ASN1_STRFLGS_ESC_CTRL;
    BIO *text = BIO_new(BIO_s_mem());
    int got = 0;
    if (text && name && X509_NAME_print_ex(text, name, 0, how) >= 0)
        got = BIO_read(text, out, (int)n - 1);
    out[got > 0 ? got : 0] = '\0';
    BIO_free(text);
    ERR_clear_error();
}

int64_t tls_time(const ASN1_TIME *at)
{
    struct tm tm;
    return at && ASN1_TIME_to_tm(at, &tm) ? (int64_t)timegm(&tm) * 1000 : 0;
}

static void look(const struct tls *t, struct stamp stamps[FILES])
{
    const char *const names[FILES] = {t->o.cert_file, t->o.key_file, t->o.ca_file, t->o.crl_file};
    memset(stamps, 0, FILES * sizeof(*stamps));
    for (int i = 0; i < FILES; i++) {
        struct stat st;
        if (names[i] && stat(names[i], &st) == 0)
            stamps[i] = (struct stamp){st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim};
    }
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same(const struct stamp a[FILES], const struct stamp b[FILES])
{
    for (int i = 0; i < FILES; i++)
        if (a[i].dev != b[i].dev || a[i].ino != b[i].ino || a[i].size != b[i].size ||
            !same_time(a[i].written, b[i].written) || !same_time(a[i].changed, b[i].changed))
            return false;
    return true;
}

/* "file: why", as ERR_CONF. */
static int bad_file(const char *file, const char *what, struct err *reterr)
{
    char why[160];
    return err_set(reterr, ERR_CONF, "%s: %s: %s", file, what, tls_why(why, sizeof(why)));
}

static int check_file(const char *file, bool secret, struct err *reterr)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    int rc = 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        rc = err_set(reterr, ERR_CONF, "%s: %s", file, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        rc = err_set(reterr, ERR_CONF, "%s is not a file", file);
    else if (secret && st.st_mode & (S_IRWXO | S_IWGRP))
        rc = err_set(reterr, ERR_CONF, "%s may be read or changed by others; do: chmod 600 %s",
                     file, file);
    if (fd >= 0)
        close(fd);
    return rc;
}

static void narrow(struct tls_dates *d, X509 *cert)
{
    int64_t from = tls_time(X509_get0_notBefore(cert)), until = tls_time(X509_get0_notAfter(cert));
    if (from > d->from)
        d->from = from;
    if (!d->until || until < d->until)
        d->until = until;
}

static int password(char *out, int size, int writing, void *arg)
{
    const struct slice *p = arg;
    (void)writing;
    if (!slice_present(*p) || p->n > (size_t)size)
        return 0;
    memcpy(out, p->p, p->n);
    return (int)p->n;
}

static int use_own(struct tls *t, SSL_CTX *ctx, struct tls_dates *dates, struct err *reterr)
{
    const struct tls_options *o = &t->o;
    STACK_OF(X509) *chain = NULL;
    if (!o->cert_file)
        return 0;
    if (check_file(o->cert_file, false, reterr) < 0 || check_file(o->key_file, true, reterr) < 0)
        return -1;
    SSL_CTX_set_default_passwd_cb(ctx, password);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &t->o.key_password);
    if (SSL_CTX_use_certificate_chain_file(ctx, o->cert_file) != 1)
        return bad_file(o->cert_file, "no certificate can be read (PEM)", reterr);
    if (SSL_CTX_use_PrivateKey_file(ctx, o->key_file, SSL_FILETYPE_PEM) != 1)
        return bad_file(o->key_file, "no key of that certificate can be read (PEM)", reterr);
    if (SSL_CTX_check_private_key(ctx) != 1)
        return bad_file(o->key_file, "is not the key of that certificate", reterr);
    narrow(dates, SSL_CTX_get0_certificate(ctx));
    SSL_CTX_get0_chain_certs(ctx, &chain);
    for (int i = 0; i < sk_X509_num(chain); i++)
        narrow(dates, sk_X509_value(chain, i));
    return 0;
}

/* Certificates and lists of what is revoked, of one file, into the store. */
static int use_file(SSL_CTX *ctx, const char *file, bool lists, struct tls_dates *dates,
                    struct err *reterr)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    if (check_file(file, false, reterr) < 0)
        return -1;
    BIO *in = BIO_new_file(file, "r");
    STACK_OF(X509_INFO) *all = in ? PEM_X509_INFO_read_bio(in, NULL, NULL, NULL) : NULL;
    int found = 0;
    for (int i = 0; i < sk_X509_INFO_num(all); i++) {
        X509_INFO *x = sk_X509_INFO_value(all, i);
        int64_t until = 0;
        if (lists && x->crl && X509_STORE_add_crl(store, x->crl) == 1) {
            until = tls_time(X509_CRL_get0_nextUpdate(x->crl));
            if (until && (!dates->crl_until || until < dates->crl_until))
                dates->crl_until = until;
            found++;
        }
        if (!lists && x->x509 && X509_STORE_add_cert(store, x->x509) == 1) {
            until = tls_time(X509_get0_notAfter(x->x509));
            dates->ca_until = until > dates->ca_until ? until : dates->ca_until;
            found++;
        }
    }
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(in);
    if (!found)
        return bad_file(file,
                        lists ? "no revocation list can be read (PEM)"
                              : "no certificate can be read (PEM)",
                        reterr);
    ERR_clear_error();
    return 0;
}

static int use_trust(const struct tls *t, SSL_CTX *ctx, struct tls_dates *dates, struct err *reterr)
{
    const struct tls_options *o = &t->o;
    if (o->ca_file && use_file(ctx, o->ca_file, false, dates, reterr) < 0)
        return -1;
    if (!o->ca_file && !o->server && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return bad_file("the system's certificates", "cannot be read", reterr);
    if (o->crl_file) {
        if (use_file(ctx, o->crl_file, true, dates, reterr) < 0)
            return -1;
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_CRL_CHECK);
    }
    if (o->server && o->ask && o->ca_file) {
        STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(o->ca_file);
        if (names)
            SSL_CTX_set_client_CA_list(ctx, names);
        ERR_clear_error();
    }
    return 0;
}

static bool set_rules(const struct tls_options *o, SSL_CTX *ctx)
{
    int verify = !o->server ? SSL_VERIFY_PEER
                 : o->ask   ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                            : SSL_VERIFY_NONE;
    SSL_CTX_set_verify(ctx, verify, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    /* A frame has its own end: what the end of a connection cuts off is seen without an alert. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1);
    return SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
           SSL_CTX_set_min_proto_version(ctx, o->only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

/* The files and rules as a context of their own. */
static int load(struct tls *t, SSL_CTX **ret, struct tls_dates *ret_dates, struct err *reterr)
{
    struct tls_dates dates = {0};
    char why[160];
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(t->o.server ? TLS_server_method() : TLS_client_method());
    if (!ctx || !set_rules(&t->o, ctx)) {
        SSL_CTX_free(ctx);
        return err_set(reterr, ERR_CONF, "TLS cannot be set up: %s", tls_why(why, sizeof(why)));
    }
    if (use_own(t, ctx, &dates, reterr) < 0 || use_trust(t, ctx, &dates, reterr) < 0) {
        SSL_CTX_free(ctx);
        return -1;
    }
    *ret = ctx;
    *ret_dates = dates;
    return 0;
}

static void take(struct tls *t, SSL_CTX *ctx, const struct tls_dates *dates)
{
    const X509 *own = SSL_CTX_get0_certificate(ctx);
    SSL_CTX_free(t->ctx);
    t->ctx = ctx;
    t->dates = *dates;
    t->subject[0] = '\0';
    if (own)
        tls_name_text(X509_get_subject_name(own), t->subject, sizeof(t->subject));
}

int tls_open(const struct tls_options *o, struct tls **ret, struct err *reterr)
{
    SSL_CTX *ctx;
    struct tls_dates dates;
    struct tls *t = calloc(1, sizeof(*t));
    if (!t)
        return err_set(reterr, ERR_NOMEM, "no memory for TLS");
    t->o = *o;
    look(t, t->stamps);
    if (load(t, &ctx, &dates, reterr) < 0) {
        free(t);
        return -1;
    }
    take(t, ctx, &dates);
    *ret = t;
    return 0;
}

void tls_close(struct tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    free(t);
}

int tls_renew(struct tls *t, struct err *reterr)
{
    struct stamp now[FILES];
    SSL_CTX *ctx;
    struct tls_dates dates;
    look(t, now);
    if (same(now, t->stamps))
        return 0;
    memcpy(t->stamps, now, sizeof(now));
    if (load(t, &ctx, &dates, reterr) < 0)
        return -1;
    take(t, ctx, &dates);
    return 1;
}

void tls_dates(const struct tls *t, struct tls_dates *ret)
{
    *ret = t->dates;
}

const char *tls_subject(const struct tls *t)
{
    return t->subject;
}
