/* media_type.h - what stands behind the semicolons of a media type (RFC 9110 §8.3.1). */
#ifndef WEIR_MEDIA_TYPE_H
#define WEIR_MEDIA_TYPE_H

#include "slice.h"

/* The value of a parameter, without quotes, of all that follows the first semicolon; absent where
 * it is not given. */
struct slice media_parameter(struct slice parameters, const char *name);

#endif
