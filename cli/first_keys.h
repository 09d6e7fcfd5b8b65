/* first_keys.h - keys for a site that has none yet and no data either: `keys: {make: true}`. */
#ifndef WEIR_FIRST_KEYS_H
#define WEIR_FIRST_KEYS_H

#include "err.h"

/* Where the configuration says `make: true`, makes each key file that is missing (32 random bytes
 * in base64, 0600, folders as needed). Refuses once the data folder holds a stream: pseudonyms made
 * with another key would be other people. ERR_CONF, ERR_REFUSED, ERR_IO. */
int first_keys_make(const char *config, struct err *reterr);

#endif
