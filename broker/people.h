/* people.h - which ordering key a person has: the pseudonym of the first identity seen, kept for
 * good.
 *
 * Identities are pseudonyms. Those of one person form a tree whose root's pseudonym is the key. An
 * identity that is new joins the person it is named with; where two that already have keys turn out
 * to be one person (an NHS number becomes known, a merge), one key is retired: the caller publishes
 * that event to both keys, so that no later event of the person overtakes an earlier one. */
#ifndef WEIR_PEOPLE_H
#define WEIR_PEOPLE_H

#include <stddef.h>
#include <stdint.h>
#include "err.h"
#include "slice.h"

enum { PEOPLE_RETIRED_MAX = 8, PEOPLE_CHANGED_MAX = 64 };

struct people;
struct person;

/* At most max identities. */
int people_open(size_t max, struct people **ret, struct err *reterr);
void people_close(struct people *p);

/* What one event says of keys. Slices live as long as p. */
struct people_answer {
    struct slice key;
    struct slice retired[PEOPLE_RETIRED_MAX]; /* keys that this event retires */
    unsigned nretired;
    struct person *changed[PEOPLE_CHANGED_MAX]; /* to be written down: people_identity, _key */
    unsigned nchanged;
    bool forgotten; /* max is reached, or one event tells of more identities or keys than fit: such
                       an identity keeps the key it has, and is not remembered where it has none */
};
/* subject and local: pseudonyms of one person, either may be absent, not both; retired: blank
 * between, those that a merge retires (absent = none). local joins subject where both have a key.
 */
void people_ask(struct people *p, struct slice subject, struct slice local, struct slice retired,
                struct people_answer *ret);

struct slice people_identity(const struct person *who);
struct slice people_key(const struct person *who);
/* What was written down: that identity has that key. False when max is reached. */
bool people_fold(struct people *p, struct slice identity, struct slice key);
size_t people_count(const struct people *p);

#endif
