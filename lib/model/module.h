#ifndef MODEL_MODULE_H
#define MODEL_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/actions.h"
#include "model/command.h"
#include "model/decision.h"
#include "model/timer.h"
#include "model/workset.h"

/*
 * A command module as the engine sees it: rules and nothing else. main.c gives the engine the store (its SQL) separately, so
 * that the simulation runs the same rules over memory.
 */
struct rule {
	const struct message_type *type; /* includes the roles that may issue the command */

	/* Names the states the command needs. */
	void (*touch)(const struct command *command, struct workset *set);

	/* Pure. Reads the set, writes only the decision. */
	void (*decide)(const struct command *command, const struct workset *set, struct decision *decision);

	/*
	 * The needed states depend on loaded ones: touch is called again after each load, at most TOUCH_ROUNDS_MAX times in all,
	 * until it names no new state. A reversal touches its payment first and, when that is loaded, the payment's debt. For
	 * bound issuers (command_is_bound) touch is called again in any case, because a user's scope is loaded too.
	 */
	bool touches_again;

	/*
	 * The command does not queue behind parked commands and, when it is parked itself, no command queues behind it. A
	 * withdrawal of consent takes effect at once, even while other commands about the customer are parked (P9 before P4); a
	 * provider's report only advances its message. The rule must not depend on the order of two commands.
	 */
	bool overtakes;
};

#define TOUCH_ROUNDS_MAX 3

/* What a fired timer does: a rule whose command is the timer (model/timer.h), with timer_type as its type. */
struct timer_rule {
	const struct timer_kind *kind;
	struct rule rule;
};

/*
 * A command that a rule may keep for a second person (decision_keep). The roles of this table may approve or refuse it; never the
 * user who sent it. Without an approval within `days` it is refused.
 */
struct approval_rule {
	const struct message_type *type;
	uint32_t approvers; /* bits of enum role */
	int32_t days;
};

/*
 * Another module whose events are followed. Each rule is of an event type: its command is the event (`type` and `body`), under an id
 * derived from the event's, at the broker time of its record. It is never refused and never waits: order holds within a topic and
 * not between topics, so it has to find an answer with the states of now, or to set a timer. It has no event when there is nothing
 * to do. Events without a rule pass.
 */
struct follow {
	const char *module;
	const struct rule *rules;
	size_t rules_count;
};

#define FOLLOWS_MAX 4

/*
 * A state that the engine may keep in memory between batches (worker/state_cache.h). It must be one customer's for good, in the partition of
 * this customer, and written by nobody but its module's commands and timers.
 */
struct cached_state {
	const struct entity *entity;
	size_t customer_at;           /* offset of the customer's id in the state */
	void (*refresh)(void *state); /* makes a committed state what a load would give: fields that only the store uses */
};

#define CACHED_STATES_MAX 4

struct module {
	const char *name; /* "debts": database schema, topics, consumer group */
	const struct rule *rules;
	size_t rules_count;
	const struct timer_rule *timers; /* one for each kind that a rule sets; NULL: the module has no timers */
	size_t timers_count;
	const struct approval_rule *approvals; /* one for each command that a rule keeps; NULL: it keeps none */
	size_t approvals_count;
	const struct actions *actions; /* a table for each kind of thing that people act upon */
	size_t actions_count;
	const char *sql; /* functions that `dcs migrate` makes before the migrations, again whenever they change; NULL: none */
	const struct follow *follows; /* FOLLOWS_MAX at most; their order may change, their names not. NULL: it follows nobody */
	size_t follows_count;
	const struct cached_state *cached; /* CACHED_STATES_MAX at most; NULL: none */
	size_t cached_count;
	uint32_t sends_as; /* bits of enum role: of the token of the commands that its rules send; 0: they send none */

	/* Pure, cannot fail: changes the states that the event is about, and only those. Every event of decide passes here. */
	void (*evolve)(struct workset *set, const struct event *event);
};

/* Whether Ticks may find something due: timers of the module's own, or of kept commands. */
static inline bool module_has_timers(const struct module *module)
{
	return module->timers_count + module->approvals_count > 0;
}

/* Whether the module has the tables of a module that reacts (sql: dcs_create_reaction). */
static inline bool module_reacts(const struct module *module)
{
	return module->follows_count > 0 || module->sends_as != 0;
}

#endif
