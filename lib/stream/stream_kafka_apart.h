/* stream_kafka_apart.h - keeps librdkafka's threads off the processor of the caller's thread.
 *
 * Linux puts a woken thread where it ran last or where its waker runs. It looks for an idle
 * processor first, but on a machine with few of them no longer once these are somewhat over half
 * busy (select_idle_sibling, SIS_UTIL). A group of records passes through several threads of a
 * client: on the processor of the loop's thread each of them interrupts the thread that translates,
 * or waits for it, while another processor is idle. */
#ifndef WEIR_STREAM_KAFKA_APART_H
#define WEIR_STREAM_KAFKA_APART_H

#include <pthread.h>
#include <stdint.h>

struct kafka_apart {
    int home;          /* the processor that is left to the loop's thread; -1 = none yet */
    int64_t again_ms;  /* it is not looked at before */
    int64_t afresh_ms; /* all is done anew then: clients may have been opened since */
};

void kafka_apart_init(struct kafka_apart *a);
/* Where the calling thread runs on another processor than when last looked at, twenty times a
 * second at most, and every five seconds: all threads of librdkafka in this process, and `also`,
 * may use the processors that the caller may use, but for that one; threads that these start later
 * do as they do. Nothing happens where there is no other, or the system does not let us. One thread
 * of a process calls this. now_ms: monotonic. */
void kafka_apart_mind(struct kafka_apart *a, pthread_t also, int64_t now_ms);

#endif
