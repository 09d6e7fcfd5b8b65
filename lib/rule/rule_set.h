/* rule_set.h - many rules asked about one event: only those are evaluated that may match it.
 *
 * Rules are looked up by the event's type, and by one field each that they compare with texts:
 * equal, IN or a beginning (rule_key.h). The answer is exactly that of rule_eval on each rule,
 * errors included. Lookups take no memory. The set owns its index and borrows the rules. One
 * thread. */
#ifndef WEIR_RULE_SET_H
#define WEIR_RULE_SET_H

#include "rule.h"

struct rule_set;

/* NULL in rules: matches every event. ERR_NOMEM. */
int rule_set_open(const struct rule *const *rules, unsigned n, struct rule_set **ret,
                  struct err *reterr);
void rule_set_close(struct rule_set *s);

/* Called for a rule (its number) that matches: errors 0; or that erred and so does not match. */
typedef void (*rule_set_fn)(void *arg, unsigned rule, unsigned errors);
/* Asks all rules, in their order. scratch is reset for each that is evaluated. Returns how many
 * were: what an operator sees of the index. */
unsigned rule_set_ask(struct rule_set *s, const struct event *e, struct arena *scratch,
                      rule_set_fn fn, void *arg);

#endif
