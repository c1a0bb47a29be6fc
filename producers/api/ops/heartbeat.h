#ifndef API_OPS_HEARTBEAT_H
#define API_OPS_HEARTBEAT_H

#include "producers/api/http/part.h"
#include "producers/api/reads/opener.h"
#include "worker/life.h"

/*
 * The gateway's heartbeat (worker/life.h), written in a thread: connecting to an unreachable database blocks, and the loop must
 * not.
 */
struct heartbeat {
	struct life life; /* owned by the thread while it runs */
	struct opener opener;
	int64_t due_ms; /* monotonic */
};

void heartbeat_init(struct heartbeat *heartbeat, const char *conninfo); /* borrows */
void heartbeat_end(struct heartbeat *heartbeat);                        /* accepts a zeroed one */
struct part heartbeat_part(struct heartbeat *heartbeat);

#endif
