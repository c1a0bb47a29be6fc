/* Requests: the head, the body, the handler. */

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "crypto/crypto.h"
#include "producers/api/http/server_inside.h"

/* ---- the head ---- */

struct heads {
	struct guard_header headers[GUARD_HEADERS_MAX + 1];
	size_t count;
	bool is_torn; /* a header was not on a line of its own */
};

/*
 * libmicrohttpd terminates strings in the connection's buffer by writing NULs over the colon, CR and LF; a value with a
 * continuation line is kept elsewhere. So the addresses reveal what it does not report: a folded value, a bare LF, a NUL inside.
 */
static bool stood_on_one_line(const char *name, size_t name_size, const char *value, size_t value_size)
{
	const char *at = name + name_size + 1;

	while (*at == ' ' || *at == '\t')
		at++;
	return at == value && value[value_size + 1] == '\0';
}

static enum MHD_Result keep_header(void *heads_arg, enum MHD_ValueKind kind, const char *name, size_t name_size,
				   const char *value, size_t value_size)
{
	struct heads *heads = heads_arg;

	(void)kind;
	if (heads->count > GUARD_HEADERS_MAX)
		return MHD_NO; /* the guard refuses that many */
	if (value == NULL || !stood_on_one_line(name, name_size, value, value_size))
		heads->is_torn = true;
	heads->headers[heads->count++] = (struct guard_header){
		.name = { .data = name, .size = name_size },
		.value = { .data = value == NULL ? "" : value, .size = value == NULL ? 0 : value_size },
	};
	return MHD_YES;
}

/* In the order of enum request_header; lower case. */
static const struct str header_names[REQUEST_HEADERS_COUNT] = {
	[HEADER_ACCEPT] = { "accept", 6 },
	[HEADER_ACCEPT_ENCODING] = { "accept-encoding", 15 },
	[HEADER_ACCESS_CONTROL_REQUEST_METHOD] = { "access-control-request-method", 29 },
	[HEADER_AUTHORIZATION] = { "authorization", 13 },
	[HEADER_CONTENT_ENCODING] = { "content-encoding", 16 },
	[HEADER_CONTENT_TYPE] = { "content-type", 12 },
	[HEADER_IDEMPOTENCY_KEY] = { "idempotency-key", 15 },
	[HEADER_IF_MATCH] = { "if-match", 8 },
	[HEADER_IF_NONE_MATCH] = { "if-none-match", 13 },
	[HEADER_ORIGIN] = { "origin", 6 },
	[HEADER_PREFER] = { "prefer", 6 },
	[HEADER_TRACEPARENT] = { "traceparent", 11 },
	[HEADER_USER_AGENT] = { "user-agent", 10 },
	[HEADER_X_FORWARDED_FOR] = { "x-forwarded-for", 15 },
	[HEADER_X_REQUEST_ID] = { "x-request-id", 12 },
	[HEADER_X_TWILIO_SIGNATURE] = { "x-twilio-signature", 18 },
};

/*
 * A header that may be a list over several lines (RFC 9110 5.3). One line is used: the last X-Forwarded-For, which the proxy
 * before us wrote; of the others the first.
 */
static bool may_repeat(size_t header)
{
	return header == HEADER_ACCEPT || header == HEADER_ACCEPT_ENCODING || header == HEADER_PREFER ||
	       header == HEADER_X_FORWARDED_FOR;
}

/* Keeps the headers that handlers use. False: one that must not be repeated is, so its value is ambiguous. */
static bool take_headers(struct call *call, const struct heads *heads)
{
	memset(call->headers, 0, sizeof(call->headers));
	for (size_t i = 0; i < heads->count; i++) {
		for (size_t known = 0; known < REQUEST_HEADERS_COUNT; known++) {
			if (!str_equal_nocase(heads->headers[i].name, header_names[known]))
				continue;
			if (call->headers[known].data != NULL && !may_repeat(known))
				return false;
			if (call->headers[known].data == NULL || known == HEADER_X_FORWARDED_FOR)
				call->headers[known] = heads->headers[i].value;
			break;
		}
	}
	return true;
}

/* Takes the caller's request id if it is fit for a log line and a header; otherwise makes one. */
void request_name(struct call *call)
{
	struct str id = call->headers[HEADER_X_REQUEST_ID];
	struct uuid own;

	for (size_t i = 0; i < id.size; i++) {
		char byte = id.data[i];
		bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
				byte == '-' || byte == '_' || byte == '.';

		if (!is_plain)
			id.size = 0;
	}
	if (id.size > 0 && str_to_chars(call->request_id, sizeof(call->request_id), id))
		return;
	own = uuid_new();
	uuid_format(call->request_id, &own);
}

static struct guard_refusal ask_guard(struct call *call, const char *method, const char *version)
{
	struct heads heads = { .count = 0 };
	struct guard_refusal refusal;

	if (call->target.status != 0)
		return call->target;
	/* In the connection's buffer method, target and version are adjacent, unless a NUL has cut one short. */
	if ((uintptr_t)method + strlen(method) + 1 != call->target_begin || (uintptr_t)version != call->target_end)
		return (struct guard_refusal){ .status = 400, .text = "the request line is not plain" };
	(void)MHD_get_connection_values_n(call->connection, MHD_HEADER_KIND, keep_header, &heads);
	if (heads.is_torn)
		return (struct guard_refusal){ .status = 400, .text = "a header is not a line of its own, ended by CR LF" };
	refusal = guard_request(str_of(method), str_of(version), call->authority, heads.headers, heads.count);
	if (refusal.status == 0 && !take_headers(call, &heads))
		return (struct guard_refusal){ .status = 400, .text = "a header stands twice" };
	return refusal;
}

static const struct {
	const char *name;
	enum method method;
} methods[] = { { "GET", METHOD_GET },
		{ "POST", METHOD_POST },
		{ "PUT", METHOD_PUT },
		{ "PATCH", METHOD_PATCH },
		{ "DELETE", METHOD_DELETE } };
#define METHODS_COUNT COUNT(methods)

/* 0: not supported. */
static unsigned method_by_name(const char *name)
{
	for (size_t i = 0; i < METHODS_COUNT; i++) {
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	}
	return 0;
}

static void set_allow(struct call *call, unsigned allowed)
{
	char allow[64];
	struct buf buf;

	buf_init(&buf, sizeof(allow));
	for (size_t i = 0; i < METHODS_COUNT; i++) {
		if ((allowed & methods[i].method) != 0)
			buf_add_format(&buf, "%s, %s", methods[i].name, methods[i].method == METHOD_GET ? "HEAD, " : "");
	}
	buf_add_text(&buf, "OPTIONS");
	MUST(str_to_chars(allow, sizeof(allow), buf_str(&buf)));
	buf_release(&buf);
	call_set_header(call, "Allow", str_of(allow));
}

static void refuse_path(struct call *call, const char *method, unsigned allowed)
{
	if (allowed == 0) {
		call_refuse(call, 404, "not_found", "nothing is here");
		return;
	}
	set_allow(call, allowed);
	if (strcmp(method, "OPTIONS") == 0) {
		call->is_preflight = call->headers[HEADER_ACCESS_CONTROL_REQUEST_METHOD].data != NULL;
		call_answer(call, 204, NULL, STR(""));
	} else {
		call_refuse(call, 405, "method_not_allowed", "not this method here");
	}
}

/* The size of the body according to the head; UINT64_MAX for a chunked body. */
static uint64_t body_size(struct call *call)
{
	const char *length = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Content-Length");

	if (length != NULL)
		return strtoull(length, NULL, 10);
	return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Transfer-Encoding") != NULL ? UINT64_MAX : 0;
}

/* application/json or its merge patch, with any parameters: JSON is UTF-8 regardless of them (RFC 8259 8.1). */
static bool is_json(struct str content_type)
{
	struct str rest;
	struct str name = str_trim(str_cut(content_type, ';', &rest), " ");

	return str_equal_nocase(name, STR("application/json")) || str_equal_nocase(name, STR("application/merge-patch+json"));
}

/* RFC 9110 8.4.1: identity is no coding, though some clients name it. */
static bool is_plain_coding(struct str coding)
{
	return coding.data == NULL || str_equal_nocase(coding, STR("identity"));
}

static size_t body_size_max(const struct route *route)
{
	return route->body == BODY_NONE ? 0 : route->body_size_max > 0 ? route->body_size_max : BODY_JSON_MAX;
}

static void ask_admission(struct call *call, uint64_t size)
{
	const struct route *route = call->route;

	if (size != UINT64_MAX && size > body_size_max(route)) {
		call_refuse(call, 413, "too_large", "the body is too large");
		return;
	}
	if (call->server->conf.admit != NULL && !call->server->conf.admit(call->server->conf.api, call, &call->principal)) {
		MUST(call->stage == CALL_REFUSED);
		return;
	}
	if (route->body != BODY_NONE && size > 0 && !is_plain_coding(call->headers[HEADER_CONTENT_ENCODING])) {
		call_set_header(call, "Accept-Encoding", STR("identity"));
		call_refuse(call, 415, "unsupported_media_type", "the body must not be packed: no Content-Encoding");
		return;
	}
	if (route->body == BODY_JSON && size > 0 && !is_json(call->headers[HEADER_CONTENT_TYPE]))
		call_refuse(call, 415, "unsupported_media_type", "the body must be application/json");
}

/* The path without the authority of an absolute target. The authority contains no escapes, as it equals Host (guard.h). */
static const char *path_of(const struct call *call, const char *path)
{
	MUST(strlen(path) >= call->target_skip);
	return path + call->target_skip;
}

/* The first call of the handler: none of the body has been read. */
static enum MHD_Result read_head(struct call *call, const char *path, const char *method, const char *version)
{
	struct guard_refusal refusal = ask_guard(call, method, version);
	unsigned allowed = 0;
	uint64_t size;

	request_name(call);
	if (refusal.status != 0)
		return answer_turn_away(call, refusal.status, "bad_request", refusal.text);
	path = path_of(call, path);
	call->is_head = strcmp(method, "HEAD") == 0;
	call->route = paths_find(call->server->paths, str_of(path), call->is_head ? METHOD_GET : method_by_name(method),
				 &call->params, &allowed);
	size = body_size(call);
	/* libmicrohttpd detects the end of a chunked body more leniently than others do: nothing behind it may count as a
	 * request. */
	call->must_close = size == UINT64_MAX;
	if (call->route == NULL)
		refuse_path(call, method, allowed);
	else
		ask_admission(call, size);
	if (call->stage == CALL_REFUSED) {
		if (size <= THROWN_AWAY_MAX || size == UINT64_MAX)
			return MHD_YES;
		(void)MHD_add_response_header(call->response, "Connection", "close");
		return answer_send(call);
	}
	call->body.size_max = body_size_max(call->route);
	if (call->route->is_secret)
		(void)buf_reserve(&call->body, call->body.size_max); /* it never grows, so no copy is left behind */
	call->stage = CALL_BODY;
	return MHD_YES;
}

/* ---- the body, the handler ---- */

/* Wipes a password from the connection's buffer, which belongs to libmicrohttpd and may be read into again. */
static void forget_piece(const struct call *call, const char *data, size_t size)
{
	if (call->route != NULL && call->route->is_secret)
		wipe((void *)(uintptr_t)data, size);
}

/*
 * A chunked body of unknown size: the sender gets the 413 now. Up to READ_ON_MAX more is read, because closing a socket with
 * unread input would discard the answer.
 */
static void count_thrown_away(struct call *call, size_t size)
{
	call->thrown_away += size;
	if (call->thrown_away > THROWN_AWAY_MAX)
		answer_past_daemon(call, 413, "too_large", "the body is too large");
}

static enum MHD_Result read_body(struct call *call, const char *data, size_t *size)
{
	if (call->body.size + *size > call->body.size_max)
		call->body_is_too_large = true;
	if (!call->body_is_too_large)
		buf_add(&call->body, data, *size);
	else
		count_thrown_away(call, *size);
	forget_piece(call, data, *size);
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result throw_away(struct call *call, const char *data, size_t *size)
{
	forget_piece(call, data, *size);
	count_thrown_away(call, *size);
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result run_handler(struct call *call)
{
	if (call->body_is_too_large) {
		call_refuse(call, 413, "too_large", "the body is too large");
		return answer_send(call);
	}
	call->stage = CALL_WAITING;
	call->deadline_ms = 0;
	call->server->open_calls++;
	call->server->conf.handle(call->server->conf.api, call);
	if (call->stage == CALL_WAITING) {
		call->is_suspended = true;
		MHD_suspend_connection(call->connection);
		return MHD_YES;
	}
	return answer_send(call);
}

enum MHD_Result request_handle(void *server_arg, struct MHD_Connection *connection, const char *path, const char *method,
			       const char *version, const char *data, size_t *data_size, void **call_slot)
{
	struct call *call = *call_slot;

	(void)server_arg;
	(void)connection;
	if (call == NULL)
		return MHD_NO;
	switch (call->stage) {
	case CALL_HEAD:
		return read_head(call, path, method, version);
	case CALL_BODY:
		return *data_size > 0 ? read_body(call, data, data_size) : run_handler(call);
	case CALL_REFUSED:
		return *data_size > 0 ? throw_away(call, data, data_size) : answer_send(call);
	case CALL_ANSWERED: /* resumed */
		if (call->response != NULL)
			return answer_send(call);
		if (*data_size == 0)
			return MHD_NO;           /* the end of a request that was answered past the daemon */
		call->thrown_away += *data_size; /* refused already: the rest is discarded */
		*data_size = 0;
		return call->thrown_away > READ_ON_MAX ? MHD_NO : MHD_YES;
	case CALL_FREE:
	case CALL_IDLE:
	case CALL_WAITING:
		break;
	}
	MUST_NOT_REACH("a stage in which no handler is called");
}

/* ---- begin and end ---- */

void request_forget(struct call *call)
{
	if (call->response != NULL)
		MHD_destroy_response(call->response);
	call->response = NULL;
	if (call->route != NULL && call->route->is_secret)
		wipe(call->body.data, call->body.capacity);
	call->server->large_bytes -= call->large_size;
	call->large_size = 0;
	if (call->body.capacity > BODY_KEPT_MAX)
		buf_release(&call->body);
	else
		buf_reset(&call->body);
	call->stage = CALL_IDLE;
	call->route = NULL;
}

static struct call *call_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

/*
 * The arguments of a refused target are not used, but libmicrohttpd would parse them next: some hundred of them fill its memory
 * of the connection, and then it neither answers nor closes. The target is in its own buffer, so that cutting the query here
 * hides it from libmicrohttpd, too.
 */
static void cut_query(const char *target)
{
	char *query = strchr(target, '?');

	if (query != NULL)
		query[1] = '\0'; /* at most its terminator */
}

/* Called with the raw target, before anything is decoded; the returned pointer is the handler's *call_slot. */
void *request_target(void *server_arg, const char *target, struct MHD_Connection *connection)
{
	struct call *call = call_of(connection);
	const struct server *server = server_arg;
	struct str uri;

	if (call == NULL)
		return NULL;
	call->stage = CALL_HEAD;
	call->route = NULL;
	call->body_is_too_large = call->must_close = call->is_head = call->is_preflight = false;
	call->thrown_away = 0;
	call->params.count = 0;
	call->answer_headers_count = call->answer_headers_used = 0;
	call->traceparent[0] = '\0';
	call->principal.is_known = false;
	call->begun_us = clock_monotonic_us();
	call->deadline_ms = call->begun_us / 1000 + server->conf.request_timeout_s * INT64_C(1000);
	uri = str_of(target);
	call->authority = guard_cut_authority(&uri);
	call->target_skip = (size_t)(uri.data - target);
	call->target = guard_uri(uri);
	call->target_begin = (uintptr_t)target;
	call->target_end = call->target_begin + strlen(target) + 1;
	if (call->target.status != 0)
		cut_query(target);
	return call;
}

void request_completed(void *server_arg, struct MHD_Connection *connection, void **call_slot,
		       enum MHD_RequestTerminationCode code)
{
	struct call *call = *call_slot;

	(void)server_arg;
	(void)connection;
	(void)code;
	if (call == NULL)
		return;
	MUST(call->stage != CALL_WAITING); /* libmicrohttpd does not touch a suspended connection until it is answered */
	request_forget(call);
	/* Covers the next request's line, too, which is read before any callback. */
	call->deadline_ms =
		clock_monotonic_ms() + (call->server->conf.idle_timeout_s + call->server->conf.request_timeout_s) * INT64_C(1000);
}
