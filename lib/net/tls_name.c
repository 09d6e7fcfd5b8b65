#include "tls_name.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>
#include "tls_parts.h"

enum { VALUE_MAX = 256, PART_MAX = 64 };

/* One "TYPE=value" of a subject as written in a config. */
struct part {
    int nid;
    size_t n;
    char value[VALUE_MAX];
};

/* Takes the next part from *rest; -1 where it cannot be read. */
static int next_part(struct slice *rest, struct part *ret)
{
    char type[PART_MAX];
    size_t eq = slice_find(*rest, '='), at = 0;
    while (at < eq && rest->p[at] == ' ')
        at++;
    if (eq == rest->n || eq - at >= sizeof(type))
        return -1;
    memcpy(type, rest->p + at, eq - at);
    type[eq - at] = '\0';
    ret->nid = OBJ_txt2nid(type);
    ERR_clear_error();
    ret->n = 0;
    for (at = eq + 1; at < rest->n && rest->p[at] != ','; at++) {
        if (rest->p[at] == '\\' && at + 1 < rest->n)
            at++;
        if (ret->n == sizeof(ret->value))
            return -1;
        ret->value[ret->n++] = rest->p[at];
    }
    *rest = slice_sub(*rest, at < rest->n ? at + 1 : at, rest->n);
    return ret->nid == NID_undef || ret->n == 0 ? -1 : 0;
}

static bool is_value(const X509_NAME_ENTRY *e, const struct part *p)
{
    unsigned char *text = NULL;
    int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(e));
    bool same = n >= 0 && (size_t)n == p->n && memcmp(text, p->value, p->n) == 0;
    OPENSSL_free(text);
    return same;
}

/* Whether the subject has that value, and how many of its type. */
static bool has_part(const X509_NAME *name, const struct part *p, int *ret_of_type)
{
    bool found = false;
    *ret_of_type = 0;
    for (int i = -1; (i = X509_NAME_get_index_by_NID(name, p->nid, i)) >= 0;) {
        ++*ret_of_type;
        found = found || is_value(X509_NAME_get_entry(name, i), p);
    }
    return found;
}

static int named_of_type(struct slice subject, int nid)
{
    struct part p;
    int n = 0;
    while (subject.n && next_part(&subject, &p) == 0)
        n += p.nid == nid;
    return n;
}

static bool subject_is(struct slice want, const X509_NAME *name)
{
    struct slice rest = want;
    struct part p;
    int of_type;
    if (slice_eq_str(want, "*"))
        return true;
    do {
        if (next_part(&rest, &p) < 0 || !has_part(name, &p, &of_type) ||
            of_type != named_of_type(want, p.nid))
            return false;
    } while (rest.n);
    return true;
}

static int alt_kind(struct slice *text)
{
    static const struct {
        const char *prefix;
        int kind;
    } rows[] = {{"DNS:", GEN_DNS}, {"IP:", GEN_IPADD}, {"URI:", GEN_URI}, {"email:", GEN_EMAIL}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice prefix = slice_str(rows[i].prefix);
        if (slice_starts(*text, prefix) && text->n > prefix.n && text->n < VALUE_MAX) {
            *text = slice_sub(*text, prefix.n, text->n);
            return rows[i].kind;
        }
    }
    return -1;
}

/* 4 or 16 bytes; 0: no address. */
static size_t address_bytes(struct slice text, unsigned char out[16])
{
    char copy[VALUE_MAX];
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (inet_pton(AF_INET, copy, out) == 1)
        return 4;
    return inet_pton(AF_INET6, copy, out) == 1 ? 16 : 0;
}

static bool alt_is(struct slice want, const GENERAL_NAME *has)
{
    unsigned char ip[16];
    int kind = alt_kind(&want);
    if (kind != has->type)
        return false;
    const ASN1_STRING *s = kind == GEN_IPADD ? has->d.iPAddress : has->d.ia5;
    const unsigned char *bytes = ASN1_STRING_get0_data(s);
    size_t n = (size_t)ASN1_STRING_length(s);
    if (kind == GEN_IPADD)
        return n && n == address_bytes(want, ip) && memcmp(bytes, ip, n) == 0;
    if (n != want.n)
        return false;
    return kind == GEN_DNS ? strncasecmp((const char *)bytes, want.p, n) == 0
                           : memcmp(bytes, want.p, n) == 0;
}

static bool has_alt(const struct tls_name *name, const X509 *cert)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (int i = 0; !found && i < sk_GENERAL_NAME_num(all); i++)
        for (unsigned k = 0; !found && k < name->nalt; k++)
            found = alt_is(name->alt[k], sk_GENERAL_NAME_value(all, i));
    GENERAL_NAMES_free(all);
    ERR_clear_error();
    return found;
}

bool tls_name_of(const struct tls_name *name, const X509 *cert)
{
    if (!slice_present(name->subject) && !name->nalt)
        return false;
    return (!slice_present(name->subject) ||
            subject_is(name->subject, X509_get_subject_name(cert))) &&
           (!name->nalt || has_alt(name, cert));
}

static int check_subject(struct slice subject, struct err *reterr)
{
    struct slice rest = subject;
    struct part p;
    if (slice_eq_str(subject, "*"))
        return 0;
    do {
        if (next_part(&rest, &p) < 0)
            return err_set(reterr, ERR_CONF,
                           "\"%.*s\" is no subject: CN=pas.rzz.nhs.uk,O=RZZ Trust, with a "
                           "backslash in front of a comma that belongs to a name",
                           SLICE_ARG(subject));
    } while (rest.n);
    return 0;
}

int tls_name_check(const struct tls_name *n, struct err *reterr)
{
    unsigned char ip[16];
    if (slice_present(n->subject) && check_subject(n->subject, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < n->nalt; i++) {
        struct slice text = n->alt[i];
        int kind = alt_kind(&text);
        if (kind < 0 || (kind == GEN_IPADD && !address_bytes(text, ip)))
            return err_set(reterr, ERR_CONF,
                           "\"%.*s\" is no name of a certificate: DNS:pas.rzz.nhs.uk, "
                           "IP:10.1.2.3, URI:urn:nhs:ods:RZZ, email:it@rzz.nhs.uk",
                           SLICE_ARG(n->alt[i]));
    }
    return 0;
}
