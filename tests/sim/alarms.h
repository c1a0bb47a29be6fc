#ifndef SIM_ALARMS_H
#define SIM_ALARMS_H

#include "tests/sim/world.h"

/*
 * Timers of the simulated module reports. No module has so many, nor needs every case: here each command and each fired timer
 * sets, replaces and cancels some, on days and at instants, early, late and for each other. What it does follows from its id alone,
 * so the auditor can say it, too.
 */
#define ALARM_KINDS   3
#define ALARM_OPS_MAX 3

extern const struct timer_kind alarm_kinds[ALARM_KINDS];

/* What the command or timer with this id does. `base_ms`: of a command its broker time, of a timer when it was due. */
size_t alarms_plan(const struct uuid *id, const struct uuid *key, int64_t base_ms,
		   struct timer_change ret_changes[ALARM_OPS_MAX]);

bool alarm_is_silent(const struct uuid *id);             /* a timer without an event; it does nothing */
bool alarm_waits(const struct uuid *id, int64_t age_ms); /* a command or timer that cannot be decided yet */

/* The first instant at which a timer is due. */
int64_t alarm_due_ms(const struct timer_row *row);

/* Every due timer fired exactly once, none early, in order with the commands of its customer. What is wrong; NULL: nothing. */
const char *alarms_audit(struct sim_world *world, size_t module);

#endif
