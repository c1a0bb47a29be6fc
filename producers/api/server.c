#include "producers/api/server.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/buf.h"
#include "base/day.h"
#include "base/log.h"
#include "base/uuid.h"
#include "producers/api/guard.h"
#include "wire/json.h"

/*
 * libmicrohttpd polled from outside (epoll), no threads of its own. A call belongs to a connection, not to a request: it is taken
 * when the connection is accepted, so none is lost on requests that end before their handler is ever called.
 *
 *   IDLE -> (target seen) -> HEAD -> (guard, route) -> BODY -> (handler) -> WAITING -> (call_answer) -> ANSWERED -> IDLE
 */
#define CONNECTION_MEMORY (32 * 1024) /* head of a request */
#define ANSWER_SIZE_MAX   65536
#define BACKLOG           128

enum call_stage { CALL_FREE, CALL_IDLE, CALL_HEAD, CALL_BODY, CALL_WAITING, CALL_ANSWERED };

struct call {
	struct server *server;
	enum call_stage stage;
	bool is_suspended;
	struct MHD_Connection *connection;
	const struct route *route; /* NULL: none */
	enum method method;
	struct guard_refusal target; /* what the guard said of the raw target */
	uintptr_t target_end;        /* the address behind its terminator */
	struct buf body;
	bool body_is_too_large;
	int64_t begun_ms;
	int status;
	char request_id[UUID_TEXT_SIZE + 1];
	struct MHD_Response *response; /* ANSWERED, not yet queued */
};

struct server {
	struct MHD_Daemon *daemon;
	struct server_conf conf;
	int epoll_fd;
	int listener; /* -1 until server_quiesce */
	size_t open_calls;
	struct call calls[];
};

/* ---- answers ---- */

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	(void)MHD_add_response_header(response, name, value); /* fails without memory only: the answer goes without it */
}

static struct MHD_Response *make_response(const struct call *call, const char *content_type, struct str body)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(body.size, (void *)(uintptr_t)body.data, MHD_RESPMEM_MUST_COPY);

	MUST(response != NULL);
	if (content_type != NULL)
		add_header(response, "Content-Type", content_type);
	add_header(response, "X-Content-Type-Options", "nosniff");
	add_header(response, "Cache-Control", "no-store");
	add_header(response, "X-Request-Id", call->request_id);
	return response;
}

static void log_answer(const struct call *call, int status)
{
	log_line(status >= 400 ? LOG_INFO : LOG_DEBUG, "request=%s route=%s status=%d ms=%lld", call->request_id,
		 call->route == NULL ? "-" : call->route->path, status, (long long)(clock_monotonic_ms() - call->begun_ms));
}

/* In libmicrohttpd's callback only. */
static enum MHD_Result send_answer(struct call *call, int status, struct MHD_Response *response)
{
	enum MHD_Result result = MHD_queue_response(call->connection, (unsigned)status, response);

	MHD_destroy_response(response); /* counted: the connection has its own reference */
	call->response = NULL;
	log_answer(call, status);
	call->stage = CALL_ANSWERED;
	return result;
}

static void write_problem(struct buf *buf, int status, const char *code, const char *detail)
{
	buf_add_format(buf, "{\"type\":\"about:blank\",\"status\":%d,\"code\":", status);
	json_write_string(buf, str_of(code));
	buf_add_text(buf, ",\"detail\":");
	json_write_string(buf, str_of(detail));
	buf_add_text(buf, "}\n");
}

/* Refuses before a handler has seen it, and closes the connection: what follows on it cannot be trusted, or was not read. */
static enum MHD_Result turn_away(struct call *call, int status, const char *code, const char *detail, const char *allow)
{
	struct MHD_Response *response;
	struct buf buf;

	buf_init(&buf, ANSWER_SIZE_MAX);
	write_problem(&buf, status, code, detail);
	response = make_response(call, "application/problem+json", buf_str(&buf));
	buf_release(&buf);
	add_header(response, "Connection", "close");
	if (allow != NULL)
		add_header(response, "Allow", allow);
	return send_answer(call, status, response);
}

void call_answer(struct call *call, int status, const char *content_type, struct str body)
{
	MUST(call->stage == CALL_WAITING);
	call->status = status;
	call->response = make_response(call, content_type, body);
	call->stage = CALL_ANSWERED;
	call->server->open_calls--;
	if (call->is_suspended) {
		call->is_suspended = false;
		MHD_resume_connection(call->connection);
	}
}

void call_refuse(struct call *call, int status, const char *code, const char *detail)
{
	struct buf buf;

	buf_init(&buf, ANSWER_SIZE_MAX);
	write_problem(&buf, status, code, detail);
	call_answer(call, status, "application/problem+json", buf_str(&buf));
	buf_release(&buf);
}

/* ---- the head of a request ---- */

struct heads {
	struct guard_header headers[GUARD_HEADERS_MAX + 1];
	size_t count;
};

static enum MHD_Result keep_header(void *heads_arg, enum MHD_ValueKind kind, const char *name, size_t name_size,
				   const char *value, size_t value_size)
{
	struct heads *heads = heads_arg;

	(void)kind;
	if (heads->count > GUARD_HEADERS_MAX)
		return MHD_NO; /* the guard refuses so many */
	heads->headers[heads->count++] = (struct guard_header){
		.name = { .data = name, .size = name_size },
		.value = { .data = value == NULL ? "" : value, .size = value == NULL ? 0 : value_size },
	};
	return MHD_YES;
}

static struct guard_refusal ask_guard(const struct call *call, const char *method, const char *version)
{
	struct heads heads = { .count = 0 };

	if (call->target.status != 0)
		return call->target;
	/* The version stands right behind the target in the connection's buffer, unless a NUL has cut the target short. */
	if ((uintptr_t)version != call->target_end)
		return (struct guard_refusal){ .status = 400, .text = "the request line is not plain" };
	(void)MHD_get_connection_values_n(call->connection, MHD_HEADER_KIND, keep_header, &heads);
	return guard_request(str_of(method), str_of(version), heads.headers, heads.count);
}

static const struct {
	const char *name;
	enum method method;
} methods[] = { { "GET", METHOD_GET },
		{ "POST", METHOD_POST },
		{ "PUT", METHOD_PUT },
		{ "PATCH", METHOD_PATCH },
		{ "DELETE", METHOD_DELETE } };
#define METHODS_COUNT (sizeof(methods) / sizeof(methods[0]))

static bool method_is_allowed(const struct route *route, const char *name, enum method *ret_method)
{
	for (size_t i = 0; i < METHODS_COUNT; i++) {
		if (strcmp(methods[i].name, name) == 0 && (route->methods & methods[i].method) != 0) {
			*ret_method = methods[i].method;
			return true;
		}
	}
	return false;
}

static enum MHD_Result refuse_method(struct call *call)
{
	char allow[64];
	struct buf buf;

	buf_init(&buf, sizeof(allow));
	for (size_t i = 0; i < METHODS_COUNT; i++) {
		if ((call->route->methods & methods[i].method) != 0)
			buf_add_format(&buf, "%s%s", buf.size > 0 ? ", " : "", methods[i].name);
	}
	MUST(str_to_chars(allow, sizeof(allow), buf_str(&buf)));
	buf_release(&buf);
	return turn_away(call, 405, "method_not_allowed", "not this method here", allow);
}

static const struct route *find_route(const struct server *server, const char *path)
{
	for (const struct route *route = server->conf.routes; route->path != NULL; route++) {
		if (strcmp(route->path, path) == 0)
			return route;
	}
	return NULL;
}

/* The first call of the handler: nothing of the body has been read. */
static enum MHD_Result read_head(struct call *call, const char *path, const char *method, const char *version)
{
	struct guard_refusal refusal = ask_guard(call, method, version);

	if (refusal.status != 0)
		return turn_away(call, refusal.status, "bad_request", refusal.text, NULL);
	call->route = find_route(call->server, path);
	if (call->route == NULL)
		return turn_away(call, 404, "not_found", "nothing is here", NULL);
	if (!method_is_allowed(call->route, method, &call->method))
		return refuse_method(call);
	buf_init(&call->body, call->route->body_size_max);
	call->stage = CALL_BODY;
	return MHD_YES;
}

/* ---- the body, the handler ---- */

static enum MHD_Result read_body(struct call *call, const char *data, size_t *size)
{
	if (call->body.size + *size > call->route->body_size_max)
		call->body_is_too_large = true; /* read to its end all the same: only then may we answer (H4) */
	else
		buf_add(&call->body, data, *size);
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result run_handler(struct call *call)
{
	if (call->body_is_too_large)
		return turn_away(call, 413, "too_large", "the body is too large", NULL);
	call->stage = CALL_WAITING;
	call->server->open_calls++;
	call->route->handle(call->server->conf.self, call);
	if (call->stage == CALL_WAITING) {
		call->is_suspended = true;
		MHD_suspend_connection(call->connection);
		return MHD_YES;
	}
	return send_answer(call, call->status, call->response);
}

static enum MHD_Result on_request(void *server_arg, struct MHD_Connection *connection, const char *path, const char *method,
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
	case CALL_ANSWERED: /* resumed */
		if (call->response == NULL) {
			*data_size = 0; /* turned away already; what still comes is thrown away */
			return MHD_YES;
		}
		return send_answer(call, call->status, call->response);
	case CALL_FREE:
	case CALL_IDLE:
	case CALL_WAITING:
		break;
	}
	MUST_NOT_REACH("a stage in which no handler is called");
}

/* ---- connections ---- */

/* Back to a connection without a request; an answer that nobody was there for is dropped. */
static void forget_request(struct call *call)
{
	if (call->response != NULL)
		MHD_destroy_response(call->response);
	call->response = NULL;
	buf_release(&call->body);
	call->stage = CALL_IDLE;
}

static struct call *call_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info == NULL ? NULL : info->socket_context;
}

static void on_connection(void *server_arg, struct MHD_Connection *connection, void **call_slot,
			  enum MHD_ConnectionNotificationCode code)
{
	struct server *server = server_arg;
	struct call *call = *call_slot;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (call != NULL) {
			forget_request(call);
			call->stage = CALL_FREE;
		}
		*call_slot = NULL;
		return;
	}
	for (unsigned i = 0; i < server->conf.connections_max && *call_slot == NULL; i++) {
		if (server->calls[i].stage == CALL_FREE) {
			server->calls[i] = (struct call){ .server = server, .stage = CALL_IDLE, .connection = connection };
			*call_slot = &server->calls[i];
		}
	}
}

/* Called with the raw target, before anything is decoded; what it returns is the handler's *call_slot. */
static void *on_target(void *server_arg, const char *target, struct MHD_Connection *connection)
{
	struct call *call = call_of(connection);
	struct uuid id = uuid_new();

	(void)server_arg;
	if (call == NULL)
		return NULL;
	call->stage = CALL_HEAD;
	call->route = NULL;
	call->body_is_too_large = false;
	call->begun_ms = clock_monotonic_ms();
	call->target = guard_uri(str_of(target));
	call->target_end = (uintptr_t)target + strlen(target) + 1;
	uuid_format(call->request_id, &id);
	return call;
}

static void on_completed(void *server_arg, struct MHD_Connection *connection, void **call_slot,
			 enum MHD_RequestTerminationCode code)
{
	struct call *call = *call_slot;

	(void)server_arg;
	(void)connection;
	(void)code;
	if (call == NULL)
		return;
	MUST(call->stage != CALL_WAITING); /* suspended: libmicrohttpd leaves it alone until it is answered */
	forget_request(call);
}

/* ---- life ---- */

static int find_address(const char *listen, struct addrinfo **ret_address, struct err *err)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(listen, ':');
	char host[64];
	struct str text;

	if (colon == NULL)
		return err_set(err, ERR_FATAL, "api.listen must be address:port");
	text = (struct str){ .data = listen, .size = (size_t)(colon - listen) };
	if (text.size >= 2 && text.data[0] == '[' && text.data[text.size - 1] == ']')
		text = (struct str){ .data = text.data + 1, .size = text.size - 2 };
	if (!str_to_chars(host, sizeof(host), text) || getaddrinfo(host, colon + 1, &hints, ret_address) != 0)
		return err_set(err, ERR_FATAL, "api.listen must be address:port, with a numeric address");
	return 0;
}

static struct MHD_Daemon *start_daemon(struct server *server, const struct addrinfo *address)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0);

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, address->ai_addr,
				MHD_OPTION_CONNECTION_LIMIT, server->conf.connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
				server->conf.idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
				MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
				server, MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_END);
}

int server_open(const struct server_conf *conf, struct server **ret_server, struct err *err)
{
	struct server *server = calloc(1, sizeof(*server) + conf->connections_max * sizeof(server->calls[0]));
	struct addrinfo *address = NULL;
	int result = -1;

	if (server == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	server->conf = *conf;
	server->listener = -1;
	if (find_address(conf->listen, &address, err) != 0)
		goto out;
	server->daemon = start_daemon(server, address);
	if (server->daemon == NULL) {
		(void)err_set(err, ERR_FATAL, "cannot listen on api.listen: %s", strerror(errno));
		goto out;
	}
	server->epoll_fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	*ret_server = server;
	result = 0;
out:
	if (address != NULL)
		freeaddrinfo(address);
	if (result != 0)
		free(server);
	return result;
}

void server_quiesce(struct server *server)
{
	if (server != NULL && server->listener < 0)
		server->listener = MHD_quiesce_daemon(server->daemon); /* ours to close, but not before the daemon has stopped */
}

void server_close(struct server *server)
{
	if (server == NULL)
		return;
	MUST(server->open_calls == 0); /* a suspended connection at the stop is undefined (traps.md H2) */
	MHD_stop_daemon(server->daemon);
	if (server->listener >= 0)
		(void)close(server->listener);
	free(server);
}

int server_run(struct server *server, int timeout_ms, struct err *err)
{
	struct pollfd poll_fd = { .fd = server->epoll_fd, .events = POLLIN };
	MHD_UNSIGNED_LONG_LONG own_ms = 0;

	if (MHD_run(server->daemon) != MHD_YES)
		return err_set(err, ERR_FATAL, "the HTTP server failed");
	if (timeout_ms == 0)
		return 0;
	if (MHD_get_timeout(server->daemon, &own_ms) == MHD_YES && own_ms < (MHD_UNSIGNED_LONG_LONG)timeout_ms)
		timeout_ms = (int)own_ms;
	if (poll(&poll_fd, 1, timeout_ms) < 0 && errno != EINTR)
		return err_set(err, ERR_FATAL, "poll: %s", strerror(errno));
	return MHD_run(server->daemon) == MHD_YES ? 0 : err_set(err, ERR_FATAL, "the HTTP server failed");
}

int server_port(const struct server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

size_t server_open_calls(const struct server *server)
{
	return server->open_calls;
}

/* ---- a call, in its handler ---- */

enum method call_method(const struct call *call)
{
	return call->method;
}

struct str call_body(const struct call *call)
{
	return buf_str(&call->body);
}

struct wanted {
	const char *name;
	struct str value;
	size_t found;
};

static enum MHD_Result match_argument(void *wanted_arg, enum MHD_ValueKind kind, const char *name, size_t name_size,
				      const char *value, size_t value_size)
{
	struct wanted *wanted = wanted_arg;

	(void)kind;
	if (str_is((struct str){ .data = name, .size = name_size }, wanted->name)) {
		wanted->found++;
		wanted->value = (struct str){ .data = value == NULL ? "" : value, .size = value == NULL ? 0 : value_size };
	}
	return MHD_YES;
}

bool call_argument(const struct call *call, const char *name, struct str *ret_value)
{
	struct wanted wanted = { .name = name };

	(void)MHD_get_connection_values_n(call->connection, MHD_GET_ARGUMENT_KIND, match_argument, &wanted);
	if (wanted.found != 1)
		return false;
	*ret_value = wanted.value;
	return true;
}
