/* far_mllp.h - an MLLP receiver on a loop, for the conformance suite: takes every message, answers
 * AA, and keeps what came. */
#ifndef WEIR_FAR_MLLP_H
#define WEIR_FAR_MLLP_H

#include "buf.h"
#include "conn.h"
#include "listen.h"

enum { FAR_MLLP_CONNS = 8 };

struct far_mllp {
    struct loop *loop;
    struct listener *listener;
    struct conn_shared *shared;
    struct conn *conns[FAR_MLLP_CONNS];
    struct address peers[FAR_MLLP_CONNS];
    void (*message)(struct slice message, struct slice control_id); /* of each that came */
};

void far_mllp_open(struct far_mllp *f, struct loop *l,
                   void (*message)(struct slice message, struct slice control_id));
void far_mllp_close(struct far_mllp *f);

#endif
