#ifndef API_HTTP_CORS_H
#define API_HTTP_CORS_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Which pages of other origins may read our answers (Fetch, CORS protocol): those of a list, by their exact origin. No "*", and
 * no credentials of the browser's: a page sends the token itself, so nothing is gained by what a browser would add. Pure.
 */

/* "https://a.example,http://localhost:3000": each one a scheme, "://", a host and perhaps a port, in small letters. */
bool cors_list_is_good(const char *origins);
bool cors_is_allowed(const char *origins, struct str origin);

/* What a page may send with its request, and read of the answer, beside what is always so. */
extern const char cors_request_headers[], cors_answer_headers[];

#endif
