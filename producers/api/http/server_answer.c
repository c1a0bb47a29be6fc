/* Answers: the headers that all of them have, problem documents, one line in the log. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/day.h"
#include "base/log.h"
#include "producers/api/http/accept.h"
#include "producers/api/http/cors.h"
#include "producers/api/http/server_inside.h"
#include "wire/json.h"

#define PROBLEM_SIZE_MAX 65536
#define RETRY_AFTER_S    2
#define POLICY           "default-src 'none'; frame-ancestors 'none'"

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	(void)MHD_add_response_header(response, name, value); /* fails only without memory: the answer is sent without it */
}

static bool has_header(const struct call *call, const char *name)
{
	for (size_t i = 0; i < call->answer_headers_count; i++) {
		if (strcmp(call->answer_headers[i].name, name) == 0)
			return true;
	}
	return false;
}

/* A browser may do nothing with the answer, unless the answer allows more itself. */
static void add_policies(struct MHD_Response *response, const struct call *call)
{
	if (!has_header(call, "Cache-Control"))
		add_header(response, "Cache-Control", "no-store");
	if (!has_header(call, "Content-Security-Policy"))
		add_header(response, "Content-Security-Policy", POLICY);
	add_header(response, "X-Content-Type-Options", "nosniff");
	add_header(response, "Referrer-Policy", "no-referrer");
	if (call->server->conf.is_behind_tls)
		add_header(response, "Strict-Transport-Security", "max-age=31536000");
}

/*
 * The headers that let a page of another origin read the answer; for a preflight, those that it may send. With Vary, as a cache
 * must keep the answers to different origins apart.
 */
static void add_cors(struct MHD_Response *response, const struct call *call)
{
	const char *origins = call->server->conf.cors_origins;
	struct str origin = call->headers[HEADER_ORIGIN];
	char text[256];

	if (origins == NULL || origins[0] == '\0')
		return;
	add_header(response, "Vary", "Origin");
	if (!cors_is_allowed(origins, origin) || !str_to_chars(text, sizeof(text), origin))
		return;
	add_header(response, "Access-Control-Allow-Origin", text);
	if (!call->is_preflight) {
		add_header(response, "Access-Control-Expose-Headers", cors_answer_headers);
		return;
	}
	add_header(response, "Access-Control-Allow-Methods", MHD_get_response_header(response, "Allow"));
	add_header(response, "Access-Control-Allow-Headers", cors_request_headers);
	add_header(response, "Access-Control-Max-Age", "600");
}

/* Whether the answer may be sent as gzip if the caller accepts it: such an answer varies by Accept-Encoding. */
static bool may_be_packed(const struct call *call, const char *content_type, struct str body)
{
	bool is_secret = call->route == NULL || call->route->is_secret;

	return content_type != NULL && body.size >= GZIP_SIZE_MIN && body.size <= GZIP_SIZE_MAX && !is_secret &&
	       !has_header(call, "Content-Digest");
}

static bool wants_packed(const struct call *call)
{
	struct str accepted = call->headers[HEADER_ACCEPT_ENCODING];
	int weight = accept_coding_weight(accepted, "gzip");

	return weight > 0 && weight >= accept_coding_weight(accepted, "identity");
}

static struct MHD_Response *make_response(const struct call *call, const char *content_type, struct str body)
{
	bool may_pack = may_be_packed(call, content_type, body);
	bool is_packed = may_pack && wants_packed(call) && gzip_pack(call->server->gzip, body, &body);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(body.size, (void *)(uintptr_t)body.data, MHD_RESPMEM_MUST_COPY);

	MUST(response != NULL);
	if (may_pack)
		add_header(response, "Vary", "Accept-Encoding");
	if (is_packed)
		add_header(response, "Content-Encoding", "gzip");
	if (content_type != NULL && call->status != 304)
		add_header(response, "Content-Type", content_type);
	for (size_t i = 0; i < call->answer_headers_count; i++) {
		const char *name = call->answer_headers[i].name;

		add_header(response, name, call->answer_headers_bytes + call->answer_headers[i].value_at);
	}
	add_policies(response, call);
	add_cors(response, call);
	add_header(response, "X-Request-Id", call->request_id);
	if (call->must_close)
		add_header(response, "Connection", "close");
	return response;
}

static void tell_answer(const struct call *call)
{
	int64_t spent_us = clock_monotonic_us() - call->begun_us;

	if (call->server->conf.answered != NULL)
		call->server->conf.answered(call->server->conf.api, call->route, call->status, spent_us);
	log_line(call->status >= 400 ? LOG_INFO : LOG_DEBUG, "request=%s route=%s status=%d us=%" PRId64, call->request_id,
		 call->route == NULL ? "-" : call->route->operation, call->status, spent_us);
}

enum MHD_Result answer_send(struct call *call)
{
	enum MHD_Result result = MHD_queue_response(call->connection, (unsigned)call->status, call->response);

	MHD_destroy_response(call->response); /* reference-counted: the connection holds its own reference */
	call->response = NULL;
	tell_answer(call);
	call->stage = CALL_ANSWERED;
	call->deadline_ms = clock_monotonic_ms() + call->server->conf.request_timeout_s * INT64_C(1000);
	return result;
}

enum MHD_Result answer_turn_away(struct call *call, int status, const char *code, const char *detail)
{
	call->must_close = true;
	call_refuse(call, status, code, detail);
	return answer_send(call);
}

void answer_past_daemon(struct call *call, int status, const char *code, const char *detail)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const struct problem problem = { .status = status, .code = code, .detail = str_of(detail) };
	struct buf body, text;

	buf_init(&body, PROBLEM_SIZE_MAX);
	buf_init(&text, PROBLEM_SIZE_MAX);
	problem_write(&body, &problem, call->request_id, call_traceparent(call));
	buf_add_format(
		&text,
		"HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n"
		"Content-Security-Policy: " POLICY "\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
		"X-Request-Id: %s\r\nContent-Length: %zu\r\n\r\n",
		status, MHD_get_reason_phrase_for((unsigned)status), call->request_id, body.size);
	buf_add_str(&text, buf_str(&body));
	if (info != NULL) {
		(void)send(info->connect_fd, text.data, text.size, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)shutdown(info->connect_fd, SHUT_WR);
	}
	buf_release(&body);
	buf_release(&text);
	if (call->response != NULL)
		MHD_destroy_response(call->response); /* an earlier answer, which can no longer be sent */
	call->response = NULL;
	call->status = status;
	tell_answer(call);
	call->stage = CALL_ANSWERED;
}

/* ---- from handlers ---- */

void call_set_header(struct call *call, const char *name, struct str value)
{
	size_t left = sizeof(call->answer_headers_bytes) - call->answer_headers_used;
	char *place = call->answer_headers_bytes + call->answer_headers_used;

	MUST(call->answer_headers_count < ANSWER_HEADERS_MAX);
	MUST(str_to_chars(place, left, value));
	call->answer_headers[call->answer_headers_count].name = name;
	call->answer_headers[call->answer_headers_count].value_at = call->answer_headers_used;
	call->answer_headers_count++;
	call->answer_headers_used += value.size + 1;
}

void call_set_etag(struct call *call, int64_t version)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "\"%" PRId64 "\"", version);
	call_set_header(call, "ETag", str_of(text));
}

/* Reserves memory for a large answer until it has been read. False: the limit is reached. */
static bool count_large(struct call *call, size_t size)
{
	struct server *server = call->server;

	if (size <= ANSWER_LARGE)
		return true;
	if (size > server->conf.large_bytes_max || server->large_bytes > server->conf.large_bytes_max - size)
		return false;
	call->large_size = size;
	server->large_bytes += size;
	return true;
}

void call_answer(struct call *call, int status, const char *content_type, struct str body)
{
	MUST(call->stage == CALL_WAITING || call->stage == CALL_HEAD || call->stage == CALL_BODY);
	MUST(call->response == NULL);
	if (!count_large(call, body.size)) {
		call->answer_headers_count = call->answer_headers_used = 0; /* they belong to the answer that is not sent */
		call_refuse(call, 503, "busy", "too many large answers are being read: try again");
		return;
	}
	call->status = status;
	call->response = make_response(call, content_type, body);
	if (call->stage != CALL_WAITING) {
		call->stage = CALL_REFUSED;
		return;
	}
	call->stage = CALL_ANSWERED;
	call->server->open_calls--;
	call->server->has_answered = true;
	if (call->is_suspended) {
		call->is_suspended = false;
		MHD_resume_connection(call->connection);
	}
}

static void write_faults(struct buf *buf, const struct problem *problem)
{
	buf_add_text(buf, ",\"errors\":[");
	for (size_t i = 0; i < problem->faults_count; i++) {
		buf_add_text(buf, i > 0 ? ",{\"pointer\":" : "{\"pointer\":");
		json_write_string(buf, problem->faults[i].pointer);
		buf_add_text(buf, ",\"code\":");
		json_write_string(buf, str_of(problem->faults[i].code));
		buf_add_text(buf, ",\"detail\":");
		json_write_string(buf, problem->faults[i].detail);
		buf_add_u8(buf, '}');
	}
	buf_add_u8(buf, ']');
}

void problem_write(struct buf *buf, const struct problem *problem, const char *request_id, struct str traceparent)
{
	const char *title = MHD_get_reason_phrase_for((unsigned)problem->status);

	buf_add_format(buf, "{\"type\":\"urn:dcs:problem:%s\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\",\"detail\":",
		       problem->code, title, problem->status, problem->code);
	json_write_string(buf, problem->detail);
	buf_add_format(buf, ",\"instance\":\"urn:dcs:request:%s\"", request_id);
	if (traceparent.size >= 35)
		buf_add_format(buf, ",\"traceId\":\"%.32s\"", traceparent.data + 3);
	if (problem->command_id != NULL) {
		char id[UUID_TEXT_SIZE + 1];

		uuid_format(id, problem->command_id);
		buf_add_format(buf, ",\"commandId\":\"%s\"", id);
	}
	if (problem->is_retryable)
		buf_add_text(buf, ",\"retryable\":true");
	if (problem->retry_after_s > 0)
		buf_add_format(buf, ",\"retryAfter\":%d", problem->retry_after_s);
	if (problem->faults_count > 0)
		write_faults(buf, problem);
	buf_add_text(buf, "}\n");
}

void call_refuse_problem(struct call *call, const struct problem *problem)
{
	char seconds[16];
	struct buf buf;

	if (problem->retry_after_s > 0) {
		(void)snprintf(seconds, sizeof(seconds), "%d", problem->retry_after_s);
		call_set_header(call, "Retry-After", str_of(seconds));
	}
	buf_init(&buf, PROBLEM_SIZE_MAX);
	problem_write(&buf, problem, call->request_id, call_traceparent(call));
	call_answer(call, problem->status, "application/problem+json", buf_str(&buf));
	buf_release(&buf);
}

void call_refuse(struct call *call, int status, const char *code, const char *detail)
{
	const struct problem problem = { .status = status,
					 .code = code,
					 .detail = str_of(detail),
					 .is_retryable = status == 503,
					 .retry_after_s = status == 503 ? RETRY_AFTER_S : 0 };

	call_refuse_problem(call, &problem);
}
