/* stream_kafka_admin.h - the inside of stream_admin.h, shared by its files. */
#ifndef WEIR_STREAM_KAFKA_ADMIN_H
#define WEIR_STREAM_KAFKA_ADMIN_H

#include "stream_admin.h"
#include "stream_kafka_conf.h"

struct stream_admin {
    struct kafka_conf conf;
    struct kafka_trouble trouble;
    rd_kafka_t *rk;
    rd_kafka_queue_t *answers;
    int timeout_ms;
};

/* Options for a request, with the handle's deadline. NULL: reterr. The caller destroys them. */
rd_kafka_AdminOptions_t *admin_options(struct stream_admin *a, rd_kafka_admin_op_t op,
                                       struct err *reterr);
/* The answer to the request under way, which the caller destroys; NULL: it did not come in time, or
 * says that all failed. */
rd_kafka_event_t *admin_answer(struct stream_admin *a, const char *what, struct err *reterr);
/* The same; one code is no failure but *ret_it. Then NULL. */
rd_kafka_event_t *admin_answer_or(struct stream_admin *a, const char *what, rd_kafka_resp_err_t it,
                                  bool *ret_it, struct err *reterr);
/* Fills reterr, with the last complaint of a connection where none was to be had. Returns -1. */
int admin_fail(struct stream_admin *a, rd_kafka_resp_err_t code, const char *what,
               const char *detail, struct err *reterr);
/* The number of some node. */
int admin_node(struct stream_admin *a, int32_t *ret, struct err *reterr);
/* Notes what connections complain of. */
void admin_look(struct stream_admin *a);

#endif
