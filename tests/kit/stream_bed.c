#include "stream_bed.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "kafka_bed.h"

/* The largest record of the suite, and room. */
enum { BED_KAFKA_RECORD_MAX = 16 << 20 };

static bool is_kafka(const struct stream_bed *bed)
{
    return slice_eq(bed->options.kind, SLICE("kafka"));
}

bool stream_bed_can(const char *engine, const char **ret_why)
{
    if (strcmp(engine, "kafka") != 0 || kafka_bed_nodes())
        return true;
    *ret_why = "WEIR_KAFKA names no nodes (tests/kafka/with_kafka.py --bed -- COMMAND)";
    return false;
}

static void use_kafka(struct stream_bed *bed)
{
    kafka_bed_prefix(bed->prefix, sizeof(bed->prefix));
    bed->options.dir = slice_str(kafka_bed_nodes());
    bed->options.prefix = slice_str(bed->prefix);
    bed->options.record_max = BED_KAFKA_RECORD_MAX;
    bed->options.allow_unsafe = true; /* one node */
}

void stream_bed_open(struct stream_bed *bed, const char *engine)
{
    *bed = (struct stream_bed){0};
    kit_dir_open(&bed->dir);
    stream_options_default(&bed->options);
    bed->options.kind = slice_str(engine);
    bed->options.dir = slice_str(bed->dir.path);
    if (is_kafka(bed))
        use_kafka(bed);
    bed->keeper = stream_bed_handle(bed, NULL);
}

void stream_bed_close(struct stream_bed *bed)
{
    stream_close(bed->keeper);
    kit_dir_close(&bed->dir);
}

struct stream *stream_bed_handle(struct stream_bed *bed, const char *writer)
{
    struct stream *s = NULL;
    struct err e = {0};
    struct stream_options o = bed->options;
    o.writer = slice_str(writer);
    ck_assert_msg(stream_open(&o, &s, &e) == 0, "%s", e.text);
    return s;
}

const char *stream_bed_partition(const struct stream_bed *bed, const char *writer)
{
    return is_kafka(bed) ? "0" : writer;
}

static void kafka_name(const struct stream_bed *bed, const char *topic, char *ret, size_t size)
{
    snprintf(ret, size, "%s%s", bed->prefix, topic);
}

void stream_bed_add_partition(const struct stream_bed *bed, const char *topic)
{
    char name[sizeof(bed->prefix) + STREAM_NAME_MAX];
    kafka_name(bed, topic, name, sizeof(name));
    if (is_kafka(bed))
        kafka_bed_add_partition(name);
}

bool stream_bed_prunes(const char *engine)
{
    return strcmp(engine, "kafka") != 0;
}

void stream_bed_forget(const struct stream_bed *bed, const char *topic, int64_t before)
{
    char name[sizeof(bed->prefix) + STREAM_NAME_MAX];
    kafka_name(bed, topic, name, sizeof(name));
    ck_assert(is_kafka(bed));
    kafka_bed_forget(name, before);
}

void stream_bed_done(void *arg, const struct err *e)
{
    struct stream_tally *t = arg;
    if (e) {
        t->failed++;
        t->last = *e;
    } else {
        t->durable++;
    }
}

static void wait_readable(int fd, int64_t until_ms, const char *what)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int64_t left = until_ms - clock_mono_ms();
    ck_assert_msg(left > 0 && poll(&p, 1, (int)left) == 1, "%s: nothing within the deadline", what);
}

void stream_bed_wait(struct stream *s, const struct stream_tally *t, unsigned callbacks)
{
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS;
    while (t->durable + t->failed < callbacks) {
        wait_readable(stream_fd(s), until, "stream");
        stream_dispatch(s);
    }
}

void stream_bed_put(struct stream *s, const char *topic, const char *key, struct slice value)
{
    struct stream_record r = {.topic = slice_str(topic), .key = slice_str(key), .value = value};
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_msg(stream_append(s, &r, 1, stream_bed_done, &t, &e) == STREAM_OK, "%s", e.text);
    stream_bed_wait(s, &t, 1);
    ck_assert_msg(t.durable == 1, "%s", t.last.text);
}

void stream_bed_commit(struct stream *s, const char *group, const struct stream_message *m)
{
    struct stream_position p = {slice_str(group), m->topic, m->partition, m->offset + 1};
    struct stream_tally t = {0};
    struct err e = {0};
    ck_assert_msg(stream_forward(s, NULL, 0, &p, 1, stream_bed_done, &t, &e) == STREAM_OK, "%s",
                  e.text);
    stream_bed_wait(s, &t, 1);
    ck_assert_msg(t.durable == 1, "%s", t.last.text);
}

struct stream_reader *stream_bed_reader(struct stream *s, const char *topic, const char *group,
                                        enum stream_start start)
{
    struct slice topics = slice_str(topic);
    struct stream_reader_options o = {
        .topics = &topics, .ntopics = 1, .group = slice_str(group), .start = start};
    struct stream_reader *r = NULL;
    struct err e = {0};
    ck_assert_msg(stream_reader_open(s, &o, &r, &e) == 0, "%s", e.text);
    return r;
}

/* As stream_next, but for what concerns a member of a group. */
static enum stream_next next_of_member(struct stream_reader *r, struct stream_message *ret,
                                       struct err *reterr)
{
    for (;;) {
        enum stream_next got = stream_next(r, ret, reterr);
        if (got == STREAM_LEAVE)
            stream_yield(r);
        else if (got != STREAM_MOVED)
            return got;
    }
}

void stream_bed_next(struct stream_reader *r, struct stream_message *ret)
{
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS;
    struct err e = {0};
    for (;;) {
        enum stream_next got = next_of_member(r, ret, &e);
        if (got == STREAM_GOT)
            return;
        ck_assert_msg(got == STREAM_NONE, "%s", e.text);
        wait_readable(stream_reader_fd(r), until, "reader");
    }
}

void stream_bed_expect(struct stream_reader *r, const char *value)
{
    struct stream_message m;
    stream_bed_next(r, &m);
    kit_assert_slice(m.value, slice_str(value));
}

void stream_bed_expect_none(struct stream_reader *r)
{
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS;
    struct stream_message m;
    struct err e = {0};
    for (;;) {
        enum stream_next got = next_of_member(r, &m, &e);
        ck_assert_msg(got == STREAM_NONE, "got %d: %s", got,
                      got == STREAM_GOT ? "a record" : e.text);
        if (stream_caught_up(r))
            return;
        wait_readable(stream_reader_fd(r), until, "the end");
    }
}
