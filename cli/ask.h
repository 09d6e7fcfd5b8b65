/* ask.h - a request to the process that owns the data, over its control socket. */
#ifndef WEIR_ASK_H
#define WEIR_ASK_H

#include "arena.h"
#include "json.h"
#include "options.h"

struct ask_member {
    const char *name, *value; /* value NULL: left out */
};

/* Login name of the person (for the audit log): never NULL. */
const char *ask_user(void);
/* Sends {"do": what, members…} to the process of that name and reads its answer. ERR_PEER (it does
 * not run: says so), ERR_REFUSED (it said no, with its words). */
int ask_owner(const struct options *o, const char *process, const char *what,
              const struct ask_member *members, unsigned n, struct err *reterr);
/* As ask_owner, for a run directory known already; the answer's tree lives in the arena. */
int ask_process(const char *data_dir, const char *process, const char *what,
                const struct ask_member *members, unsigned n, int64_t timeout_ms,
                struct arena *arena, struct json **ret, struct err *reterr);

#endif
