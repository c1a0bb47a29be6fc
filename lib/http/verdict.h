#ifndef HTTP_VERDICT_H
#define HTTP_VERDICT_H

#include <stdbool.h>

#include "http/http.h"

/*
 * Private to the room, pure: what is known of an exchange when it has ended, and the verdict that follows (http.h). The facts are
 * gathered by callbacks at the moments they become true, not read out of error codes afterwards: an error code such as "send
 * failed" does not tell which bytes had left.
 */
enum facts_protocol { FACTS_HTTP, FACTS_MAIL };

struct facts {
	enum facts_protocol protocol;
	bool is_connected; /* connection, TLS and log-in stand: what follows is about the message */
	/*
	 * HTTP: the connection stands and the request is about to be written. Mail: the server said 354 and the first byte of the
	 * message was taken; whatever happened before, the server has no message.
	 */
	bool began;
	bool succeeded; /* the library says: complete, by the protocol's rules */
	int status;     /* the last status line or reply code; 0: none */
};

/* *ret_status is the answer's; 0 unless HTTP_ANSWERED. */
enum http_outcome verdict_of(const struct facts *facts, int *ret_status);

#endif
