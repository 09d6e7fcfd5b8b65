/* er7_port.h - messages over HTTP for one source: POST of application/hl7-v2+er7, answered with the
 * acknowledgment (HL7 over HTTP, HAPI), or of application/json (json_post.h).
 *
 *   request -> every message of it taken -> 200 and the answer, once all is durable or refused
 *                                       '-> 503 where something cannot be made durable now
 *
 * What is not 2xx never carries HL7. Owns its server and the requests under way. */
#ifndef WEIR_ER7_PORT_H
#define WEIR_ER7_PORT_H

#include "bulk.h"
#include "port_tls.h"

struct er7_port;

/* Listens. ERR_IO, ERR_CONF. */
int er7_port_open(struct loop *loop, struct intake *intake, struct source *source,
                  struct er7_port **ret, struct err *reterr);
/* Where it listens. */
const struct address *er7_port_address(const struct er7_port *p);
/* NULL is fine. */
void er7_port_close(struct er7_port *p);
/* No more requests; done when er7_port_quiet. NULL is fine. */
void er7_port_drain(struct er7_port *p);
bool er7_port_quiet(const struct er7_port *p);
/* The source has another configuration, whose TLS is `fresh` (taken; NULL: plain text). */
void er7_port_take_tls(struct er7_port *p, struct tls *fresh);
/* Sets the figures of when its certificates end. */
void er7_port_collect(const struct er7_port *p);
/* Requests are answered 503. */
void er7_port_pause(struct er7_port *p, bool paused);

#endif
