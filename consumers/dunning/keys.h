#ifndef CONSUMERS_DUNNING_KEYS_H
#define CONSUMERS_DUNNING_KEYS_H

#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"

/* Ids that follow from what a thing is: the module's only use of hashes outside its store. The same thing has the same id for ever. */

/* A group is a person, a creditor and a currency (ISO 4217). */
struct uuid group_id_of(const struct uuid *customer_id, const struct uuid *creditor_id, struct str currency);

/*
 * The n-th step that is asked for of a group: of its communication or task, and of the command. In the order of the days on which their
 * timers were due, as the ids of other messages are.
 */
struct uuid step_id_of(const struct uuid *group_id, int32_t ask, int32_t due_on);

/* Of the task to trace the person of a group, opened on a day, after so many steps were asked for. */
struct uuid trace_id_of(const struct uuid *customer_id, int32_t number, int32_t due_on);

/* Of the command that cancels the step's communication. */
struct uuid cancellation_id_of(const struct uuid *step_id);

#endif
