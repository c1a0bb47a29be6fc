#ifndef MODEL_TIMER_H
#define MODEL_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "model/message.h"

/*
 * A timer: what a module has to do later about one entity, on a business date or at an instant. A rule sets and cancels timers as
 * it emits events (model/decision.h); the first Tick that is late enough fires them (worker/timers.h). A fired timer is an internal
 * command: it has a row of its own in the module's rules (struct timer_rule), a derived id, and events like any command's.
 *
 * A timer is no message. It is never a record of a topic and has no schema, so nothing from outside can be one. What it carries
 * is what it was set with; everything else its rule reads from the states.
 */
struct timer_kind {
	const char *name; /* "activation", for people; unique in its module */
	int16_t number;   /* as in the table; above 0, never used for another kind in its module */
};

/* At most one of a kind for an entity of a customer. */
struct timer {
	const struct timer_kind *kind;
	struct uuid subject; /* the entity */
	bool is_on_day;      /* due on due_on; otherwise at due_at_ms */
	int32_t due_on;      /* a business date (base/day.h) */
	int64_t due_at_ms;
};

/* The type of every fired timer's command: its body is a struct timer. Roles do not matter: it has no sender. */
extern const struct message_type timer_type;

#endif
