/* fhir_port.h - FHIR over HTTP(S) for one source: a server that takes what it is told and keeps
 * nothing to be read (FHIR R4 §3.1).
 *
 *   request -> who calls, what for -> document taken -> durable -> 200, 201, 204
 *                  |                       '-> refused, and that durable -> 400, 409, 413, 422
 *                  '-> 400, 401, 403, 404, 405, 406, 412, 415, with nothing kept
 * 503 where it cannot be made durable now. Of 409 and 413 nothing is kept, either, where a message
 * comes again to BaRS, a body is too long or a batch has too many entries.
 *
 * Each of these at 400 and above carries an OperationOutcome. Owns its server and the requests
 * under way (fhir_call.h); borrows the source. */
#ifndef WEIR_FHIR_PORT_H
#define WEIR_FHIR_PORT_H

#include "fhir_answer.h"
#include "http_door.h"
#include "intake.h"
#include "request_memory.h"

struct fhir_call;

struct fhir_port {
    struct loop *loop;
    struct intake *intake;
    struct source *source;
    struct http_door door;
    struct request_memory seen; /* requests and Bundles that were taken */
    struct fhir_call *first;    /* under way */
    struct fhir_answer answer;  /* of what is answered at once */
    struct buf out;             /* an answer as XML */
    struct buf kept;            /* what is kept of it, where that is not what was sent */
    struct arena arena;         /* what of a Bundle is looked at before it is taken */
    char since[RFC3339_SIZE];   /* when it was opened: the date of its metadata */
    int64_t quiet_until;        /* refusals are logged once a second, with a count of the others */
    uint64_t unsaid;
    bool paused;
};

/* Listens. ERR_IO, ERR_CONF. p must stay where it is. */
int fhir_port_open(struct loop *loop, struct intake *intake, struct source *source,
                   struct fhir_port **ret, struct err *reterr);
/* NULL is fine, here and below. */
void fhir_port_close(struct fhir_port *p);
/* No more requests; done when fhir_port_quiet. */
void fhir_port_drain(struct fhir_port *p);
bool fhir_port_quiet(const struct fhir_port *p);
/* Requests are answered 503. */
void fhir_port_pause(struct fhir_port *p, bool paused);

/* Sends an answer; r says in which format. Borrows both for the call. */
void fhir_port_send(struct fhir_port *p, struct http_exchange *x, const struct fhir_request *r,
                    const struct fhir_answer *a, const char *allow);

#endif
