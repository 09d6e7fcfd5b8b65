#include "stream_kafka_admin.h"

#include <stdlib.h>
#include "clock.h"
#include "stream_kafka_property.h"
#include "stream_kafka_retire.h"

enum { RETIRE_MS = 2000, LOOK_MS = 100 };

static int open_client(struct stream_admin *a, struct err *reterr)
{
    rd_kafka_conf_t *conf = kafka_conf_client(&a->conf, 0, reterr);
    if (!conf)
        return -1;
    a->rk = kafka_client_open(RD_KAFKA_PRODUCER, conf, reterr);
    if (!a->rk)
        return -1;
    a->answers = rd_kafka_queue_new(a->rk);
    return 0;
}

int stream_admin_open(const struct stream_options *o, int64_t timeout_ms, struct stream_admin **ret,
                      struct err *reterr)
{
    if (!slice_eq_str(o->kind, "kafka"))
        return err_set(reterr, ERR_CONF, "the stream is of kind %.*s: it has no topics to make",
                       SLICE_ARG(o->kind));
    struct stream_admin *a = calloc(1, sizeof(*a));
    if (!a)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    a->timeout_ms = (int)timeout_ms;
    kafka_trouble_init(&a->trouble);
    if (kafka_conf_init(&a->conf, o, reterr) < 0) {
        stream_admin_close(a);
        return -1;
    }
    kafka_trouble_user(&a->trouble, kafka_conf_get(&a->conf, "sasl.username"));
    if (open_client(a, reterr) < 0) {
        stream_admin_close(a);
        return -1;
    }
    *ret = a;
    return 0;
}

void stream_admin_close(struct stream_admin *a)
{
    if (!a)
        return;
    if (a->answers)
        rd_kafka_queue_destroy(a->answers);
    kafka_retire(a->rk, RETIRE_MS);
    kafka_conf_fini(&a->conf);
    kafka_trouble_fini(&a->trouble);
    free(a);
}

void admin_look(struct stream_admin *a)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(a->rk);
    rd_kafka_event_t *event;
    while ((event = rd_kafka_queue_poll(queue, 0)) != NULL) {
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
            kafka_trouble_event(&a->trouble, event);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
}

int admin_fail(struct stream_admin *a, rd_kafka_resp_err_t code, const char *what,
               const char *detail, struct err *reterr)
{
    admin_look(a);
    bool silence = code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_resp_err_t refusal = silence ? kafka_trouble_refusal(&a->trouble) : 0;
    kafka_err_fill(reterr, refusal ? refusal : code, what, refusal ? NULL : detail);
    kafka_trouble_name(&a->trouble, reterr);
    if (refusal || reterr->code == ERR_PEER)
        kafka_trouble_quote(&a->trouble, reterr);
    return -1;
}

rd_kafka_AdminOptions_t *admin_options(struct stream_admin *a, rd_kafka_admin_op_t op,
                                       struct err *reterr)
{
    char why[200];
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(a->rk, op);
    if (o && rd_kafka_AdminOptions_set_request_timeout(o, a->timeout_ms, why, sizeof(why)) ==
                 RD_KAFKA_RESP_ERR_NO_ERROR)
        return o;
    if (o)
        rd_kafka_AdminOptions_destroy(o);
    err_set(reterr, ERR_CONF, "Kafka: no request can be made with a deadline of %d ms",
            a->timeout_ms);
    return NULL;
}

rd_kafka_event_t *admin_answer_or(struct stream_admin *a, const char *what, rd_kafka_resp_err_t it,
                                  bool *ret_it, struct err *reterr)
{
    int64_t until = clock_mono_ms() + a->timeout_ms + LOOK_MS;
    rd_kafka_event_t *event = NULL;
    while (!event && clock_mono_ms() < until) {
        event = rd_kafka_queue_poll(a->answers, LOOK_MS);
        admin_look(a);
    }
    rd_kafka_resp_err_t code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return event;
    if (ret_it && code == it)
        *ret_it = true;
    else
        admin_fail(a, code, what, event ? rd_kafka_event_error_string(event) : NULL, reterr);
    if (event)
        rd_kafka_event_destroy(event);
    return NULL;
}

rd_kafka_event_t *admin_answer(struct stream_admin *a, const char *what, struct err *reterr)
{
    return admin_answer_or(a, what, RD_KAFKA_RESP_ERR_NO_ERROR, NULL, reterr);
}

static int metadata(struct stream_admin *a, const struct rd_kafka_metadata **ret,
                    struct err *reterr)
{
    rd_kafka_resp_err_t code = rd_kafka_metadata(a->rk, 1, NULL, ret, a->timeout_ms);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : admin_fail(a, code, "topics", NULL, reterr);
}

int stream_admin_nodes(struct stream_admin *a, unsigned *ret, struct err *reterr)
{
    const struct rd_kafka_metadata *all;
    if (metadata(a, &all, reterr) < 0)
        return -1;
    *ret = (unsigned)all->broker_cnt;
    rd_kafka_metadata_destroy(all);
    return 0;
}

int admin_node(struct stream_admin *a, int32_t *ret, struct err *reterr)
{
    const struct rd_kafka_metadata *all;
    if (metadata(a, &all, reterr) < 0)
        return -1;
    bool some = all->broker_cnt > 0;
    if (some)
        *ret = all->brokers[0].id;
    rd_kafka_metadata_destroy(all);
    return some ? 0 : err_set(reterr, ERR_PEER, "no node of Kafka is known");
}

static void take_topic(struct stream_topic *t, const struct rd_kafka_metadata_topic *m)
{
    t->exists = m->err == RD_KAFKA_RESP_ERR_NO_ERROR && m->partition_cnt > 0;
    t->partitions = (unsigned)m->partition_cnt;
    for (int i = 0; i < m->partition_cnt; i++) {
        const struct rd_kafka_metadata_partition *p = &m->partitions[i];
        if (i == 0 || (unsigned)p->replica_cnt < t->replicas)
            t->replicas = (unsigned)p->replica_cnt;
        if (i == 0 || (unsigned)p->isr_cnt < t->in_sync)
            t->in_sync = (unsigned)p->isr_cnt;
    }
}

static int take_settings(struct stream_topic *t, const rd_kafka_ConfigResource_t *resource,
                         struct arena *arena, struct err *reterr)
{
    size_t n;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n);
    t->settings = arena_zalloc(arena, n + 1, sizeof(*t->settings));
    if (!t->settings)
        return err_set(reterr, ERR_NOMEM, "no memory for the settings of topics");
    for (size_t i = 0; i < n; i++)
        t->settings[t->nsettings++] = (struct stream_setting){
            .name = arena_copy(arena, slice_str(rd_kafka_ConfigEntry_name(entries[i]))),
            .value = arena_copy(arena, slice_str(rd_kafka_ConfigEntry_value(entries[i]))),
            .own = rd_kafka_ConfigEntry_source(entries[i]) ==
                   RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG,
        };
    return arena->overflow ? err_set(reterr, ERR_NOMEM, "no memory for the settings of topics") : 0;
}

/* The node that answers may not yet know a topic that another one has just named. */
static bool not_here(rd_kafka_resp_err_t code, struct stream_topic *t)
{
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        t->exists = false;
    return !t->exists;
}

static int take_answer(struct stream_admin *a, const rd_kafka_event_t *event,
                       struct stream_topic *topics, unsigned n, struct arena *arena,
                       struct err *reterr)
{
    size_t count;
    const rd_kafka_ConfigResource_t **all = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result((rd_kafka_event_t *)(uintptr_t)event), &count);
    for (size_t i = 0; i < count; i++) {
        const char *name = rd_kafka_ConfigResource_name(all[i]);
        rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(all[i]);
        struct slice ours = kafka_name_strip(&a->conf, name);
        for (unsigned k = 0; k < n; k++) {
            if (!slice_eq(topics[k].name, ours) || not_here(code, &topics[k]))
                continue;
            if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
                return admin_fail(a, code, name, rd_kafka_ConfigResource_error_string(all[i]),
                                  reterr);
            if (take_settings(&topics[k], all[i], arena, reterr) < 0)
                return -1;
        }
    }
    return 0;
}

static int describe_settings(struct stream_admin *a, struct stream_topic *topics, unsigned n,
                             struct arena *arena, struct err *reterr)
{
    rd_kafka_ConfigResource_t **asked = arena_zalloc(arena, n + 1, sizeof(*asked));
    rd_kafka_AdminOptions_t *o = admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, reterr);
    unsigned count = 0;
    if (!o || !asked) {
        if (o)
            rd_kafka_AdminOptions_destroy(o);
        return o ? err_set(reterr, ERR_NOMEM, "no memory for the settings of topics") : -1;
    }
    for (unsigned i = 0; i < n; i++)
        if (topics[i].exists)
            asked[count++] = rd_kafka_ConfigResource_new(
                RD_KAFKA_RESOURCE_TOPIC, kafka_name_of(&a->conf, topics[i].name).text);
    int rc = 0;
    if (count) {
        rd_kafka_DescribeConfigs(a->rk, asked, count, o, a->answers);
        rd_kafka_event_t *event = admin_answer(a, "settings of topics", reterr);
        rc = event ? take_answer(a, event, topics, n, arena, reterr) : -1;
        if (event)
            rd_kafka_event_destroy(event);
    }
    rd_kafka_ConfigResource_destroy_array(asked, count);
    rd_kafka_AdminOptions_destroy(o);
    return rc;
}

int stream_admin_describe(struct stream_admin *a, struct stream_topic *topics, unsigned n,
                          struct arena *arena, struct err *reterr)
{
    const struct rd_kafka_metadata *all;
    if (metadata(a, &all, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < n; i++) {
        struct kafka_name name = kafka_name_of(&a->conf, topics[i].name);
        topics[i] = (struct stream_topic){.name = topics[i].name};
        for (int k = 0; k < all->topic_cnt; k++)
            if (strcmp(all->topics[k].topic, name.text) == 0)
                take_topic(&topics[i], &all->topics[k]);
    }
    rd_kafka_metadata_destroy(all);
    return describe_settings(a, topics, n, arena, reterr);
}

struct slice stream_admin_name(const struct stream_admin *a, struct slice name, struct arena *arena)
{
    return arena_printf(arena, "%s%.*s", a->conf.prefix, SLICE_ARG(name));
}

uint64_t stream_admin_message_max(uint64_t record_max)
{
    return kafka_wire_max(record_max);
}

int stream_admin_promises(const struct stream_promise *p, struct err *reterr)
{
    enum { LEAST = 2 }; /* replicas: one node may be lost */
    uint64_t need = kafka_wire_max(p->record_max);
    if (!p->allow_unsafe && p->in_sync < LEAST)
        return err_set(reterr, ERR_CONF,
                       "topic %.*s: min.insync.replicas is %llu, at least %d are needed for what "
                       "an acknowledgment promises; 'weir topics create' sets it, or "
                       "allow_unsafe: true says that fewer are meant",
                       SLICE_ARG(p->topic), (unsigned long long)p->in_sync, LEAST);
    if (p->message_max < need)
        return err_set(reterr, ERR_CONF,
                       "topic %.*s: max.message.bytes is %llu, records of %llu bytes "
                       "(record_max) need %llu; 'weir topics create' sets it, or make "
                       "record_max smaller",
                       SLICE_ARG(p->topic), (unsigned long long)p->message_max,
                       (unsigned long long)p->record_max, (unsigned long long)need);
    return 0;
}
