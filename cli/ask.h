/* ask.h - a request to the process that owns the data, over its control socket. */
#ifndef WEIR_ASK_H
#define WEIR_ASK_H

#include "arena.h"
#include "json.h"
#include "options.h"
#include "site.h"

struct ask_member {
    const char *name, *value; /* value NULL: left out */
};

/* Login name of the person (for the audit log): never NULL. */
const char *ask_user(void);
/* Sends {"do": what, members…} to a process of that kind ("broker") and reads its answer; of
 * several the first that does it. ERR_PEER (it does not run: says so), ERR_REFUSED (it said no,
 * with its words). */
int ask_owner(const struct options *o, const char *role, const char *what,
              const struct ask_member *members, unsigned n, struct err *reterr);
/* The same of a site that is open; the answer's tree lives as long. */
int ask_kind(const struct site *site, const char *role, const char *what,
             const struct ask_member *members, unsigned n, int64_t timeout_ms, struct json **ret,
             struct err *reterr);
/* That one process. The answer's tree lives in the arena. */
int ask_process(const char *data_dir, const char *process, const char *what,
                const struct ask_member *members, unsigned n, int64_t timeout_ms,
                struct arena *arena, struct json **ret, struct err *reterr);

#endif
