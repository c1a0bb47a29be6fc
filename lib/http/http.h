#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * A client for gateways: many concurrent exchanges over kept connections, in one thread, by callbacks out of http_poll. HTTP
 * here, mail in http/mail.h; both share the handle and the verdict. The only room that includes <curl/curl.h>.
 *
 * Its purpose is the verdict. A demand must not be sent twice (P8), so the caller must know for certain whether the other side
 * can have received it.
 *
 *   HTTP_NOT_SENT   certain: nothing of the request left (name resolution, connect, TLS or login failed, or timed out before). It may
 *                   be tried again.
 *   HTTP_ANSWERED   the other side answered; `status` has the answer. Also when the rest of its answer was cut off.
 *   HTTP_AMBIGUOUS  the request began to leave and no answer came: it may have been accepted. It is never sent again, neither by us
 *                   nor by the library: libcurl silently repeats a request when a kept connection dies before the first byte of an
 *                   answer; the second attempt is stopped here.
 *
 * Certificates are verified, redirects are not followed, only http and https (smtp, smtps) are spoken, proxies of the
 * environment are ignored, signals are not used (lib/TRAPS.md C7). An exchange ends at its total timeout however slowly the
 * answer drips, at answer_size_max bytes of body, and at HTTP_HEAD_MAX bytes of headers.
 */
struct http;

#define HTTP_EXCHANGES_MAX 256
#define HTTP_HEAD_MAX      65536 /* all header lines of an exchange, those of 1xx answers too */

/*
 * Called with its done_arg when the connection of an exchange stands and its request is about to be written; never, if none does.
 * May not start others.
 */
typedef void http_leaves(void *done_arg);

struct http_conf {
	size_t exchanges_max;                         /* at once, of HTTP and mail together; 1..HTTP_EXCHANGES_MAX */
	int64_t connect_timeout_ms, total_timeout_ms; /* of one exchange; connecting is name, TCP, TLS and login */
	size_t answer_size_max;                       /* the part of an answer's body that is kept */
	const char *user_agent;
	const char *ca_file; /* NULL: the system's certificates */
	const char *proxy;   /* NULL: none */
	http_leaves *leaves; /* NULL: nobody wants to know */
};

/* What one exchange may differ in from http_conf; 0 and NULL: as there. Zeroed: no difference. */
struct http_limits {
	int64_t connect_timeout_ms, total_timeout_ms;
	const char *ca_file;
};

enum http_outcome { HTTP_NOT_SENT, HTTP_ANSWERED, HTTP_AMBIGUOUS };

struct http_answer {
	enum http_outcome outcome;
	int status;             /* ANSWERED: HTTP status, or SMTP reply code; otherwise 0 */
	struct str retry_after; /* the header's value for retry_after_ms (http/retry_after.h); empty: absent. Borrows like body */
	struct str body;  /* HTTP: the first answer_size_max bytes; mail: the server's last line. Borrows until `done` returns */
	bool body_is_cut; /* it was longer, or incomplete */
	const char *text; /* the reason when not ANSWERED, a literal without names and addresses; otherwise "" */
};

/* Called once for each started exchange, out of http_poll or http_abandon. May start others. */
typedef void http_done(void *done_arg, const struct http_answer *answer);

/* Copies the texts of conf. ERR_FATAL: conf out of bounds, no memory, no TLS. */
MUST_CHECK int http_open(const struct http_conf *conf, struct http **ret_http, struct err *err);

/* Accepts NULL. No exchange may be running: call http_abandon first. Waits for no peer. */
void http_close(struct http *http);

#define HTTP_HEADERS_MAX 8

struct http_request {
	const char *url;                       /* http: or https: */
	struct str form;                       /* not empty: POST with this body; empty: GET */
	const char *content_type;              /* of the body; NULL: application/x-www-form-urlencoded */
	const char *headers[HTTP_HEADERS_MAX]; /* further ones, "name: value"; up to the first NULL */
	const char *user, *password;           /* Basic; NULL: none */
	struct http_limits limits;
};

/*
 * Copies everything. ERR_RETRY: all exchanges are in use; ERR_POISON: not an http(s) URL, or a control character in the URL, a
 * header or a login (it would begin another header). After -1 `done` is not called.
 */
MUST_CHECK int http_start(struct http *http, const struct http_request *request, http_done *done, void *done_arg,
			  struct err *err);

size_t http_running(const struct http *http);
bool http_is_full(const struct http *http);

/*
 * Advances all exchanges, calls `done` of those that ended, and waits at most timeout_ms for more. Returns earlier when one
 * ended, when wake_fd (-1: none) is readable, or after http_wake from another thread.
 */
MUST_CHECK int http_poll(struct http *http, int wake_fd, int timeout_ms, struct err *err);
void http_wake(struct http *http);

/* Ends all running exchanges: `done` is called with NOT_SENT or AMBIGUOUS, as is true of each. */
void http_abandon(struct http *http);

/* Whether an authority of a URL, host[:port], is this machine: what is sent there does not leave it. Pure. */
bool http_is_this_machine(struct str authority);

/* Appends `text` percent-encoded: everything but A-Z a-z 0-9 - . _ ~ */
struct buf;
void http_add_escaped(struct buf *buf, struct str text);

#endif
