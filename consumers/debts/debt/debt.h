#ifndef DEBTS_DEBT_DEBT_H
#define DEBTS_DEBT_DEBT_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/* The debt itself: CreateDebt, AmendDebt, CancelDebt, and the lifecycle. */

/* False, with a refusal: another debt of the creditor has the reference. */
bool debt_reference_is_free(const struct uuid *reference, const struct uuid *creditor_id, const struct workset *set,
			    struct decision *decision);

/* evolve.c */
void debt_on_created(struct workset *set, const struct debt_created *event);
void debt_on_paid(struct workset *set, const struct debt_paid *event);
void debt_on_reopened(struct workset *set, const struct debt_reopened *event);
void debt_on_amended(struct workset *set, const struct debt_amended *event);
void debt_on_cancelled(struct workset *set, const struct debt_cancelled *event);

#endif
