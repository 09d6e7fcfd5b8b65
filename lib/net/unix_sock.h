/* unix_sock.h - Unix stream sockets: made, reached, and who is at the other end. Descriptors are
 * the caller's. */
#ifndef WEIR_UNIX_SOCK_H
#define WEIR_UNIX_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"

/* A listening, non-blocking socket at path, mode 0600; a socket file that is there is replaced (the
 * caller holds the lock that says nobody serves it). Returns the descriptor, or -1: ERR_IO,
 * ERR_CONF for a path too long for the system. */
int unix_sock_listen(const char *path, struct err *reterr);
/* A connected, blocking socket whose reads and writes give up after timeout_ms. ERR_PEER when
 * nobody listens. */
int unix_sock_connect(const char *path, int64_t timeout_ms, struct err *reterr);
/* The uid of the process at the other end. */
bool unix_sock_peer(int fd, uint32_t *ret_uid);

#endif
