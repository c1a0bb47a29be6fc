#ifndef API_API_H
#define API_API_H

#include <stdint.h>

#include "producers/api/outbound.h"
#include "producers/api/server.h"

/* The gateway: the routes, and what they need. */
struct api {
	uint8_t callback_key[32];
	struct outbound outbound;
	struct server *server;
	bool is_ending;
};

extern const struct route api_routes[];

/*
 * One turn of the only loop: the network, Kafka. While commands wait for the broker it waits there, a few milliseconds at a time,
 * else for the network.
 */
MUST_CHECK int api_step(struct api *api, struct err *err);

/* No more requests; those that are there are answered, as long as the deadline (monotonic) allows. */
MUST_CHECK int api_drain(struct api *api, int64_t deadline_ms, struct err *err);

#endif
