/* stream_kafka_elect.h - who leads a group: the member of the consumer group "lead.<group>" that
 * gets partition 0 of the topic flow.lead, into which nothing is written.
 *
 * Whoever has been a member longest gets it (the range assignor sorts members by name, and ours
 * begin with the time), so a standby that comes or goes moves nothing. A member that is silent for
 * six seconds is out; when it comes back, it joins anew, as the youngest. Two may believe that they
 * lead for a moment: the transactional id decides. */
#ifndef WEIR_STREAM_KAFKA_ELECT_H
#define WEIR_STREAM_KAFKA_ELECT_H

#include "stream_kafka_conf.h"
#include "stream_kafka_wake.h"

struct kafka_elect {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    const struct kafka_conf *conf;
    bool holds;         /* partition 0 is this member's */
    bool lost;          /* the membership ran out: close, and open again */
    int64_t revoked_ms; /* the group is shared out again since then; 0 = it is not */
};

/* Joins; conf is borrowed, events ring the wake. */
int kafka_elect_open(struct kafka_elect *e, const struct kafka_conf *c, const char *group,
                     const struct kafka_wake *wake, struct err *reterr);
/* Leaves. All zero is fine. */
void kafka_elect_close(struct kafka_elect *e);
/* Takes what has come; e->holds is the answer. hindrance is filled where Kafka refuses the topic or
 * the group. */
void kafka_elect_poll(struct kafka_elect *e, struct kafka_trouble *trouble, struct err *hindrance);

#endif
