/* limit_kafka.c - the least that a source on Kafka has to do: the mark that weir-adapter is
 * measured against.
 *
 *   limit_kafka HOST:PORT [--port N] [--event BYTES]
 *
 * Frames MLLP, produces two records per message (its bytes to flow.messages, BYTES for what would
 * be made from it to flow.reported) with the settings of weir's own producer but for its linger
 * (0: nothing is pushed), its threads where Linux puts them, answers AA when both delivery reports
 * are there, and does nothing else. Prints "port N" when it listens; ends on SIGTERM. */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "limit_mllp.h"

enum { RECORDS = 2 };

struct kafka {
    struct limit limit;
    int told;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *messages, *reported;
};

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
        return;
    fprintf(stderr, "limit_kafka: %s: %s\n", name, why);
    exit(1);
}

static void open_producer(struct kafka *k, const char *nodes)
{
    static const char *const settings[][2] = {
        {"enable.idempotence", "true"},
        {"linger.ms", "0"},
        {"queue.buffering.max.messages", "65536"},
        {"queue.buffering.max.kbytes", "262144"},
        {"message.timeout.ms", "0"},
        {"partitioner", "murmur2_random"},
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
    };
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", nodes);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        set(conf, settings[i][0], settings[i][1]);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
    k->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    limit_must(k->rk != NULL, "producer");
    k->messages = rd_kafka_topic_new(k->rk, "flow.messages", NULL);
    k->reported = rd_kafka_topic_new(k->rk, "flow.reported", NULL);
    limit_must(k->messages && k->reported, "topics");
    const struct rd_kafka_metadata *known;
    limit_must(rd_kafka_metadata(k->rk, 0, k->reported, &known, 10000) ==
                   RD_KAFKA_RESP_ERR_NO_ERROR,
               "no node answers");
    rd_kafka_metadata_destroy(known);
    k->queue = rd_kafka_queue_get_main(k->rk);
    k->told = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    static const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(k->queue, k->told, &one, sizeof(one));
}

static void produce(rd_kafka_topic_t *topic, struct limit_job *j, char *p, size_t n)
{
    limit_must(rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, p, n, "source",
                                6, j) == 0,
               "produce");
}

static void take(struct limit *limit, struct limit_job *j)
{
    struct kafka *k = (struct kafka *)limit;
    j->left = RECORDS;
    produce(k->messages, j, j->bytes, j->n);
    produce(k->reported, j, limit->event, (size_t)limit->event_bytes);
}

/* Messages whose records have all been reported, in a list. */
static void collect(rd_kafka_event_t *e, struct limit_job ***tail)
{
    for (const rd_kafka_message_t *m; (m = rd_kafka_event_message_next(e));) {
        struct limit_job *j = m->_private;
        limit_must(m->err == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(m->err));
        if (--j->left)
            continue;
        j->next = NULL;
        **tail = j;
        *tail = &j->next;
    }
}

static void on_told(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct kafka *k = arg;
    struct limit_job *done = NULL, **tail = &done;
    uint64_t count;
    if (read(fd, &count, sizeof(count)) != sizeof(count))
        return;
    for (rd_kafka_event_t *e; (e = rd_kafka_queue_poll(k->queue, 0));) {
        if (rd_kafka_event_type(e) == RD_KAFKA_EVENT_DR)
            collect(e, &tail);
        rd_kafka_event_destroy(e);
    }
    limit_answer(done);
}

int main(int argc, char **argv)
{
    static struct kafka k = {.limit.take = take};
    open_producer(&k, limit_open(&k.limit, "limit_kafka", argc, argv));
    event_add(event_new(k.limit.base, k.told, EV_READ | EV_PERSIST, on_told, &k), NULL);
    limit_run(&k.limit);
    _exit(0); /* nothing is owed to anybody: no need to wait for librdkafka's threads */
}
