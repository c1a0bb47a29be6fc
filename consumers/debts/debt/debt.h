#ifndef DEBTS_DEBT_DEBT_H
#define DEBTS_DEBT_DEBT_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/* The debt itself: CreateDebt, AmendDebt, CancelDebt, and the lifecycle. */

/* A debt is due on its due date, and past due from the day after it on. */
bool debt_is_due(int32_t due_on, int32_t today);

/* A NEW debt that is due becomes ACTIVE, once: at its creation, by the timer, or when its due date is moved (decide_activate.c). */
void decide_activation(const struct command *timer, const struct workset *set, struct decision *decision);
void debt_activate(const struct uuid *debt_id, const struct debt *debt, int32_t due_on, int64_t version,
		   struct decision *decision);

/* False, with a refusal: another debt of the creditor has the reference. */
bool debt_reference_is_free(const struct uuid *reference, const struct uuid *creditor_id, const struct workset *set,
			    struct decision *decision);

/* evolve.c */
evolve_event debt_on_created;
evolve_event debt_on_activated;
evolve_event debt_on_paid;
evolve_event debt_on_reopened;
evolve_event debt_on_amended;
evolve_event debt_on_cancelled;

#endif
