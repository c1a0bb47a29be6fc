#ifndef API_HTTP_CALL_H
#define API_HTTP_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"
#include "producers/api/http/principal.h"
#include "producers/api/http/route.h"

/*
 * One request, from its head to its answer, as a handler sees it. A handler answers at once, or keeps the call and answers later
 * from the same thread (the connection is suspended meanwhile). It answers exactly once; after that the call is gone. Everything
 * borrowed from a call is valid until its answer.
 */
struct call;

const struct route *call_route(const struct call *call);
enum method call_method(const struct call *call);
bool call_is_head(const struct call *call); /* a GET without a body in the answer */
struct str call_body(const struct call *call);
const struct principal *call_principal(const struct call *call);
struct api *call_api(const struct call *call);

/*
 * Narrows the token's roles to the user's current ones, and sets the user's customer and scope. For the loop, before the handler.
 */
struct user_rights;
void call_set_rights(struct call *call, const struct user_rights *rights);

/* The value of `:name` in the pattern, decoded. A name that the pattern does not have is a bug. */
struct str call_param(const struct call *call, const char *name);
/* The same as an id. False: no UUID, or all zeros. Nothing can have such an id, so the call was answered with 404. */
bool call_param_id(struct call *call, const char *name, struct uuid *ret_id);

/* A query argument, decoded; false if it is absent or repeated. */
bool call_argument(const struct call *call, const char *name, struct str *ret_value);
typedef void call_argument_seen(void *arg, struct str name, struct str value);
/* in any order; a repeated argument repeatedly */
void call_each_argument(const struct call *call, call_argument_seen *seen, void *arg);

/*
 * The request headers that the gateway uses; empty if absent. The server refuses a request that repeats one of them, except
 * lists.
 */
enum request_header {
	HEADER_ACCEPT,
	HEADER_ACCEPT_ENCODING,
	HEADER_ACCESS_CONTROL_REQUEST_METHOD,
	HEADER_AUTHORIZATION,
	HEADER_CONTENT_ENCODING,
	HEADER_CONTENT_TYPE,
	HEADER_IDEMPOTENCY_KEY,
	HEADER_IF_MATCH,
	HEADER_IF_NONE_MATCH,
	HEADER_ORIGIN,
	HEADER_PREFER,
	HEADER_TRACEPARENT,
	HEADER_USER_AGENT,
	HEADER_X_FORWARDED_FOR,
	HEADER_X_REQUEST_ID,
	HEADER_X_TWILIO_SIGNATURE,
	REQUEST_HEADERS_COUNT,
};
struct str call_header(const struct call *call, enum request_header header);
bool call_has_header(const struct call *call, enum request_header header); /* also true for an empty value */
const char *call_request_id(const struct call *call); /* X-Request-Id: the caller's if it is plain text, otherwise ours */
struct str call_traceparent(struct call *call);       /* for commands of this call: the caller's trace or a new one */
const char *call_peer_address(const struct call *call, char text[64]); /* numeric, of the connection */

/* ---- the answer ---- */

/* Adds a header to the answer; name is a literal, the value is copied. MUST fit: 8 headers, 1 KiB. */
void call_set_header(struct call *call, const char *name, struct str value);
void call_set_etag(struct call *call, int64_t version); /* ETag: "<version>" */

/*
 * Answers; copies the body. content_type NULL: no body. With 304 `body` is the body of the 200: it is not sent, but
 * Content-Length is its size. A body may be sent as gzip (server.h).
 */
void call_answer(struct call *call, int status, const char *content_type, struct str body);
#define CALL_JSON "application/json"

/* One fault of a request. All members borrow. */
struct fault {
	struct str pointer; /* JSON pointer into the body, "/dueOn"; for a query argument or header its name */
	const char *code;   /* one of our stable codes */
	struct str detail;  /* for people; contains no value of the request */
};

/* An RFC 9457 problem document. `code` is one of our stable codes. */
struct problem {
	int status;
	const char *code;
	struct str detail;
	const struct fault *faults;
	size_t faults_count;
	bool is_retryable;
	int retry_after_s;             /* 0: none */
	const struct uuid *command_id; /* of the refused command; NULL: none */
};
void call_refuse_problem(struct call *call, const struct problem *problem);
void call_refuse(struct call *call, int status, const char *code, const char *detail); /* 503: with Retry-After */

/* Writes the document for a call; for handlers that send problems inside of other answers. */
void problem_write(struct buf *buf, const struct problem *problem, const char *request_id, struct str traceparent);

#endif
