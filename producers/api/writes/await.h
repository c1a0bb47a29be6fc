#ifndef API_WRITES_AWAIT_H
#define API_WRITES_AWAIT_H

#include "producers/api/reads/reads.h"
#include "producers/api/writes/outcomes.h"

/*
 * Waits for the outcome of one command: for the first event of its answer (outcomes.h) and, in case the event was missed, for its
 * state in PostgreSQL, queried with growing backoff until a deadline. One for each request in flight; its memory is the owner's,
 * and must not move until the wait has ended and no answer of PostgreSQL is outstanding (`look` is LOOK_IDLE).
 *
 *             await_look             await_look
 *   LOOK_IDLE ─────────> LOOK_ASKING ─────────> LOOK_ASK_AGAIN
 *       ^                    │ answer                │ answer: has_news, the owner queries again
 *       └────────────────────┴───────────────────────┘
 */
enum await_look {
	LOOK_IDLE,
	LOOK_ASKING,    /* a query to PostgreSQL is in flight */
	LOOK_ASK_AGAIN, /* an event arrived meanwhile: the answer may be older than the event */
};

struct await;

/* Borrowed; shared by all waits of an owner. */
struct await_conf {
	struct outcomes *outcomes;
	struct reads *reads;

	/* The first event of the answer, framed; borrows until it returns. The wait for events has ended. */
	void (*event)(struct await *await, struct str event);

	/* The command's state in PostgreSQL; NULL: unreachable. Once for each query. */
	void (*state)(struct await *await, const struct command_state *state, bool has_news);
};

struct await {
	struct outcome_wait wait; /* first: a pointer to it is the pointer to this struct. Its command_id is the command's */
	const struct await_conf *conf;
	const char *module; /* its log has the answer */
	int64_t until_ms;   /* monotonic: the deadline */
	int64_t look_at_ms; /* monotonic: the next query to PostgreSQL */
	int64_t look_gap_ms;
	enum await_look look;
};

void await_init(struct await *await, const struct await_conf *conf, const char *module, const struct uuid *command_id);

/* Subscribes to events; none that is published after this call is missed while Kafka is reachable. No-op if subscribed. */
void await_listen(struct await *await);

/* The command was sent: starts the deadline and the backoff. */
void await_begin(struct await *await, int64_t now_ms, int64_t wait_ms);

/* Queries PostgreSQL. If a query is in flight, its answer has has_news, and the owner queries again. */
void await_look(struct await *await);

enum await_due { AWAIT_NOTHING, AWAIT_LOOK, AWAIT_OVER };

/* What is due: nothing, a query (the backoff grows), or the end. */
enum await_due await_due(struct await *await, int64_t now_ms);

/* Unsubscribes; accepts one that was never begun. An outstanding answer of PostgreSQL still arrives. */
void await_end(struct await *await);

#endif
