#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/must.h"
#include "base/str.h"

/*
 * base64url without padding (RFC 4648 5), as in web tokens and keys. Decoding is strict: each value has one spelling, so the
 * unused bits of the last character must be zero.
 */
#define BASE64URL_SIZE(bytes) (((bytes)*4 + 2) / 3)

void base64url_encode(char *text, const void *bytes, size_t size); /* BASE64URL_SIZE(size) + 1: terminated */

/* `bytes` has room for three quarters of the text; its content is undefined after false. */
MUST_CHECK bool base64url_decode(void *bytes, size_t *ret_size, struct str text);

#endif
