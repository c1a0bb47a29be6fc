#ifndef API_HTTP_SERVER_INSIDE_H
#define API_HTTP_SERVER_INSIDE_H

#include <microhttpd.h>

#include "producers/api/http/guard.h"
#include "producers/api/http/gzip.h"
#include "producers/api/http/paths.h"
#include "producers/api/http/server.h"

/*
 * Shared by server.c (connections), server_request.c (head and body) and server_answer.c. A call belongs to a connection, not to
 * a request: it is allocated when the connection is accepted, so none leaks if a request ends before its handler is called.
 *
 *   IDLE -> (target seen) -> HEAD -> (guard, route, admit) -> BODY -> (handler) -> WAITING -> (call_answer) -> ANSWERED -> IDLE
 *                             \-> (refused) REFUSED: a small body is discarded, so that the connection can stay -> ANSWERED
 */
enum call_stage { CALL_FREE, CALL_IDLE, CALL_HEAD, CALL_BODY, CALL_REFUSED, CALL_WAITING, CALL_ANSWERED };

#define ANSWER_HEADERS_MAX  8
#define ANSWER_HEADERS_SIZE 1024
#define REQUEST_ID_MAX      64
#define TRACEPARENT_SIZE    55
#define BODY_KEPT_MAX       4096 /* buffer capacity that a connection keeps between requests */
#define THROWN_AWAY_MAX     ((size_t)64 * 1024)
#define READ_ON_MAX         ((size_t)8 << 20)  /* of a body that was refused as too large while the caller goes on sending */
#define ANSWER_LARGE        ((size_t)4 * 1024) /* smaller ones are not counted: the number of connections bounds them */
#define LARGE_BYTES_MAX     ((size_t)64 << 20)

struct call {
	struct server *server;
	enum call_stage stage;
	bool is_suspended;
	bool is_head;
	bool body_is_too_large;
	bool must_close;
	bool is_preflight; /* a browser asks whether a page of another origin may send its request */
	struct MHD_Connection *connection;
	struct call *next_free;
	const struct route *route; /* NULL: none */
	struct path_params params;
	struct guard_refusal target; /* the guard's result for the raw target */
	struct str authority;        /* of an absolute target; empty: none */
	size_t target_skip;          /* the size of the authority in front of the path */
	uintptr_t target_begin;
	uintptr_t target_end; /* the address behind its terminator */
	struct buf body;      /* keeps some memory from request to request */
	size_t thrown_away;
	int64_t begun_us;    /* of the request */
	int64_t deadline_ms; /* of the current stage; 0: none */
	struct principal principal;
	struct str headers[REQUEST_HEADERS_COUNT];
	char request_id[REQUEST_ID_MAX + 1];
	char traceparent[TRACEPARENT_SIZE + 1]; /* "": not requested yet */

	int status;
	struct MHD_Response *response; /* not yet queued */
	size_t large_size;             /* of a large answer, until it has been read */
	size_t answer_headers_count, answer_headers_used;
	struct {
		const char *name;
		size_t value_at; /* in answer_headers_bytes, terminated */
	} answer_headers[ANSWER_HEADERS_MAX];
	char answer_headers_bytes[ANSWER_HEADERS_SIZE];
};

struct server {
	struct MHD_Daemon *daemon;
	struct server_conf conf;
	struct paths *paths;
	struct gzip *gzip;
	int epoll_fd;
	int listener; /* -1 until server_quiesce */
	size_t open_calls;
	size_t large_bytes; /* sum of the calls' large_size */
	size_t connections;
	size_t calls_used; /* later elements of calls were never in use */
	bool has_answered; /* since the last turn: a resumed connection must be run */
	int64_t swept_ms;
	struct call *free_calls;
	struct call calls[];
};

/* ---- server_request.c: libmicrohttpd's callbacks of a request ---- */

void *request_target(void *server_arg, const char *target, struct MHD_Connection *connection);
enum MHD_Result request_handle(void *server_arg, struct MHD_Connection *connection, const char *path, const char *method,
			       const char *version, const char *data, size_t *data_size, void **call_slot);
void request_completed(void *server_arg, struct MHD_Connection *connection, void **call_slot,
		       enum MHD_RequestTerminationCode code);
void request_name(struct call *call);   /* makes the request id that its answer carries */
void request_forget(struct call *call); /* back to a connection without a request */

/* ---- server_answer.c ---- */

/* Only in libmicrohttpd's callback: queues the prepared answer. */
enum MHD_Result answer_send(struct call *call);

/*
 * Writes a refusal directly to the socket. libmicrohttpd accepts no answer while a body arrives, and sends its own head twice
 * after an invalid Content-Length. The socket is then shut down for writing, so that nothing follows the refusal.
 */
void answer_past_daemon(struct call *call, int status, const char *code, const char *detail);

/* Refuses at once and closes the connection: the rest of its input cannot be trusted, or is too much to read. */
enum MHD_Result answer_turn_away(struct call *call, int status, const char *code, const char *detail);

#endif
