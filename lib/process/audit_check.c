#include "audit_chain.h"

#include <string.h>

int audit_check_open(struct audit_check *c, struct slice writer, struct slice key,
                     struct err *reterr)
{
    memset(c, 0, sizeof(*c));
    c->writer = writer;
    return digest_open(key, &c->digest, reterr);
}

void audit_check_close(struct audit_check *c)
{
    digest_close(c->digest);
    c->digest = NULL;
}

static int bad(const struct audit_check *c, const struct stream_message *m, struct err *reterr,
               const char *what)
{
    return err_set(reterr, ERR_INPUT, "audit of %.*s: the record after seq %llu (offset %lld) %s",
                   SLICE_ARG(c->writer), (unsigned long long)c->seq, (long long)m->offset, what);
}

int audit_check_next(struct audit_check *c, const struct stream_message *m, struct err *reterr)
{
    struct audit_link link;
    unsigned char hash[DIGEST_SIZE];
    if (!slice_eq(m->key, c->writer))
        return 0;
    if (!audit_link_read(m, &link))
        return bad(c, m, reterr, "has no seq, hash or prev that can be read");
    audit_hash(c->digest, link.prev, m->value, hash);
    if (memcmp(hash, link.hash, sizeof(hash)) != 0)
        return bad(c, m, reterr, "does not carry its own hash: it was changed");
    /* An append that seemed to fail may stand in the stream and be made again: same seq, same
     * predecessor, same hash. */
    if (c->begun && link.seq == c->seq && memcmp(link.hash, c->hash, sizeof(hash)) == 0)
        return 0;
    bool first = !c->begun && link.seq > 1;
    if (!first && link.seq != c->seq + 1)
        return bad(c, m, reterr, "has another seq: records are missing, swapped or put in");
    if (!first && memcmp(link.prev, c->hash, sizeof(c->hash)) != 0)
        return bad(c, m, reterr, "does not follow on the one before it");
    if (!audit_value_is(m->value, link.seq, c->writer))
        return bad(c, m, reterr, "says another seq or writer inside");
    c->pruned |= first;
    c->begun = true;
    c->seq = link.seq;
    memcpy(c->hash, link.hash, sizeof(c->hash));
    return 0;
}

int audit_check_head(const struct audit_check *c, uint64_t seq, struct slice hash_hex,
                     struct err *reterr)
{
    unsigned char hash[DIGEST_SIZE];
    if (!audit_unhex(hash_hex, hash))
        return err_set(reterr, ERR_INPUT, "the head to compare with is not 64 hex digits");
    if (c->seq < seq)
        return err_set(reterr, ERR_INPUT,
                       "audit of %.*s ends after seq %llu; the head kept elsewhere has seq %llu",
                       SLICE_ARG(c->writer), (unsigned long long)c->seq, (unsigned long long)seq);
    if (c->seq == seq && memcmp(hash, c->hash, sizeof(hash)) != 0)
        return err_set(reterr, ERR_INPUT, "audit of %.*s: seq %llu is not the record of that head",
                       SLICE_ARG(c->writer), (unsigned long long)seq);
    return 0;
}
