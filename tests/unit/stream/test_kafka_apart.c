/* test_kafka_apart.c - which processors are left to which threads. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include "stream_kafka_apart.h"
#include "test_stream.h"

enum { LATER_MS = 50, AFRESH_MS = 5000 };

struct thread {
    pthread_t id;
    const char *name;
    sem_t named, end;
};

static cpu_set_t all;
static struct thread client, own, other;
static struct kafka_apart a;

static void *wait_for_end(void *arg)
{
    struct thread *t = arg;
    pthread_setname_np(pthread_self(), t->name);
    sem_post(&t->named);
    while (sem_wait(&t->end) != 0)
        ;
    return NULL;
}

static void start(struct thread *t, const char *name)
{
    t->name = name;
    sem_init(&t->named, 0, 0);
    sem_init(&t->end, 0, 0);
    ck_assert_int_eq(pthread_create(&t->id, NULL, wait_for_end, t), 0);
    while (sem_wait(&t->named) != 0)
        ;
}

static void end(struct thread *t)
{
    sem_post(&t->end);
    pthread_join(t->id, NULL);
}

static void set_up(void)
{
    ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
    start(&client, "rdk:broker1");
    start(&own, "push");
    start(&other, "erdk:x");
    kafka_apart_init(&a);
}

static void tear_down(void)
{
    end(&client);
    end(&own);
    end(&other);
}

static bool may_use(const struct thread *t, const cpu_set_t *want)
{
    cpu_set_t is;
    ck_assert_int_eq(pthread_getaffinity_np(t->id, sizeof(is), &is), 0);
    return CPU_EQUAL(&is, want);
}

static void allow_all(void)
{
    pthread_setaffinity_np(client.id, sizeof(all), &all);
    pthread_setaffinity_np(own.id, sizeof(all), &all);
}

/* All but home, or all where there is one only. */
static cpu_set_t without(int home)
{
    cpu_set_t set = all;
    if (home >= 0)
        CPU_CLR((unsigned)home, &set);
    return set;
}

START_TEST(clients_leave_the_processor_of_the_caller)
{
    kafka_apart_mind(&a, own.id, 1000);
    ck_assert_int_eq(a.home >= 0, CPU_COUNT(&all) > 1);
    cpu_set_t want = without(a.home);
    ck_assert(may_use(&client, &want));
    ck_assert(may_use(&own, &want));
    ck_assert(may_use(&other, &all));
    cpu_set_t mine;
    ck_assert_int_eq(sched_getaffinity(0, sizeof(mine), &mine), 0);
    ck_assert(CPU_EQUAL(&mine, &all));
}
END_TEST

START_TEST(a_caller_that_moved_is_seen_a_moment_later)
{
    kafka_apart_mind(&a, own.id, 1000);
    bool several = a.home >= 0;
    allow_all();
    a.home = CPU_SETSIZE; /* as if it had run elsewhere */
    kafka_apart_mind(&a, own.id, 1000 + LATER_MS - 1);
    ck_assert_int_eq(a.home, CPU_SETSIZE);
    ck_assert(may_use(&client, &all));
    kafka_apart_mind(&a, own.id, 1000 + LATER_MS);
    ck_assert_int_eq(a.home < CPU_SETSIZE, several);
    cpu_set_t want = several ? without(a.home) : all;
    ck_assert(may_use(&client, &want));
}
END_TEST

START_TEST(clients_opened_since_are_seen_after_a_while)
{
    kafka_apart_mind(&a, own.id, 1000);
    allow_all(); /* as those that are new */
    kafka_apart_mind(&a, own.id, 1000 + AFRESH_MS);
    cpu_set_t want = without(a.home);
    ck_assert(may_use(&client, &want));
}
END_TEST

START_TEST(where_there_is_one_processor_nothing_happens)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    for (unsigned i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
    kafka_apart_mind(&a, own.id, 1000);
    sched_setaffinity(0, sizeof(all), &all);
    ck_assert_int_eq(a.home, -1);
    ck_assert(may_use(&client, &all));
    ck_assert(may_use(&own, &all));
}
END_TEST

Suite *suite_kafka_apart(void)
{
    Suite *suite = suite_create("kafka_apart");
    TCase *t = tcase_create("kafka_apart");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, clients_leave_the_processor_of_the_caller);
    tcase_add_test(t, a_caller_that_moved_is_seen_a_moment_later);
    tcase_add_test(t, clients_opened_since_are_seen_after_a_while);
    tcase_add_test(t, where_there_is_one_processor_nothing_happens);
    suite_add_tcase(suite, t);
    return suite;
}
