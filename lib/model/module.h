#ifndef MODEL_MODULE_H
#define MODEL_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/command.h"
#include "model/decision.h"
#include "model/workset.h"

/*
 * A command module as the engine sees it: rules and nothing else. The store (its SQL) is given to the engine beside it, by
 * main.c, so that the simulation runs the same rules over memory.
 */
struct rule {
	const struct message_type *type; /* who may issue it stands there */

	/* Names the states the command needs. */
	void (*touch)(const struct command *command, struct workset *set);

	/* Pure. Reads the set, writes only the decision. */
	void (*decide)(const struct command *command, const struct workset *set, struct decision *decision);

	/*
	 * What is needed depends on what is loaded: touch is called again after each load, at most TOUCH_ROUNDS_MAX times in all,
	 * until nothing new is asked. A reversal touches its payment first and, when that is loaded, the payment's debt.
	 * Commands whose issuer is bound (command_is_bound) are asked again in any case: a user's scope is loaded too.
	 */
	bool touches_again;

	/*
	 * Neither queues behind a parked command nor, while it waits, holds any other: a withdrawal of consent is done at once,
	 * whatever else of the customer waits (P9 before P4); a provider's report moves its message forward only. Its rule must
	 * not care which of two commands came first.
	 */
	bool overtakes;
};

#define TOUCH_ROUNDS_MAX 3

struct module {
	const char *name; /* "debts": database schema, topics, consumer group */
	const struct rule *rules;
	size_t rules_count;

	/* Pure, cannot fail: changes the states that the event is about, and only those. Every event that decide makes passes
	 * here. */
	void (*evolve)(struct workset *set, const struct event *event);
};

#endif
