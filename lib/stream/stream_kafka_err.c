#include "stream_kafka_err.h"

#include <stdio.h>
#include <string.h>
#include "clock.h"

enum { FRESH_MS = 60 * 1000 };

void kafka_trouble_init(struct kafka_trouble *t)
{
    *t = (struct kafka_trouble){.code = RD_KAFKA_RESP_ERR_NO_ERROR};
    pthread_mutex_init(&t->lock, NULL);
}

void kafka_trouble_fini(struct kafka_trouble *t)
{
    pthread_mutex_destroy(&t->lock);
}

/* What a node says against our certificate comes as a lost connection, in OpenSSL's words. */
static rd_kafka_resp_err_t meant(rd_kafka_resp_err_t code, const char *text)
{
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT && text && strstr(text, "SSL routines"))
        return RD_KAFKA_RESP_ERR__SSL;
    return code;
}

void kafka_trouble_note(struct kafka_trouble *t, rd_kafka_resp_err_t code, const char *text)
{
    pthread_mutex_lock(&t->lock);
    t->count++;
    /* "All brokers are down" follows each refused connection and says less. */
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !t->text[0]) {
        t->code = meant(code, text);
        snprintf(t->text, sizeof(t->text), "%s", text ? text : rd_kafka_err2str(code));
    }
    t->at_ms = clock_mono_ms();
    pthread_mutex_unlock(&t->lock);
}

void kafka_trouble_event(struct kafka_trouble *t, rd_kafka_event_t *event)
{
    kafka_trouble_note(t, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
}

void kafka_trouble_quote(struct kafka_trouble *t, struct err *e)
{
    pthread_mutex_lock(&t->lock);
    size_t n = strlen(e->text);
    if (t->count && clock_mono_ms() - t->at_ms < FRESH_MS)
        snprintf(e->text + n, sizeof(e->text) - n, ": %s", t->text);
    pthread_mutex_unlock(&t->lock);
}

void kafka_trouble_user(struct kafka_trouble *t, const char *user)
{
    snprintf(t->user, sizeof(t->user), "%s", user ? user : "");
}

void kafka_trouble_name(const struct kafka_trouble *t, struct err *e)
{
    static const char this_user[] = "this user";
    char rest[sizeof(e->text)];
    char *at = t->user[0] ? strstr(e->text, this_user) : NULL;
    if (!at)
        return;
    snprintf(rest, sizeof(rest), "%s", at + sizeof(this_user) - 1);
    snprintf(at, sizeof(e->text) - (size_t)(at - e->text), "user %s%s", t->user, rest);
}

rd_kafka_resp_err_t kafka_trouble_refusal(struct kafka_trouble *t)
{
    pthread_mutex_lock(&t->lock);
    rd_kafka_resp_err_t code = t->code;
    bool fresh = t->count && clock_mono_ms() - t->at_ms < FRESH_MS;
    pthread_mutex_unlock(&t->lock);
    if (!fresh)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    bool refusal = code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
                   code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
                   code == RD_KAFKA_RESP_ERR__SSL;
    return refusal ? code : RD_KAFKA_RESP_ERR_NO_ERROR;
}

struct meaning {
    rd_kafka_resp_err_t code;
    enum err_code ours;
    bool retriable;
    const char *text;
};

static const struct meaning meanings[] = {
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ERR_PEER, true,
     "Kafka has no such topic or partition; make it ('weir topics')"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ERR_PEER, true,
     "Kafka has no such topic; make it ('weir topics')"},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, ERR_PEER, true,
     "Kafka has no such topic or partition any more; make it ('weir topics')"},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ERR_REFUSED, true,
     "Kafka refuses this user the topic; give the user an ACL for it ('weir topics' names them)"},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ERR_REFUSED, true,
     "Kafka refuses this user the consumer group; give the user the ACL Read on it"},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ERR_REFUSED, true,
     "Kafka refuses this user the cluster; give the user the ACL IdempotentWrite on it"},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, ERR_REFUSED, true,
     "Kafka refuses this user the transactional id; give the user the ACLs Write and Describe on "
     "it"},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ERR_REFUSED, true,
     "Kafka refuses the user name or password of this user (sasl)"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, ERR_REFUSED, true,
     "Kafka refuses the user name or password of this user, or its token has expired (sasl)"},
    {RD_KAFKA_RESP_ERR__SSL, ERR_PEER, true,
     "the TLS connection to a Kafka node fails; its certificate must be signed by tls.ca_file, be "
     "in date and name it as 'nodes' does, and tls.cert_file be one that it takes"},
    {RD_KAFKA_RESP_ERR__RESOLVE, ERR_PEER, true,
     "the name of a Kafka node is not known to DNS; look at stream.kafka.nodes"},
    {RD_KAFKA_RESP_ERR__TRANSPORT, ERR_PEER, true,
     "no connection to a Kafka node; is it up, is the address right, and does that port expect "
     "what tls and sasl say?"},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, ERR_PEER, true, "no Kafka node can be reached"},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, ERR_PEER, true, "Kafka does not answer"},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, ERR_PEER, true, "Kafka does not answer"},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ERR_PEER, true, "Kafka does not answer"},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, ERR_PEER, true,
     "Kafka did not replicate in time; are all nodes up?"},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, ERR_PEER, true,
     "too few replicas are in sync (min.insync.replicas); are all nodes up?"},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, ERR_PEER, true,
     "too few replicas are in sync (min.insync.replicas); are all nodes up?"},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ERR_LIMIT, false,
     "the record is larger than Kafka takes; raise max.message.bytes of the topic"},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, ERR_LIMIT, false,
     "Kafka refuses the record as not valid for this topic"},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, ERR_LIMIT, false,
     "Kafka refuses the record as not valid for this topic (a compacted topic wants a key)"},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, ERR_PEER, true,
     "a Kafka node cannot write to its disk"},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, ERR_REFUSED, false, "a policy of Kafka forbids this"},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, ERR_CONF, false,
     "Kafka has fewer nodes than the replicas asked for"},
    {RD_KAFKA_RESP_ERR__FENCED, ERR_REFUSED, true, "another process took over"},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, ERR_REFUSED, true, "another process took over"},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, ERR_REFUSED, true, "another process took over"},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, ERR_REFUSED, true,
     "another process uses the same group.instance.id"},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, ERR_PEER, true, "given up before it was sent"},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, ERR_PEER, true, "given up while it was under way"},
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, ERR_CONF, false,
     "these Kafka nodes are too old for this"},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, ERR_CONF, false,
     "these Kafka nodes and this librdkafka do not understand each other"},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, ERR_CONF, false, "the Kafka client refuses its settings"},
};

static const struct meaning *meaning_of(rd_kafka_resp_err_t code)
{
    static const struct meaning other = {RD_KAFKA_RESP_ERR_UNKNOWN, ERR_PEER, true, NULL};
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].code == code)
            return &meanings[i];
    return &other;
}

void kafka_err_fill(struct err *e, rd_kafka_resp_err_t code, const char *where, const char *detail)
{
    const struct meaning *m = meaning_of(code);
    const char *said = detail && *detail ? detail : rd_kafka_err2str(code);
    if (m->text)
        err_fill(e, m->ours, "%s: %s (%s)", where, m->text, said);
    else
        err_fill(e, m->ours, "%s: %s", where, said);
    e->retriable = m->retriable;
}

rd_kafka_resp_err_t kafka_err_named(const char *text)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].code > 0 && strstr(text, rd_kafka_err2str(meanings[i].code)))
            return meanings[i].code;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_err_take(struct err *e, rd_kafka_error_t *error, const char *where)
{
    kafka_err_fill(e, rd_kafka_error_code(error), where, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}
