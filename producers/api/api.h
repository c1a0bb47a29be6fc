#ifndef API_API_H
#define API_API_H

#include <stdint.h>

#include "base/err.h"
#include "producers/api/http/part.h"
#include "producers/api/http/route.h"

#define API_PARTS_MAX 16

struct auth;
struct callbacks;
struct commands;
struct contactability;
struct document;
struct dunning_preview;
struct explainer;
struct metrics;
struct outbound;
struct outcomes;
struct principal;
struct questions;
struct reads;
struct rights;
struct server;
struct token_keys;
struct writes;

/*
 * The gateway: the dependencies of its handlers, and the one loop. Every room but http may include this header; it names the
 * types of the rooms and includes none of their headers, so that a change in one room rebuilds only its users. main.c opens and
 * closes them.
 */
struct api {
	uint8_t callback_key[32];
	struct token_keys *keys;
	struct outbound *outbound;
	struct questions *questions, *searches; /* reads.h */
	struct rights *rights;
	struct reads *reads;
	struct auth *auth; /* NULL: no logins here (tests) */
	struct callbacks *callbacks;
	struct contactability *contactability;   /* NULL: nobody is asked about here (tests) */
	struct dunning_preview *dunning_preview; /* NULL: nothing is previewed here (tests) */
	struct explainer *explainer;             /* NULL: nobody is explained here (tests) */
	const struct document *document;
	struct metrics *metrics;
	bool metrics_for_all; /* false: from this machine only */
	struct outcomes *outcomes;
	struct writes *writes;
	struct commands *commands;
	struct server *server;
	struct part parts[API_PARTS_MAX];
	int64_t parts_due_ms[API_PARTS_MAX]; /* monotonic; 0: not determined since its last run */
	size_t parts_count;
	bool is_ending;
};

/* Adds a part to the loop; at start. */
void api_add_part(struct api *api, const struct part *part);

/* The server's hooks. */
bool api_admit(struct api *api, struct call *call, struct principal *ret_principal);
void api_handle(struct api *api, struct call *call);

/* One turn of the only loop: waits until the network, Kafka or PostgreSQL is ready, then does all the work. */
MUST_CHECK int api_step(struct api *api, struct err *err);

/* Accepts no more requests; answers the open ones until the deadline (monotonic). */
MUST_CHECK int api_drain(struct api *api, int64_t deadline_ms, struct err *err);

#endif
