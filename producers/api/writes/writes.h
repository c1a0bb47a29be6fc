#ifndef API_WRITES_WRITES_H
#define API_WRITES_WRITES_H

#include <stdint.h>

#include "base/err.h"
#include "base/uuid.h"
#include "model/message.h"
#include "producers/api/http/call.h"
#include "producers/api/http/part.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/rights.h"
#include "producers/api/writes/accepted.h"
#include "producers/api/writes/outbound.h"
#include "producers/api/writes/outcomes.h"

/*
 * Requests that change data: each becomes one command of its caller, with the caller's token, and is answered with its outcome.
 *
 *   step                      answers that end the request
 *   read head and body        400, 401, 422, 428: faults
 *   find the owner            404: it does not exist for the caller
 *   look up a known id        409: its request is in flight; 422: used for other content; applied: the same answer as then
 *   look up named entities    refused: one does not exist
 *   send to Kafka             503: not acknowledged
 *   wait for the event        200, 201 with the resource; refused: a problem; none in time: 202, Location: /commands/{id}
 *
 * An id that may be known already (an Idempotency-Key, an id in the body of POST /commands) is looked up first: if its command
 * was applied, the answer is the same as then; if it was refused, it is sent again. 202 only after the broker has acknowledged
 * the command. A published command has its outcome even if the caller has gone.
 */
#define WRITES_MAX 4096 /* in flight; above it 503 */

struct writes;

struct writes_conf {
	struct outbound *outbound;
	struct outcomes *outcomes;
	struct reads *reads;
	struct rights *rights; /* their cache is invalidated after a change; NULL: none */
	int64_t outcome_ms;    /* the default wait for the outcome, before 202 */
};

MUST_CHECK int writes_new(const struct writes_conf *conf, struct writes **ret_writes, struct err *err);
void writes_free(struct writes *writes); /* accepts NULL; all calls must have been answered */

/* Answers a call of a ROUTE_WRITE row, now or later. */
void writes_take(struct writes *writes, struct call *call);

/*
 * The same for a command of any type that the body names: {"type", "data", ["id"]}. The caller has read `type` (it is a command)
 * and `id` (NULL: omitted).
 */
void writes_take_command(struct writes *writes, struct call *call, const struct message_type *type, const struct uuid *id);

/* For GET /commands/:id: the commands that this process has recently handed to Kafka. */
const struct accepted *writes_accepted(const struct writes *writes);

struct part writes_part(struct writes *writes);

#endif
