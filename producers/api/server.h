#ifndef API_SERVER_H
#define API_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * An HTTP/1.1 server in one thread: the caller's, inside server_run. Routes are a table. A handler answers at once or keeps the
 * call and answers later; meanwhile the connection is suspended. The only file that includes <microhttpd.h> is server.c.
 *
 * Every request passes the guard (guard.h) first. Bounded: connections, time of a silent connection, size of the head, size of a
 * body (413). Every answer carries X-Request-Id and is one line in the log, with the route, never the target: it holds ids and
 * may hold more.
 */
struct server;
struct call; /* one request, from its head to its answer */

enum method { METHOD_GET = 1 << 0, METHOD_POST = 1 << 1, METHOD_PUT = 1 << 2, METHOD_PATCH = 1 << 3, METHOD_DELETE = 1 << 4 };

struct route {
	const char *path; /* exact */
	unsigned methods; /* enum method, or'ed */
	size_t body_size_max;
	void (*handle)(void *self, struct call *call);
};

struct server_conf {
	const char *listen;         /* address:port; IPv6 in brackets; port 0: any */
	const struct route *routes; /* ends with a NULL path; borrowed */
	void *self;                 /* given to the handlers */
	unsigned connections_max;
	unsigned idle_timeout_s;
};

MUST_CHECK int server_open(const struct server_conf *conf, struct server **ret_server, struct err *err);

/* No new connections; what is open may end. Then server_close: all calls must have been answered. Both accept NULL. */
void server_quiesce(struct server *server);
void server_close(struct server *server);

/* Does what can be done now, waiting for the network at most timeout_ms (0: not at all). */
MUST_CHECK int server_run(struct server *server, int timeout_ms, struct err *err);

int server_port(const struct server *server);
size_t server_open_calls(const struct server *server); /* without an answer yet */

/* ---- a call, in its handler ---- */

enum method call_method(const struct call *call);
struct str call_body(const struct call *call);

/* A query argument, decoded; false when it is absent or repeated. Borrows until the answer. */
bool call_argument(const struct call *call, const char *name, struct str *ret_value);

/*
 * Answers, exactly once; copies the body. The call is gone after it. content_type NULL: no body. May be called from the handler
 * or later, between two server_run.
 */
void call_answer(struct call *call, int status, const char *content_type, struct str body);

/* An RFC 9457 problem document. `code` is ours and stable; both are literals. */
void call_refuse(struct call *call, int status, const char *code, const char *detail);

#endif
