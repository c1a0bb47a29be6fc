#include "consumers/debts/closing/common.h"

bool closing_says_why(const struct closing *closing, struct decision *decision)
{
	if (closing->reason.size > 0)
		return true;
	decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "say why");
	return false;
}

bool closing_is_taken(const struct closing *closing, const struct debt *debt, bool (*takes_it)(unsigned lifecycle),
		      struct decision *decision)
{
	if (!debt_is_expected(debt, closing->has_expected_version, closing->expected_version, decision))
		return false;
	if (!takes_it(debt->lifecycle)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id", "the debt is %s",
				lifecycle_name((enum lifecycle)debt->lifecycle));
		return false;
	}
	return true;
}

bool closing_is_good(const struct closing *closing, const struct debt *debt, bool (*takes_it)(unsigned lifecycle),
		     struct decision *decision)
{
	return closing_says_why(closing, decision) && debt_is_known(debt, closing->customer_id, decision) &&
	       closing_is_taken(closing, debt, takes_it, decision);
}

struct plan_review closing_begin(const struct debt *debt, enum plan_end reason, enum settlement_end settlement_reason,
				 const struct workset *set, struct decision *decision)
{
	struct plan_review review = { .debt = debt, .version = debt->version, .lifecycle = (enum lifecycle)debt->lifecycle };
	struct settlement_review settlement;

	plan_end(&review, reason, set, decision);
	settlement = (struct settlement_review){ .debt = debt, .version = review.version, .lifecycle = review.lifecycle };
	settlement_end(&settlement, settlement_reason, set, decision);
	review.version = settlement.version;
	review.lifecycle = settlement.lifecycle;
	return review;
}

void closing_end(const struct uuid *debt_id, const struct plan_review *review, enum promise_end reason, const struct workset *set,
		 struct decision *decision)
{
	promise_review(&(struct promise_review){ .debt_id = debt_id,
						 .debt = review->debt,
						 .version = review->version,
						 .ended_by = reason },
		       set, decision);
}
