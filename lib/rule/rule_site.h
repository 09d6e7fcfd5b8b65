/* rule_site.h - the rules of a site's routes, with the site's lists. */
#ifndef WEIR_RULE_SITE_H
#define WEIR_RULE_SITE_H

#include "rule.h"
#include "site.h"

/* The lists of the site as an env; in the arena, they borrow the site. ERR_NOMEM. */
int rule_site_env(const struct site *site, struct arena *arena, struct rule_env *ret,
                  struct err *reterr);
/* Compiles a route's rule; *ret is NULL where it has none: every event. ERR_CONF with
 * file:line:column of `when` and the character within. */
int rule_site_route(const struct site_route *route, const struct rule_env *env, struct arena *arena,
                    const struct rule **ret, struct err *reterr);

#endif
