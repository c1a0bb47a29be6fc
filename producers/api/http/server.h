#ifndef API_HTTP_SERVER_H
#define API_HTTP_SERVER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "producers/api/http/call.h"

/*
 * An HTTP/1.1 server in one thread: the caller's, inside server_run. Which requests are taken is a table of routes. Only the
 * files server*.c include <microhttpd.h>.
 *
 * Every request passes the guard (guard.h) first, then the table: 404, 405 with Allow, 413, 415. HEAD is GET without the body,
 * OPTIONS is answered here. Then `admit` looks at the head, before anything of the body is kept; then `handle` gets the whole.
 *
 * A body of 1 KiB to 1 MiB leaves as gzip if the caller takes it, but of a secret route, or when a header tells its digest: what
 * is packed tells by its length what is in it. An ETag is of the thing's version, and the same however it leaves. Bodies of
 * requests are not taken packed: 415. Answers to pages of the origins in `cors_origins` may be read by them, and their preflights
 * are answered.
 *
 * Bounded: connections, the time of a silent connection, the time from a request's first byte to its last, the time an answer may
 * take to be read, size of the head, size of a body, what large answers take that slow readers have not read yet. When nearly all
 * connections are taken, those that only wait for a next request are closed. Every answer carries X-Request-Id and is one line in
 * the log, with the route, never the target: it holds ids and may hold more.
 */
struct server;

struct server_conf {
	const char *listen;         /* address:port; IPv6 in brackets; port 0: any */
	const struct route *routes; /* ends with a NULL pattern; borrowed */
	struct api *api;            /* given to the handlers */
	unsigned connections_max;
	unsigned idle_timeout_s;    /* of a connection that says nothing */
	bool is_behind_tls;         /* callers come by https: Strict-Transport-Security */
	unsigned request_timeout_s; /* for a whole request, and for the reading of an answer; 0: 60 */
	const char *cors_origins;   /* cors.h; NULL: none */
	size_t large_bytes_max;     /* of all large answers that are being read; beyond it 503. 0: 64 MiB */

	/* Looks at the head. False: it has called call_refuse. May set what call_principal shows. */
	bool (*admit)(struct api *api, struct call *call, struct principal *ret_principal);
	void (*handle)(struct api *api, struct call *call);
	void (*answered)(struct api *api, const struct route *route, int status,
			 int64_t spent_us); /* counts; NULL: nobody does */
};

MUST_CHECK int server_open(const struct server_conf *conf, struct server **ret_server, struct err *err);

/* No new connections; what is open may end. Then server_close: all calls must have been answered. Both accept NULL. */
void server_quiesce(struct server *server);
void server_close(struct server *server);

/* Does what can be done now, waiting for the network at most timeout_ms (0: not at all). */
MUST_CHECK int server_run(struct server *server, int timeout_ms, struct err *err);

/* For a loop that waits for more than the network: what to wait for, and how long at most. */
void server_watch(const struct server *server, struct pollfd *ret_fd);
int server_timeout_ms(const struct server *server, int timeout_ms);

int server_port(const struct server *server);
size_t server_open_calls(const struct server *server);  /* without an answer yet */
size_t server_connections(const struct server *server); /* accepted and not closed */

#endif
