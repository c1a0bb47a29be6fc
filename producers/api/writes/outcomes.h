#ifndef API_WRITES_OUTCOMES_H
#define API_WRITES_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/uuid.h"
#include "bus/bus.h"
#include "producers/api/http/part.h"
#include "producers/api/reads/opener.h"

/*
 * What became of commands, as the modules' events topics tell it: everything that is written to them from now on is looked at,
 * and whoever waits for the command that caused it is told. Only the header with the cause is read; what an event says is decoded
 * by those who are told.
 *
 * It may miss something (it was opened later, Kafka was away, the answer lies in the past): whoever waits asks PostgreSQL too.
 */
struct outcomes;

/* One who waits; its memory is the caller's, who keeps it in place until it was told or forgotten. */
struct outcome_wait {
	struct uuid command_id;
	/* The first event of the answer, framed; borrows until it returns. The wait is over; no other for this command may begin
	 * in here. */
	void (*told)(struct outcome_wait *wait, struct str event);
	struct outcome_wait *next;
	bool is_waiting;
};

/* Start-up. Borrows `bus`. Opens in a thread, in the first turns of the loop. */
MUST_CHECK int outcomes_new(const struct bus_conf *bus, struct outcomes **ret_outcomes, struct err *err);
void outcomes_free(struct outcomes *outcomes); /* accepts NULL; tells nobody */

void outcomes_wait(struct outcomes *outcomes, struct outcome_wait *wait);
void outcomes_forget(struct outcomes *outcomes, struct outcome_wait *wait); /* accepts one that does not wait */
bool outcomes_is_awaited(const struct outcomes *outcomes, const struct uuid *command_id);

bool outcomes_are_ready(const struct outcomes *outcomes); /* what is written now will be seen */
struct part outcomes_part(struct outcomes *outcomes);

#endif
