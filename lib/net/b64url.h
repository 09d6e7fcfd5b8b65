/* b64url.h - base64url without padding (RFC 4648 §5), read strictly: one text for some bytes. */
#ifndef WEIR_B64URL_H
#define WEIR_B64URL_H

#include "slice.h"

/* False: not of that alphabet, padded, bits set behind the last byte, or more than size bytes. */
bool b64url_read(struct slice text, unsigned char *out, size_t size, size_t *ret_n);

#endif
