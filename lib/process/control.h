/* control.h - the control socket of a process: one line of JSON in, one line out (docs:
 * architecture, processes).
 *
 * The socket file is 0600 and only this user or root may speak (the peer's uid is checked). The
 * server owns its connections and calls; a verb may answer at once or later, when what it did is
 * durable. Requests are at most 64 KiB; a connection may send several, one at a time. */
#ifndef WEIR_CONTROL_H
#define WEIR_CONTROL_H

#include <stdint.h>
#include "buf.h"
#include "err.h"
#include "json.h"
#include "loop.h"
#include "slice.h"

struct control;
struct control_call;

/* Runs one request. It, or something later, ends the call with exactly one of control_done and
 * control_fail. `request` lives until the call has ended. */
typedef void (*control_fn)(struct control_call *call, const struct json *request, void *arg);

/* Makes the socket anew at path (a dead one is replaced). ERR_IO (also for a path too long for a
 * Unix socket: says so), ERR_NOMEM. */
int control_open(struct loop *l, const char *path, struct control **ret, struct err *reterr);
/* Removes the socket; calls that have not ended are dropped: do not end them afterwards. */
void control_close(struct control *c);
/* Serves {"do": "<verb>", …}. verb is borrowed for good. ERR_LIMIT past 64 verbs. */
int control_add(struct control *c, const char *verb, control_fn fn, void *arg, struct err *reterr);

/* The answer's object, begun with "ok": true; add members, then control_done. */
struct json_writer *control_answer(struct control_call *call);
void control_done(struct control_call *call);
/* {"ok": false, "error": "…"} instead of whatever was written. */
void control_fail(struct control_call *call, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same with "wrong": true, where what was asked for cannot be, however often it is asked. */
void control_fail_wrong(struct control_call *call, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* One of the two, by the error: ERR_INPUT is wrong. */
void control_fail_err(struct control_call *call, const struct err *e);
/* Who asks, for the audit record: "uid:1000". Lives as long as the call. */
const char *control_who(const struct control_call *call);

/* The other side, for commands: sends one line and waits for the answer, at most timeout_ms. The
 * answer (without its newline) is put into ret. ERR_PEER: nobody listens there, or no answer in
 * time. "ok": false is no error here. */
int control_call(const char *path, struct slice request, int64_t timeout_ms, struct buf *ret,
                 struct err *reterr);

#endif
