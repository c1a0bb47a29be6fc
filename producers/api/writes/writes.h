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
 * Requests that change something: each becomes one command of its caller, with his token, and is answered with what came of it.
 *
 *   request ─> command ─> [whose is it?] ─> [known already?] ─> Kafka has it ─> its event ─> 200, 201 with the thing; or a
 * problem │ faults     │ 404            │ applied before      │ 503         │ none within the wait v 400, 422   v v 422 other
 * body      │             v └──────────> 202, Location: /commands/{id}
 *
 * An id that somebody else may have (an Idempotency-Key, an id in the body of POST /commands) is looked up first: what was
 * applied is answered as it was then; what was refused is sent again. 202 only when the broker has the command. What was
 * published has its outcome even when nobody waits any more.
 */
#define WRITES_MAX 4096 /* under way at once; beyond it 503 */

struct writes;

struct writes_conf {
	struct coder *coder;
	struct outbound *outbound;
	struct outcomes *outcomes;
	struct reads *reads;
	struct rights *rights; /* forgotten when they were changed; NULL: nobody asks for any */
	int64_t outcome_ms;    /* how long a caller waits for the outcome, unless he says otherwise, before 202 */
};

MUST_CHECK int writes_new(const struct writes_conf *conf, struct writes **ret_writes, struct err *err);
void writes_free(struct writes *writes); /* accepts NULL; all calls have been answered */

/* Answers a call of a ROUTE_WRITE row, now or later. */
void writes_take(struct writes *writes, struct call *call);

/*
 * The same for a command of any type that the body names: {"type", "data", ["id"]}. The caller has read `type` (it is a command)
 * and `id` (NULL: it is left out).
 */
void writes_take_command(struct writes *writes, struct call *call, const struct message_type *type, const struct uuid *id);

/* For GET /commands/:id: what this process has handed to Kafka lately. */
const struct accepted *writes_accepted(const struct writes *writes);

struct part writes_part(struct writes *writes);

#endif
