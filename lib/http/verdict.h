#ifndef HTTP_VERDICT_H
#define HTTP_VERDICT_H

#include <stdbool.h>

#include "http/http.h"

/*
 * Private to the room, pure: the facts known of an ended exchange, and the verdict that follows (http.h). Callbacks note the
 * facts at the moments they become true; they are not derived from error codes afterwards, because a code such as "send failed"
 * does not show which bytes had left.
 */
enum facts_protocol { FACTS_HTTP, FACTS_MAIL };

struct facts {
	enum facts_protocol protocol;
	bool is_connected; /* connection, TLS and login are established: what follows concerns the message */
	/*
	 * HTTP: the connection is established and the request is about to be written. Mail: the server sent 354 and the first
	 * byte of the message was taken; before that the server certainly has no message.
	 */
	bool began;
	bool succeeded; /* the library reports: complete, by the protocol's rules */
	int status;     /* the last status line or reply code; 0: none */
};

/* *ret_status is the answer's; 0 unless HTTP_ANSWERED. */
enum http_outcome verdict_of(const struct facts *facts, int *ret_status);

#endif
