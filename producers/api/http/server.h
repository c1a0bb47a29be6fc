#ifndef API_HTTP_SERVER_H
#define API_HTTP_SERVER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "producers/api/http/call.h"

/*
 * An HTTP/1.1 server in one thread: the caller's, inside server_run. A table of routes defines the requests. Only the files
 * server*.c include <microhttpd.h>.
 *
 * Every request passes the guard (guard.h) first, then the table: 404, 405 with Allow, 413, 415. HEAD is GET without the body,
 * OPTIONS is answered here. Then `admit` checks the head, before any of the body is kept; then `handle` gets the whole request.
 *
 * A body of 1 KiB to 1 MiB is sent as gzip if the caller accepts it, except on a secret route or with a digest header: the
 * compressed length would reveal the content. An ETag is of the resource's version, and the same for both forms. Request bodies
 * with a content coding are refused: 415. Pages of the origins in `cors_origins` may read answers, and their preflights are
 * answered.
 *
 * Bounded: the number of connections, the time of an idle connection, the time from a request's first byte to its last, the time
 * for reading an answer, the size of a head, the size of a body, the memory of large answers that slow callers have not read yet.
 * When nearly all connections are in use, idle ones are closed. Every answer has X-Request-Id and is one line in the log, with
 * the route, never the target: the target contains ids and possibly more.
 */
struct server;

struct server_conf {
	const char *listen;         /* address:port; IPv6 in brackets; port 0: any */
	const struct route *routes; /* ends with a NULL pattern; borrowed */
	struct api *api;            /* given to the handlers */
	unsigned connections_max;
	unsigned idle_timeout_s;    /* of an idle connection */
	bool is_behind_tls;         /* callers use https: Strict-Transport-Security */
	unsigned request_timeout_s; /* for receiving a whole request, and for sending an answer; 0: 60 */
	const char *cors_origins;   /* cors.h; NULL: none */
	size_t large_bytes_max;     /* of all large answers being sent; above it 503. 0: 64 MiB */

	/* Checks the head. False: it has called call_refuse. May set the principal of the call. */
	bool (*admit)(struct api *api, struct call *call, struct principal *ret_principal);
	void (*handle)(struct api *api, struct call *call);
	void (*answered)(struct api *api, const struct route *route, int status, int64_t spent_us); /* for metrics; may be NULL */
};

MUST_CHECK int server_open(const struct server_conf *conf, struct server **ret_server, struct err *err);

/*
 * server_quiesce: accepts no new connections; open ones may end. Then server_close: all calls must have been answered. Both
 * accept NULL.
 */
void server_quiesce(struct server *server);
void server_close(struct server *server);

/* Does all work that is ready; blocks for the network for at most timeout_ms (0: not at all). */
MUST_CHECK int server_run(struct server *server, int timeout_ms, struct err *err);

/* For a loop that polls more than the network: the descriptor, and the longest time to wait. */
void server_watch(const struct server *server, struct pollfd *ret_fd);
int server_timeout_ms(const struct server *server, int timeout_ms);

int server_port(const struct server *server);
size_t server_open_calls(const struct server *server);  /* without an answer yet */
size_t server_connections(const struct server *server); /* accepted and not closed */

#endif
