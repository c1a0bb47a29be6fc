#ifndef API_HTTP_GUARD_H
#define API_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * Refuses requests that libmicrohttpd accepts and that must not pass (lib/TRAPS.md H1): two lengths, a space before the colon,
 * two hosts, NUL and control bytes, %00, climbing paths. A proxy in front of us may read such a request differently, which is how
 * requests are smuggled. Pure; called before anything of a request is used. After a refusal the connection is closed.
 */
struct guard_header {
	struct str name, value;
};

struct guard_refusal {
	int status;       /* 400, 414, 431, 505; 0: none */
	const char *text; /* a literal */
};

#define GUARD_URI_SIZE_MAX   4096
#define GUARD_HEADERS_MAX    64
#define GUARD_ARGUMENTS_MAX  64 /* of a query: libmicrohttpd keeps each of them in the connection's memory */
#define GUARD_VALUE_SIZE_MAX 8192

/*
 * Cuts "http://host:port" off the front of an absolute target (RFC 9112 3.2.2); origin form remains. guard_request checks that it
 * equals Host. Empty: the target is not absolute.
 */
struct str guard_cut_authority(struct str *target);

/* The raw request target, before any decoding: origin form ("/path?query") only. */
struct guard_refusal guard_uri(struct str uri);

/* Whether the value is a valid Content-Length. */
bool guard_length_is_good(struct str value);

/*
 * Method and version are tokens of the request line; authority is from the target; headers as sent, a repeated header repeatedly.
 */
struct guard_refusal guard_request(struct str method, struct str version, struct str authority,
				   const struct guard_header *headers, size_t count);

#endif
