/* problem.h - an answer over HTTP that says what is wrong, for programs (RFC 9457). */
#ifndef WEIR_PROBLEM_H
#define WEIR_PROBLEM_H

#include "http_server.h"

#define PROBLEM_TYPE "application/problem+json"

enum { PROBLEM_SIZE = 1024 };

/* The text of a problem, in out; detail: for a person, no patient data. */
struct slice problem_text(int status, struct slice detail, char out[PROBLEM_SIZE]);
/* Answers with it. */
void problem_reply(struct http_exchange *x, int status, struct slice detail);

#endif
