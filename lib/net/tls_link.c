#include "tls_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tls_parts.h"

enum { READ_MAX = 1 << 30 };

struct tls_link {
    SSL *ssl;
    enum tls_fault fault;
    bool established, broken;
    bool more; /* to be read, though the socket may have nothing */
    char why[200];
    char subject[TLS_NAME_TEXT];
};

const char *tls_fault_name(enum tls_fault f)
{
    static const char *const names[] = {"none",
                                        "tls_plain_text",
                                        "tls_no_certificate",
                                        "tls_certificate",
                                        "tls_refused_by_peer",
                                        "tls_broken",
                                        "tls_slow",
                                        "tls_too_many"};
    return names[f];
}

/* Called for each certificate of the chain; what is wrong is kept for the log, with the subject of
 * the peer's own. */
static int on_verify(int fine, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_link *l = SSL_get_app_data(ssl);
    const X509 *own = X509_STORE_CTX_get0_cert(store);
    int depth = X509_STORE_CTX_get_error_depth(store);
    if (own)
        tls_name_text(X509_get_subject_name(own), l->subject, sizeof(l->subject));
    if (!fine)
        snprintf(l->why, sizeof(l->why), "%s%s",
                 X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)),
                 depth > 0 ? " (its authority's certificate)" : "");
    return fine;
}

static bool is_address(const char *host)
{
    unsigned char ip[16];
    return inet_pton(AF_INET, host, ip) == 1 || inet_pton(AF_INET6, host, ip) == 1;
}

static bool want_host(SSL *ssl, const char *host)
{
    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    /* SSL_set_tlsext_host_name, whose macro drops const */
    return SSL_set1_host(ssl, host) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    (void *)(uintptr_t)host) == 1;
}

int tls_link_open(const struct tls *t, int fd, const char *host, struct tls_link **ret,
                  struct err *reterr)
{
    struct tls_link *l = calloc(1, sizeof(*l));
    SSL_CTX *ctx = tls_context(t);
    ERR_clear_error();
    if (!l || !(l->ssl = SSL_new(ctx)) || SSL_set_fd(l->ssl, fd) != 1) {
        tls_link_close(l);
        return err_set(reterr, ERR_NOMEM, "no memory for TLS");
    }
    SSL_set_app_data(l->ssl, l);
    SSL_set_verify(l->ssl, SSL_CTX_get_verify_mode(ctx), on_verify);
    if (tls_serves(t)) {
        SSL_set_accept_state(l->ssl);
    } else {
        SSL_set_connect_state(l->ssl);
        if (host && !want_host(l->ssl, host)) {
            tls_link_close(l);
            return err_set(reterr, ERR_INPUT, "\"%s\" is no name of a host", host);
        }
    }
    *ret = l;
    return 0;
}

void tls_link_close(struct tls_link *l)
{
    if (!l)
        return;
    SSL_free(l->ssl);
    free(l);
}

static enum tls_fault fault_of(unsigned long e)
{
    int reason = ERR_GET_REASON(e);
    if (ERR_GET_LIB(e) != ERR_LIB_SSL)
        return TLS_BROKEN;
    if (reason >= SSL_AD_REASON_OFFSET)
        return TLS_REFUSED_BY;
    switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return TLS_NO_CERTIFICATE;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return TLS_CERTIFICATE;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return TLS_PLAIN_TEXT;
    default:
        return TLS_BROKEN;
    }
}

/* What SSL_get_error said of a call that neither worked nor waits. saved: errno behind the call. */
static void fail(struct tls_link *l, int error, int saved)
{
    const char *during = l->established ? "" : " during the handshake";
    char words[160];
    l->fault = TLS_BROKEN;
    if (error == SSL_ERROR_SSL) {
        l->fault = fault_of(ERR_peek_error());
        tls_why(words, sizeof(words));
        if (l->fault != TLS_CERTIFICATE || !l->why[0])
            snprintf(l->why, sizeof(l->why), "%s", words);
    } else if (error == SSL_ERROR_SYSCALL && saved) {
        snprintf(l->why, sizeof(l->why), "%s%s", strerror(saved), during);
    } else {
        snprintf(l->why, sizeof(l->why), "the peer closed%s", during);
    }
    if (l->fault == TLS_PLAIN_TEXT)
        snprintf(l->why, sizeof(l->why), "the peer does not speak TLS: is it set to plain text?");
    l->broken = true;
    ERR_clear_error();
}

enum tls_step tls_link_step(struct tls_link *l)
{
    ERR_clear_error();
    errno = 0;
    int r = SSL_do_handshake(l->ssl), saved = errno;
    if (r == 1) {
        l->established = true;
        l->more = SSL_has_pending(l->ssl);
        return TLS_DONE;
    }
    int error = SSL_get_error(l->ssl, r);
    if (error == SSL_ERROR_WANT_READ)
        return TLS_WANT_READ;
    if (error == SSL_ERROR_WANT_WRITE)
        return TLS_WANT_WRITE;
    fail(l, error, saved);
    return TLS_FAILED;
}

enum tls_fault tls_link_fault(const struct tls_link *l)
{
    return l->fault;
}

const char *tls_link_why(const struct tls_link *l)
{
    return l->why;
}

static ssize_t no_bytes(struct tls_link *l, int error, int saved)
{
    l->more = false;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        errno = EAGAIN;
        return -1;
    }
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    fail(l, error, saved);
    errno = EPROTO;
    return -1;
}

/* Record by record. What ends a row of them comes with the next read, which must then happen
 * though the socket may stay silent. */
ssize_t tls_link_read(struct tls_link *l, char *to, size_t n)
{
    size_t got = 0;
    if (l->broken) {
        l->more = false;
        errno = EPROTO;
        return -1;
    }
    for (;;) {
        ERR_clear_error();
        errno = 0;
        int room = n - got > READ_MAX ? READ_MAX : (int)(n - got);
        int r = SSL_read(l->ssl, to + got, room), saved = errno;
        if (r <= 0) {
            int error = SSL_get_error(l->ssl, r);
            ssize_t none = no_bytes(l, error, saved);
            if (got == 0)
                return none;
            l->more = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
            return (ssize_t)got;
        }
        got += (size_t)r;
        l->more = SSL_has_pending(l->ssl);
        if (got == n || !l->more)
            return (ssize_t)got;
    }
}

ssize_t tls_link_write(struct tls_link *l, const char *from, size_t n)
{
    size_t done = 0;
    while (done < n && !l->broken) {
        ERR_clear_error();
        errno = 0;
        int r = SSL_write(l->ssl, from + done, n - done > READ_MAX ? READ_MAX : (int)(n - done));
        int saved = errno;
        if (r > 0) {
            done += (size_t)r;
            continue;
        }
        int error = SSL_get_error(l->ssl, r);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
            break;
        fail(l, error, saved);
    }
    if (done)
        return (ssize_t)done;
    errno = l->broken ? EPROTO : EAGAIN;
    return -1;
}

bool tls_link_pending(const struct tls_link *l)
{
    return l->more;
}

void tls_link_shut(struct tls_link *l)
{
    if (l->broken || !l->established)
        return;
    ERR_clear_error();
    SSL_shutdown(l->ssl);
    ERR_clear_error();
}

const char *tls_link_subject(const struct tls_link *l)
{
    return l->subject;
}

void tls_link_cipher(const struct tls_link *l, char out[64])
{
    snprintf(out, 64, "%s %s", SSL_get_version(l->ssl), SSL_get_cipher_name(l->ssl));
}

bool tls_link_is(const struct tls_link *l, const struct tls_name *name)
{
    X509 *cert = SSL_get0_peer_certificate(l->ssl);
    return cert && tls_name_of(name, cert);
}
