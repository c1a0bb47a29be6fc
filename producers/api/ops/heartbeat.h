#ifndef API_OPS_HEARTBEAT_H
#define API_OPS_HEARTBEAT_H

#include "producers/api/http/part.h"
#include "producers/api/reads/opener.h"
#include "worker/life.h"

/* The gateway's sign of life (worker/life.h), given in a thread: connecting to a database that is away waits, the loop does not.
 */
struct heartbeat {
	struct life life; /* the thread's while it is at work */
	struct opener opener;
	int64_t due_ms; /* monotonic */
};

void heartbeat_init(struct heartbeat *heartbeat, const char *conninfo); /* borrows */
void heartbeat_end(struct heartbeat *heartbeat);                        /* accepts a zeroed one */
struct part heartbeat_part(struct heartbeat *heartbeat);

#endif
