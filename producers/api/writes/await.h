#ifndef API_WRITES_AWAIT_H
#define API_WRITES_AWAIT_H

#include "producers/api/reads/reads.h"
#include "producers/api/writes/outcomes.h"

/*
 * Waits for the outcome of one command: for the first event of its answer (outcomes.h) and, in case that was missed, for what
 * PostgreSQL says of it, asked at growing gaps until a deadline. One for each request under way; its memory is the owner's, and
 * stays in place until the wait has ended and no answer of PostgreSQL is outstanding (`look` is LOOK_IDLE).
 *
 *             await_look             await_look
 *   LOOK_IDLE ─────────> LOOK_ASKING ─────────> LOOK_ASK_AGAIN
 *       ^                    │ answer                │ answer: has_news, the owner looks again
 *       └────────────────────┴───────────────────────┘
 */
enum await_look {
	LOOK_IDLE,
	LOOK_ASKING,    /* PostgreSQL is being asked */
	LOOK_ASK_AGAIN, /* an event came meanwhile: the answer may be older than it */
};

struct await;

/* Borrowed; the same for all of an owner. */
struct await_conf {
	struct outcomes *outcomes;
	struct reads *reads;

	/* The first event of the answer, framed; borrows until it returns. No longer waits for events. */
	void (*event)(struct await *await, struct str event);

	/* What PostgreSQL says; NULL: it is away. Once for each question. */
	void (*state)(struct await *await, const struct command_state *state, bool has_news);
};

struct await {
	struct outcome_wait wait; /* first: an event leads here. Its command_id is the command's */
	const struct await_conf *conf;
	const char *module; /* whose log answers */
	int64_t until_ms;   /* monotonic: the deadline */
	int64_t look_at_ms; /* monotonic: when PostgreSQL is asked next */
	int64_t look_gap_ms;
	enum await_look look;
};

void await_init(struct await *await, const struct await_conf *conf, const char *module, const struct uuid *command_id);

/* Listens to events from now on; none that is published after this call is missed while Kafka is there. No-op if it listens. */
void await_listen(struct await *await);

/* The command was sent: begins the deadline and the gaps. */
void await_begin(struct await *await, int64_t now_ms, int64_t wait_ms);

/* Asks PostgreSQL. What is being asked already is asked again after that. */
void await_look(struct await *await);

enum await_due { AWAIT_NOTHING, AWAIT_LOOK, AWAIT_OVER };

/* What is due: nothing, a look (the gap grows), or the end. */
enum await_due await_due(struct await *await, int64_t now_ms);

/* Listens no more; accepts one that was never begun. An answer of PostgreSQL that is outstanding still comes. */
void await_end(struct await *await);

#endif
