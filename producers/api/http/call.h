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
 * from the same thread (the connection is suspended meanwhile): exactly once, after which the call is gone. What is borrowed from
 * a call lives until its answer.
 */
struct call;

const struct route *call_route(const struct call *call);
enum method call_method(const struct call *call);
bool call_is_head(const struct call *call); /* GET whose body is not sent */
struct str call_body(const struct call *call);
const struct principal *call_principal(const struct call *call);
struct api *call_api(const struct call *call);

/* Leaves of the token's roles what the user has now, with his customer and his scope; for the loop, before the handler. */
struct user_rights;
void call_set_rights(struct call *call, const struct user_rights *rights);

/* What `:name` of the pattern took, decoded; the row has it, or it is a bug. */
struct str call_param(const struct call *call, const char *name);
/* The same as an id. False: no UUID, or the one of zeros, and the call was answered with 404: no such thing can exist. */
bool call_param_id(struct call *call, const char *name, struct uuid *ret_id);

/* A query argument, decoded; false when it is absent or repeated. */
bool call_argument(const struct call *call, const char *name, struct str *ret_value);
typedef void call_argument_seen(void *arg, struct str name, struct str value);
void call_each_argument(const struct call *call, call_argument_seen *seen, void *arg); /* in no order; repeated ones repeated */

/* Headers of requests that anything is done with; empty when absent. None of them can come twice: the server refuses that. */
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
	REQUEST_HEADERS_COUNT,
};
struct str call_header(const struct call *call, enum request_header header);
bool call_has_header(const struct call *call, enum request_header header); /* also when it says nothing */
const char *call_request_id(const struct call *call); /* X-Request-Id: the caller's when it is plain, else ours */
struct str call_traceparent(struct call *call);       /* for what the call causes: the caller's trace or a new one */
const char *call_peer_address(const struct call *call, char text[64]); /* numeric, of the connection */

/* ---- the answer ---- */

/* Adds a header to the answer that will be given; name is a literal, the value is copied. MUST fit: 8 headers, 1 KiB. */
void call_set_header(struct call *call, const char *name, struct str value);
void call_set_etag(struct call *call, int64_t version); /* ETag: "<version>" */

/*
 * Answers; copies the body. content_type NULL: no body. Of a 304 the body is what 200 would have had: it does not leave, but its
 * length is told. A body may leave as gzip (server.h).
 */
void call_answer(struct call *call, int status, const char *content_type, struct str body);
#define CALL_JSON "application/json"

/* One thing that is wrong with a request. All borrow. */
struct fault {
	struct str pointer; /* JSON pointer into the body, "/dueOn"; of a query argument or header its name */
	const char *code;   /* ours, stable */
	struct str detail;  /* for people; no value of the input */
};

/* An RFC 9457 problem document. `code` is ours and stable. */
struct problem {
	int status;
	const char *code;
	struct str detail;
	const struct fault *faults;
	size_t faults_count;
	bool is_retryable;
	int retry_after_s;             /* 0: none */
	const struct uuid *command_id; /* of the command that was refused; NULL: none */
};
void call_refuse_problem(struct call *call, const struct problem *problem);
void call_refuse(struct call *call, int status, const char *code, const char *detail); /* 503: with Retry-After */

/* Writes the document for a call, for those who send problems inside other answers. */
void problem_write(struct buf *buf, const struct problem *problem, const char *request_id, struct str traceparent);

#endif
