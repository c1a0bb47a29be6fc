#include "producers/api/http/server.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/day.h"
#include "producers/api/http/server_inside.h"

/* The daemon: libmicrohttpd polled externally (epoll), without threads of its own; its connections, and their time limits. */

#define CONNECTION_MEMORY (16 * 1024) /* the head of a request; libmicrohttpd clears all of it after each request */
#define BACKLOG           4096
#define SWEEP_MS          1000
#define REQUEST_TIMEOUT_S 60
#define PATIENCE_MS       2000               /* for slow callers, when connections are scarce */
#define BODIES_SIZE_MAX   ((size_t)64 << 20) /* of incomplete bodies; above it the time limit is short, too */

/* ---- connections ---- */

static struct call *take_call(struct server *server)
{
	struct call *call = server->free_calls;

	if (call != NULL)
		server->free_calls = call->next_free;
	else if (server->calls_used < server->conf.connections_max)
		call = &server->calls[server->calls_used++];
	return call;
}

static void free_call(struct server *server, struct call *call)
{
	request_forget(call);
	buf_release(&call->body);
	call->stage = CALL_FREE;
	call->connection = NULL;
	call->next_free = server->free_calls;
	server->free_calls = call;
	server->connections--;
}

static void on_connection(void *server_arg, struct MHD_Connection *connection, void **call_slot,
			  enum MHD_ConnectionNotificationCode code)
{
	struct server *server = server_arg;
	struct call *call = *call_slot;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (call != NULL)
			free_call(server, call);
		*call_slot = NULL;
		return;
	}
	call = take_call(server);
	*call_slot = call;
	if (call == NULL)
		return;
	server->connections++;
	call->server = server;
	call->connection = connection;
	call->stage = CALL_IDLE;
	call->is_suspended = false;
	call->response = NULL;
	call->route = NULL;
	buf_init(&call->body, 0);
	call->deadline_ms = clock_monotonic_ms() + server->conf.request_timeout_s * INT64_C(1000);
}

/* Whether the part of the head received so far has an invalid Content-Length. */
static bool has_bad_length(const struct call *call)
{
	const char *length = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Content-Length");

	return length != NULL && !guard_length_is_good(str_of(length));
}

/*
 * libmicrohttpd logs that it is about to refuse a request by itself, but not the connection: find the call with the bad length.
 */
static void on_log(void *server_arg, const char *format, va_list arguments)
{
	struct server *server = server_arg;

	(void)arguments;
	if (strstr(format, "Content-Length") == NULL)
		return;
	for (size_t i = 0; i < server->calls_used; i++) {
		struct call *call = &server->calls[i];

		if (call->stage != CALL_HEAD || !has_bad_length(call))
			continue;
		memset(call->headers, 0, sizeof(call->headers)); /* from the previous request: none of this one was taken yet */
		request_name(call);
		answer_past_daemon(call, 400, "bad_request", "Content-Length is not a number");
	}
}

static void hang_up(const struct call *call)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	/* libmicrohttpd sees the end of the connection at its next turn. */
	if (info != NULL)
		(void)shutdown(info->connect_fd, SHUT_RDWR);
}

/* The resources that are nearly exhausted. */
struct crowd {
	bool of_connections, of_bodies, of_answers;
	size_t idle_may_go; /* the number of idle connections that may be closed in this turn */
};

static struct crowd find_crowd(const struct server *server)
{
	size_t max = server->conf.connections_max;
	size_t bodies_size = 0;

	for (size_t i = 0; i < server->calls_used; i++) {
		if (server->calls[i].stage == CALL_BODY)
			bodies_size += server->calls[i].body.capacity;
	}
	return (struct crowd){ .of_connections = server->connections >= max - max / 16,
			       .of_bodies = bodies_size > BODIES_SIZE_MAX,
			       .of_answers = server->large_bytes > server->conf.large_bytes_max / 4 * 3,
			       .idle_may_go = max / 4 + 1 };
}

/*
 * libmicrohttpd closes idle connections; this closes slow ones, which send or read a byte now and then, at their deadline. When
 * nearly all connections are in use, some idle ones are closed, and slow ones get a shorter time limit. The short limit also
 * holds for slow senders when incomplete bodies use much memory, and for slow readers when unread answers do.
 */
static bool is_over(const struct server *server, const struct call *call, struct crowd *crowd, int64_t now_ms)
{
	int64_t patience_ms = server->conf.request_timeout_s * INT64_C(1000);
	bool is_short = crowd->of_connections || (crowd->of_bodies && call->stage == CALL_BODY) ||
			(crowd->of_answers && call->large_size > 0);

	if (call->stage == CALL_FREE || call->stage == CALL_WAITING)
		return false;
	if (crowd->of_connections && call->stage == CALL_IDLE && crowd->idle_may_go > 0) {
		crowd->idle_may_go--;
		return true;
	}
	if (is_short && patience_ms > PATIENCE_MS)
		now_ms += patience_ms - PATIENCE_MS;
	return call->deadline_ms > 0 && now_ms > call->deadline_ms;
}

static void sweep(struct server *server, int64_t now_ms)
{
	struct crowd crowd;

	if (now_ms - server->swept_ms < SWEEP_MS)
		return;
	server->swept_ms = now_ms;
	crowd = find_crowd(server);
	for (size_t i = 0; i < server->calls_used; i++) {
		if (is_over(server, &server->calls[i], &crowd, now_ms))
			hang_up(&server->calls[i]);
	}
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
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
			 (address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0);

	return MHD_start_daemon(flags, 0, NULL, NULL, request_handle, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, server,
				MHD_OPTION_SOCK_ADDR, address->ai_addr, MHD_OPTION_CONNECTION_LIMIT, server->conf.connections_max,
				MHD_OPTION_CONNECTION_TIMEOUT, server->conf.idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)CONNECTION_MEMORY, MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
				request_completed, server, MHD_OPTION_URI_LOG_CALLBACK, request_target, server, MHD_OPTION_END);
}

static void release(struct server *server)
{
	paths_free(server->paths);
	gzip_free(server->gzip);
	free(server);
}

int server_open(const struct server_conf *conf, struct server **ret_server, struct err *err)
{
	struct server *server = calloc(1, sizeof(*server) + conf->connections_max * sizeof(server->calls[0]));
	struct addrinfo *address = NULL;
	int result = -1;

	if (server == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	server->conf = *conf;
	if (server->conf.request_timeout_s == 0)
		server->conf.request_timeout_s = REQUEST_TIMEOUT_S;
	if (server->conf.large_bytes_max == 0)
		server->conf.large_bytes_max = LARGE_BYTES_MAX;
	server->listener = -1;
	if (paths_new(conf->routes, &server->paths, err) != 0 || gzip_new(&server->gzip, err) != 0 ||
	    find_address(conf->listen, &address, err) != 0)
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
		release(server);
	return result;
}

void server_quiesce(struct server *server)
{
	if (server != NULL && server->listener < 0)
		server->listener = MHD_quiesce_daemon(server->daemon); /* ours to close, but only after the daemon has stopped */
}

void server_close(struct server *server)
{
	if (server == NULL)
		return;
	MUST(server->open_calls == 0); /* stopping with a suspended connection is undefined (lib/TRAPS.md H2) */
	MHD_stop_daemon(server->daemon);
	if (server->listener >= 0)
		(void)close(server->listener);
	release(server);
}

/* ---- the loop ---- */

void server_watch(const struct server *server, struct pollfd *ret_fd)
{
	*ret_fd = (struct pollfd){ .fd = server->epoll_fd, .events = POLLIN };
}

int server_timeout_ms(const struct server *server, int timeout_ms)
{
	MHD_UNSIGNED_LONG_LONG own_ms = 0;

	if (server->has_answered)
		return 0;
	if (server->connections > 0 && timeout_ms > SWEEP_MS)
		timeout_ms = SWEEP_MS;
	if (MHD_get_timeout(server->daemon, &own_ms) == MHD_YES && own_ms < (MHD_UNSIGNED_LONG_LONG)timeout_ms)
		timeout_ms = (int)own_ms;
	return timeout_ms;
}

static int turn(struct server *server, struct err *err)
{
	server->has_answered = false;
	sweep(server, clock_monotonic_ms());
	return MHD_run(server->daemon) == MHD_YES ? 0 : err_set(err, ERR_FATAL, "the HTTP server failed");
}

int server_run(struct server *server, int timeout_ms, struct err *err)
{
	struct pollfd poll_fd;

	if (turn(server, err) != 0)
		return -1;
	if (timeout_ms == 0)
		return 0;
	server_watch(server, &poll_fd);
	if (poll(&poll_fd, 1, server_timeout_ms(server, timeout_ms)) < 0 && errno != EINTR)
		return err_set(err, ERR_FATAL, "poll: %s", strerror(errno));
	return turn(server, err);
}

int server_port(const struct server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

size_t server_open_calls(const struct server *server)
{
	return server->open_calls;
}

size_t server_connections(const struct server *server)
{
	return server->connections;
}
