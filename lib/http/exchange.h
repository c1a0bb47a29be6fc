#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <curl/curl.h>

#include "base/buf.h"
#include "http/http.h"
#include "http/verdict.h"

/*
 * Private to the room: one exchange, from start to `done`, and the pool of them. http.c and mail.c take one, set their own
 * options and launch it; the rest is common.
 *
 *   FREE -> (exchange_take) -> TAKEN -> (exchange_launch) -> RUNNING -> (poll, abandon) -> `done` -> FREE
 *                                    -> (exchange_give_back) -> FREE
 */
struct exchange {
	struct http *http;
	CURL *easy;
	enum { EXCHANGE_FREE, EXCHANGE_TAKEN, EXCHANGE_RUNNING } state;
	struct facts facts;  /* the basis of the verdict */
	struct buf content;  /* HTTP: the form; mail: the message */
	size_t content_sent; /* mail: bytes that the library has taken */
	int local_port;      /* of the connection in use, once facts.is_connected */
	struct buf answer;   /* body, or the last line of an SMTP server */
	bool answer_is_cut;
	size_t head_size; /* bytes of header lines, or of an SMTP server's replies */
	char retry_after[64];
	struct curl_slist *list; /* HTTP: headers; mail: the recipient */
	http_done *done;
	void *done_arg;
};

/* A free exchange with the common options set; NULL: all are in use. */
struct exchange *exchange_take(struct http *http, enum facts_protocol protocol, const struct http_limits *limits);

/* Whether a text has no control character, so that it stays on its line of a request; NULL is such a text. */
bool exchange_is_line(const char *text);
void exchange_give_back(struct exchange *exchange);
MUST_CHECK int exchange_launch(struct exchange *exchange, http_done *done, void *done_arg, struct err *err);

#endif
