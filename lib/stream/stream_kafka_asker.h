/* stream_kafka_asker.h - the client through which the readers of a handle put their questions.
 *
 * A node answers the requests of a connection one after the other, and a reader's own connections
 * are always busy with a Fetch that waits for something to come. Shared by the threads of the
 * readers; freed when the handle and the last of them have let go of it. */
#ifndef WEIR_STREAM_KAFKA_ASKER_H
#define WEIR_STREAM_KAFKA_ASKER_H

#include "stream_kafka_conf.h"

struct kafka_asker;

/* With one share. */
int kafka_asker_open(const struct kafka_conf *c, struct kafka_asker **ret, struct err *reterr);
/* One share more. */
struct kafka_asker *kafka_asker_share(struct kafka_asker *a);
/* Gives up a share; the last one frees it. NULL is fine. */
void kafka_asker_leave(struct kafka_asker *a);
/* Takes what the client complains of; to be called now and then by each who has a share. */
void kafka_asker_listen(struct kafka_asker *a, struct kafka_trouble *t);
/* Valid as long as the share. */
rd_kafka_t *kafka_asker_client(const struct kafka_asker *a);

#endif
