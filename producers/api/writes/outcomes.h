#ifndef API_WRITES_OUTCOMES_H
#define API_WRITES_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"
#include "bus/bus.h"
#include "producers/api/http/part.h"
#include "producers/api/reads/opener.h"

/*
 * The outcomes of commands, from the modules' events topics: reads every event published from now on, and calls back the wait for
 * the command that caused it. It reads only the header with the cause; the callback decodes the event.
 *
 * It may miss an event (it was opened later, Kafka was unreachable, the answer is older): a waiting caller also queries
 * PostgreSQL.
 */
struct outcomes;

/* A wait; its memory is the caller's, and must not move until the callback or outcomes_forget. */
struct outcome_wait {
	struct uuid command_id;
	/* The first event of the answer, framed; borrows until it returns. The wait has ended; no other wait for this command
	 * may begin in the callback. */
	void (*told)(struct outcome_wait *wait, struct str event);
	struct outcome_wait *next;
	bool is_waiting;
};

/* Start-up. Borrows `bus`. Opens in a thread, in the first turns of the loop. */
MUST_CHECK int outcomes_new(const struct bus_conf *bus, struct outcomes **ret_outcomes, struct err *err);
void outcomes_free(struct outcomes *outcomes); /* accepts NULL; without callbacks */

void outcomes_wait(struct outcomes *outcomes, struct outcome_wait *wait);
void outcomes_forget(struct outcomes *outcomes, struct outcome_wait *wait); /* accepts a wait that is not registered */
bool outcomes_is_awaited(const struct outcomes *outcomes, const struct uuid *command_id);

bool outcomes_are_ready(const struct outcomes *outcomes); /* events published from now on will be seen */
struct part outcomes_part(struct outcomes *outcomes);

#endif
