#ifndef API_HTTP_CORS_H
#define API_HTTP_CORS_H

#include <stdbool.h>

#include "base/str.h"

/*
 * The origins whose pages may read our answers (CORS protocol of the Fetch standard): a list of exact origins. No "*", and no
 * browser credentials: a page sends the token itself, so cookies would add nothing. Pure.
 */

/* "https://a.example,http://localhost:3000": each a scheme, "://", a host and optionally a port, in lower case. */
bool cors_list_is_good(const char *origins);
bool cors_is_allowed(const char *origins, struct str origin);

/* The request headers that a page may send, and the answer headers that it may read, beyond those that CORS always allows. */
extern const char cors_request_headers[], cors_answer_headers[];

#endif
