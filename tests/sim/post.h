#ifndef SIM_POST_H
#define SIM_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "consumers/communications/communications.h"
#include "model/workset.h"
#include "worker/edge.h"

/*
 * The way of a message out of a world: the outbox of communications (world_post.c), the notifiers with their tables and the
 * gateway behind them (world_notifier.c). The notifier's SQL cannot run here: what consumers/notifier/desk.c and the claims in
 * sql/ do is done by hand, statement by statement; each is its own transaction, whose answer may be lost.
 */
struct request;
struct sim_world;
struct sim_session;

#define SIM_NOTIFIERS   2
#define SIM_FLIGHTS_MAX 4

#define SIM_LETTER_DEBTS 32
struct sim_letter { /* a row of communications.outbox, and where it goes */
	struct uuid communication_id, customer_id, contact_point_id;
	const char *state; /* scheduled released claimed waiting cancelled done */
	int32_t claims;
	int64_t send_by_ms, fit_until_ms;
	size_t request;                         /* its place in post.requests */
	struct uuid debt_ids[SIM_LETTER_DEBTS]; /* that it asks something for */
	int64_t stated_minor[SIM_LETTER_DEBTS]; /* their balances in the text */
	int64_t stated_credit_minor;
	size_t debts_count;
	struct contacted contacted; /* the message, for caps */
	int64_t changed_at_ms;      /* the last transaction that wrote it, but for claims */
	int64_t released_at_ms;     /* 0: it was not */
	int32_t late_claims;        /* asked for when it was cancelled */
	int64_t told_at_ms;         /* no message of ours, but one from the person: when it was told of; 0: ours */
};

/* A claim that was granted, or refused as not_now, and when: after the first so many events of the customer's partition. */
struct sim_claim {
	struct uuid communication_id;
	int32_t number; /* 1, 2, 3 ... of the message */
	bool is_refused;
	int32_t part;
	int64_t seq, customers_seq, dunning_seq; /* communications' events; those of customers, of dunning */
	int64_t at_ms;
};

struct sim_dispatch { /* a row of notifier.dispatch */
	struct uuid communication_id, customer_id;
	enum { DISPATCH_QUEUED, DISPATCH_SENDING, DISPATCH_WAITING, DISPATCH_DONE } state;
	int32_t attempts;
	int64_t send_by_ms, next_at_ms;
};

struct sim_attempt { /* a row of notifier.attempt, and what is true of it */
	struct uuid communication_id, customer_id;
	int32_t number;
	int32_t owner;
	const char *outcome; /* NULL: under way */
	const char *code;    /* NULL: none */
	bool is_refused;     /* by the claim: no gateway saw it */
	int64_t ended_at_ms;
	bool is_not_sent;       /* of an unknown one: a person has found out */
	bool is_reported;       /* communications have answered */
	int64_t reported_at_ms; /* the last time; 0: never */

	bool is_taken; /* the gateway has it, whatever anybody knows */
};

struct sim_flight {
	size_t attempt; /* index */
	int64_t fit_until_ms;
	bool has_left;
	const char *outcome, *code; /* outcome NULL: not known yet */
};

struct sim_notifier { /* one life of a program */
	int32_t owner;
	bool is_connected; /* and holds the lock of its number */
	bool is_frozen;
	bool knows_time;      /* the broker's, since it has acknowledged something; before, its host's counts */
	int64_t clock_off_ms; /* of the host */
	struct sim_flight flights[SIM_FLIGHTS_MAX];
	size_t flights_count;
};

struct sim_post {
	struct request **requests; /* the first is NULL; one of a transaction that failed stays, and no letter has it */
	size_t requests_count, requests_capacity;
	struct sim_letter *letters;
	size_t letters_count, letters_capacity;
	struct sim_claim *claims;
	size_t claims_count, claims_capacity;
	struct sim_dispatch *dispatches;
	size_t dispatches_count, dispatches_capacity;
	struct sim_attempt *attempts;
	size_t attempts_count, attempts_capacity;
	int32_t owners; /* so far */
	struct sim_notifier notifiers[SIM_NOTIFIERS];
};

/* ---- the outbox (world_post.c) ---- */

/* True: it was a state that communications does not keep as bytes, and it is loaded. */
bool post_load(struct sim_world *world, struct slot *slot);
bool post_is_kept(const struct entity *entity); /* false: it is read from somewhere else, and never saved */

/* The rows that a transaction of communications will write; they stand until the next call of post_apply or free. */
void post_stage(struct sim_world *world, const struct changes *changes, struct sim_letter **ret_letters, size_t *ret_count);
void post_apply(struct sim_world *world, const struct sim_letter *letters, size_t count);

const struct sim_letter *post_find(const struct sim_world *world, const struct uuid *communication_id);

/* communications.claim, claim_again: false: not granted; *ret_refusal: why the guard says no, NULL: what became of the message is
 * known. A transaction that has locked the row is waited for before. */
bool post_claim(struct sim_world *world, const struct uuid *communication_id, bool is_again, const char **ret_refusal);

bool post_waits(const struct sim_world *world); /* a message is scheduled, or is to be tried */

void post_release(struct sim_world *world);

/* ---- the notifiers (world_notifier.c) ---- */

void notifiers_init(struct sim_world *world);
void notifier_turn(struct sim_world *world); /* of one of them */
void notifiers_disturb(struct sim_world *world);
bool notifiers_hold(const struct sim_post *post, size_t attempt); /* it may still leave */
bool notifiers_are_idle(const struct sim_world *world);           /* nothing to do before time has passed */

#endif
