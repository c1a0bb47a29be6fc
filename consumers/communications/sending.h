#ifndef CONSUMERS_COMMUNICATIONS_SENDING_H
#define CONSUMERS_COMMUNICATIONS_SENDING_H

#include "base/day.h"
#include "base/must.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/guard/guard.h"
#include "schemas/communications.h"

/*
 * One message on its way through the rules: when it is asked for (decide_send.c), and each time that its time has come
 * (decide_release.c). Both take the same steps: find, check, ask, settle.
 */
struct sending {
	const struct command *command;         /* SendCommunication, or the timer */
	const struct send_communication *body; /* of a message that has waited: made of its request */
	const struct communication *waiting;   /* NULL: it is asked for just now */
	enum channel channel;
	const struct person *person;
	const struct template_text *template;
	struct str language; /* of the template: as in the command, or a wider one */
	const struct address *address;
	struct rendered *rendered;
	const struct uuid **merged; /* the messages that go with it: their debts are in `body`; room for QUEUE_MAX */
	size_t merged_count;
	const struct answering *answering; /* NULL: it answers nobody */
};

/* The person as the message that is answered leaves the states: it is evolved with the events of the same decision. */
struct answering {
	const struct address *address; /* that it came from; NULL: not usable any more */
	struct recipient recipient;
	struct history history;
};

/* Whether a message can have these times. False: refused. */
MUST_CHECK bool sending_times_are_good(bool has_not_before, int64_t not_before_ms, int64_t send_by_ms, int64_t now_ms,
				       struct decision *decision);

/* The person, and the template in the requested language, otherwise in the next wider one that has a template: en for en-GB. */
void sending_find(struct sending *sending, const struct workset *set);

/* Whether it can be rendered for an address; renders it. False: refused, to wait, or the arena is full (overflow). */
MUST_CHECK bool sending_check(struct sending *sending, const struct workset *set, struct decision *decision);

/* What the guard says of it, and the facts on which it says that. */
struct guard_verdict sending_judge(const struct sending *sending, const struct workset *set, struct guard_facts *ret_facts);

/* Asks the guard, and adds its verdict as an event. A mergeable message that may go takes others along (sending_merge). */
struct guard_verdict sending_ask(struct sending *sending, const struct workset *set, struct decision *decision);

/*
 * Check, ask and settle a message for which nobody waits: its time has come, or it answers a person. A refusal suppresses it, with the
 * refusal's code as its reason. After sending_find.
 */
void sending_take_steps(struct sending *sending, const struct workset *set, struct decision *decision);

/*
 * The guard allows a mergeable message: takes the others along, one after the other, as long as the guard allows them all as one
 * (merge.c). The facts and the verdict become those of the whole.
 */
void sending_merge(struct sending *sending, const struct workset *set, struct guard_facts *facts, struct guard_verdict *verdict,
		   struct decision *decision);

/* ---- outcomes (outcome.c): the last event of a decision ---- */

/* What follows from the verdict: it is released with those that go with it, waits, or is suppressed. */
void sending_settle(const struct sending *sending, const struct workset *set, const struct guard_verdict *verdict,
		    struct decision *decision);
void sending_suppress(const struct sending *sending, struct str reason, struct decision *decision);
void sending_wait(const struct sending *sending, int64_t release_at_ms, struct decision *decision); /* sets its timer */

/* The guard of this module: guard_decide. Tests have others, for which it is another hour. */
typedef struct guard_verdict guard_function(const struct guard_facts *facts, const struct guard_profile *const *profiles,
					    size_t count);
extern guard_function *communications_guard;

#endif
