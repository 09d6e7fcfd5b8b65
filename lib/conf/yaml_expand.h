/* yaml_expand.h - ${VAR}, ${VAR:-default}, ${VAR:?message} and $${ in a text (internal to
 * lib/conf). */
#ifndef WEIR_YAML_EXPAND_H
#define WEIR_YAML_EXPAND_H

#include "yaml.h"

enum { YAML_EXPANDED_MAX = 64 * 1024 };

/* *ret is text itself where nothing stands to be expanded, else in the arena. Like a shell's, :-
 * and
 * :? also take a variable that is set to nothing; ${VAR} alone must be set. A default is plain
 * text. ERR_CONF without a position. */
int yaml_expand(struct slice text, yaml_env_fn env, void *arg, struct arena *arena,
                struct slice *ret, struct err *reterr);

#endif
