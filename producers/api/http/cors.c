#include "producers/api/http/cors.h"

#include <string.h>

const char cors_request_headers[] =
	"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, traceparent, X-Request-Id";
const char cors_answer_headers[] = "Content-Digest, Content-Disposition, ETag, Idempotency-Replayed, Link, Location, "
				   "Preference-Applied, Retry-After, WWW-Authenticate, X-Request-Id";

/* The form that a browser gives to Origin: no path, no slash at the end. */
static bool is_origin(struct str text)
{
	size_t scheme = text.size > 8 && memcmp(text.data, "https://", 8) == 0 ? 8 : 7;

	if (text.size <= scheme || (scheme == 7 && memcmp(text.data, "http://", 7) != 0))
		return false;
	for (size_t i = scheme; i < text.size; i++) {
		char byte = text.data[i];

		if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && strchr(".-:[]", byte) == NULL)
			return false;
	}
	return true;
}

bool cors_list_is_good(const char *origins)
{
	struct str rest = str_of(origins);

	while (rest.size > 0) {
		if (!is_origin(str_cut(rest, ',', &rest)))
			return false;
	}
	return true;
}

bool cors_is_allowed(const char *origins, struct str origin)
{
	struct str rest = str_of(origins == NULL ? "" : origins);

	while (rest.size > 0 && origin.size > 0) {
		if (str_equal(str_cut(rest, ',', &rest), origin))
			return true;
	}
	return false;
}
